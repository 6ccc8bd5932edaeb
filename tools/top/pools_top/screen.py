# SPDX-License-Identifier: GPL-2.0
"""All of it as lines of text."""
from .rates import ORDERS, REASONS, rows

NARROW = 20                     # columns; below, nothing is aligned any more
PINS = 5                        # shown, if there is room for no more
BLANKS = 2                      # between columns
GREEN, YELLOW, RED, GREY = "32", "33", "31", "90"
KEYS = "q quit   s sort   p pause   up, down scroll   ? help"
HEAD = ("pool", "backing", "pages", "unpublished", "moves", "moves/s",
        "failures/s", "why")
PIN_HEAD = ("seconds", "pool", "frame", "task", "pid", "caller")
WORDS = ("pool", "backing", "why", "task", "caller")    # to the left


class View:
    """What is looked at, and how."""

    def __init__(self, style, order="moves/s"):
        self.style = style
        self.order = order
        self.paused = False
        self.help = False
        self.top = 0            # the first pool shown

    def sort(self):
        names = list(ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self.top = 0


def number(value):
    """Few digits where few matter."""
    if value is None:
        return "-"
    if isinstance(value, float) and 0 < value < 99.95:
        return f"{value:.1f}"
    return f"{value:,.0f}"


def reasons(row):
    return ", ".join(f"{name} {number(rate)}" for name, rate in row.why())


def table(head, cells, rule, width):
    """Lines of columns, cut at the width."""
    sizes = [max(map(len, column)) for column in zip(head, *cells)]

    def line(row):
        return (" " * BLANKS).join(
            cell.ljust(size) if name in WORDS else cell.rjust(size)
            for cell, size, name in zip(row, sizes, head)).rstrip()[:width]
    whole = min(width, sum(sizes) + BLANKS * (len(sizes) - 1))
    return [line(head), rule * whole, *map(line, cells)]


def paint(style, row):
    """How a pool is doing, as a colour."""
    if row.failed and row.failed > (row.moved or 0):
        return RED
    if row.failed:
        return YELLOW
    return GREEN if row.moved else None


def pool_lines(view, shown, width):
    style = view.style
    cells = [(row.name, row.backing, number(row.pages),
              number(row.unpublished), number(row.moves), number(row.moved),
              number(row.failed), reasons(row)) for row in shown]
    head, rule, *lines = table(HEAD, cells, style.rule, width)
    painted = [style.paint(line, code) if code else line for line, code
               in zip(lines, (paint(style, row) for row in shown))]
    return [style.bold(head), rule, *painted]


def pin_lines(view, pins, room, width):
    """The longest pins; none at all is worth no line."""
    if not pins or room < 4:
        return []
    shown = pins[:room - 3]
    cells = [(number(pin.seconds), pin.pool, str(pin.frame), pin.task,
              str(pin.pid), pin.caller) for pin in shown]
    head, rule, *lines = table(PIN_HEAD, cells, view.style.rule, width)
    left = len(pins) - len(shown)
    title = "longest pins" + (f", {left} more" if left else "")
    return [view.style.bold(title[:width]), head, rule, *lines]


def meaning(found, width):
    """What the most frequent reasons of all mean, the first of them."""
    sums = {}
    for row in found:
        for name, rate in row.why():
            sums[name] = sums.get(name, 0) + rate
    said = dict(REASONS.values())
    return [f"{name}: {said[name]}"[:width]
            for name, _ in sorted(sums.items(), key=lambda pair: -pair[1])]


def title(view, found, now, before, width):
    head = f"movable_pool by {view.order}"
    if view.paused:
        head += ", PAUSED"
    if before:
        head += f", in {now.when - before.when:.1f} s"
    words = [f"{len(found)} pools", f"{number(sum(r.pages for r in found))} "
             "pages"]
    if before:
        words += [f"{number(sum(r.moved for r in found))} moves/s",
                  f"{number(sum(r.failed for r in found))} failures/s"]
    words.append(f"{now.deferred} deferred")
    return f"{head}: {', '.join(words)}"[:width]


def plain(view, now, before, width):
    """All of it, for what is no terminal."""
    found = sorted(rows(now, before), key=ORDERS[view.order])
    lines = [title(view, found, now, before, width), ""]
    if found:
        lines += pool_lines(view, found, width)
    else:
        lines.append("there are no pools")
    said = meaning(found, width)
    if said:
        lines += ["", *said]
    pins = now.pins()
    pinned = pin_lines(view, pins, len(pins) + 3, width)
    return lines + ([""] + pinned if pinned else [])


def explained(width):
    """What is to be seen, for who asks."""
    lines = ["moves       pages that have got another frame, by anybody",
             "unpublished allocated, but not movable yet",
             "failures    moves that were asked for and refused:"]
    lines += [f"  {name:<11} {about}" for name, about in REASONS.values()]
    lines += ["pins        those for long: how long, which frame, who has it",
              "deferred    freed pages whose lock somebody has",
              "", KEYS]
    return [line[:width] for line in lines]


def screen(view, now, before, width, height):
    """As many lines as there are, none longer than the width."""
    found = sorted(rows(now, before), key=ORDERS[view.order])
    lines = [view.style.bold(title(view, found, now, before, width)), ""]
    if width < NARROW or height < 4:
        return lines[:height]
    if view.help:
        return (lines + explained(width))[:height]
    foot = [*meaning(found, width)[:1], view.style.paint(KEYS[:width], GREY)]
    pins = now.pins()
    room = height - len(lines) - len(foot)
    keep = min(len(pins), PINS) + 4 if pins and room >= 12 else 0
    space = max(1, room - keep - 3)
    view.top = max(0, min(view.top, len(found) - space))
    if found:
        lines += pool_lines(view, found[view.top:view.top + space], width)
    else:
        lines.append("there are no pools"[:width])
    hidden = len(found) - view.top - space
    if hidden > 0:
        lines.append(f"... {hidden} more"[:width])
    pinned = pin_lines(view, pins, height - len(lines) - len(foot) - 1, width)
    if pinned and keep:
        lines += ["", *pinned]
    lines += [""] * (height - len(lines) - len(foot))
    return (lines + foot)[:height]

# SPDX-License-Identifier: GPL-2.0
"""The map as it changes, on a terminal, with keys."""
import time

import window
from memmap import figures, text

KEYS = {
    "q": "quit",
    "+": "fewer blocks in a character",
    "-": "more blocks in a character",
    "j": "down, where memory is more than the screen",
    "k": "up",
    "o": "next owner: all pools, each alone, none",
    "p": "pause, go on",
    "?": "this",
}
MOST = 1 << 16                  # blocks in a character
AROUND = 7                      # lines that are not the map


class Screen:
    """What is shown, and what keys do."""

    def __init__(self, drawer, size):
        self.drawer = drawer
        self.size = size        # a function
        self.capture = None
        self.marked = set()     # blocks that pages have come to
        self.paused = False
        self.helping = False
        self.owner = 0          # 0: all, then each pool, then none
        self.top = 0            # the first row shown
        self.chosen_zoom = 0    # 0: so that all fits

    def take(self, capture):
        if self.paused:
            return
        if self.capture:
            self.marked = arrived(self.capture, capture)
        self.capture = capture

    def key(self, key):
        """Returns whether to go on."""
        if key == "?":
            self.helping = not self.helping
        elif key == "p":
            self.paused = not self.paused
        elif key == "o":
            self.owner += 1
        elif key in ("+", "-"):
            zoom = self.zoom()
            self.chosen_zoom = (max(1, zoom // 2) if key == "+"
                                else min(MOST, zoom * 2))
        elif key in ("up", "down"):
            self.top = max(0, self.top + (1 if key == "down" else -1))
        return key != "q"

    def owners(self):
        """(name, numbers of pools) that "o" goes through."""
        pools = self.capture.pools
        return ([("all pools", set(range(len(pools))))]
                + [(pool.name, {number})
                   for number, pool in enumerate(pools)]
                + [("no pool", set())])

    def zoom(self):
        if self.chosen_zoom or not self.capture:
            return self.chosen_zoom or 1
        return text.fitting(self.capture, self.drawer.row, self.room())

    def room(self):
        return max(1, self.size()[1] - AROUND)

    def lines(self):
        """No more than fit."""
        columns, height = self.size()
        self.drawer.row = max(16, (columns - text.LABEL - 4) // 16 * 16)
        if self.helping:
            found = [f"  {key}  {what}" for key, what in KEYS.items()]
        elif not self.capture:
            found = ["  looking at memory ..."]
        else:
            found = list(self.picture())
        return found[:height]

    def picture(self):
        capture = self.capture
        owners = self.owners()
        self.owner %= len(owners)
        name, chosen = owners[self.owner]
        self.drawer.zoom = self.zoom()
        when = time.strftime("%H:%M:%S", time.localtime(capture.time))
        each = figures.size(capture, capture.block * self.drawer.zoom)
        yield "  " + self.drawer.bold(
            f"Linux {capture.release}   {when}   {name}"
            + ("   paused" if self.paused else ""))
        rows = list(self.drawer.rows(capture, chosen, self.marked))
        self.top = max(0, min(self.top, len(rows) - self.room()))
        for row in rows[self.top:self.top + self.room()]:
            yield "  " + row
        yield "  " + figures.sentence(capture)
        yield "  " + books(capture, chosen)
        yield from ("  " + line for line in self.drawer.legend())
        yield (f"  {each} in a character, inverse: pages have come;   "
               "q quit   ? keys")


def books(capture, chosen):
    """What pools have, and what has moved so far."""
    found = [f"{pool.name} {pool.books.get('pages', 0):,} pages, "
             f"{pool.books.get('migrated', 0):,} moved"
             for number, pool in enumerate(capture.pools) if number in chosen]
    return "; ".join(found) or ("no pools here" if not capture.pools else "")


def arrived(before, after):
    """Blocks in which a pool has more pages than before."""
    ours = set(range(len(after.pools)))
    return {number for number, block in after.blocks.items()
            if block.of_pools(ours) > (
                before.blocks[number].of_pools(ours)
                if number in before.blocks else 0)}


def run(stream, keys, output, drawer):
    """Until q, ^C, or a signal that ends."""
    try:
        with window.Window(keys, output) as here:
            watch(stream, here, Screen(drawer, here.size))
    except KeyboardInterrupt:
        pass
    except window.Ended as ended:
        raise SystemExit(128 + ended.args[0])


def watch(stream, here, screen):
    while True:
        here.draw(screen.lines())
        keys, more = here.wait(other=stream)
        capture = stream.take() if more else None
        if capture:
            screen.take(capture)
        if keys is None or not all([screen.key(key) for key in keys]):
            return

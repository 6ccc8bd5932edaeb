# SPDX-License-Identifier: GPL-2.0
"""The map as it changes, on a terminal, with keys.

The terminal is as it was before when this ends, whatever it ends of, and while
it is stopped by ^Z.
"""
import contextlib
import os
import select
import shutil
import signal
import termios
import time
import tty

from memmap import figures, text

ENTER = "\033[?1049h\033[?25l"  # another screen, no cursor
LEAVE = "\033[?25h\033[?1049l"
HOME = "\033[H"
REST_OF_LINE = "\033[K"
REST = "\033[J"
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
ARROWS = {"\033[A": "k", "\033[B": "j"}
MOST = 1 << 16                  # blocks in a character
AROUND = 7                      # lines that are not the map


class Terminal:
    """Keys without Enter, a screen of its own."""

    def __init__(self, keys, stream):
        self.keys = keys.fileno()
        self.stream = stream
        self.saved = termios.tcgetattr(self.keys)

    def enter(self):
        tty.setcbreak(self.keys, termios.TCSANOW)
        self.write(ENTER)

    def leave(self):
        termios.tcsetattr(self.keys, termios.TCSANOW, self.saved)
        self.write(LEAVE)

    def write(self, words):
        self.stream.write(words)
        self.stream.flush()

    def show(self, lines):
        self.write(HOME + "".join(f"{line}{REST_OF_LINE}\n"
                                  for line in lines[:-1])
                   + lines[-1] + REST_OF_LINE + REST)

    def size(self):
        """(columns, lines)"""
        return os.get_terminal_size(self.stream.fileno())


@contextlib.contextmanager
def signals(terminal):
    """Yields a descriptor that can be read when one has come."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)

    def stop(_number, _frame):
        terminal.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        terminal.enter()

    def end(number, _frame):
        raise SystemExit(128 + number)

    handlers = {signal.SIGWINCH: lambda *_: None, signal.SIGTSTP: stop,
                signal.SIGTERM: end, signal.SIGHUP: end}
    before = {number: signal.signal(number, handler)
              for number, handler in handlers.items()}
    signal.set_wakeup_fd(writer)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


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
        elif key in "+-":
            zoom = self.zoom()
            self.chosen_zoom = (max(1, zoom // 2) if key == "+"
                                else min(MOST, zoom * 2))
        elif key in "jk":
            self.top = max(0, self.top + (1 if key == "j" else -1))
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


def keys_in(data):
    """One after the other; those for arrows are letters, too."""
    for sequence, key in ARROWS.items():
        data = data.replace(sequence, key)
    return [key for key in data if key in KEYS]


def run(stream, keys, output, drawer):
    """Until q, ^C, or a signal that ends."""
    terminal = Terminal(keys, output)
    screen = Screen(drawer, lambda: size_of(terminal))
    with signals(terminal) as woken:
        terminal.enter()
        try:
            watch(stream, terminal, screen, woken)
        except KeyboardInterrupt:
            pass
        finally:
            terminal.leave()


def size_of(terminal):
    try:
        return terminal.size()
    except OSError:
        return shutil.get_terminal_size()


def watch(stream, terminal, screen, woken):
    going = True
    while going:
        terminal.show(screen.lines())
        ready, _, _ = select.select([stream, terminal.keys, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if stream in ready:
            capture = stream.take()
            if capture:
                screen.take(capture)
        if terminal.keys in ready:
            data = os.read(terminal.keys, 64)
            if not data:        # the terminal is gone
                return
            for key in keys_in(data.decode(errors="replace")):
                going = going and screen.key(key)

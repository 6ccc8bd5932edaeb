# SPDX-License-Identifier: GPL-2.0
"""Pools at a glance, every second: pages, moves and failures in a second, and
why, the longest pins and who has them.

On a terminal it goes on until q is pressed.  Elsewhere it prints a reading
after each interval, until it is ended, or COUNT of them.
"""
import argparse
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
if not __package__:             # run as a directory, and not by -m
    sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import window
from terminal import Style

from pools_top import books, screen
from pools_top.rates import ORDERS

WIDE = 120                      # columns, where nobody says how many


class Wait:
    """When to read next."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.next = time.monotonic() + seconds

    def left(self):
        return self.next - time.monotonic()

    def over(self):
        """Has the time come?  Then the next one is set."""
        if self.left() > 0:
            return False
        self.next = max(self.next + self.seconds, time.monotonic())
        return True


def reading(root):
    """What there is; nothing while the module is not loaded."""
    try:
        return books.Snapshot(root)
    except books.Failure:
        return books.Snapshot(None)


def press(view, key):
    """Return: whether to go on."""
    if view.help and key != "q":
        view.help = False
        return True
    if key == "s":
        view.sort()
    elif key == "p":
        view.paused = not view.paused
    elif key == "?":
        view.help = True
    elif key == "up":
        view.top -= 1
    elif key == "down":
        view.top += 1
    return key != "q"


def watch(view, options):
    """On a terminal."""
    now, before = books.Snapshot(options.root), None
    wait = Wait(options.interval)
    with window.Window(sys.stdin, sys.stdout) as here:
        while True:
            here.draw(screen.screen(view, now, before, *here.size()))
            keys, _ = here.wait(wait.left())
            if keys is None or not all([press(view, key) for key in keys]):
                return 0
            if wait.over() and not view.paused:
                now, before = reading(options.root), now


def report(view, options):
    """A reading after each interval."""
    width = shutil.get_terminal_size((WIDE, 0)).columns
    before, done = books.Snapshot(options.root), 0
    while not options.count or done < options.count:
        time.sleep(options.interval)
        now = books.Snapshot(options.root)
        if done:
            print()
        print("\n".join(screen.plain(view, now, before, width)), flush=True)
        before, done = now, done + 1
    return 0


def positive(text):
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("from 0.1 to 3600")
    return value


def counted(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("from 1 on")
    return value


def arguments():
    parser = argparse.ArgumentParser(
        prog="pools_top", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interval", type=positive, default=1.0,
                        metavar="SECONDS", help="between two readings (1)")
    parser.add_argument("--count", type=counted, metavar="N",
                        help="readings, as text, and an end")
    parser.add_argument("--once", action="store_const", const=1, dest="count",
                        help="--count 1")
    parser.add_argument("--sort", choices=ORDERS, default="moves/s",
                        help="moves/s if not said otherwise")
    parser.add_argument("--root", default=books.ROOT, metavar="DIR",
                        help=f"instead of {books.ROOT}")
    return parser.parse_args()


def main():
    options = arguments()
    try:
        view = screen.View(Style(sys.stdout), options.sort)
        if window.usable() and not options.count:
            return watch(view, options)
        return report(view, options)
    except books.Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except window.Ended as ended:
        return 128 + ended.args[0]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:     # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)

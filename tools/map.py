#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make map: who has physical memory, block by block.

On a terminal it is live; else one picture in plain characters.  SVG=file draws
it, FROM=file draws what tools/memmap/capture.c has written, here or elsewhere,
TO=file beside it what has become of it.
"""
import argparse
import contextlib
import io
import sys
import time

import cache
import window
from cache import Failure, say
from memmap import live, moves, records, svg, taker, text

EVERY = 1.0                     # seconds
HIGH = 48                       # rows, where nobody can scroll


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=cache.given)
    parser.add_argument("--out", type=cache.given,
                        help="where to keep the capture")
    parser.add_argument("--from", dest="before", type=cache.given)
    parser.add_argument("--to", dest="after", type=cache.given)
    parser.add_argument("--every", type=float, default=EVERY)
    options = parser.parse_args()
    if options.after and not options.before:
        raise Failure("TO= is what has become of FROM=: say that, too")
    if options.out and options.before:
        raise Failure("OUT= keeps a capture of this machine, FROM= has one "
                      "already")
    if not options.every > 0:
        raise Failure("EVERY= is a number of seconds, more than 0")
    return options


def now(out):
    """A capture of this machine, kept in a file if there is to be one."""
    lines = taker.once()
    if out:
        write(out, lines)
    return list(records.read(lines.splitlines()))


def write(path, words):
    try:
        path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None


def chosen(options):
    """One capture, or two."""
    if not options.before:
        return now(options.out)
    before = records.load(options.before)
    # Of many, as --every makes them: the first and the last.
    after = records.load(options.after) if options.after else before
    found = [before[0], after[-1]]
    if found[0] is found[1]:
        found.pop()
    elif (found[0].block, found[0].page) != (found[1].block, found[1].page):
        raise Failure("the captures are of machines with blocks of other "
                      "sizes")
    return found


def title(capture):
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(capture.time))
    return f"Linux {capture.release}, {when} UTC"


def titles(captures):
    if len(captures) == 1:
        return [title(captures[0])]
    return [f"{word}: {title(capture)}"
            for word, capture in zip(("Before", "After"), captures)]


def draw(options, captures):
    started = time.monotonic()
    write(options.svg, "\n".join(svg.draw(captures, titles(captures))) + "\n")
    say(f"  {options.svg}: captured in {captures[-1].seconds:.1f} s, drawn in "
        f"{time.monotonic() - started:.1f} s")


def show(captures):
    """In characters; where pages have come they are inverse, with colour."""
    found = moves.join(*captures) if len(captures) == 2 else None
    drawer = text.Map(sys.stdout)
    drawer.zoom = max(text.fitting(capture, drawer.row, HIGH)
                      for capture in captures)
    for capture, words in zip(captures, titles(captures)):
        marked = (set(found.arrived) if found and capture is captures[1]
                  else ())
        for line in drawer.picture(capture, words, marked):
            say(line)
    if found:
        say("  " + moves.sentence(found))


def main():
    options = arguments()
    if not (options.svg or options.out or options.before) and window.usable():
        with contextlib.closing(taker.stream(options.every)) as stream:
            live.run(stream, sys.stdin, sys.stdout, text.Map(sys.stdout))
        return 0
    captures = chosen(options)
    if options.svg:
        draw(options, captures)
    elif options.out:
        say(f"  {options.out}: captured in {captures[-1].seconds:.1f} s")
    else:
        show(captures)
    return 0


if __name__ == "__main__":
    with cache.explained():
        # "make map | head" is no mistake.
        try:
            sys.exit(main())
        except BrokenPipeError:
            sys.stdout = io.StringIO()

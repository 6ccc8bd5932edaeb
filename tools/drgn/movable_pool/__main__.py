# SPDX-License-Identifier: GPL-2.0
"""movable_pool's pools of the kernel that runs.

The status is 0; 1 if validate finds something wrong; 2 if nothing can be seen.
"""
import argparse
import os
import sys

if not __package__:             # run as a directory, and not by -m
    sys.path.insert(0, os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))

from movable_pool import kernel as kernels
from movable_pool.check import validate
from movable_pool.memmap import Memmap
from movable_pool.pool import pages, pools, walk


def table(head, rows):
    """Words to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    right = [all(row[place].isdigit() for row in rows)
             for place in range(len(head))]

    def line(row):
        return "  ".join(cell.rjust(width) if number else cell.ljust(width)
                         for cell, width, number
                         in zip(row, widths, right)).rstrip()
    print(line(head))
    print("-" * (sum(widths) + 2 * len(widths) - 2))
    for row in rows:
        print(line(row))


def show_list(kernel, _options):
    rows = []
    for pool in pools(kernel):
        books = pool.books()
        rows.append((pool.name, pool.backing, books["pages"],
                     books["unpublished"],
                     books["migrated"] + books["directed"],
                     len(pool.longterm())))
    if not rows:
        print("there are no pools")
        return 0
    table(("pool", "backing", "pages", "unpublished", "moves",
           "long-term pins"), rows)
    return 0


def show_pool(kernel, options):
    pool = kernel.pool(options.pool)
    print(f"{pool.name}: {pool.backing}, {pool.about}\n"
          f"struct movable_pool at {pool.address:#x}, "
          f"its count of pages at {pool.counted_at():#x}")
    rows = [(page.pfn, page.state(), page.pins(),
             f"{page.handle:#x}" if page.handle else "none",
             f"{page.link_at:#x}", page.remarks()) for page in pages(pool)]
    if rows:
        print()
        table(("frame", "state", "pins", "handle", "link at", ""), rows)
    return 0


def dump(kernel, options):
    wanted = [kernel.pool(name) for name in options.pool] or pools(kernel)
    found = walk(Memmap(kernel), wanted)
    for pool in sorted(wanted, key=lambda pool: pool.name):
        print(f"== {pool.name}/pages")
        for page in found[pool.address]:
            print(page.pfn, "locked 0" if page.locked else
                  f"{page.state()} {page.pins()}")
        print(f"== {pool.name}/stats")
        for name, value in pool.books().items():
            print(name, value)
    return 0


def validate_once(kernel, options):
    verdicts = validate(kernel)
    if options.pool:
        verdicts = [one for one in verdicts if one.name in options.pool]
        lost = set(options.pool) - {one.name for one in verdicts}
        if lost:
            raise kernels.Failure(f"there is no pool {sorted(lost)[0]}")
    return verdicts


def show_validate(kernel, options):
    """So many times, or until something is wrong."""
    for done in range(1, options.rounds + 1):
        verdicts = validate_once(kernel, options)
        if any(one.wrong for one in verdicts):
            break
    if not verdicts:
        print("there are no pools")
        return 0
    table(("pool", "backing", "pages", "looks", "sums", "wrong"),
          [(one.name, one.backing, one.pages, one.looks,
            "compared" if one.compared else "in motion", len(one.wrong))
           for one in verdicts])
    for one in verdicts:
        for why in one.wrong:
            print(f"{one.name}: {why}")
    if options.rounds > 1:
        print(f"{done} rounds")
    return int(any(one.wrong for one in verdicts))


def counted(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("from 1 on")
    return value


def arguments():
    parser = argparse.ArgumentParser(
        prog="movable_pool", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", action="append", default=[],
                        metavar="FILE", help="debug information: the module's "
                        ".ko, vmlinux; else the module in /lib/modules")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="all pools").set_defaults(run=show_list)
    verb = verbs.add_parser("show", help="a pool's pages, with addresses")
    verb.add_argument("pool", metavar="POOL")
    verb.set_defaults(run=show_pool)
    verb = verbs.add_parser("dump", help="pages and stats, as debugfs has "
                            "them, but for the names of pages")
    verb.add_argument("pool", metavar="POOL", nargs="*", help="else all")
    verb.set_defaults(run=dump)
    verb = verbs.add_parser("validate", help="does all hold that must hold?")
    verb.add_argument("--rounds", type=counted, default=1, metavar="N",
                      help="again and again, so many times")
    verb.add_argument("pool", metavar="POOL", nargs="*", help="else all")
    verb.set_defaults(run=show_validate)
    return parser.parse_args()


def main():
    options = arguments()
    try:
        return options.run(kernels.running(options.symbols), options)
    except kernels.Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
    except kernels.drgn.FaultError as error:
        print(f"error: cannot read the kernel's memory: {error}",
              file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:     # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)

# SPDX-License-Identifier: GPL-2.0
"""make bench: movable pages beside everything a driver could have instead.

In parts, each a module: what pages cost, what compaction wins, what can be
unplugged, whether many cost more, which locks they take, and what smaller
objects cost.  Prints tables, and writes them as JSON and as pictures.  With
WRITE=1 these go to bench/ and Documentation/.
"""
import argparse
import sys

import cache
import compaction
import cost_report
import functions
import kernels
import locks
import machine
import objects
import readme
import scale
import tracing
import unplug
from cache import Failure, TREE, say
from terminal import Style

# A part measures (measure), closes its tables (closing), and has a picture
# (draw), a document and the kernels that it is about (DOCUMENT, USUAL).
PARTS = {"costs": cost_report, "functions": functions,
         "compaction": compaction, "unplug": unplug, "scale": scale,
         "locks": locks, "objects": objects, "tracing": tracing}
# It says something of every boot of every page, and takes long for that.
BY_NAME = ("tracing",)
LICENCE = "SPDX-License-Identifier: GPL-2.0"


class Files:
    """Where the results of a part go."""

    def __init__(self, name, write):
        here = cache.tree_dir() / "bench"
        here.mkdir(exist_ok=True)
        self.results = (TREE / "bench" if write else here) / f"{name}.json"
        self.picture = ((TREE / "Documentation" if write else here)
                        / f"{name}.svg")


def table(name):
    """Where its tables are written."""
    return readme.Place(f"tables of {name}",
                        f"make bench PARTS={name} WRITE=1",
                        f"Documentation/{PARTS[name].DOCUMENT}")


def everything(part, measured, rule="-"):
    for one in measured:
        yield from one.lines(rule)
        yield ""
    yield from part.closing(measured)


def record(one):
    return {"kernel": one.kernel.version, "release": one.kernel.release,
            "package": one.kernel.package, **one.record()}


def run(name, options, style):
    """One part: measured, shown, written."""
    part = PARTS[name]
    measured = []
    for version in options.kernels or part.USUAL:
        measured += part.measure(version, options.short, style)
    say()
    for line in everything(part, measured, style.rule):
        say(("  " + line).rstrip())
    files = Files(name, options.write)
    if options.write:
        table(name).write(readme.literal(everything(part, measured)))
    cache.write_json(files.results, {
        "licence": LICENCE, name: [record(one) for one in measured]})
    part.draw(measured, files.picture)
    say(f"\n  written: {files.results}, {files.picture}\n")


def cannot(name, version):
    """Why this part cannot be measured on that kernel; "" if it can."""
    row = kernels.row_of(version)
    if machine.of(row).name == "um" and name != "costs":
        return f"{version} is for PARTS=costs: nothing else can be measured " \
            "on it"
    if "lockstat" not in row.get("config", ()) and name == "locks":
        return f"{version} does not count its locks: PARTS=locks is for " \
            + " ".join(locks.USUAL)
    return ""


def parts_for(versions):
    """All that can be measured on these, but for what is to be named."""
    return [name for name in PARTS if name not in BY_NAME
            and not any(cannot(name, version) for version in versions)]


def arguments():
    parser = argparse.ArgumentParser(description="make bench")
    parser.add_argument("--parts", default="",
                        help="instead of all that these kernels can do")
    parser.add_argument("--kernels", default="",
                        help="instead of those that a part is about")
    parser.add_argument("--short", action="store_true",
                        help="few pages: does it run at all?")
    parser.add_argument("--write", action="store_true",
                        help="results into the tree")
    options = parser.parse_args()
    options.kernels = options.kernels.split()
    options.parts = options.parts.split() or parts_for(options.kernels)
    for name in options.parts:
        if name not in PARTS:
            raise Failure(f"no part '{name}'; there is: " + ", ".join(PARTS))
        for version in options.kernels:
            why_not = cannot(name, version)
            if why_not:
                raise Failure(why_not)
    if options.write and options.short:
        raise Failure("what is measured with few pages is not written")
    for name in options.parts if options.write else ():
        table(name).parts()     # before hours of work
    return options


def main():
    options = arguments()
    style = Style(sys.stdout)
    for name in options.parts:
        run(name, options, style)
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

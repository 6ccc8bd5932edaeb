# SPDX-License-Identifier: GPL-2.0
"""make bench: what pages cost that the kernel may move, side by side.

Prints tables, and writes them as JSON and as a picture.  With WRITE=1 these go
to bench/ and Documentation/.
"""
import argparse
import sys

import build
import cache
import costs
import kernels
import plot
import readme
from cache import Failure, TREE, say
from terminal import Progress, Style

# The four that drivers ship on, the last with and without our patches, and
# this machine itself.
USUAL = ("5.10", "6.1", "6.12", "7.2", "7.2-typed", "7.2-native")
NATIVE_CPUS = (1, 2)
RESULTS = TREE / "bench" / "costs.json"
PICTURE = TREE / "Documentation" / "costs.svg"
TABLE = readme.Place("tables of costs", "make bench WRITE=1",
                     "Documentation/costs.rst")
LICENCE = "SPDX-License-Identifier: GPL-2.0"


class Goal:
    """A number to reach: ours is at most so much of somebody else's."""

    def __init__(self, about, ours, limit, unit=""):
        self.about = about
        self.ours = ours
        self.limit = limit
        self.unit = unit

    def line(self):
        verdict = "yes" if self.ours <= self.limit else "NO"
        digits = 2 if self.unit == " x" else 0
        return (f"  {verdict:<5}{self.about:<52}"
                f"{self.ours:>8,.{digits}f}{self.unit} of at most "
                f"{self.limit:,.{digits}f}{self.unit}")


def goals(plain):
    """On 6.1."""
    ours = plain.all_three("pool")
    yield Goal("allocate, mark, free: of a bare driver's",
               ours / plain.all_three("bare"), 1.06, " x")
    yield Goal("mark as movable, instructions", plain.of("pool", "publish"),
               60)
    yield Goal("pin and unpin, instructions", plain.of("pool", "pin"), 24)
    for peer, limit in (("bare", 1.03), ("balloon", 1.18), ("tmpfs", 0.62)):
        yield Goal(f"move a page: of {costs.PEERS[peer]}'s",
                   plain.of("pool", "move") / plain.of(peer, "move"), limit,
                   " x")


def number(value):
    return "-" if value is None else f"{value:,.0f}"


def rows(plain, zeroing):
    """Titles, then a row for each subject."""
    more = ["allocate", "move"] if zeroing else []
    yield ["", *costs.OPS.values(), "first three",
           *(f"{title}*" for title in more)]
    for subject in plain.subjects():
        row = [costs.TITLES[subject]]
        row += [number(plain.of(subject, what)) for what in costs.OPS]
        row.append(number(plain.all_three(subject)))
        if zeroing:
            row += [number(zeroing.of(subject, what))
                    for what in ("alloc", "move")]
        yield row


def aligned(lines, rule):
    widths = [max(map(len, column)) for column in zip(*lines)]
    for count, line in enumerate(lines):
        yield "  ".join(text.rjust(width) if place else text.ljust(width)
                        for place, (text, width)
                        in enumerate(zip(line, widths))).rstrip()
        if not count:
            yield rule * (sum(widths) + 2 * len(widths) - 2)


class Measured:
    """One kernel's figures: as they are, and with init_on_alloc."""

    def __init__(self, kernel, cpus, plain, zeroing):
        self.kernel = kernel
        self.cpus = cpus
        self.plain = plain
        self.zeroing = zeroing

    def title(self):
        where = (f"ns on this machine, {self.cpus} "
                 f"CPU{'s at once' if self.cpus > 1 else ''}"
                 if costs.is_process(self.kernel)
                 else "instructions, counted by QEMU")
        return f"Linux {self.kernel.release}: {where}, for a page"

    def lines(self, rule="-"):
        yield self.title()
        yield ""
        yield from aligned(list(rows(self.plain, self.zeroing)), rule)

    def record(self):
        record = {"kernel": self.kernel.version,
                  "release": self.kernel.release,
                  "package": self.kernel.package, "cpus": self.cpus,
                  "unit": self.plain.unit, "costs": self.plain.table()}
        if self.zeroing:
            record["init_on_alloc"] = self.zeroing.table()
        return record


def measure(version, sizes, style):
    """All of one kernel, one guest after the other."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    native = costs.is_process(kernel)
    for cpus in NATIVE_CPUS if native else (1,):
        found = []
        for zeroing in (False,) if native else (False, True):
            say("  " + style.bold(f"Linux {kernel.release}")
                + (", pages zeroed (init_on_alloc=1)" if zeroing else "")
                + (f", {cpus} CPUs" if cpus > 1 else ""))
            progress = Progress(style, {"boot": "starting", "empty": "nothing",
                                        **{name: name
                                           for name in costs.TITLES}})
            found.append(costs.measure(kernel, modules, progress, sizes,
                                       zeroing, cpus))
        yield Measured(kernel, cpus, found[0],
                       found[1] if len(found) > 1 else None)


def verdict(measured):
    lines = [goal.line() for one in measured if one.kernel.version == "6.1"
             for goal in goals(one.plain)]
    return ["The numbers to reach, on 6.1:", *lines] if lines else []


def everything(measured, rule="-"):
    for one in measured:
        yield from one.lines(rule)
        yield ""
    if any(one.zeroing for one in measured):
        yield "* with init_on_alloc=1, as distributions have it"
        yield ""
    yield from verdict(measured)


def save(measured, results, picture):
    cache.write_json(results, {"licence": LICENCE, "costs": [
        one.record() for one in measured]})
    plot.bars([one for one in measured if one.cpus == 1], picture)


def arguments():
    parser = argparse.ArgumentParser(description="make bench")
    parser.add_argument("--kernels", default=" ".join(USUAL))
    parser.add_argument("--short", action="store_true",
                        help="few pages: does it run at all?")
    parser.add_argument("--write", action="store_true",
                        help="results into the tree")
    options = parser.parse_args()
    options.kernels = options.kernels.split()
    for version in options.kernels:
        kernels.row_of(version)
    if options.write and options.short:
        raise Failure("what is measured with few pages is not written")
    return options


def main():
    options = arguments()
    style = Style(sys.stdout)
    sizes = costs.SHORT if options.short else costs.FULL
    measured = []
    for version in options.kernels:
        measured += measure(version, sizes, style)
    say()
    for line in everything(measured, style.rule):
        say(("  " + line).rstrip())
    here = cache.tree_dir() / "bench"
    here.mkdir(exist_ok=True)
    results, picture = here / "costs.json", here / "costs.svg"
    if options.write:
        results, picture = RESULTS, PICTURE
        TABLE.write(readme.literal(everything(measured)))
    save(measured, results, picture)
    say(f"\n  written: {results}, {picture}")
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

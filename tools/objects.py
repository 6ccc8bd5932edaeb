# SPDX-License-Identifier: GPL-2.0
"""What objects cost that are smaller than a page, of sizes as in real life.

The sample heap, whose objects move with their pages, beside zsmalloc and
kmalloc().  The sizes are those of things that lie about here: pages of the
kernel's own modules, compressed as a swap device compresses, and the small
files of its headers.
"""
import array
import itertools
import lzma
import pathlib
import random
import tempfile
import zlib

import build
import counted
import kernels
import plot
import subjects
from cache import say
from subjects import OBJECTS, OUR_MODULES
from tables import aligned, number
from terminal import Report

USUAL = ("5.10", "6.1", "6.12", "7.2")
DOCUMENT = "costs.rst"
MEMORY = 512                    # MiB
LIMIT = 1200                    # seconds
COUNT, SHORT_COUNT = 65536, 4096
PAGE = 4096
MOST = 1 << 14                  # sizes in a mix
SEED = 1
OPS = {"alloc": "allocate", "map": "map", "free": "free"}
MODULES = (*OUR_MODULES, "movable_heap", "mp_bench_heap")
BODY = """
		for mix in {mixes}; do
			cat "/sizes.$mix" >sizes
			measure scale "$subject" {count} | sed "s/^bench/& $mix/"
		done
		echo "done $subject"
"""


def shuffled(things):
    """In no order, the same each time."""
    things = sorted(things)
    random.Random(SEED).shuffle(things)
    return things


def contents(path):
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else \
        path.read_bytes()


def compressed(kernel):
    """Of pages of its modules; what does not shrink stays a page."""
    for path in shuffled(kernel.root.rglob("*.ko*")):
        data = contents(path)
        for start in range(0, len(data) - PAGE + 1, PAGE):
            size = len(zlib.compress(data[start:start + PAGE], 1))
            yield min(size, PAGE)


def small_files(kernel):
    """Of headers that fit into a page."""
    for path in shuffled(kernel.root.rglob("*.h")):
        if path.is_file() and 0 < path.stat().st_size <= PAGE:
            yield path.stat().st_size


MIXES = {"compressed": ("pages of modules, compressed", compressed),
         "files": ("small headers", small_files)}


class Objects(Report):
    """One kernel."""

    def __init__(self, kernel, mixes, count, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.mixes = mixes      # {mix: its sizes}
        self.count = count
        self.figures = {}       # {(mix, subject): {what: for all}}

    def on_bench(self, mix, subject, what, value):
        self.figures.setdefault((mix, subject), {})[what] = int(value)

    def on_done(self, subject):
        self.progress.show(subject, 1, 1)

    def bytes(self, mix):
        """Of all objects, as bench_size() gives them sizes."""
        sizes = self.mixes[mix]
        whole, rest = divmod(self.count, len(sizes))
        return whole * sum(sizes) + sum(sizes[:rest])

    def each(self, mix, subject, what):
        value = self.figures[mix, subject].get(what)
        return None if value is None else value / self.count

    def taken(self, mix, subject):
        """Bytes of memory, the list of the objects included."""
        return PAGE * self.figures[mix, subject]["taken"]

    def wasted(self, mix, subject):
        """Percent of what the objects have."""
        return 100 * (self.taken(mix, subject) / self.bytes(mix) - 1)

    def lacking(self):
        for mix in self.mixes:
            for subject in OBJECTS:
                if "end" not in self.figures.get((mix, subject), {}):
                    yield f"{subject}, {mix}: was not measured"

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}: {self.count:,} objects, "
               "instructions for one; percent of their bytes")
        yield ""
        yield from aligned(list(self.rows()), rule)

    def rows(self):
        yield ["", *OPS.values(), "mean size", "memory beyond it, %"]
        for mix in self.mixes:
            yield [MIXES[mix][0], *[""] * len(OPS),
                   number(self.bytes(mix) / self.count), ""]
            for subject, title in OBJECTS.items():
                yield [f"  {title}", *(number(self.each(mix, subject, what))
                                       for what in OPS), "",
                       number(self.wasted(mix, subject), 1)]

    def record(self):
        return {"objects": self.count, "mixes": {
            mix: {"bytes": self.bytes(mix),
                  **{subject: self.figures[mix, subject]
                     for subject in OBJECTS}} for mix in self.mixes}}


def sizes_of(kernel):
    """Each mix, no longer than the module has room for."""
    return {mix: list(itertools.islice(sizes(kernel), MOST))
            for mix, (_, sizes) in MIXES.items()}


def measure(version, short, style):
    """One guest, both mixes."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    say("  " + style.bold(f"Linux {kernel.release}") + ", objects")
    found = Objects(kernel, sizes_of(kernel),
                    SHORT_COUNT if short else COUNT,
                    subjects.progress(style))
    guest = counted.guest(kernel, "objects", MEMORY + kernel.extra,
                          cmdline=subjects.NOT_ZEROED)
    subjects.add_modules(guest, modules, ("kmalloc", "zsmalloc"), MODULES)
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        for mix, sizes in found.mixes.items():
            path = pathlib.Path(name) / mix
            path.write_bytes(array.array("H", sizes).tobytes())
            guest.add_file(path, f"/sizes.{mix}")
        found.judge(guest.run(subjects.script(
            BODY.format(mixes=" ".join(found.mixes), count=found.count),
            tuple(OBJECTS), "sleep 30", ("heap",), MODULES),
            found.line, LIMIT))
    subjects.insist(found, version, found.lacking())
    yield found


def closing(_measured):
    return ()


def draw(measured, picture):
    """One kernel below the other: memory beyond the bytes of the objects."""
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}: memory beyond the bytes of the objects, "
        "percent", [MIXES[mix][0] for mix in one.mixes],
        [(title, [one.wasted(mix, subject) for mix in one.mixes])
         for subject, title in OBJECTS.items()]) for one in measured], picture)

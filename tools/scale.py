# SPDX-License-Identifier: GPL-2.0
"""Does a page cost the same, however many a pool has?

One guest for each size, whose instructions QEMU counts.
"""
import build
import counted
import kernels
import plot
import subjects
from cache import say
from subjects import OURS, PEERS
from tables import Goal, aligned, number, reached
from terminal import Report

USUAL = ("6.1",)
DOCUMENT = "costs.rst"
LIMIT = 3000                    # seconds
SIZES = (64, 256, 1024, 4096, 16384)    # MiB of pages
SHORT = (64,)
# For the kernel, and the handles.
BESIDE = 512                    # MiB; and one in sixteen
OPS = {"alloc": "allocate", "publish": "mark", "pin": "pin", "map": "map",
       "free": "free"}
FLAT = 0.05
# More than LARGE is for those alone who allocate pages and nothing else.
LARGE = 1024                    # MiB
# Once before, and what others have left to be freed later is freed.
BODY = """
		measure scale "$subject" 4096 >/dev/null
		sleep 2
		measure scale "$subject" {pages}
		echo "done $subject"
"""
SUBJECTS = (*PEERS, *OURS)
ANY_SIZE = ("raw", "pool")


class Scale(Report):
    """One size, on one kernel."""

    def __init__(self, kernel, size, asked, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.asked = asked      # subjects
        self.size = size        # MiB
        self.pages = size * 256
        self.figures = {}       # {subject: {what: for all pages}}

    def on_bench(self, subject, what, value):
        self.figures.setdefault(subject, {})[what] = int(value)

    def on_done(self, subject):
        self.progress.show(subject, 1, 1)

    def each(self, subject, what):
        value = self.figures.get(subject, {}).get(what)
        return None if value is None else value / self.pages

    def all_of_them(self, subject):
        return sum(self.each(subject, what) or 0 for what in OPS)

    def beside(self, subject):
        """Bytes of memory for a page that are not the page."""
        return 4096 * (self.each(subject, "taken") - 1)

    def lacking(self, modules):
        for subject in subjects.there(modules, self.asked):
            if "end" not in self.figures.get(subject, {}):
                yield f"{subject}, {self.size} MiB: was not measured"

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}, {self.size:,} MiB: instructions "
               "for a page; bytes; instructions for the pool")
        yield ""
        yield from aligned(list(self.rows()), rule)

    def rows(self):
        yield ["", *OPS.values(), "sum", "bytes beside it", "ending the pool"]
        for subject in SUBJECTS:
            if subject in self.figures:
                yield [subjects.TITLES[subject],
                       *(number(self.each(subject, what)) for what in OPS),
                       number(self.all_of_them(subject)),
                       number(self.beside(subject), 1),
                       number(self.ending(subject))]

    def ending(self, subject):
        """Without the array of pages or handles, which is the owner's."""
        if "raw" not in self.figures:
            return None
        return self.figures[subject]["end"] - self.figures["raw"]["end"]

    def record(self):
        return {"size": self.size, "pages": self.pages,
                "instructions": self.figures}


def asked_of(size, short):
    if short:
        return tuple(name for name in subjects.FEW if name in SUBJECTS)
    return ANY_SIZE if size > LARGE else SUBJECTS


def measure_one(kernel, modules, size, short, style):
    say("  " + style.bold(f"Linux {kernel.release}") + f", {size:,} MiB")
    found = Scale(kernel, size, asked_of(size, short),
                  subjects.progress(style))
    guest = counted.guest(kernel, f"scale-{size}",
                          size + size // 16 + BESIDE + kernel.extra,
                          cmdline=subjects.NOT_ZEROED)
    subjects.add_modules(guest, modules, PEERS)
    found.judge(guest.run(
        subjects.script(BODY.format(pages=found.pages), found.asked,
                        "sleep 30"), found.line, LIMIT))
    subjects.insist(found, kernel.version, found.lacking(modules))
    return found


def measure(version, short, style):
    """One size after the other."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    for size in SHORT if short else SIZES:
        yield measure_one(kernel, modules, size, short, style)


def spread(sizes, what):
    """How much more the most is than the least."""
    values = [one.each("pool", what) for one in sizes]
    return max(values) / min(values) - 1


def goals(sizes):
    """Of one kernel: from the least to the most."""
    for what, title in OPS.items():
        yield Goal(f"{title}: percent between the sizes",
                   100 * spread(sizes, what), 200 * FLAT)


def closing(measured):
    sizes = [one for one in measured if one.kernel.version == "6.1"]
    yield from reached("The numbers to reach, on 6.1:",
                       goals(sizes) if len(sizes) > 1 else ())


def draw(measured, picture):
    """One kernel below the other: each size a cluster."""
    releases = list(dict.fromkeys(one.kernel.release for one in measured))
    plot.clusters([plot.Chart(
        f"Linux {release}: instructions for a page of movable_pool",
        list(OPS.values()),
        [(f"{one.size} MiB", [one.each("pool", what) for what in OPS])
         for one in measured if one.kernel.release == release])
        for release in releases], picture)

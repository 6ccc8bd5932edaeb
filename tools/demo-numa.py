#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo-numa: a buffer that moves between nodes while it is written to.

One guest with two nodes.  samples/buffers/demo.c writes to a buffer of
/dev/movable_buffers and has it moved, by the kernel and by the driver; what
this prints was measured in there, where the pages are as the kernel says it
(move_pages).
"""
import argparse
import io
import sys

import accel
import build
import cache
import kernels
import readme
from cache import Failure, say
from guest import Guest
from terminal import Progress, Report, Style

MEMORY = 512                    # MiB of the guest
BUFFER = 32                     # MiB of it
SMALL = 1                       # MiB of another, that the client moves
ROUNDS = 10                     # to and fro, as fast as it goes
PARTS = 16                      # rows of the picture, as samples/buffers/demo.c
SAMPLES = 64                    # and its columns
GUEST_LIMIT = 1200              # seconds, on a machine that is very busy
ROUND_LIMIT = 120
# A kernel that knows of a hypervisor has spinlocks that are not fair: who waits
# for a page table would wait until all 512 pages of it have moved.
BARE = "hypervisor=off"
NODES = ["-smp", "2,sockets=2",
         "-object", f"memory-backend-ram,id=ram0,size={MEMORY // 2}M",
         "-object", f"memory-backend-ram,id=ram1,size={MEMORY // 2}M",
         "-numa", "node,nodeid=0,cpus=0,memdev=ram0",
         "-numa", "node,nodeid=1,cpus=1,memdev=ram1"]
STEPS = {
    "boot": "starting",
    "alone": "writing",
    "picture": "moving",
    "process": "by process",
    "driver": "by driver",
}
# samples/buffers/demo.c has it moved in these ways, one after the other.
WAYS = {
    "process": "migrate_pages(2)",
    "driver": "its driver",
}
PLACE = readme.Place("picture of nodes", "make demo-numa WRITE=1")


class Sample:
    """Where each part of the buffer was at a time: (node 0, node 1, moving)"""

    def __init__(self, microseconds, written, cells):
        self.seconds = int(microseconds) / 1e6
        self.written = int(written)
        self.parts = [tuple(map(int, cell.split(","))) for cell in cells]

    def share(self, node):
        return (sum(part[node] for part in self.parts)
                / sum(map(sum, self.parts)))


class Run(Report):
    """The guest, and what it reported."""

    def __init__(self, progress):
        super().__init__(progress)
        self.samples = []
        self.value = {}
        self.client_moved = 0

    def on_sample(self, *words):
        self.samples.append(Sample(words[0], words[1], words[2:]))
        self.progress.show("picture", len(self.samples), SAMPLES)

    def on_moved(self, pages, *_):
        """What the client says of the buffer that it moved."""
        self.client_moved = int(pages)

    def on_value(self, name, number):
        self.value[name] = int(number)

    def run(self, guest, rounds):
        """Raises Failure if anything at all was not as it should be."""
        self.progress.show("boot", 0, 1)
        result = guest.run(
            "load_modules && "
            f"/demo/client create shell {SMALL}M sh -c "
            "'/demo/client move 0 && /demo/client move 1' && "
            f"/demo/client create numa {BUFFER}M /demo/demo {rounds} && "
            "unload_modules",
            self.line, GUEST_LIMIT + ROUND_LIMIT * rounds)
        self.judge(result)
        lost = self.value.get("lost")
        if lost:
            self.problems.insert(0, f"{lost:,} writes were lost")
        if not self.problems and self.lack():
            self.problems.append(self.lack())
        if self.problems:
            raise Failure("\n  ".join(self.problems))

    def lack(self):
        """Why this has shown nothing, if so."""
        value = self.value
        if self.client_moved != SMALL << 8:
            return f"the client moved {self.client_moved} pages of 1 MiB"
        if "lost" not in value:
            return "the guest did not come to its end"
        if len(self.samples) != SAMPLES:
            return f"{len(self.samples)} samples were taken, not {SAMPLES}"
        for node in (0, 1):
            if max(one.share(node) for one in self.samples) < 0.9:
                return f"the buffer was never seen on node {node}"
        # A page may be in use for a moment, so not all of them.
        wanted = 2 * value["rounds"] * value["pages"]
        for way in WAYS:
            if value[f"{way}_moved"] < 0.9 * wanted:
                return (f"only {value[way + '_moved']:,} pages moved by {way}, "
                        f"{wanted:,} should have")
            if value[f"{way}_home"] < 0.9 * value["pages"]:
                return (f"{value[way + '_home']:,} pages were on node 0 in the "
                        f"end, of {value['pages']:,}")
            if value[f"{way}_written"] < value["pages"]:
                return ("the writer did not get through the buffer while it "
                        "moved")
        return ""


class Picture:
    """The buffer from its first page to its last, one column for each sample.

    The last row is what the writer did up to then, since the sample before.
    """

    def __init__(self, style, samples):
        self.style = style
        self.samples = samples
        self.written = [now.written - before.written for before, now
                        in zip([samples[0]] + samples, samples)]

    def cell(self, part):
        _, there, moving = part
        whole = sum(part)
        if moving * 2 >= whole:
            return self.style.paint("m", "31")
        return self.style.paint(self.style.shade(there, whole),
                                "36" if there else "32")

    def activity(self):
        most = max(self.written) or 1
        # There is no sample before the first.
        return " " + "".join(
            self.style.paint(self.style.shade(number, most), "33")
            for number in self.written[1:])

    def lines(self):
        step = BUFFER // PARTS
        for row in range(PARTS):
            cells = "".join(self.cell(one.parts[row]) for one in self.samples)
            yield f"{row * step:6} MiB  {cells}"
        yield f"   writes  {self.activity()}"
        end = f"{self.samples[-1].seconds:.1f} s"
        yield f"{'':12}0 s{end:>{SAMPLES - 3}}"
        half = SAMPLES // len(WAYS)
        yield (" " * 12 + "".join(f"moved by {way:<{half - 9}}"
                                  for way in WAYS.values())).rstrip()
        shades = self.style.paint(self.style.shades, "36")
        yield (f"{'':12}{self.style.paint(self.style.free, '32')} on node 0   "
               f"{shades} on node 1: up to 25, 50, 75, 100 % of 2 MiB")
        yield (f"{'':12}{self.style.paint('m', '31')} moving at that moment")


def figures(value):
    """The closing table: (title, a figure for each way)."""
    def each(name, scale=1, form=",.0f"):
        return [format(value[f"{way}_{name}"] * scale, form) for way in WAYS]

    return [
        ("moves of all of it, to and fro",
         [f"{2 * value['rounds']:,}" for _ in WAYS]),
        ("pages moved meanwhile", each("moved")),
        ("  in a second", [
            f"{value[way + '_moved'] / (value[way + '_ns'] / 1e9):,.0f}"
            for way in WAYS]),
        ("  refused at first: in use just then", each("refused")),
        ("pages written to meanwhile", each("written")),
        ("longest wait of a write, at most, ms", each("longest", 1e-6, ".1f")),
    ]


def totals(value):
    """Of all the time: (title, figure)."""
    return [
        ("longest wait before anything moved, ms",
         f"{value['longest_alone'] / 1e6:.1f}"),
        ("passes of the writer, over all pages", f"{value['passes']:,}"),
        ("  words written, each compared later", f"{value['words']:,}"),
        ("  writes lost", f"{value['lost']:,}"),
    ]


def table(value, style):
    yield (f"{value['pages']:,} pages, moved by".ljust(40)
           + "".join(f"{way:>18}" for way in WAYS.values()))
    yield style.rule * 76
    for title, columns in figures(value):
        yield f"{title:<40}" + "".join(f"{one:>18}" for one in columns)
    yield ""
    for title, figure in totals(value):
        yield f"{title:<40}{figure:>18}"


def report(kernel, run, style):
    """What there is to be seen, as lines."""
    yield f"A buffer of {BUFFER} MiB, and which node its pages are on"
    yield from Picture(style, run.samples).lines()
    yield ""
    yield from table(run.value, style)
    yield ""
    yield (f"Linux {kernel.release}, two nodes of {MEMORY // 2} MiB, "
           f"{accel.describe(kernel)}")


def intro(kernel, style):
    say()
    say("  " + style.bold("Driver memory that moves between nodes")
        + f"   (Linux {kernel.release})")
    say()
    say(f"  A process has mapped a buffer of a driver, {BUFFER} MiB.  One of its "
        "threads writes")
    say("  to it all the time, and compares each word with what it wrote "
        "before.  Another")
    say("  one has it moved, again and again, to node 1, to node 0: at first by")
    say("  migrate_pages(2), then by an ioctl of the driver.")
    say()


def make_guest(kernel, modules):
    if kernel.machine.is_foreign():
        raise Failure("the machine with two nodes is this one's kind only")
    *_, cpu = kernel.machine.board
    guest = Guest(kernel, "demo-numa", MEMORY,
                  qemu=["-cpu", f"{cpu},{BARE}", *NODES])
    guest.add_modules(modules, ["movable_buffers"])
    for name in ("client", "demo"):
        guest.add_file(build.sample(kernel.machine,
                                    f"samples/buffers/{name}.c"),
                       f"/demo/{name}")
    return guest


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--rounds", type=int, default=ROUNDS,
                        help=f"to and fro, at full speed ({ROUNDS})")
    parser.add_argument("--write", action="store_true",
                        help="the picture into README.md")
    options = parser.parse_args()
    if options.rounds < 1:
        raise Failure("there is at least one round")
    return options


def main():
    options = arguments()
    kernel = kernels.to_boot(options.kernel)
    style = Style(sys.stdout)
    # They are there as long as this is.
    modules = build.modules(kernel, "normal")
    guest = make_guest(kernel, modules)
    intro(kernel, style)
    run = Run(Progress(style, STEPS))
    run.run(guest, options.rounds)
    say()
    for line in report(kernel, run, style):
        say(("  " + line).rstrip())
    say()
    if options.write:
        plain = Style(io.TextIOWrapper(io.BytesIO(), "utf-8"))
        PLACE.write(readme.block(report(kernel, run, plain)))
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

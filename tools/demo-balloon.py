#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo-balloon: samples/balloon beside the kernel's own virtio_balloon.

Guests that differ in nothing but the driver of QEMU's virtio-balloon-pci do
the same thing, samples/balloon/demo.c, in turns.  Time is the guest's, from
the command to QEMU until all is in the balloon or out of it.  Instructions are
counted in one more guest each, by QEMU (-icount), which makes them the same
from run to run; they are not cycles.
"""
import argparse
import statistics
import sys
import time

import accel
import build
import cache
import counted
import kernels
import readme
from cache import Failure, say
from guest import Guest
from terminal import Progress, Report, Style

MEMORY = 1024                   # MiB of a guest
MIB = 256                       # to inflate and deflate by
PAGES = MIB * 256
CYCLES = 5                      # of that in a guest
SEED = 1
LEAST_MOVES = 1000              # or it was no compaction of balloons
SLOWER = 1.05                   # than the kernel's is too slow
GUEST_LIMIT = 900               # seconds
SMALL = 256                     # MiB of the guest of many rounds
ROUND_MOVES = 10                # on average, at least
DEVICE = ["-device", "virtio-balloon-pci,id=balloon"]
TRACE = ["-trace", "virtqueue_pop"]     # once for each message
# Who comes first has the device.  The other is there as well, for modules are
# memory, of the kind that does not move, and so are their files here.
MODULES = {"stock": ["virtio_pci", "virtio_balloon", "movable_balloon"],
           "movable_pool": ["virtio_pci", "movable_balloon", "virtio_balloon"]}
STEPS = {
    "boot": "starting",
    "cycle": "in and out",
    "fill": "filling memory",
    "scatter": "ballooning",
    "rounds": "rounds",
}
REFUSED = ("refused_driver", "failed_driver", "refused_unready")
TABLE = readme.Place("table of balloons", "make demo-balloon WRITE=1")


class Run(Report):
    """One guest, and what it reported."""

    def __init__(self, driver, style, counting=False):
        super().__init__(Progress(style, STEPS))
        self.driver = driver
        self.counted = counting
        self.cost = {}          # {what: [(ns, ns of CPU time)]}
        self.value = {}
        self.book = {}          # of our driver's pool

    def on_cost(self, what, wall, busy):
        self.cost.setdefault(what, []).append((int(wall), int(busy)))

    def on_pass(self, number, moved):
        say(f"  {'compacting':<16}pass {number}: {int(moved):,} pages of the "
            "balloon have moved")

    def on_round(self, number, moved):
        if not self.progress.style.live:
            say(f"  {'rounds':<16}{int(number):,}: {int(moved):,} pages have "
                "moved")

    def on_value(self, name, number):
        self.value[name] = int(number)

    def on_book(self, name, number):
        self.book[name] = int(number)

    def guest(self, kernel, modules, program, memory=MEMORY):
        name = f"balloon-{self.driver}{'-counted' * self.counted}"
        kind = counted.guest if self.counted else Guest
        guest = kind(kernel, name, memory, qemu=DEVICE + TRACE)
        guest.add_modules(modules, MODULES[self.driver])
        guest.add_file(program, "/demo/demo")
        return guest

    def run(self, guest, words, limit=GUEST_LIMIT):
        """Raises Failure if anything at all was not as it should be."""
        self.progress.show("boot", 0, 1)
        result = guest.run(f"load_modules && /demo/demo {words} "
                           "&& unload_modules", self.line, limit)
        self.judge(result)
        if self.problems:
            raise Failure(f"{self.driver}: " + "\n  ".join(self.problems))

    def compare(self, kernel, modules, program, seed=SEED):
        guest = self.guest(kernel, modules, program)
        self.run(guest, f"compare {CYCLES} {MIB} {seed}")
        wrong = self.lack()
        if wrong:
            raise Failure(f"{self.driver}: {wrong}")

    def lack(self):
        """Why this is no measurement, if it is none."""
        cycles = [len(self.cost.get(what, ())) for what in ("inflate",
                                                            "deflate")]
        if cycles != [CYCLES, CYCLES]:
            return f"{cycles} cycles were measured, not {CYCLES} each"
        if self.value["cycled"] != (CYCLES + 1) * PAGES:
            return f"{self.value['cycled']} pages went in, in {CYCLES} cycles"
        if self.value["moved"] < LEAST_MOVES:
            return f"only {self.value['moved']} pages moved"
        if self.counted and not all(busy for costs in self.cost.values()
                                    for _, busy in costs):
            return "the kernel does not count CPU time (CONFIG_SCHED_INFO)"
        if bool(self.book) != (self.driver == "movable_pool"):
            return "the balloon is another driver's"
        if self.book and self.book["migrated"] != self.value["moved"]:
            return (f"the kernel counts {self.value['moved']} moves, the pool "
                    f"{self.book['migrated']}")
        return ""


class Results:
    """All runs of one driver."""

    def __init__(self, driver):
        self.driver = driver
        self.timed = []
        self.counted = []

    def add(self, run):
        (self.counted if run.counted else self.timed).append(run)

    def milliseconds(self, what):
        return [wall / 1e6 for run in self.timed
                for wall, _ in run.cost[what]]

    def instructions(self, what):
        return [busy / PAGES for run in self.counted
                for _, busy in run.cost[what]]

    def value(self, name):
        return [run.value[name] for run in self.timed]

    def messages(self):
        return [run.value["messages"] / run.value["moved"]
                for run in self.timed]

    def move_time(self):
        return [run.value["wall"] / 1e3 / run.value["moved"]
                for run in self.timed]

    def move(self):
        return [run.value["compaction"] / run.value["moved"]
                for run in self.counted]

    def refused(self):
        return [sum(run.book.get(name, 0) for name in REFUSED)
                for run in self.timed]


def number(values, digits=0):
    return f"{statistics.median(values):,.{digits}f}"


def ratio(stock, ours):
    """What one cannot divide by is not compared."""
    base = statistics.median(stock)
    return f"{statistics.median(ours) / base:.2f}" if base else ""


class Table:
    """Closing figures: medians, for each driver."""

    def __init__(self, stock, ours):
        self.stock = stock
        self.ours = ours
        self.rows = []

    def add(self, title, values, digits=0):
        both = values(self.stock), values(self.ours)
        self.rows.append((title, *(number(one, digits) for one in both),
                          ratio(*both)))

    def fill(self):
        for what in ("inflate", "deflate"):
            self.add(f"{what} by {MIB} MiB, ms",
                     lambda one: one.milliseconds(what))
        for what in ("inflate", "deflate"):
            self.add(f"{what}, instructions for a page",
                     lambda one: one.instructions(what))
        for name, title in (
                ("ballooned", "pages in the balloon, half of the guest"),
                ("before", "free 2 MiB blocks before compaction"),
                ("after", "free 2 MiB blocks after"),
                ("possible", "  possible, with all free pages side by side"),
                ("moved", "pages of the balloon that compaction moved")):
            self.add(title, lambda one: one.value(name))
        self.add("  time for each, all of compaction, us", Results.move_time)
        self.add("  messages to the host for each", Results.messages, 2)
        self.add("  instructions for each, all of compaction", Results.move)
        self.add("moves that failed", lambda one: one.value("failed"))
        self.add("  because the driver would not", Results.refused)

    def lines(self, rule="-"):
        titles = ("", self.stock.driver, self.ours.driver, "ratio")
        for count, row in enumerate([titles] + self.rows):
            yield (f"{row[0]:<46}{row[1]:>9}{row[2]:>14}"
                   f"{row[3]:>8}").rstrip()
            if not count:
                yield rule * 77


def spread(results, what):
    values = results.instructions(what)
    return (max(values) - min(values)) / statistics.median(values)


def goals(stock, ours):
    """(what, does it hold), of what the driver wants to be."""
    for what in ("inflate", "deflate"):
        for unit, values in (("time", Results.milliseconds),
                             ("instructions", Results.instructions)):
            share = (statistics.median(values(ours, what))
                     / statistics.median(values(stock, what)))
            yield f"{what}, {unit}: {(share - 1) * 100:+.1f} %", share <= SLOWER
    blocks = [statistics.median(one.value("after")) for one in (stock, ours)]
    yield (f"2 MiB blocks: {blocks[1] - blocks[0]:+.0f}",
           blocks[1] >= blocks[0])


def verdict(stock, ours):
    found = list(goals(stock, ours))
    holds = all(good for _, good in found)
    text = (f"The goal {'holds' if holds else 'does NOT hold'}: at most "
            f"{(SLOWER - 1) * 100:.0f} % slower than the kernel's, and no fewer "
            "free blocks")
    return [text] + [f"  {'yes' if good else 'NO':<5}{what}"
                     for what, good in found]


def swing(results):
    values = results.milliseconds("inflate")
    return f"{results.driver} {min(values):,.0f} to {max(values):,.0f} ms"


def about(kernel, runs, results):
    worst = max(spread(one, what) for one in results
                for what in ("inflate", "deflate"))
    return [f"Linux {kernel.release}, {MEMORY} MiB, {accel.describe(kernel)}",
            f"medians of {runs} guests each, in turns, with {CYCLES} cycles of "
            "in and out each",
            "inflate took " + ", ".join(map(swing, results)),
            "instructions, not cycles: counted by QEMU in one more guest, "
            f"spread {worst * 100:.1f} %"]


def intro(kernel, style):
    say()
    say("  " + style.bold("The balloon beside the kernel's")
        + f"   (Linux {kernel.release})")
    say()
    say(f"  {MIB} MiB go into the balloon and out again, {CYCLES} times.  Then "
        "half of the guest")
    say("  is in it, in pages that lie all over memory, and the kernel "
        "compacts.")


def report(kernel, runs, stock, ours, style):
    table = Table(stock, ours)
    table.fill()
    say()
    for line in table.lines(style.rule):
        say("  " + line)
    say()
    words = about(kernel, runs, (stock, ours))
    ending = verdict(stock, ours)
    for line in words + [""] + ending:
        say(("  " + line).rstrip())
    return [*table.lines(), "", *words, "", *ending]


def turns(runs):
    """(driver, counted, seed), in the order of the guests."""
    for seed in range(SEED, SEED + runs):
        yield from ((driver, False, seed) for driver in MODULES)
    yield from ((driver, True, SEED) for driver in MODULES)


def compare(kernel, modules, program, runs, style):
    results = {driver: Results(driver) for driver in MODULES}
    intro(kernel, style)
    todo = list(turns(runs))
    for count, (driver, counting, seed) in enumerate(todo, 1):
        say()
        say("  " + style.bold(f"{count} of {len(todo)}: {driver}")
            + (", counting instructions" if counting else ""))
        run = Run(driver, style, counting)
        run.compare(kernel, modules, program, seed)
        results[driver].add(run)
    return report(kernel, runs, *results.values(), style)


def many_rounds(kernel, modules, program, rounds, style):
    """No page is lost, however often; the guest looks after each round."""
    say(f"  {rounds:,} times in and out of a guest of {SMALL} MiB while it "
        "compacts")
    run = Run("movable_pool", style)
    guest = run.guest(kernel, modules, program, SMALL)
    start = time.monotonic()
    run.run(guest, f"rounds {rounds} {SEED}", GUEST_LIMIT + 60 * rounds)
    book = run.book
    if book["allocated"] != book["freed"] or book["pages"]:
        raise Failure(f"the pool's books do not add up: {book}")
    if book["migrated"] < ROUND_MOVES * rounds:
        raise Failure(f"only {book['migrated']} pages moved")
    say(f"  {rounds:,} rounds in {time.monotonic() - start:.0f} s: "
        f"{book['allocated']:,} pages in and out, {book['migrated']:,} moved, "
        "none lost")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--runs", type=int, default=3,
                        help="guests of each driver for the time (3)")
    parser.add_argument("--rounds", type=int, default=0,
                        help="instead: see that so many rounds lose no page")
    parser.add_argument("--write", action="store_true",
                        help="the table into README.md")
    options = parser.parse_args()
    if options.runs < 1 or options.rounds < 0:
        raise Failure("there is at least one run, and one round")
    return options


def main():
    options = arguments()
    kernel = kernels.to_boot(options.kernel)
    style = Style(sys.stdout)
    modules = build.modules(kernel, "normal")
    program = build.sample(kernel.machine, "samples/balloon/demo.c")
    if options.rounds:
        many_rounds(kernel, modules, program, options.rounds, style)
        return 0
    lines = compare(kernel, modules, program, options.runs, style)
    if options.write:
        TABLE.write(readme.block(lines))
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

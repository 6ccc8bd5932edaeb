# SPDX-License-Identifier: GPL-2.0
"""What a page costs, for each way a driver can own it: measured in a guest.

What the subject that does nothing costs is the loop and the call that all have
in common, which is subtracted.  In QEMU instructions are counted (counted.py);
a kernel that is a process (uml.py) runs as fast as this machine does.
"""
import counted
import subjects
import uml
from subjects import NOTHING, OURS, PEERS, TITLES
from terminal import Report

MEMORY = 512                    # MiB
LIMIT = 600                     # seconds
OPS = {"alloc": "allocate", "publish": "mark", "free": "free", "pin": "pin",
       "map": "map", "free-locked": "free, locked", "move": "move"}
ALL_THREE = ("alloc", "publish", "free")
STAYS = (NOTHING, "raw")        # no page of theirs moves
# A kernel has not done with booting when init begins; on 6.12 and 7.2 that
# takes the one CPU for seconds.
BEFORE = "sleep 30"
# Words: what, subject, pages and what else there is.
BODY = """
		measure cost "$subject" {cost} {cpus}
		case "$subject" in {stays}) continue;; esac
		measure move "$subject" {move}
"""


class Sizes:
    """How many pages each subject has: when it is measured op by op, and when
    pageblocks must be full of them."""

    def __init__(self, cost, move):
        self.cost = cost
        self.move = move


FULL = Sizes(cost=4096, move=12288)
SHORT = Sizes(cost=256, move=4096)


class Costs(Report):
    """One guest, and what it has measured."""

    def __init__(self, progress, unit):
        super().__init__(progress)
        self.unit = unit
        self.mean = {}          # {subject: {op: ns}} of a page
        self.median = {}

    def on_bench(self, subject, what, _times, each, mean, median, _least,
                 _most):
        pages = int(each)
        self.mean.setdefault(subject, {})[what] = int(mean) / pages
        self.median.setdefault(subject, {})[what] = int(median) / pages
        if what == "free":
            self.progress.show(subject, 1, 1)

    def of(self, subject, what):
        """Without what all have in common; None if it cannot be done.

        Interrupts come where instructions are counted, too, always the same:
        the mean has everything.  On a machine that does other things besides
        it would have those.
        """
        values = self.mean if self.unit == "instructions" else self.median
        value = values.get(subject, {}).get(what)
        if value is None:
            return None
        return value - values[NOTHING].get(what.partition("-")[0], 0)

    def all_three(self, subject):
        """Of those that are a step of their own there."""
        values = [self.of(subject, what) for what in ALL_THREE]
        if values[0] is None:
            return None
        return sum(value for value in values if value is not None)

    def subjects(self):
        return [name for name in TITLES if name in self.mean]

    def table(self):
        """{subject: {op: cost}}, for files."""
        return {subject: {what: round(self.of(subject, what), 2)
                          for what in OPS
                          if self.of(subject, what) is not None}
                for subject in self.subjects()}


def script(sizes, cpus):
    return subjects.script(BODY.format(cost=sizes.cost, move=sizes.move,
                                       cpus=cpus, stays="|".join(STAYS)),
                           (NOTHING, *TITLES), BEFORE)


def is_process(kernel):
    return kernel.machine.name == "um"


def measure(kernel, modules, progress, sizes=FULL, zeroing=False, cpus=1):
    """Boot one guest; returns its Costs, or raises Failure."""
    native = is_process(kernel)
    costs = Costs(progress, "ns" if native else "instructions")
    name = f"costs-{'zeroing' if zeroing else 'plain'}-{cpus}"
    words = f"init_on_alloc={int(zeroing)}"
    guest = uml.prepared(kernel, name) if native else \
        counted.guest(kernel, name, MEMORY + kernel.extra, cmdline=words)
    subjects.add_modules(guest, modules, PEERS)
    if native:
        result = uml.run(guest, script(sizes, cpus),
                         [f"mem={MEMORY}M", f"ncpus={cpus}", words],
                         costs.line, LIMIT)
    else:
        result = guest.run(script(sizes, cpus), costs.line, LIMIT)
    costs.judge(result)
    subjects.insist(costs, kernel.version, lacking(costs, modules))
    return costs


def lacking(costs, modules):
    """Who has not been measured, though he is there."""
    for subject in subjects.there(modules, (NOTHING, *PEERS, *OURS)):
        have = costs.mean.get(subject, {})
        wanted = ["alloc", "free"] + ["move"] * (subject not in STAYS)
        for what in wanted:
            if what not in have:
                yield f"{subject}: {what} was not measured"

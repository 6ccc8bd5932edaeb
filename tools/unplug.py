# SPDX-License-Identifier: GPL-2.0
"""How many memory blocks can be taken offline, one at a time, where half of
memory is full of pages of one kind (bench/fill.c)."""
import build
import kernels
import plot
import subjects
from cache import say
from guest import Guest
from subjects import (ALL_TITLES, LATER, LATER_MODULES, NOTHING, OURS, PEERS,
                      PLACES)
from tables import Goal, aligned, number, reached
from terminal import Report

USUAL = ("5.10", "6.1", "6.12", "7.2")
DOCUMENT = "gains.rst"
LIMIT = 1800                    # seconds
EVERYBODY = (NOTHING, *PLACES, *PEERS, *OURS)


class Machine:
    """A guest: of its pages for the movable zone, or of all, so many percent
    are half of memory."""

    def __init__(self, name, about, words, percent):
        self.name = name
        self.about = about
        self.words = words
        self.percent = percent


MACHINES = (Machine("plain", "any memory", "", 50),
            Machine("movable", "ZONE_MOVABLE (kernelcore=30%)",
                    "kernelcore=30%", 70))
MEMORY, SHORT_MEMORY = 2048, 768        # MiB; a block has 128

BEFORE = """
echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo 0 >/proc/sys/vm/compaction_proactiveness
# This shell, which may have half of memory, must be able to fork.
echo 1 >/proc/sys/vm/overcommit_memory
zone() { read -r first _ <"$1/valid_zones" && echo "$first"; }
blocks() {
	for block in /sys/devices/system/memory/memory[0-9]*; do
		[ "$words" ] && [ "$(zone "$block")" != Movable ] &&
			continue
		echo "$block"
	done
}
# In ZONE_MOVABLE, where all should move, it tries until a signal comes.
# Back to where it was, or there would be fewer for the next.
try() {
	back=online_kernel
	[ "$(zone "$1")" = Movable ] && back=online_movable
	timeout -s INT 10 sh -c "echo offline >$1/state"
	[ "$(cat "$1/state")" = offline ] || return 1
	echo "$back" >"$1/state" || echo "error cannot bring back $1"
}
"""
BODY = """
		measure fill "$subject" {percent}
		all=0 gone=0
		for block in $(blocks); do
			all=$((all + 1))
			try "$block" 2>/dev/null && gone=$((gone + 1))
		done
		measure empty "$subject"
		echo "unplug $subject $gone $all"
"""


class Unplug(Report):
    """One kind of guest, and what was measured in those."""

    def __init__(self, kernel, machine, memory, asked, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.asked = asked      # subjects
        self.machine = machine
        self.memory = memory
        self.pages = {}         # {subject: so many it had}
        self.blocks = {}        # {subject: (offline, of so many)}

    def on_bench(self, subject, _what, _percent, count, astray):
        self.pages[subject] = int(count)
        self.problems += subjects.misplaced(subject, int(count), int(astray))

    def on_unplug(self, subject, gone, count):
        self.blocks[subject] = (int(gone), int(count))
        self.progress.show(subject, 1, 1)

    def share(self, subject):
        gone, count = self.blocks[subject]
        return gone / count

    def lacking(self, modules):
        for subject in subjects.there(modules, self.asked):
            if subject not in self.blocks or not self.blocks[subject][1]:
                yield f"{subject}: no block was tried"

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}, {self.memory} MiB, "
               f"{self.machine.about}: memory blocks that go offline")
        yield ""
        yield from aligned(list(self.rows()), rule)

    def rows(self):
        yield ["pages in memory", "MiB", "offline", "of"]
        for subject in EVERYBODY:
            if subject in self.blocks:
                pages = 0 if subject == NOTHING else self.pages[subject]
                yield [ALL_TITLES[subject], number(pages / 256),
                       *map(number, self.blocks[subject])]

    def record(self):
        return {"machine": self.machine.name, "memory": self.memory,
                "blocks": {subject: {"pages": self.pages[subject],
                                     "offline": gone, "of": count}
                           for subject, (gone, count) in self.blocks.items()}}


def measure_one(kernel, modules, machine, short, style):
    say("  " + style.bold(f"Linux {kernel.release}") + f", {machine.about}")
    found = Unplug(kernel, machine, SHORT_MEMORY if short else MEMORY,
                   subjects.FEW if short else EVERYBODY,
                   subjects.progress(style))
    for subject in subjects.there(modules, found.asked):
        run(found, modules, subject)
    subjects.insist(found, kernel.version, found.lacking(modules))
    return found


def run(found, modules, subject):
    """A guest for each, for with every block that is tried the kernel's own
    pages get into others."""
    guest = Guest(found.kernel, f"unplug-{found.machine.name}-{subject}",
                  found.memory + found.kernel.extra, cpus=1,
                  cmdline=found.machine.words)
    subjects.add_modules(guest, modules, PEERS, LATER_MODULES)
    found.judge(guest.run(
        subjects.script(BODY.format(percent=found.machine.percent), [subject],
                        f"words={found.machine.words}\n{BEFORE}",
                        (NOTHING, *LATER), LATER_MODULES), found.line, LIMIT))


def measure(version, short, style):
    """One kernel's guests, one after the other."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    for machine in MACHINES[:1] if short else MACHINES:
        yield measure_one(kernel, modules, machine, short, style)


def goals(found):
    """All that go offline in the same guest without the pool."""
    for subject in OURS:
        if subject in found.blocks:
            yield Goal(f"{found.machine.name}: blocks, with half of memory "
                       f"{subject}'s", found.blocks[subject][0],
                       found.blocks[NOTHING][0], least=True)


def closing(measured):
    yield from reached("The numbers to reach, on 6.1:", (
        goal for one in measured if one.kernel.version == "6.1"
        for goal in goals(one)))


def draw(measured, picture):
    """One guest below the other: percent of its blocks."""
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}, {one.machine.about}: percent of memory "
        "blocks that go offline", ["offline"],
        [(ALL_TITLES[subject].strip(), [100 * one.share(subject)])
         for subject in EVERYBODY if subject in one.blocks])
        for one in measured], picture)

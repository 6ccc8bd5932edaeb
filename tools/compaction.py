# SPDX-License-Identifier: GPL-2.0
"""What compaction wins where memory is full of pages of one kind.

Memory is filled with each subject's pages in the same places (bench/fill.c),
and compacted as an administrator does it.  Beside that the kernel gets its own
tasks: huge pages, and its own test of compaction.
"""
import errno

import build
import counted
import kernels
import plot
import subjects
from cache import say
from subjects import (ALL_TITLES, LATER, LATER_MODULES, NOTHING, OURS, PEERS,
                      PLACES)
from tables import Goal, aligned, number, reached
from terminal import Report

USUAL = ("5.10", "6.1", "6.12", "7.2")
DOCUMENT = "gains.rst"
MEMORY = 512                    # MiB
LIMIT = 1800                    # seconds
WORST = 0                       # percent: a page in each pageblock
PERCENT = (WORST, 50, 70, 90)
SHORT = (50,)
EVERYBODY = (NOTHING, *PEERS, *PLACES, *OURS)

# Huge pages of processes would be in places of their own; and the kernel
# compacts by itself what it finds too scattered.
BEFORE = """
echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo 0 >/proc/sys/vm/compaction_proactiveness
sleep 30
"""
BODY = """
		for percent in {percent}; do
			measure compact "$subject" "$percent"
		done
		echo "done $subject"
"""

# Each try to move a page that is locked and isolated, and what came of it.
# Whoever's page it is passes the first of these functions that a kernel has not
# made part of another; in 7.2 only what is on the LRU passes any.  Probes cost,
# and leave pages of the kernel's own about, so they have a guest of their own.
PROBES = """
tracing=/sys/kernel/debug/tracing
for target in migrate_folio_move move_to_new_folio move_to_new_page; do
	grep -q " $target$" /proc/kallsyms && break
done
probe() {
	echo "r:moved $target ret=\\$retval:s32" >$tracing/kprobe_events
	echo "ret != 0" >$tracing/events/kprobes/moved/filter
	echo 1 >$tracing/events/kprobes/moved/enable
}
probed() {
	echo 0 >$tracing/events/kprobes/moved/enable
	sed "s/^/tries $1 /" $tracing/kprobe_profile
	sed -n "s/.* ret=/result $1 /p" $tracing/trace
	echo >$tracing/trace
	echo >$tracing/kprobe_events
}
# Before the first event, or it would take 1.4 MiB of what is to be filled.
echo 16 >$tracing/buffer_size_kb
"""
TRIES_BODY = """
		probe
		measure compact "$subject" {percent} >/tmp/moved
		probed "$subject"
		sed 's/^bench/moved/' /tmp/moved
"""
TRIES_PERCENT = 50

# What the kernel makes of it by itself depends on what it has tried before
# (pageblocks to skip, deferred compaction): a guest for each.  Its own test
# locks four fifths of what is free, in pieces of 100 MiB.
TASK_MEMORY = 1024              # MiB
TASK_SUBJECTS = (NOTHING, "anon", "raw", "balloon", "pool", "pool-cache",
                 "pool-mapped")
TASK_PERCENT = 50
TASK_BODY = """
		measure fill "$subject" {percent}
		{task}
		measure empty "$subject"
"""
# A write ends at the first page that it does not get, wherever the scanners of
# compaction are by then, and which pageblocks they skip for a while.
HUGE_TASK = """
		for again in $(seq 20); do
			echo 100000 >/proc/sys/vm/nr_hugepages
			sleep 6
		done
		echo "huge $(cat /proc/sys/vm/nr_hugepages)"
		echo 0 >/proc/sys/vm/nr_hugepages
"""
TEST_TASK = '/compaction_test | sed "s/^/selftest /"'
TASKS = {"huge": HUGE_TASK, "test": TEST_TASK}
SELFTEST = "tools/testing/selftests/mm/compaction_test.c"


class Holes:
    """Free memory, at one time."""

    def __init__(self, pages, blocks, possible, longest):
        self.pages = int(pages)
        self.blocks = int(blocks)
        self.possible = int(possible)
        self.longest = int(longest)     # pages

    def share(self):
        return self.blocks / self.possible

    def record(self):
        return {"free_pages": self.pages, "free_blocks": self.blocks,
                "possible_blocks": self.possible, "longest_run": self.longest}


class Round:
    """One subject, one share of memory: compacted once."""

    def __init__(self, count, astray):
        self.count = int(count)
        self.astray = int(astray)
        self.before = self.after = None
        self.ns = self.moved = self.failed = 0

    def each(self):
        """What a page costs that moved, all that was looked at included."""
        return self.ns / self.moved if self.moved else None

    def record(self):
        return {"pages": self.count, "astray": self.astray,
                "before": self.before.record(), "after": self.after.record(),
                "instructions": self.ns, "moved": self.moved,
                "failed": self.failed}


class Tries:
    """To move a page: what came of each."""

    def __init__(self, all_of_them, missed):
        self.all = int(all_of_them)
        self.missed = int(missed)       # by the probe
        self.moved = 0                  # says the VM
        self.results = {}               # {error: so often}

    def seen(self):
        """Did these pages pass where the probe was?"""
        return 2 * self.all > self.moved

    def failed(self, error):
        self.results[error] = self.results.get(error, 0) + 1

    def again(self):
        return self.results.get(-errno.EAGAIN, 0)

    def record(self):
        return {"all": self.all, "moved": self.moved, "failed": {
            errno.errorcode.get(-error, str(error)): count
            for error, count in sorted(self.results.items())}}


class Task(Report):
    """One guest in which the kernel does what it does by itself."""

    def __init__(self, progress):
        super().__init__(progress)
        self.huge = None        # pages
        self.fine = None        # says compaction_test

    def on_bench(self, subject, _fill, _percent, count, astray):
        self.problems += subjects.misplaced(subject, int(count), int(astray))

    def on_huge(self, count):
        self.huge = int(count)

    def on_selftest(self, *words):
        if "allocated" in words:
            self.huge = int(words[-1])
        if words[0] in ("ok", "not"):
            self.fine = words[0] == "ok"


class Compaction(Report):
    """One kernel, and what was measured on it."""

    def __init__(self, kernel, asked, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.asked = asked      # subjects
        self.rounds = {}        # {(subject, percent): Round}
        self.tries = {}         # {subject: Tries, in half of memory}
        self.huge = {}          # {subject: huge pages}
        self.test = {}          # {subject: (huge pages, ok?)}
        self.now = None

    def on_bench(self, subject, what, *values):
        if what == "fill":
            self.now = Round(*values[1:])
            self.rounds[subject, int(values[0])] = self.now
        elif what == "compact":
            self.now.ns, self.now.moved, self.now.failed = map(int, values[:3])
        else:
            setattr(self.now, what, Holes(*values))

    def on_tries(self, subject, _probe, count, missed):
        self.tries[subject] = Tries(count, missed)

    def on_result(self, subject, result):
        self.tries[subject].failed(int(result))

    def on_moved(self, subject, what, *values):
        if what == "compact":
            self.tries[subject].moved = int(values[1])

    def on_done(self, subject):
        self.progress.show(subject, 1, 1)

    def subjects(self):
        return [name for name in EVERYBODY
                if any(name == subject for subject, _ in self.rounds)]

    def percents(self):
        return sorted({percent for _, percent in self.rounds})

    def lacking(self, modules):
        """What was not measured, though it could have been."""
        for subject in subjects.there(modules, self.asked):
            for percent in self.percents() or SHORT:
                one = self.rounds.get((subject, percent))
                if not one or not one.after:
                    yield f"{subject}, {percent} %: was not compacted"
                elif subject in LATER:
                    yield from subjects.misplaced(f"{subject}, {percent} %",
                                                  one.count, one.astray)
            tries = self.tries.get(subject)
            if not tries or tries.missed or \
                    tries.all < sum(tries.results.values()):
                yield f"{subject}: tries to move it were not all seen"
        for subject in subjects.there(modules, self.huge and TASK_SUBJECTS):
            if self.huge.get(subject) is None:
                yield f"{subject}: no huge pages were asked for"
            if self.test.get(subject, (0, None))[1] is None:
                yield f"{subject}: compaction_test said nothing"

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}: free pageblocks after "
               "compaction, of those there could be")
        yield ""
        yield from aligned(list(self.rows()), rule)

    def rows(self):
        yield ["pages in memory", *map(percent_title, self.percents()),
               "before, 50 %", "longest run, MiB", "moved", "failed",
               "tries", "EAGAIN", "other errors", "instructions, each",
               "huge pages", "compaction_test"]
        for subject in self.subjects():
            half = self.rounds[subject, 50]
            yield [ALL_TITLES[subject], *(self.share(subject, percent)
                                      for percent in self.percents()),
                   number(half.before.blocks),
                   number(half.after.longest / 256), number(half.moved),
                   number(half.failed), *self.tried(subject),
                   number(half.each()), number(self.huge.get(subject)),
                   self.verdict(subject)]

    def share(self, subject, percent):
        """What zsmalloc needs beside its pages may not fit into what is left:
        the others then are where that was, and there is nothing to compare."""
        one = self.rounds[subject, percent]
        if any(subjects.misplaced(subject, one.count, one.astray)):
            return "-"
        return f"{one.after.blocks} of {one.after.possible}"

    def tried(self, subject):
        tries = self.tries[subject]
        if not tries.seen():
            return ["-"] * 3
        errors = sum(tries.results.values())
        return map(number, (tries.all, tries.again(),
                            errors - tries.again()))

    def huge_share(self, subject):
        """Percent of what that part of memory could give."""
        possible = self.huge[NOTHING] * (100 - TASK_PERCENT) / 100
        return 100 * self.huge[subject] / possible

    def verdict(self, subject):
        if subject not in self.test:
            return "-"
        count, fine = self.test[subject]
        return f"{count} {'ok' if fine else 'FAILED'}"

    def record(self):
        return {"rounds": [
            {"subject": subject, "percent": percent, **one.record()}
            for (subject, percent), one in self.rounds.items()],
            "tries": {subject: tries.record()
                      for subject, tries in self.tries.items()},
            "huge_pages": self.huge,
            "compaction_test": {
                subject: {"huge_pages": count, "ok": fine}
                for subject, (count, fine) in self.test.items()}}


def percent_title(percent):
    return f"{percent} %" if percent else "worst"


def measure_places(kernel, modules, found, percents):
    guest = counted.guest(kernel, "compaction", MEMORY + kernel.extra)
    body = BODY.format(percent=" ".join(map(str, percents)))
    found.judge(run(guest, modules, found, body, found.asked))


def measure_tries(kernel, modules, found):
    guest = counted.guest(kernel, "compaction-tries", MEMORY + kernel.extra)
    body = TRIES_BODY.format(percent=TRIES_PERCENT)
    found.judge(run(guest, modules, found, body, found.asked, PROBES))


def run(guest, modules, report, body, asked, before=""):
    subjects.add_modules(guest, modules, PEERS, LATER_MODULES)
    return guest.run(subjects.script(body, asked, before + BEFORE, LATER,
                                     LATER_MODULES), report.line, LIMIT)


def measure_task(kernel, modules, found, task, subject):
    guest = counted.guest(kernel, f"compaction-{task}-{subject}",
                          TASK_MEMORY + kernel.extra)
    guest.add_file(build.kernel_program(SELFTEST), "/compaction_test")
    body = TASK_BODY.format(percent=TASK_PERCENT, task=TASKS[task].strip())
    one = Task(found.progress)
    one.judge(run(guest, modules, one, body, [subject]))
    found.problems += one.problems
    if task == "huge":
        found.huge[subject] = one.huge
    else:
        found.test[subject] = (one.huge, one.fine)


def measure(version, short, style):
    """One kernel's guests, one after the other."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    say("  " + style.bold(f"Linux {kernel.release}") + ", compaction")
    found = Compaction(kernel, subjects.FEW if short else EVERYBODY,
                       subjects.progress(style))
    measure_places(kernel, modules, found, SHORT if short else PERCENT)
    measure_tries(kernel, modules, found)
    for task in () if short else TASKS:
        for subject in subjects.there(modules, TASK_SUBJECTS):
            measure_task(kernel, modules, found, task, subject)
    subjects.insist(found, version, found.lacking(modules))
    yield found


def goals(found):
    """Against anonymous memory."""
    for percent in found.percents():
        yield Goal(f"free pageblocks, of anonymous memory's, "
                   f"{percent_title(percent)}",
                   found.rounds["pool", percent].after.share()
                   / found.rounds["anon", percent].after.share(), 0.98, " x",
                   least=True)


def huge_lines(measured):
    for one in measured:
        if one.huge:
            yield f"Linux {one.kernel.release}: " + ", ".join(
                f"{ALL_TITLES[subject].strip()} "
                f"{number(one.huge_share(subject))}"
                for subject in one.huge if subject != NOTHING)


def closing(measured):
    lines = list(huge_lines(measured))
    if lines:
        yield "Huge pages, percent of those that half of memory could give:"
        yield from (f"  {line}" for line in lines)
        yield ""
    yield from reached("The numbers to reach, on 6.1:", (
        goal for one in measured if one.kernel.version == "6.1"
        for goal in goals(one)))


def draw(measured, picture):
    """One kernel below the other: of the free blocks there could be, percent,
    which compaction makes."""
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}: free pageblocks after compaction, "
        "percent of those there could be",
        [percent_title(percent) for percent in one.percents()],
        [(ALL_TITLES[subject].strip(),
          [100 * one.rounds[subject, percent].after.share()
           for percent in one.percents()]) for subject in one.subjects()])
        for one in measured], picture)

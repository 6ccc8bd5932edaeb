# SPDX-License-Identifier: GPL-2.0
"""Which locks a page costs, and who waits for them, on one to eight CPUs.

Each CPU has pages of its own, and does each op with all of them at the same
time as the others.  The kernel counts (CONFIG_LOCK_STAT): how often a lock is
taken, how often by another CPU than before, and how often one waits for it.
What the subject that does nothing takes is subtracted: threads that start and
end, and ticks.
"""
import re

import build
import kernels
import plot
import subjects
from cache import TREE, say
from guest import Guest
from subjects import ALL_TITLES, APART, NOTHING, OURS, PEERS
from tables import Goal, aligned, number, reached
from terminal import Report

USUAL = ("6.1-lockstat",)
DOCUMENT = "costs.rst"
LIMIT = 1800                    # seconds
MEMORY = 1536                   # MiB
CPUS, SHORT_CPUS = (1, 2, 4, 8), (2,)
PAGES, SHORT_PAGES = 16384, 1024        # of each CPU
OPS = {"alloc": "allocate", "publish": "mark", "pin": "pin", "map": "map",
       "free": "free"}
EVERYBODY = (NOTHING, *PEERS, "pool", *APART,
             *(name for name in OURS if name != "pool"))
FEW = (NOTHING, "raw", "pool", *APART)
# Of a class, from here on it is worth a word.
OFTEN = 0.01                    # times for a page
# What lockdep counts and nobody waits for: readers that lock nothing, and what
# is said to it of reclaim, and by us of driver ops (op.c).
NO_LOCKS = re.compile(r"rcu_read_lock|.*seqcount-R$|fs_reclaim$|"
                      r"movable_pool_op$")
# How our own come to be, and what lockdep calls them then.
MADE = re.compile(r"DEFINE_(?:RAW_)?(?:SPINLOCK|MUTEX|RWLOCK)\((\w+)\)|"
                  r"\b(?:spin_lock|raw_spin_lock|mutex|rwlock)_init"
                  r"\(([^)]+)\)")
COUNT = r"""
count() {
	echo 0 >/proc/lock_stat
	echo 1 >/proc/sys/kernel/lock_stat
	echo "$1 $2" >run || echo "error cannot $*"
	echo 0 >/proc/sys/kernel/lock_stat
	awk -v head="lock $2 $3 $1" '
		(place = match($0, /: +[0-9]+ +[0-9]+ /)) {
			name = substr($0, 1, place - 1)
			sub(/^ +/, "", name)
			split(substr($0, place + 1), field)
			if (field[8])
				print head, field[8], field[7], field[2], name
		}' /proc/lock_stat
}
"""
BODY = """
		for cpus in {cpus}; do
			measure crew "$subject" {pages} $cpus
			for op in {ops}; do
				count $op "$subject" $cpus
			done
			measure home "$subject"
		done
		echo "done $subject"
"""


class Taken:
    """A lock's class, in one op with all pages."""

    def __init__(self, times, elsewhere, waited):
        self.times = int(times)
        self.elsewhere = int(elsewhere) # before that another CPU had it
        self.waited = int(waited)

    def record(self):
        return [self.times, self.elsewhere, self.waited]


class Locks(Report):
    """One kernel, and what was counted on it."""

    def __init__(self, kernel, pages, all_cpus, asked, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.pages = pages      # of each CPU
        self.all_cpus = all_cpus
        self.asked = asked      # subjects
        self.ops = {}           # {(subject, cpus, op): {class: Taken}}

    def on_lock(self, subject, cpus, op, times, elsewhere, waited, *name):
        name = " ".join(name)
        here = self.ops.setdefault((subject, int(cpus), op), {})
        if not NO_LOCKS.match(name):
            here[name] = Taken(times, elsewhere, waited)

    def on_done(self, subject):
        self.progress.show(subject, 1, 1)

    def each(self, subject, cpus, what, ops=tuple(OPS)):
        """For a page, of all classes, beyond who does nothing."""
        def total(who):
            return sum(getattr(taken, what) for op in ops for taken
                       in self.ops.get((who, cpus, op), {}).values())
        return (total(subject) - total(NOTHING)) / (self.pages * cpus)

    def classes(self, subject, cpus, what):
        """{class: for a page}, of all ops, the most first."""
        found = {}
        for op in OPS:
            for name, taken in self.ops.get((subject, cpus, op), {}).items():
                found[name] = found.get(name, 0) + getattr(taken, what)
        return {name: count / (self.pages * cpus) for name, count
                in sorted(found.items(), key=lambda item: -item[1])}

    def always(self, subject, cpus, op):
        """Classes that are taken for every other page at least."""
        return sum(2 * taken.times > self.pages * cpus for taken
                   in self.ops.get((subject, cpus, op), {}).values())

    def of_pins(self, subject):
        """Locks that each pin takes: a promise, so it is no figure."""
        return max(self.always(subject, cpus, op) for cpus in self.all_cpus
                   for op in ("pin", "map"))

    def ours_elsewhere(self, subject, cpus):
        """How often a lock of ours had been another CPU's; all pages."""
        ours = own_classes()
        return sum(taken.elsewhere for op in OPS for name, taken
                   in self.ops.get((subject, cpus, op), {}).items()
                   if is_one_of(name, ours))

    def subjects(self):
        return [name for name in EVERYBODY
                if any(name == subject for subject, _, _ in self.ops)]

    def lacking(self, modules):
        for subject in subjects.there(modules, self.asked):
            for cpus in self.all_cpus:
                for op in ("alloc", "free"):
                    if (subject, cpus, op) not in self.ops:
                        yield f"{subject}, {cpus} CPUs: no lock in {op}"
            if subject in OURS and self.of_pins(subject):
                yield f"{subject}: a pin takes a lock"

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}: locks taken, for a page; how "
               "often that had been another CPU's; and was waited for")
        yield ""
        yield from aligned(list(self.rows()), rule)
        most = max(self.all_cpus)
        yield ""
        yield (f"Which of them had been another CPU's, with {most} CPUs, for "
               "a page:")
        yield ""
        yield from aligned(list(self.shared_rows(most)), rule)

    def rows(self):
        yield ["", "CPUs", *OPS.values(), "another's", "waited for",
               "ours: another's, all pages"]
        for subject in self.subjects():
            if subject == NOTHING:
                continue
            for cpus in self.all_cpus:
                yield [ALL_TITLES[subject] if cpus == self.all_cpus[0] else "",
                       number(cpus),
                       *(self.cell(subject, cpus, op) for op in OPS),
                       number(self.each(subject, cpus, "elsewhere"), 2),
                       number(self.each(subject, cpus, "waited"), 3),
                       number(self.ours_elsewhere(subject, cpus))]

    def cell(self, subject, cpus, op):
        """Who cannot do it does nothing, and threads come and go."""
        if (subject, cpus, op) not in self.ops:
            return "-"
        return number(abs(self.each(subject, cpus, "times", (op,))), 2)

    def shared_rows(self, cpus):
        yield ["", "lock", "another's", "waited for"]
        for subject in self.subjects():
            waited = self.classes(subject, cpus, "waited")
            found = {name: each for name, each
                     in self.classes(subject, cpus, "elsewhere").items()
                     if each >= OFTEN}
            for place, (name, each) in enumerate(found.items()):
                yield ["" if place else ALL_TITLES[subject], name,
                       number(each, 2), number(waited[name], 3)]
            if not found:
                yield [ALL_TITLES[subject], "none", "-", "-"]

    def record(self):
        return {"pages": self.pages, "locks": [
            {"subject": subject, "cpus": cpus, "op": op,
             "classes": {name: taken.record()
                         for name, taken in sorted(classes.items())
                         if taken.times >= OFTEN * self.pages * cpus}}
            for (subject, cpus, op), classes in self.ops.items()]}


def own_classes():
    """The names of all locks that the core makes."""
    names = set()
    for path in (TREE / "drivers/movable-pool").glob("*.c"):
        for one, other in MADE.findall(path.read_text()):
            names.add(one or other)
    return names


def is_one_of(name, classes):
    """Lockdep adds to a name what tells it from others: "&list->lock#3/1"."""
    return re.sub(r"[#/-].*", "", name.replace("->", "\0")).replace(
        "\0", "->") in classes


def measure(version, short, style):
    """One guest."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    all_cpus = SHORT_CPUS if short else CPUS
    pages = SHORT_PAGES if short else PAGES
    say("  " + style.bold(f"Linux {kernel.release}") + ", locks")
    found = Locks(kernel, pages, all_cpus, FEW if short else EVERYBODY,
                  subjects.progress(style))
    guest = Guest(kernel, "locks", MEMORY + kernel.extra, cpus=max(all_cpus),
                  cmdline=subjects.NOT_ZEROED)
    subjects.add_modules(guest, modules, PEERS)
    body = BODY.format(cpus=" ".join(map(str, all_cpus)), pages=pages,
                       ops=" ".join(OPS))
    ours = [name for name in EVERYBODY if name in OURS or name in APART]
    found.judge(guest.run(subjects.script(body, found.asked, COUNT, ours),
                          found.line, LIMIT))
    subjects.insist(found, version, found.lacking(modules))
    yield found


def goals(found):
    for subject in found.subjects():
        if subject in OURS:
            yield Goal(f"{subject}: locks that a pin takes",
                       found.of_pins(subject), 0)
    for cpus in found.all_cpus:
        yield Goal(f"a pool each, {cpus} CPUs: locks of ours, another's",
                   found.ours_elsewhere("pool-each", cpus), 0)


def closing(measured):
    yield from reached("The numbers to reach:", (
        goal for one in measured for goal in goals(one)))


def draw(measured, picture):
    """One kernel below the other: a cluster for each subject."""
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}: locks of a page that had been "
        "another CPU's, from allocate to free",
        [f"{cpus} CPUs" for cpus in one.all_cpus],
        [(ALL_TITLES[subject].strip(),
          [max(0, one.each(subject, cpus, "elsewhere"))
           for cpus in one.all_cpus])
         for subject in one.subjects() if subject != NOTHING])
        for one in measured], picture)

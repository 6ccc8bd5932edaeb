# SPDX-License-Identifier: GPL-2.0
"""What pages cost that the kernel may move: measured, compared, shown."""
import build
import costs
import kernels
import plot
import subjects
from cache import say
from tables import Goal, aligned, number, reached

# The four that drivers ship on, the last with and without our patches, and
# this machine itself.
USUAL = ("5.10", "6.1", "6.12", "7.2", "7.2-typed", "7.2-native")
NATIVE_CPUS = (1, 2)
DOCUMENT = "costs.rst"
# What people compare first; the rest is in the tables.
SHOWN = ("alloc", "free", "move")


def goals(plain):
    """On 6.1."""
    ours = plain.all_three("pool")
    yield Goal("allocate, mark, free: of a bare driver's",
               ours / plain.all_three("bare"), 1.06, " x")
    yield Goal("mark as movable, instructions", plain.of("pool", "publish"),
               60)
    yield Goal("pin and unpin, instructions", plain.of("pool", "pin"), 24)
    for peer, limit in (("bare", 1.03), ("balloon", 1.18), ("tmpfs", 0.62)):
        yield Goal(f"move a page: of {subjects.PEERS[peer]}'s",
                   plain.of("pool", "move") / plain.of(peer, "move"), limit,
                   " x")


def rows(plain, zeroing):
    """Titles, then a row for each subject."""
    more = ["allocate", "move"] if zeroing else []
    yield ["", *costs.OPS.values(), "first three",
           *(f"{title}*" for title in more)]
    for subject in plain.subjects():
        row = [subjects.TITLES[subject]]
        row += [number(plain.of(subject, what)) for what in costs.OPS]
        row.append(number(plain.all_three(subject)))
        if zeroing:
            row += [number(zeroing.of(subject, what))
                    for what in ("alloc", "move")]
        yield row


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
        record = {"cpus": self.cpus, "unit": self.plain.unit,
                  "costs": self.plain.table()}
        if self.zeroing:
            record["init_on_alloc"] = self.zeroing.table()
        return record


def measure(version, short, style):
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
            found.append(costs.measure(kernel, modules,
                                       subjects.progress(style),
                                       costs.SHORT if short else costs.FULL,
                                       zeroing, cpus))
        yield Measured(kernel, cpus, found[0],
                       found[1] if len(found) > 1 else None)


def closing(measured):
    if any(one.zeroing for one in measured):
        yield "* with init_on_alloc=1, as distributions have it"
        yield ""
    yield from reached("The numbers to reach, on 6.1:", (
        goal for one in measured if one.kernel.version == "6.1"
        for goal in goals(one.plain)))


def draw(measured, picture):
    """One kernel below the other, side by side what each subject costs."""
    bars = [costs.OPS[what] for what in SHOWN]
    plot.clusters([plot.Chart(one.title(), bars, [
        (subjects.TITLES[subject].strip(),
         [one.plain.of(subject, what) for what in SHOWN])
        for subject in one.plain.subjects()])
        for one in measured if one.cpus == 1], picture)

# SPDX-License-Identifier: GPL-2.0
"""What tracepoints cost: a page's instructions without them, with them off, and
with all of them on.

Modules without them are the same source, compiled with NOTRACE, for which the
kernel's headers make nothing of an event.  Off, each event that an op comes by
is one instruction; more fails the run.
"""
import build
import costs
import counted
import kernels
import plot
import subjects
from cache import Failure, say
from subjects import NOTHING
from tables import aligned, number

USUAL = ("6.1",)
DOCUMENT = "costs.rst"
MEMORY = 512                    # MiB
LIMIT = 600                     # seconds
POOL = "pool"
# Events that a page comes by: of a move, mp_isolate, and three times a look
# whether mp_migrate or mp_moved is on.
EVENTS = {"alloc": 1, "publish": 1, "free": 1, "move": 4}
# Moves are the VM's, whose interrupts fall elsewhere in another text.
BLUR = {"move": 3}
WAYS = {"untraced": "without", "off": "off", "on": "on"}
BODY = """
		measure cost "$subject" {cost} 1
		[ "$subject" = {nothing} ] || measure move "$subject" {move}
"""
ON = "echo 1 >/sys/kernel/tracing/events/movable_pool/enable || exit 1"


class Measured:
    """One kernel."""

    def __init__(self, kernel, found):
        self.kernel = kernel
        self.found = found      # {way: {op: instructions of a page}}

    def more(self, way, op):
        return self.found[way][op] - self.found["untraced"][op]

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}: instructions for a page, "
               "tracepoints")
        yield ""
        rows = [["", *WAYS.values(), "events", "more, off", "more, on"]]
        rows += [[costs.OPS[op], *(number(self.found[way][op], 1)
                                   for way in WAYS), str(EVENTS[op]),
                  number(self.more("off", op), 1),
                  number(self.more("on", op), 1)] for op in EVENTS]
        yield from aligned(rows, rule)

    def record(self):
        return {"ways": {way: {op: round(value, 2)
                               for op, value in values.items()}
                         for way, values in self.found.items()}}


def too_many(one):
    """What costs more than an instruction for each event that is off."""
    for op, events in EVENTS.items():
        more = one.more("off", op)
        if more > events + BLUR.get(op, 0.05):
            yield (f"{costs.OPS[op]}: {more:.1f} instructions more with "
                   f"{events} tracepoints that are off")


def guest(kernel, modules, way, sizes, style):
    """{op: instructions of a page}"""
    found = costs.Costs(subjects.progress(style), "instructions")
    machine = counted.guest(kernel, f"tracing-{way}", MEMORY + kernel.extra,
                            cmdline=subjects.NOT_ZEROED)
    subjects.add_modules(machine, modules, ())
    # It is there when the module is; empty is measured before that.
    body = (f'\t\t[ "$subject" = {NOTHING} ] || {ON}\n' if way == "on" else "")
    body += BODY.format(cost=sizes.cost, move=sizes.move, nothing=NOTHING)
    found.judge(machine.run(subjects.script(body, (NOTHING, POOL),
                                            costs.BEFORE), found.line, LIMIT))
    values = {op: found.of(POOL, op) for op in EVENTS} if POOL in found.mean \
        else {}
    subjects.insist(found, kernel.version, (
        f"{way}: {op} was not measured" for op in EVENTS
        if values.get(op) is None))
    return values


def measure(version, short, style):
    kernel = kernels.get(version)
    sizes = costs.SHORT if short else costs.FULL
    found = {}
    for way in WAYS:
        say("  " + style.bold(f"Linux {kernel.release}")
            + f", tracepoints: {WAYS[way]}")
        modules = build.modules(kernel, "untraced" if way == "untraced"
                                else "bench")
        found[way] = guest(kernel, modules, way, sizes, style)
    one = Measured(kernel, found)
    wrong = list(too_many(one))
    if wrong:
        raise Failure("\n  ".join([*one.lines(), *wrong]))
    yield one


def closing(_measured):
    return ()


def draw(measured, picture):
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}: instructions of a page, tracepoints",
        list(WAYS.values()),
        [(costs.OPS[op], [one.found[way][op] for way in WAYS])
         for op in EVENTS]) for one in measured], picture)

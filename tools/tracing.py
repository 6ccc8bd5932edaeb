# SPDX-License-Identifier: GPL-2.0
"""What tracepoints cost: a page's instructions without them, with them off, and
with all of them on.

Modules without them are the same source, compiled with NOTRACE, for which the
kernel's headers make nothing of an event.  What is compared is the framework's
own functions, by QEMU's log of instructions (functions.py): around them a page
costs 20 instructions more or less in each boot.  Off, an event that an op comes
by is one instruction; more fails the run.
"""
import pathlib
import tempfile

import build
import counted
import functions
import kernels
import plot
import subjects
from cache import Failure, say
from costs import OPS
from tables import aligned, number

USUAL = ("6.1",)
DOCUMENT = "costs.rst"
POOL = "pool"
OURS = ("movable_page_", "movable_pool_", "mp_")
# Events that a page comes by: of a move, mp_isolate, and three times a look
# whether mp_migrate or mp_moved is on.
EVENTS = {"alloc": 1, "publish": 1, "free": 1, "move": 4}
WAYS = {"untraced": "without", "off": "off", "on": "on"}
# Three of a move are no events: the compiler lays isolate out in another order.
BLUR = {"move": 3.5}
ON = '\t\techo 1 >/sys/kernel/tracing/events/movable_pool/enable || exit 1\n'


def ours(each):
    """Instructions in functions of the framework."""
    return sum(times for name, times in each.items() if name.startswith(OURS))


class Measured:
    """One kernel."""

    def __init__(self, kernel, found):
        self.kernel = kernel
        self.found = found      # {way: {op: {function: instructions}}}

    def own(self, way, op):
        return ours(self.found[way][op])

    def more_off(self, op):
        return self.own("off", op) - self.own("untraced", op)

    def more_on(self, op):
        """In all functions: it is the kernel's that write an event."""
        return sum(self.found["on"][op].values()) - sum(
            self.found["off"][op].values())

    def lines(self, rule="-"):
        yield (f"Linux {self.kernel.release}: instructions for a page in the "
               "framework, tracepoints")
        yield ""
        rows = [["", *WAYS.values(), "events", "more, off",
                 "more, on, in all"]]
        rows += [[OPS[op], *(number(self.own(way, op), 1) for way in WAYS),
                  str(EVENTS[op]), number(self.more_off(op), 1),
                  number(self.more_on(op))] for op in EVENTS]
        yield from aligned(rows, rule)

    def record(self):
        return {"ways": {way: {op: round(ours(each), 2)
                               for op, each in values.items()}
                         for way, values in self.found.items()}}


def too_many(one):
    """What costs more than an instruction for each event that is off."""
    for op, events in EVENTS.items():
        if one.more_off(op) > events + BLUR.get(op, 0.5):
            yield (f"{OPS[op]}: {one.more_off(op):.1f} instructions more with "
                   f"{events} tracepoints that are off")


def guest(kernel, modules, way, style, directory):
    """{op: {function: instructions of a page}}"""
    found = functions.Functions(kernel, [POOL], directory,
                                subjects.progress(style))
    for trace in found.traces.values():
        trace.start()
    machine = counted.guest(kernel, f"tracing-{way}",
                            functions.MEMORY + kernel.extra,
                            cmdline=subjects.NOT_ZEROED)
    subjects.add_modules(machine, modules, ())
    body = functions.SYMBOLS + (ON if way == "on" else "")
    body += functions.BODY.format(pages=functions.PAGES,
                                  ops=" ".join(functions.OPS),
                                  stays="|".join(functions.STAYS),
                                  move=functions.MOVE_PAGES)
    found.judge(machine.run(
        subjects.script(body, (POOL,),
                        functions.RECORD.format(directory=directory)),
        found.line, functions.LIMIT))
    subjects.insist(found, kernel.version)
    found.count()
    subjects.insist(found, kernel.version, (
        f"{way}: {op} was not recorded" for op in EVENTS
        if not found.each.get((POOL, op))))
    return {op: found.each[POOL, op] for op in EVENTS}


def measure(version, _short, style):
    kernel = kernels.get(version)
    found = {}
    for way in WAYS:
        say("  " + style.bold(f"Linux {kernel.release}")
            + f", tracepoints: {WAYS[way]}")
        modules = build.modules(kernel, "untraced" if way == "untraced"
                                else "bench")
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
            found[way] = guest(kernel, modules, way, style,
                               pathlib.Path(name))
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
        [(OPS[op], [one.own(way, op) for way in WAYS])
         for op in EVENTS]) for one in measured], picture)

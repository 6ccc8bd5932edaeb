# SPDX-License-Identifier: GPL-2.0
"""Which functions the instructions of a page are in.

QEMU runs the guest one instruction at a time and writes down where each is
(-d exec); the guest says where its functions begin.  So nothing is sampled,
and nothing in the guest measures.
"""
import base64
import bisect
import collections
import gzip
import os
import pathlib
import tempfile
import threading

import build
import counted
import kernels
import plot
import subjects
from cache import say
from subjects import PEERS, TITLES
from tables import aligned, number
from terminal import Report

USUAL = ("6.1",)
DOCUMENT = "costs.rst"
LIMIT = 1800                    # seconds
MEMORY = 512                    # MiB
PAGES = 1024                    # for each op
MOVE_PAGES = 4096
OPS = ("alloc", "publish", "free")
MOVE = "move"
# Where an op begins, and who may have called it (some of those the compiler has
# made part of others): what comes in between is the op's.
BEGIN = {**{op: "bench_share" for op in OPS}, MOVE: "alloc_contig_range"}
CALLER = {**{op: ("bench_crew_run",) for op in OPS},
          MOVE: ("bench_compat_contig", "bench_evict", "bench_move_blocks",
                 "bench_move_some", "bench_move")}
SUBJECTS = ("raw", "bare", "balloon", "tmpfs", "pool")
STAYS = ("raw",)
SHORT = ("raw", "pool")
# What is less is not shown by name.
SHOWN = 12                      # instructions for a page
BODY = """
		measure crew "$subject" {pages} 1
		for op in {ops}; do
			record on "$subject" $op
			measure $op "$subject"
			record off
		done
		measure home "$subject"
		case "$subject" in {stays}) ;; *)
			record on "$subject" move
			measure move "$subject" {move}
			record off
		esac
		echo "done $subject"
"""
# QEMU's monitor is asked, and has done it when it answers.
RECORD = """
ask() {{
	echo "mp-ask: human-monitor-command {{\\"command-line\\": \\"$*\\"}}"
	read -r _ <"/dev/$mp_report"
}}
record() {{
	if [ "$1" = on ]; then
		ask logfile "{directory}/$2-$3"
		ask singlestep on
		ask log exec,nochain
	else
		ask log none
		ask singlestep off
	fi
}}
sleep 30
"""
# When the modules are there.
SYMBOLS = """
		grep -i ' t ' /proc/kallsyms | gzip | base64 |
			sed "s/^/symbols $subject /"
"""


class Symbols:
    """Functions, by address."""

    def __init__(self, text):
        lines = sorted((int(address, 16), name) for address, _, name, *_
                       in map(str.split, text.splitlines()))
        self.addresses = [address for address, _ in lines]
        self.names = [name for _, name in lines]

    def name(self, address):
        place = bisect.bisect_right(self.addresses, address) - 1
        return self.names[place] if place >= 0 else "?"

    def address(self, name):
        return self.addresses[self.names.index(name)]


class Trace(threading.Thread):
    """Reads what QEMU writes into a pipe until it closes that: where the
    instructions were, between others that are of no interest."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.runs = []          # addresses, and how often in a row
        os.mkfifo(path)

    def run(self):
        """The same place again and again: rep."""
        last, times = None, 0
        with open(self.path, "rb", buffering=1 << 20) as pipe:
            for line in pipe:
                parts = line.split(b"/", 2)
                if len(parts) < 3 or not line.startswith(b"Trace"):
                    continue
                if parts[1] == last:
                    times += 1
                    continue
                if last:
                    self.runs.append((last, times))
                last, times = parts[1], 1
        if last:
            self.runs.append((last, times))


def between(runs, symbols, begin, callers):
    """Instructions by function, from the first of @begin to its return."""
    found = collections.Counter()
    names = {}
    start = symbols.address(begin)
    inside = False
    for raw, times in runs:
        address = int(raw, 16)
        name = names.get(raw)
        if name is None:
            name = names[raw] = symbols.name(address)
        if address == start:
            inside = True
        elif inside and name in callers:
            inside = False
        if inside:
            found[name] += times
    return found


class Functions(Report):
    """One kernel, and what was counted on it."""

    def __init__(self, kernel, asked, directory, progress):
        super().__init__(progress)
        self.kernel = kernel
        self.asked = asked      # subjects
        self.text = {}          # {subject: its symbols, as they are sent}
        self.pages = {}         # {(subject, op): so many}
        self.each = {}          # {(subject, op): {function: for a page}}
        self.traces = {(subject, op): Trace(directory / f"{subject}-{op}")
                       for subject in asked for op in (*OPS, MOVE)
                       if op != MOVE or subject not in STAYS}

    def on_symbols(self, subject, text):
        self.text.setdefault(subject, []).append(text)

    def on_bench(self, subject, what, times, each, *_):
        self.pages[subject, what] = int(times) * int(each)

    def on_done(self, subject):
        self.progress.show(subject, 1, 1)

    def count(self):
        """When the guest is gone, and nobody writes any more."""
        symbols = {subject: Symbols(gzip.decompress(
            base64.b64decode("".join(text))).decode())
            for subject, text in self.text.items()}
        for (subject, op), trace in self.traces.items():
            if (subject, op) not in self.pages:
                continue
            trace.join()
            pages = self.pages[subject, op]
            self.each[subject, op] = {
                name: times / pages for name, times
                in between(trace.runs, symbols[subject], BEGIN[op],
                           CALLER[op]).items()}

    def lacking(self, modules):
        for subject, op in self.traces:
            if op == "publish" or subject not in subjects.there(modules,
                                                                self.asked):
                continue
            if not self.each.get((subject, op)):
                yield f"{subject}: {op} was not recorded"

    def subjects(self, op):
        return [subject for subject in SUBJECTS if (subject, op) in self.each]

    def lines(self, rule="-"):
        for title, ops in (("allocate, mark, free", OPS), ("move", (MOVE,))):
            yield (f"Linux {self.kernel.release}, {title}: instructions for a "
                   "page, by function")
            yield ""
            yield from aligned(list(self.rows(ops)), rule)
            yield ""

    def of(self, subject, ops):
        total = collections.Counter()
        for op in ops:
            total.update(self.each.get((subject, op), {}))
        return total

    def rows(self, ops):
        who = self.subjects(ops[0])
        found = {subject: self.of(subject, ops) for subject in who}
        names = {name for one in found.values() for name in one
                 if one[name] >= SHOWN}
        yield ["", *(TITLES[subject] for subject in who)]
        for name in sorted(names, key=lambda name: (
                -sum(one[name] for one in found.values()), name)):
            yield [name, *(number(one[name]) if one[name] >= 0.5 else "-"
                           for one in found.values())]
        yield ["others", *(number(sum(
            times for name, times in one.items() if name not in names))
            for one in found.values())]
        yield ["all of it", *(number(sum(one.values()))
                              for one in found.values())]

    def record(self):
        return {"pages": {f"{subject} {op}": pages for (subject, op), pages
                          in self.pages.items()},
                "instructions": {
                    f"{subject} {op}": {
                        name: round(times, 2) for name, times
                        in sorted(each.items(), key=lambda item: -item[1])
                        if times >= 0.5}
                    for (subject, op), each in self.each.items()}}


def measure(version, short, style):
    """One guest."""
    kernel = kernels.get(version)
    modules = build.modules(kernel, "bench")
    asked = subjects.there(modules, SHORT if short else SUBJECTS)
    say("  " + style.bold(f"Linux {kernel.release}") + ", functions")
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        found = Functions(kernel, asked, pathlib.Path(name),
                          subjects.progress(style))
        for trace in found.traces.values():
            trace.start()
        guest = counted.guest(kernel, "functions", MEMORY + kernel.extra,
                              cmdline=subjects.NOT_ZEROED)
        subjects.add_modules(guest, modules, PEERS)
        body = SYMBOLS + BODY.format(
            pages=PAGES, ops=" ".join(OPS), stays="|".join(STAYS),
            move=MOVE_PAGES)
        found.judge(guest.run(
            subjects.script(body, asked, RECORD.format(directory=name)),
            found.line, LIMIT))
        found.count()
    subjects.insist(found, version, found.lacking(modules))
    yield found


def closing(_measured):
    return ()


def draw(measured, picture):
    """One kernel below the other: who moves, by whose functions."""
    plot.clusters([plot.Chart(
        f"Linux {one.kernel.release}: instructions to move a page",
        [TITLES[subject] for subject in one.subjects(MOVE)],
        [(name, values) for name, *values in largest(one)])
        for one in measured], picture)


def largest(one, many=12):
    found = [one.of(subject, (MOVE,)) for subject in one.subjects(MOVE)]
    names = sorted({name for each in found for name in each},
                   key=lambda name: -max(each[name] for each in found))
    for name in names[:many]:
        yield [name, *(each[name] for each in found)]

# SPDX-License-Identifier: GPL-2.0
"""What a page costs, for each way a driver can own it: measured in a guest.

The modules in bench/ measure: one is in charge, each of the others is a
subject, and the empty one is the loop and the call that all have in common,
which is subtracted.  In QEMU instructions are counted (counted.py); a kernel
that is a process (uml.py) runs as fast as this machine does.
"""
import counted
import uml
from cache import Failure
from terminal import Report

MEMORY = 512                    # MiB
LIMIT = 600                     # seconds
OPS = {"alloc": "allocate", "publish": "mark", "free": "free", "pin": "pin",
       "map": "map", "free-locked": "free, locked", "move": "move"}
ALL_THREE = ("alloc", "publish", "free")

# Those with no module of ours in them come first: on a kernel where a page
# type has one owner it may be theirs only while movable_pool is not loaded.
PEERS = {
    "raw": "alloc_page()",
    "bare": "bare driver",
    "balloon": "kernel's balloon",
    "zsmalloc": "zsmalloc",
    "tmpfs": "page cache, tmpfs",
}
OURS = {
    "pool": "movable_pool",
    "pool-cache": "  in page cache",
    "pool-mapped": "  mapped",
    "pool-balloon": "  balloon",
}
TITLES = {**PEERS, **OURS}
STAYS = ("empty", "raw")        # no page of theirs moves
OUR_MODULES = ("movable_pool", "mp_bench_pool", "mp_bench_pool_balloon")

# Words: what, subject, pages and what else there is.
SCRIPT = """
measure() {{ echo "$*" >run && sed 's/^/bench /' result || echo "error $*"; }}
all() {{
	for subject in "$@"; do
		measure cost "$subject" {cost} {cpus}
		case "{stays}" in *" $subject "*) continue;; esac
		measure move "$subject" {move}
	done
}}
load_modules || exit 1
# A kernel has not done with booting when init begins; on 6.12 and 7.2 that
# takes the one CPU for seconds.
sleep 30
cd /sys/kernel/debug/movable_bench
all $(cat subjects)
for module in {modules}; do insmod "/modules/$module.ko" || exit 1; done
all {ours}
cd /
for module in {backwards}; do rmmod "$module" || exit 1; done
unload_modules
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
        return value - values["empty"].get(what.partition("-")[0], 0)

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
    return SCRIPT.format(cost=sizes.cost, move=sizes.move, cpus=cpus,
                         stays=f" {' '.join(STAYS)} ", ours=" ".join(OURS),
                         modules=" ".join(OUR_MODULES),
                         backwards=" ".join(reversed(OUR_MODULES)))


def peers(modules):
    """Those that this kernel can have."""
    return [f"mp_bench_{name}" for name in PEERS
            if modules.module(f"mp_bench_{name}")]


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
    guest.add_modules(modules, ["mp_bench", *peers(modules)])
    guest.carry_modules(modules, OUR_MODULES)
    if native:
        result = uml.run(guest, script(sizes, cpus),
                         [f"mem={MEMORY}M", f"ncpus={cpus}", words],
                         costs.line, LIMIT)
    else:
        result = guest.run(script(sizes, cpus), costs.line, LIMIT)
    costs.judge(result)
    costs.problems += lacking(costs, modules)
    if costs.problems:
        raise Failure(f"{kernel.version}: " + "\n  ".join(costs.problems))
    return costs


def lacking(costs, modules):
    """Who has not been measured, though he is there."""
    there = [name.replace("mp_bench_", "") for name in peers(modules)]
    for subject in ("empty", *there, *OURS):
        have = costs.mean.get(subject, {})
        wanted = ["alloc", "free"] + ["move"] * (subject not in STAYS)
        for what in wanted:
            if what not in have:
                yield f"{subject}: {what} was not measured"

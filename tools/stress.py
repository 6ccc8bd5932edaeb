# SPDX-License-Identifier: GPL-2.0
"""make stress: the group [stress] for as long as one likes, with any seed.

In QEMU, or, for many moves in little time, on the kernel that is a process
(FLAVOUR=uml), whose CPU is the machine's own but which has fewer levers: no
hotplug, no soft offline, no huge pages, no swap, no balloon.  Nor do processes
map pages there, for its own flush_tlb_mm() looks at another process's areas
without a lock, and lockdep says so.
"""
import argparse
import importlib
import random
import re
import signal
import sys
import time

import accel
import build
import cache
import groups
import kernels
import uml
from cache import Failure, say, step

run_tests = importlib.import_module("run-tests")

GROUP = "stress"
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"([0-9]+)([smh]?)")
# What there is to do before and after, on a machine that is busy.
SLACK = 300
LEAST = 10                      # s, to reload the driver once
UML_MEMORY = 512                # MiB
UML_MOVABLE = 256               # of these, for what can move alone


def seconds(text):
    """90, 90s, 10m, 2h"""
    match = DURATION.fullmatch(text)
    time = int(match[1]) * UNITS[match[2]] if match else 0
    if time < LEAST:
        raise Failure(f"DURATION={text} is no time, or less than {LEAST} s; "
                      "there is: 90, 90s, 10m, 2h")
    return time


def seed(text):
    """What was asked for, or any."""
    if not text:
        return random.SystemRandom().randrange(1, 1 << 32)
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 63:
        raise Failure(f"SEED={text} is no number")
    return int(text)


class InProcess(run_tests.Run):
    """The same, in a kernel that is a process."""

    def guest(self, kernel, log_name):
        return uml.prepared(kernel, log_name)

    def boot(self, guest, script, limit):
        words = [f"mem={UML_MEMORY}M", f"movablecore={UML_MOVABLE}M",
                 "mp_stress_maps=0", *self.group.cmdline.split()]
        return uml.run(guest, script, words, self.reader.line, limit)


def is_process(kernel):
    return kernel.machine.name == "um"


def planned(kernel, built, programs, options):
    """The group, as the kernel and the options want it."""
    every = groups.load()
    groups.fill(every, programs)
    group = groups.select(every, GROUP)[0]
    if options.backing:
        group.ask_for(options.backing)
    group.enlarge(kernel.extra)
    group.cmdline = " ".join(filter(None, (
        group.cmdline, kernel.cmdline, f"mp_stress_seconds={options.seconds}",
        f"mp_stress_seed={options.seed}")))
    group.limit = (SLACK + options.seconds * 2) * kernel.patience
    if is_process(kernel):
        group.modules = [line for line in group.modules
                         if built.module(line.split()[0])]
    return group


def arguments():
    parser = argparse.ArgumentParser(description="make stress")
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--flavour", default="")
    parser.add_argument("--backing", default="")
    parser.add_argument("--duration", default="60")
    parser.add_argument("--seed", default="")
    options = parser.parse_args()
    options.kernel = kernels.flavoured(options.kernel, options.flavour)
    options.seconds = seconds(options.duration)
    options.seed = seed(options.seed)
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, run_tests.interrupted)
    start = time.monotonic()
    kernel = kernels.get(options.kernel)
    programs = build.programs()
    built = build.modules(kernel, "test")
    step("built", f"modules for {kernel.release} and test programs, "
         f"{time.monotonic() - start:.1f} s")
    group = planned(kernel, built, programs, options)
    step("seed", f"{options.seed}: SEED={options.seed} DURATION="
         f"{options.seconds} has each thread choose the same again")
    kind = InProcess if is_process(kernel) else run_tests.Run
    step("run", "in a process" if is_process(kernel)
         else f"in {accel.describe(kernel)}")
    totals = run_tests.Totals()
    kind(group, totals).execute(kernel, built, (programs, programs),
                                f"{GROUP}-{options.seed}")
    say(f"\nall of it took {time.monotonic() - start:.0f} s")
    say(f"{totals.passed} passed, {totals.failed} failed")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

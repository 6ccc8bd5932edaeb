# SPDX-License-Identifier: GPL-2.0
""".ci/run: all that must hold before a change goes in.

Parts that build use all processors and come one after the other.  Guests
wait much of their time, so those that test kernels run side by side; what
such a part prints is shown when it ends.  The last line is "N passed,
N failed", of all parts.
"""
import collections
import concurrent.futures
import re
import signal
import subprocess
import sys
import time

import cache
from cache import TREE, say

AT_ONCE = 2
SUMMARY = re.compile(r"(\d+) passed, (\d+) failed$")
FAIL = re.compile(r"\s+FAIL\b")
REASON = re.compile(r"\s+\| ")   # cache.excerpt()
TAIL = 12                       # lines of who fails without naming a test

VERBS = ("check", "test-tools", "test-series", "kunit", "cross", "test", "demo",
         "bench", "package")
DEBUG = "6.1-debug 7.2-debug"   # built here, before anything is timed
# Parts that only prepare, and have no tests to count.
PREPARE = (
    *((f"setup {verb}", ["tools/setup", verb]) for verb in VERBS),
    ("kernels", ["make", "kernels"]),
    ("kernels to build", ["make", "kernels", f"ROWS={DEBUG}"]),
)
ONE_BY_ONE = (
    ("check", ["make", "check"]),
    ("tools", ["make", "test-tools"]),
    ("series", ["make", "test-series"]),
    ("kunit", ["make", "kunit"]),
    ("cross", ["make", "cross"]),
)
# The longest first.  The two ways to move pages that differ most run whole,
# and so does the kernel that looks for mistakes; but the balloon driver's hosts
# are met on one kernel each, and so is what mapped pools go through: what can
# be done with them on 6.1, threads that write all the time on 7.2, forced races
# on 6.1-debug, where what takes minutes (set long) is left to the other two.
# What is random runs on 6.1, and so does what depends on the kernel least (set
# once).  On 6.12, where pages move as on 6.1, it is the contract alone.  All of
# it on all kernels is make test-all's.
SIDE_BY_SIDE = (
    ("6.1-debug", ["make", "test", "KERNEL=6.1", "FLAVOUR=debug",
                   "WITHOUT=host numa maps rounds long"]),
    ("6.1", ["make", "test", "KERNEL=6.1",
             "WITHOUT=fake slow rounds windows"]),
    ("7.2", ["make", "test", "KERNEL=7.2",
             "WITHOUT=fake host numa maps windows random once"]),
    ("7.2-debug core", ["make", "test", "KERNEL=7.2", "FLAVOUR=debug",
                        "ONLY=core"]),
    ("6.12", ["make", "test", "KERNEL=6.12", "ONLY=contract"]),
    ("5.10 core", ["make", "test", "KERNEL=5.10", "ONLY=core"]),
)
# They have no tests to count.  Packages fail when lintian finds something, the
# demo when a file is lost, the short form of the bench when something is not
# measured.  What is in the packages is used by make test-all.
LAST = (
    ("package", ["make", "package"]),
    ("demo", ["make", "demo"]),
    ("try", ["make", "try", "DRIVER=samples/first"]),
    ("bench", ["make", "bench", "SHORT=1", "KERNELS=6.1"]),
    ("bench locks", ["make", "bench", "SHORT=1", "PARTS=locks"]),
)


class Part:
    """One command, and what came of it."""

    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.passed = 0
        self.failed = 0
        self.seconds = 0.0
        self.named = []         # lines of what has failed
        self.last = collections.deque(maxlen=TAIL)

    def run(self, show):
        """show() gets each line as it comes."""
        start = time.monotonic()
        summary = failed = None
        with subprocess.Popen(self.command, cwd=TREE, text=True,
                              stdin=subprocess.DEVNULL, errors="replace",
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            for line in process.stdout:
                line = line.rstrip("\n")
                show(line)
                self.last.append(line)
                failed = FAIL.match(line) or failed and REASON.match(line)
                if failed:
                    self.named.append(line)
                summary = SUMMARY.match(line) or summary
        if summary:
            self.passed, self.failed = map(int, summary.groups())
        # Who fails without saying what, or ends early, is one failure.
        if process.returncode and not self.failed:
            self.failed = 1
        self.seconds = time.monotonic() - start
        return summary is not None

    def run_tests(self, show=say):
        if not self.run(show) and not self.failed:
            self.last.append(f"{self.name} does not say what has passed")
            show(self.last[-1])
            self.failed = 1


def alone(part):
    say(f"== {part.name}")
    part.run_tests()
    say()


def aside(part):
    """The lines together, though others run meanwhile."""
    lines = [f"== {part.name}"]
    say(f".. {part.name} begins")
    part.run_tests(lines.append)
    say("\n".join(lines) + "\n")


def prepare(parts):
    say("== prepare")
    for part in parts:
        part.run(say)
        if part.failed:
            return False
    say()
    return True


def whole(part):
    """All of it is one test."""
    say(f"== {part.name}")
    part.run(say)
    part.passed = int(not part.failed)
    say()


def failures(parts):
    """Once more, where they are found: logs are long, and are cut."""
    for part in parts:
        if part.failed:
            say(f"== {part.name}: what has failed")
            say("\n".join(part.named or part.last) + "\n")


def report(parts):
    """How long each took, and the sum of all."""
    total = sum(part.seconds for part in parts) or 1
    say("== time, and share of the sum")
    for part in parts:
        if part.seconds >= 1:
            say(f"  {part.name:<18} {part.seconds:6.0f} s  "
                f"{100 * part.seconds / total:3.0f} %")
    passed = sum(part.passed for part in parts)
    failed = sum(part.failed for part in parts)
    say(f"\n{passed} passed, {failed} failed")
    return failed


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, interrupted)
    start = time.monotonic()
    first = [Part(*part) for part in PREPARE]
    single = [Part(*part) for part in ONE_BY_ONE]
    several = [Part(*part) for part in SIDE_BY_SIDE]
    last = [Part(*part) for part in LAST]
    if prepare(first):
        for part in single:
            alone(part)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(aside, several))
        for part in last:
            whole(part)
    say(f"all of it took {time.monotonic() - start:.0f} s")
    parts = [*first, *single, *several, *last]
    failures(parts)
    return 1 if report(parts) else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

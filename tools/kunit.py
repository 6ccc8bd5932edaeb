# SPDX-License-Identifier: GPL-2.0
"""make kunit: KUnit tests of the framework's core, in a kernel on UML.

The kernel is built on first use.  After that an edit is compiled, loaded and
tested in seconds.  The last line is "N passed, N failed".
"""
import argparse
import re
import sys
import time

import build
import cache
import kernels
import ktap
import uml
from cache import Failure, excerpt, say, step

KERNEL = "7.2-uml"
MODULE = "movable_pool_kunit"
LISTED = re.compile(r"([\w-]+)\.(\w+)$")


class Run:
    """Counts what KUnit reports, and prints a line for each test."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.suite = ""

    def report(self, outcome):
        if outcome.suite != self.suite:
            self.suite = outcome.suite
            say(f"\n{self.suite}")
        if outcome.verdict == "ok":
            self.passed += 1
        else:
            # No test of ours has a reason to be skipped.
            self.failed += 1
        say(f"  {outcome.verdict:<5} {outcome.name:<46} {outcome.note:>14} "
            f"{outcome.seconds:8.3f} s")
        if outcome.verdict != "ok":
            excerpt(outcome.details)

    def problem(self, lines):
        self.failed += 1
        say(f"  FAIL  {lines[0]}")
        excerpt(lines[1:])


def boot(kernel, built, words, line=None):
    """Loading the module runs its tests; unloading it is one more."""
    guest = uml.prepared(kernel, "kunit")
    guest.add_modules(built, [MODULE])
    return uml.run(guest, "load_modules && unload_modules",
                   ["kunit.enable=1", "kunit.autorun=1", *words], line)


def listed(kernel, built):
    """The tests there are, as (suite, test)."""
    result = boot(kernel, built, ["kunit.action=list"])
    if result.problems:
        raise Failure(result.problems[0][0])
    found = [LISTED.match(ktap.STAMP.sub("", line))
             for line in result.log.read_text().splitlines()]
    return [match.groups() for match in found if match]


def select(tests, only):
    """KUnit's glob for what ONLY names: the first kind that it is one of."""
    kinds = ((lambda suite, test: only == suite, f"{only}.*"),
             (lambda suite, test: only == f"{suite}.{test}", only),
             (lambda suite, test: only == test, f"*.{only}"),
             (lambda suite, test: only in test, f"*.*{only}*"))
    for is_one, glob in kinds:
        if any(is_one(suite, test) for suite, test in tests):
            return glob
    raise Failure(f"ONLY={only} is no suite, test, or part of a test's name; "
                  "there is:\n" + "\n".join(f"  {suite}.{test}"
                                            for suite, test in tests))


def failures(log):
    """What the script of the guest complains about."""
    return [line for line in log.read_text().splitlines()
            if line.startswith("mp-fail: ")]


def main():
    parser = argparse.ArgumentParser(description="make kunit")
    parser.add_argument("--only", default="")
    only = parser.parse_args().only
    kernel = kernels.get(KERNEL)
    start = time.monotonic()
    built = build.modules(kernel, "kunit")
    step("built", f"{MODULE}.ko for {kernel.release}, "
         f"{time.monotonic() - start:.1f} s")
    words = []
    if only:
        words = [f"kunit.filter_glob={select(listed(kernel, built), only)}"]
    run = Run()
    reader = ktap.Reader(run.report)
    result = boot(kernel, built, words, reader.line)
    problems = reader.finish() + result.problems
    if result.status:
        problems.append(["the module was not loaded, or not unloaded:",
                         *failures(result.log)])
    for lines in problems:
        run.problem(lines)
    if run.failed:
        say(f"\nthe whole log: {result.log}")
    say(f"\nall of it took {time.monotonic() - start:.1f} s")
    say(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

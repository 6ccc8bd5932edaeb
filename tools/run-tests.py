# SPDX-License-Identifier: GPL-2.0
"""make test: boots one guest per test group and reports what happened.

The last line is always "N passed, N failed".  A test without a result, a
skip nobody expected, a kernel warning nobody announced and a module that
does not unload are failures like any other.
"""
import argparse
import pathlib
import signal
import sys
import time

import accel
import applicable
import build
import cache
import cargo
import coverage
import faults
import groups
import kernels
import tap
from cache import excerpt, say, step
from guest import Guest



class Totals:
    """What all groups add up to."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skips = []
        self.figures = []
        self.not_applicable = []        # (name, why)
        self.faults = faults.Faults()

    def check_faults(self):
        """A site that never fails in all of the tests is one untested."""
        for name in self.faults.never_failed():
            self.failed += 1
            say(f"\n  FAIL  no test has made {name} fail")

    def print(self, seconds):
        if self.figures:
            say("\nfigures")
            for group, figure in self.figures:
                say(f"  {group + ':':<12} {figure}")
        if self.faults.sites:
            say("\nwhat can fail, and how often it was made to")
            for line in self.faults.table():
                say(line)
        if self.skips:
            say("\nskipped, as expected")
            for name, reason in self.skips:
                say(f"  {name}: {reason}")
        if self.not_applicable:
            say("\nnot applicable here")
            for name, reason in self.not_applicable:
                say(f"  {name}: {reason}")
            say(f"not applicable: {len(self.not_applicable)}, listed above")
        say(f"\nall of it took {seconds:.0f} s")
        say(f"{self.passed} passed, {self.failed} failed")


class Run:
    """One group in one guest."""

    def __init__(self, group, totals, coverage_dir=None):
        self.group = group
        self.coverage_dir = coverage_dir
        self.totals = totals
        self.names = {(test.program, test.key): test.id
                      for test in group.tests}
        self.reader = tap.Reader(self.report)

    def report(self, outcome):
        """Print a test's line the moment its result arrives."""
        place = (outcome.program, outcome.key)
        name = self.names.pop(place, None)
        if not name:
            self.problem([f"unplanned result: {'.'.join(place)}"])
            return
        expected = name in self.group.expected_skips
        if outcome.verdict == "ok":
            self.totals.passed += 1
        elif outcome.verdict == "skip" and expected:
            self.totals.skips.append((name, outcome.reason))
        else:
            self.totals.failed += 1
        if outcome.verdict == "skip" and not expected:
            outcome.details = [f"skipped, which groups.ini does not expect: "
                               f"{outcome.reason}"]
            outcome.verdict = "FAIL"
        say(f"  {outcome.verdict:<5} {name:<62} {outcome.seconds:6.1f} s")
        if outcome.verdict == "FAIL":
            excerpt(outcome.details)

    def problem(self, lines):
        self.totals.failed += 1
        say(f"  FAIL  {lines[0]}")
        excerpt(lines[1:])

    def script(self, programs):
        """The shell script the guest runs."""
        lines = ["load_modules || exit 1"]
        if self.group.boots > 1:
            lines.append("resume_from_disk || exit 1")
        for program in self.group.programs:
            every = groups.list_tests(programs / program)
            mine = [test for test in self.group.tests
                    if test.program == program]
            if not mine:
                continue
            words = [f"-r {test.key}" for test in mine]
            if len(mine) == len(every):
                words = []
            lines.append(" ".join(["run_program", str(self.group.limit),
                                   program, *words]))
        lines.append("unload_modules")
        if self.coverage_dir:
            lines.append("send_coverage")
        return "\n".join(lines)

    def cargo(self, kernel):
        """What the guest gets of this machine's."""
        files = {f"/programs/{pathlib.Path(source).stem}":
                 build.sample(kernel.machine, source)
                 for source in self.group.tools}
        for name in self.group.host_programs:
            files.update(cargo.program(name))
        if self.group.python:
            files.update(cargo.python(self.group.python))
        if self.group.sources:
            files.update(cargo.sources(kernel, self.group.sources))
        return files

    def guest(self, kernel, log_name):
        group = self.group
        return Guest(kernel, log_name, group.memory, group.cpus,
                     group.cmdline, group.qemu, group.disk, group.boots)

    def boot(self, guest, script, limit):
        return guest.run(script, self.reader.line, limit)

    def execute(self, kernel, built, programs, log_name):
        """programs: (directory of those that run here, of the guest's)"""
        group = self.group
        here, there = programs
        say(f"\n{group.name}: {group.about or 'no description'} "
            f"({group.memory} MiB, {group.cpus} CPUs, {group.variant} build)")
        guest = self.guest(kernel, log_name)
        guest.add_modules(built, group.modules)
        guest.carry_modules(built, group.carried)
        for name in group.files:
            guest.add_file(cache.TREE / name, f"/{pathlib.Path(name).name}")
        for program in group.programs:
            guest.add_file(there / program, f"/programs/{program}")
        for path, source in self.cargo(kernel).items():
            guest.add_file(source, path)
        # The guest ends a program at the limit, we end the guest after it.
        result = self.boot(guest, self.script(here), group.limit + 10)
        if self.coverage_dir:
            lack = coverage.save(result.report.read_text(), built.notes(),
                                 self.coverage_dir / group.name)
            result.problems += [[lack]] if lack else []
        log = result.log.read_text(errors="replace")
        if not self.totals.faults.add(log) and group.variant == "test":
            result.problems.append(["its log does not tell what has failed: "
                                    "movable_pool_test was not unloaded"])
        self.close(result)

    def close(self, result):
        problems = self.reader.complaints + result.problems
        if result.status and not self.reader.complaints:
            problems.append([f"the guest's script ended with status "
                             f"{result.status}"])
        for name in self.names.values():
            self.totals.failed += 1
            say(f"  FAIL  {name}: no result")
        for lines in problems:
            self.problem(lines)
        if problems:
            say(f"        the whole log: {result.log}")
        self.totals.figures += [(self.group.name, figure)
                                for figure in self.reader.figures]
        say(f"  {self.group.name} took {result.seconds:.1f} s")


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def plan(kernel, programs, options, totals):
    """The groups to run, with the tests to run of each."""
    every = groups.load()
    groups.fill(every, programs)
    entries = applicable.load()
    applicable.check(entries, [test for group in every
                               for test in group.tests])
    backing = options.backing or kernel.backing
    chosen = [group for group in every if group.runs_on(backing)]
    for group in chosen:
        group.enlarge(kernel.extra)
        group.limit *= kernel.patience
        group.cmdline = " ".join(filter(None, (
            group.cmdline, kernel.cmdline, options.cmdline)))
    for group in chosen if options.backing else ():
        group.ask_for(options.backing)
    if not chosen:
        raise cache.Failure(f"no group of {groups.FILE.name} is for kernel "
                            f"{kernel.version} with backing {backing}")
    if not options.all:
        chosen = groups.usual(chosen, options.only)
    chosen = groups.select(chosen, options.only)
    chosen = groups.leave_out(chosen, options.without.split())
    totals.not_applicable = groups.drop_needy(chosen, kernel)
    totals.not_applicable += applicable.drop(
        chosen, entries, (f"backing {backing}", f"kernel {kernel.version}"))
    return [group for group in chosen if group.tests]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--flavour", default="",
                        help="the kernel built for one kind of mistake")
    parser.add_argument("--backing", default="",
                        help="instead of the kernel's own")
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="",
                        help="sets of groups not to run")
    parser.add_argument("--cmdline", default="",
                        help="added to the kernel's command line, last")
    parser.add_argument("--all", action="store_true",
                        help="groups that are run rarely, too")
    parser.add_argument("--coverage", type=pathlib.Path,
                        help="directory for data of coverage, for coverage.py")
    parser.add_argument("--summary", type=pathlib.Path,
                        help="file for the counts (JSON)")
    options = parser.parse_args()
    options.kernel = kernels.flavoured(options.kernel, options.flavour)
    known = kernels.backings(options.kernel)
    if options.backing and options.backing not in known:
        raise cache.Failure(f"kernel {options.kernel} cannot be told to use "
                            f"BACKING={options.backing}; there is: "
                            + ", ".join(known))
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    start = time.monotonic()
    kernel = kernels.to_boot(options.kernel)
    totals = Totals()
    # They name their tests themselves, which a foreign machine's cannot here.
    here = there = build.programs()
    if kernel.machine.is_foreign():
        there = build.programs(kernel.machine)
    chosen = plan(kernel, here, options, totals)
    built = {}
    for variant in sorted({group.variant for group in chosen}):
        built[variant] = build.modules(kernel, variant,
                                       bool(options.coverage))
    step("built", f"modules for {kernel.release} and test programs, "
         f"{time.monotonic() - start:.1f} s")
    step("run", f"in {accel.describe(kernel)}")
    for group in chosen:
        log_name = "-".join(filter(None, (options.backing, group.name)))
        Run(group, totals, options.coverage).execute(
            kernel, built[group.variant], (here, there), log_name)
    seconds = time.monotonic() - start
    if not options.only:
        totals.check_faults()
    if options.summary:
        cache.write_json(options.summary, {
            "groups": len(chosen), "passed": totals.passed,
            "failed": totals.failed, "seconds": round(seconds),
            "not_applicable": len(totals.not_applicable)})
    totals.print(seconds)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

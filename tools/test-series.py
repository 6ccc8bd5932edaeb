# SPDX-License-Identifier: GPL-2.0
"""make test-series: the series that make patch writes, as its readers get it.

Written, applied by git am to a fresh tree, and read by the checkpatch of that
kernel.  With --all, of make test-all, it is also built, after each patch as a
module and at the end built in, and its selftests and KUnit tests run in
virtual machines.  The last line is "N passed, N failed".
"""
import argparse
import concurrent.futures
import contextlib
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import applicable
import applied
import cache
import cover
import fetch
import groups
import ktap
import link
import series
import uml
import upstream
from cache import Failure, TREE, excerpt, say, step
from guest import Guest

SET = "series"                  # of groups, in groups.ini
VERDICT = re.compile(r"\S+?:\d+: (ERROR|WARNING|CHECK):")
# What checkpatch is told to ignore, and why.
IGNORED = (
    "CAMELCASE",                # the kernel's own names: PageMovable ...
    "FILE_PATH_CHANGES",        # MAINTAINERS has the directories, once
    "DEPRECATED_API",           # kmap(): for addresses held over a sleep
)
IGNORED_OF = {
    "kernel": (                 # the tree has no history to look them up in:
        "UNKNOWN_COMMIT_ID",
        "BAD_FIXES_TAG",
    ),
    "selftests": (              # user space has none of what these ask for:
        "VOLATILE",             # READ_ONCE()
        "BIT_MACRO",            # BIT()
    ),
    "documentation": (
        "REPEATED_WORD",        # in the heads of tables
    ),
}
LEFT_OVER = re.compile(r"\*\*\* \w+ HERE \*\*\*|@[\w-]+@")


class Report:
    """A line for each test, as it ends."""

    def __init__(self):
        self.passed = self.failed = 0

    def test(self, what, function, *words):
        """Returns what the function returns, or None if it fails."""
        start, lines, value = time.monotonic(), [], None
        try:
            value = function(*words)
        except Failure as failure:
            lines = str(failure).splitlines()
        seconds = time.monotonic() - start
        say(f"  {'FAIL' if lines else 'ok':<5} {what:<62} {seconds:6.1f} s")
        excerpt(lines)
        self.failed += bool(lines)
        self.passed += not lines
        return value


def write(out):
    """As make patch does."""
    return upstream.replace(out, upstream.base(), upstream.author())


def letter(path):
    left = LEFT_OVER.findall(path.read_text())
    if left:
        raise Failure(f"{path.name} has left in it: {', '.join(left)}")


def apply_all(patches, area):
    """git am, on a tree of just the files that are changed."""
    names = series.Series().needed()
    for name in names:
        (area / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(upstream.base() / name, area / name)
    applied.repository(area, names)
    for path in patches:
        applied.am(area, path)
    log = applied.git(area, "log", "--format=%s", "--reverse").splitlines()
    if len(log) != len(patches) + 1:
        raise Failure(f"{len(patches)} patches are {len(log) - 1} commits")


def checkpatch(path, name):
    """What it says about a patch."""
    script = fetch.series_base([]) / "scripts/checkpatch.pl"
    ignored = ",".join(IGNORED + IGNORED_OF.get(name, ()))
    done = subprocess.run(
        ["perl", script, "--strict", "--no-tree", "--no-signoff", "--terse",
         "--show-types", "--ignore", ignored, path.name], text=True,
        cwd=path.parent,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    lines = [line for line in done.stdout.splitlines() if VERDICT.match(line)]
    return lines or ["checkpatch fails"] if done.returncode else lines


def checked(patches, plan):
    """Side by side, the longest first: perl has one processor."""
    names = ["kernel"] * len(plan.kernel_patches)
    names += [patch.name for patch in plan.patches]
    work = sorted(zip(patches, names),
                  key=lambda each: -each[0].stat().st_size)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = [line for found in pool.map(checkpatch, *zip(*work))
                 for line in found]
    if lines:
        raise Failure("\n".join(lines))


def quick(report, area):
    """Returns the patches, or None."""
    out = area / "out"
    paths = report.test("the series is written", write, out)
    if not paths:
        return None
    patches = paths[1:]
    report.test("the cover letter is complete", letter, paths[0])
    tree = area / "tree"
    tree.mkdir()
    report.test("git am applies it to a fresh tree", apply_all, patches, tree)
    report.test("checkpatch --strict has nothing to say", checked, patches,
                series.Series())
    return patches


def one_more(tree, path):
    """A patch, its new files, and the whole as a module."""
    applied.am(tree.source, path)
    tree.compile(applied.added(tree.source))
    return tree.build("m", applied.CONFIGS["m"], "vmlinux", "modules",
                      whole=False)


def run_tests():
    """run-tests.py, whose name is for people."""
    spec = importlib.util.spec_from_file_location(
        "run_tests", TREE / "tools/run-tests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def selftests(tree, kind, objects, report):
    """The groups of the set, with the programs that the series has."""
    programs = report.test(f"its selftests are built, for {kind}",
                           tree.selftests, objects)
    if not programs:
        return
    kernel = applied.Kernel(kind, objects)
    modules = applied.Modules(objects, tree)
    report.test("its own script runs one of them", runner, tree, kernel,
                modules)
    bench = run_tests()
    totals = bench.Totals()
    for group in chosen(programs, kind, totals):
        bench.Run(group, totals).execute(kernel, modules,
                                         (programs, programs), group.name)
    for name, reason in totals.not_applicable:
        say(f"  not applicable: {name}: {reason}")
    report.passed += totals.passed
    report.failed += totals.failed


def runner(tree, kernel, modules):
    """The script by which kselftest runs them, with one of them."""
    guest = Guest(kernel, "runner")
    guest.add_modules(modules, ["movable_pool"])
    for name in ("movable_pool.sh", "kmod/mp_frame.ko", "kmod/mp_test.ko",
                 "kmod/mp_test_devm.ko"):
        guest.add_file(tree.source / applied.SELFTESTS / name,
                       f"/selftests/{name}")
    guest.add_file(tree.area / "selftests/api", "/selftests/api")
    result = guest.run("load_modules && /selftests/movable_pool.sh && "
                       "unload_modules", limit=300)
    if result.status or result.problems:
        raise Failure("\n".join(sum(result.problems, []))
                      + result.report.read_text()[-2000:])
    if not re.search(r"# PASSED: [1-9]\d* / ", result.report.read_text()):
        raise Failure("it has run nothing:\n" + result.report.read_text())


def chosen(programs, kind, totals):
    """Wait points are in the module alone; no site of it is complained of."""
    some = [group for group in groups.load() if SET in group.sets
            and (kind == "m" or group.variant == "normal")]
    for group in some:
        group.programs = [name for name in group.programs
                          if (programs / name).exists()]
        group.variant = "normal"
    groups.fill(some, programs)
    totals.not_applicable = applicable.drop(
        some, applicable.load(), ("backing typed", "kernel 7.2",
                                  "kernel 7.2-typed"))
    return [group for group in some if group.tests]


def kunit(objects, report):
    """Built in, they run when the kernel boots."""
    def outcome(result):
        report.passed += result.verdict == "ok"
        report.failed += result.verdict != "ok"
        if result.verdict != "ok":
            say(f"  {result.verdict:<5} {result.suite}.{result.name}")
            excerpt(result.details)
    reader = ktap.Reader(outcome)
    before = report.passed
    guest = Guest(applied.Kernel("y", objects), "kunit", memory=512,
                  cmdline="kunit.enable=1 ignore_loglevel",
                  taint=uml.TEST)
    result = guest.run("true", limit=300)
    for line in result.log.read_text(errors="replace").splitlines():
        reader.line(line)
    for lines in reader.finish() + result.problems:
        report.failed += 1
        say(f"  FAIL  {lines[0]}")
        excerpt(lines[1:])
    say(f"  ok    {report.passed - before} KUnit tests, built in "
        f"({result.seconds:.0f} s)")


def whole(patches, area, report):
    """Built after each patch, and run."""
    tree = applied.Tree(area)
    objects = None
    for path in patches:
        objects = report.test(f"built: {path.stem[:55]}", one_more, tree, path)
        if not objects:
            return
    objects = report.test("the last one as a module, all options there",
                          tree.kernel, "m")
    report.test("its documents, by the kernel's htmldocs", tree.documents)
    for fragment in ("ppc-cmm", "ppc-cmm-still"):
        report.test(f"compiled for ppc64le: {fragment}", tree.power, fragment,
                    "arch/powerpc/platforms/pseries/cmm.o",
                    f"{applied.DRIVER}/")
    if objects:
        selftests(tree, "m", objects, report)
    objects = report.test("the last one built in", tree.kernel, "y")
    if objects:
        kunit(objects, report)
        selftests(tree, "y", objects, report)
    report.test("make link: built in a tree without the series", linked, tree)


def linked(tree):
    """The same kernel without the series, and this tree linked into it."""
    applied.git(tree.source, "reset", "-q", "--hard", "base")
    link.link(tree.source)
    tree.build("m", ["guest", "mm", "linked"], f"{applied.DRIVER}/")


@contextlib.contextmanager
def workplace():
    """Always the same directory, for ccache; one run at a time."""
    area = cache.tree_dir() / "series-test"
    with cache.lock(f"series-{cache.tree_dir().name}"):
        shutil.rmtree(area, ignore_errors=True)
        area.mkdir()
        try:
            yield area
        finally:
            shutil.rmtree(area, ignore_errors=True)


def keep(report):
    """For the cover letter, which is to say what was seen and nothing else."""
    cache.write_json(cover.RESULTS, {
        "licence": cover.LICENCE, "release": f"Linux {series.Series().version}",
        "passed": report.passed, "failed": report.failed})


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="make test-series")
    parser.add_argument("--all", action="store_true",
                        help="build it and run its tests, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    start, report = time.monotonic(), Report()
    with workplace() as area:
        patches = quick(report, area)
        if patches and options.all:
            whole(patches, area, report)
            keep(report)
    step("took", f"{time.monotonic() - start:.0f} s")
    say(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

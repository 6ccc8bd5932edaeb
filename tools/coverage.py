# SPDX-License-Identifier: GPL-2.0
"""make coverage: which lines of drivers/movable-pool/ no test has run.

The groups of the set "coverage" run on kernels with gcov, with modules built
for it, and each guest sends what has run.  A line counts if it is compiled on
one of the kernels, and is covered if it ran on one, in any build of the
module.  Fails below LEAST percent.
"""
import argparse
import base64
import io
import json
import pathlib
import posixpath
import shutil
import signal
import subprocess
import sys
import tarfile

import cache
from cache import Failure, TREE, say

PART = "drivers/movable-pool/"
SET = "coverage"
# What is run: (KERNEL=, BACKING=).
RUNS = (("5.10-debug", ""), ("5.10-debug", "cache"),
        ("6.1-debug", ""), ("6.1-debug", "cache"),
        ("7.2-debug", ""), ("7.2-debug", "cache"))
LEAST = 95.0
MARK = "mp-coverage: "


def save(report, notes, target):
    """Keep what a guest has sent, beside the compiler's notes to it.

    Returns what is wrong, or None.
    """
    sent = "".join(line[len(MARK):] for line in report.splitlines()
                   if line.startswith(MARK))
    if not sent:
        return "the guest has sent no data of coverage"
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(sent))) as tar:
        for member in tar.getmembers():
            if member.isfile() and member.name.endswith(".gcda"):
                path = target / pathlib.Path(member.name).name
                path.write_bytes(tar.extractfile(member).read())
    for note in notes:
        shutil.copy2(note, target)
    return None


class Lines:
    """The union: {file: {line: whether it ran}}, and whose lines they are."""

    def __init__(self):
        self.files = {}
        self.functions = {}             # (file, line): name

    def add(self, found):
        """What gcov says about one object, sources included in it too."""
        for file in found["files"]:
            # Headers may be called compat/../link.h.
            path = posixpath.normpath(file["file"])
            _, ours, name = path.partition(PART)
            if not ours:
                continue
            for line in file["lines"]:
                self.add_line(name, line)

    def add_line(self, name, line):
        number = line["line_number"]
        ran = self.files.setdefault(name, {})
        ran[number] = ran.get(number, False) or line["count"] > 0
        if line.get("function_name"):
            self.functions[name, number] = line["function_name"]

    def counts(self, name):
        """(lines, covered)"""
        ran = self.files[name].values()
        return len(ran), sum(ran)

    def total(self):
        """(lines, covered)"""
        both = [self.counts(name) for name in self.files]
        return sum(all_ for all_, _ in both), sum(ran for _, ran in both)

    def missing(self, name):
        """[(function, [lines])] of a file, in its order."""
        found = []
        for number, ran in sorted(self.files[name].items()):
            function = self.functions.get((name, number), "?")
            if ran:
                continue
            if not found or found[-1][0] != function:
                found.append((function, []))
            found[-1][1].append(number)
        return found


def percent(lines, covered):
    return 100.0 * covered / lines if lines else 0.0


def table(lines):
    """Per file, as aligned text."""
    rows = [(name, *lines.counts(name)) for name in sorted(lines.files)]
    rows.append(("all", *lines.total()))
    width = max(len(name) for name, _, _ in rows)
    yield f"  {'file':<{width}}  lines  covered       %"
    for name, all_, covered in rows:
        yield (f"  {name:<{width}}  {all_:>5}  {covered:>7}  "
               f"{percent(all_, covered):>6.1f}")


def missing(lines):
    """What did not run, by function, with the text of the tree."""
    for name in sorted(lines.files):
        text = (TREE / PART / name).read_text().splitlines()
        for function, numbers in lines.missing(name):
            yield f"  {name}: {function}()"
            for number in numbers:
                yield f"  {number:>6}  {text[number - 1]}"


def gcov(data):
    """What one object's data says."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", data.name],
                          cwd=data.parent, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    complaints = [line for line in done.stderr.splitlines() if line]
    if done.returncode or complaints:
        raise Failure(f"gcov cannot read {data}: "
                      + (complaints or ["no reason given"])[0])
    return json.loads(done.stdout)


def read(directory):
    """The union of all that has been saved below a directory."""
    lines = Lines()
    for data in sorted(directory.rglob("*.gcda")):
        lines.add(gcov(data))
    return lines


def name_of(kernel, backing):
    return "-".join(filter(None, (kernel, backing)))


def collect(runs, directory):
    """Run the groups; returns how many runs had failures."""
    failed = 0
    for number, (kernel, backing) in enumerate(runs, 1):
        say(f"\n== {number} of {len(runs)}: kernel {kernel}"
            + (f", BACKING={backing}" if backing else ""))
        target = directory / name_of(kernel, backing)
        shutil.rmtree(target, ignore_errors=True)
        command = [sys.executable, "-B", str(TREE / "tools/run-tests.py"),
                   "--kernel", kernel, "--only", SET, "--coverage", target]
        command += ["--backing", backing] if backing else []
        failed += bool(subprocess.run(
            command, stdin=subprocess.DEVNULL).returncode)
    return failed


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="make coverage")
    parser.add_argument("--run", default="", metavar="KERNEL[-BACKING]",
                        help="this one again, with what is there of others")
    only = parser.parse_args().run
    signal.signal(signal.SIGTERM, interrupted)
    runs = [run for run in RUNS if only in ("", name_of(*run))]
    if not runs:
        raise Failure(f"coverage has no run {only}; it has "
                      + ", ".join(name_of(*run) for run in RUNS))
    directory = cache.tree_dir() / "coverage"
    if not only:
        shutil.rmtree(directory, ignore_errors=True)
    failed = collect(runs, directory)
    lines = read(directory)
    say("\nlines that no test has run")
    for line in missing(lines):
        say(line)
    say("\ncoverage of " + PART)
    for line in table(lines):
        say(line)
    share = percent(*lines.total())
    enough = share >= LEAST
    say(f"\n{share:.1f} % of {lines.total()[0]} lines, at least {LEAST:.0f} % "
        f"wanted: {'enough' if enough else 'NOT enough'}")
    if failed:
        say(f"{failed} of {len(runs)} runs had failures")
    return 0 if enough and not failed else 1


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

# SPDX-License-Identifier: GPL-2.0
"""make mutants: do the tests find the faults that others have shipped?

Each selftests/mutants/*.patch puts one back, as near to the original as our
code allows, and names the test that must then fail.  They are applied to a
copy of the tree, one at a time.
"""
import argparse
import re
import shutil
import subprocess
import sys
import time

import cache
from cache import TREE, Failure, say, step

PATCHES = TREE / "selftests" / "mutants"
SUMMARY = re.compile(r"(\d+) passed, (\d+) failed$")
FIELDS = ("Fault", "Test", "Run")


class Mutant:
    """A fault, and who must find it."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        head = path.read_text(encoding="utf-8").partition("\n---")[0]
        fields = dict(re.findall(r"^(\w+): (.*)$", head, re.M))
        for field in FIELDS:
            if field not in fields:
                raise Failure(f"{path.name} does not say '{field}: ...'")
        self.fault, self.test, self.where = map(fields.get, FIELDS)

    def command(self):
        """Where says kunit, or what `make test` is told: KERNEL=6.1."""
        if self.where == "kunit":
            return ["make", "kunit", f"ONLY={self.test}"]
        return ["make", "test", f"ONLY={self.test}", *self.where.split()]

    def apply(self, tree, *options):
        run = subprocess.run(
            ["patch", "--strip=1", "--force", "--fuzz=0", "--silent",
             "--no-backup-if-mismatch", "--reject-file=-", *options,
             f"--input={self.path}"],
            cwd=tree, text=True, check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if run.returncode:
            raise Failure(f"{self.path.name} does not apply: the code has "
                          f"changed, so must the mutant\n{run.stdout}")


def copy_to(tree):
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(TREE, tree, ignore=shutil.ignore_patterns(".git"))
    return tree


def run_command(command, tree):
    done = subprocess.run(command, cwd=tree, text=True, check=False,
                          stdin=subprocess.DEVNULL, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.splitlines()


def verdict(mutant, lines):
    """Killed, if it was by the test that is named."""
    if not any(SUMMARY.match(line) for line in lines):
        return "NOT RUN"
    failures = [line for line in lines if line.startswith("  FAIL")]
    name = mutant.test.rpartition(".")[2]
    if any(name in line for line in failures):
        return "killed"
    return "BY OTHERS" if failures else "SURVIVED"


def judge(mutant, tree):
    """Return whether it was killed; says what came of it."""
    start = time.monotonic()
    mutant.apply(tree)
    try:
        lines = run_command(mutant.command(), tree)
    finally:
        mutant.apply(tree, "--reverse")
    word = verdict(mutant, lines)
    say(f"  {word:<9} {mutant.name:<46} "
        f"{time.monotonic() - start:6.1f} s  {mutant.test}")
    if word != "killed":
        cache.excerpt([f"fault: {mutant.fault}", *lines[-20:]])
    return word == "killed"


def chosen(only):
    mutants = [Mutant(path) for path in sorted(PATCHES.glob("*.patch"))]
    some = [mutant for mutant in mutants
            if not only or only in (mutant.name, *mutant.name.split("-"))]
    if not some:
        raise Failure(f"ONLY={only} is no mutant; there is: "
                      + ", ".join(mutant.name for mutant in mutants))
    return some


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    mutants = chosen(parser.parse_args().only)
    with cache.lock("mutants"):
        tree = copy_to(cache.root() / "mutants")
        step("mutants", f"{len(mutants)}, one at a time")
        killed = sum(judge(mutant, tree) for mutant in mutants)
        shutil.rmtree(tree)
    say(f"\n{killed} passed, {len(mutants) - killed} failed")
    return killed < len(mutants)


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

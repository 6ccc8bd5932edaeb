# SPDX-License-Identifier: GPL-2.0
"""make model: has the handle, in every order of events, what was promised?

model/handle.pml is checked by spin, for each way pages move, with the word's
transitions out of drivers/movable-pool/transition.h.  Then each transition is
taken away, and the check must fail: what the model does not need, it does not
show to be right.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import cache
from cache import TREE, Failure, say, step

TABLE = TREE / "drivers" / "movable-pool" / "transition.h"
MODEL = TREE / "model" / "handle.pml"
ROW = re.compile(r"MP_TRANSITION\((\w+),\s*(\w+),\s*([01]),\s*(\w+),"
                 r"\s*(\w+),\s*([01]),\s*(\w+),\s*(\w+)\)")
STATES = ("EMPTY", "PRIVATE", "LIVE", "MOVING")
NEEDS = {"NO": " && !pins", "SOME": " && pins", "ANY": ""}
GAINS = {"KEPT": "", "ONE": "; pins++", "LOST": "; pins--",
         "DROPPED": "; pins = 0"}
FRAME = {"KEPT": "", "NEW": "; pfn = f", "DROPPED": "; pfn = 0"}

BACKINGS = ("LOOSE", "TYPED", "CACHE")
SETTINGS = (("", "one VM thread, two owners"),
            ("MISTAKES", "the same, and pins that are forgotten"),
            ("BATCH", "the same, and a shrinker in the VM's thread"),
            ("LIVE", "one VM thread, two owners: it ends"),
            ("LIVE BATCH", "and with a shrinker"))
LONG = (("ROUNDS=2 TRIPS=2", "two lives, two trips of the VM"),
        ("VMS=2", "two VM threads, two owners"),
        # With two owners there is no end to it in MEMORY.
        ("VMS=2 OTHERS=0 LIVE", "two VM threads, one owner: it ends"))
# Which settings to try, till one fails, for a transition that is taken away.
WITHOUT = (("LOOSE", ""), ("LOOSE", "MISTAKES"), ("LOOSE", "FREE=1 ROUNDS=2"))
MEMORY = 15 << 10               # MiB, for all that spin knows


def transitions():
    rows = ROW.findall(TABLE.read_text(encoding="ascii"))
    if not rows:
        raise Failure(f"no transitions in {TABLE}")
    return rows


def promela(row):
    """One row of the table as go_NAME(), a step of the model."""
    name, state, dying, pins, new, dies, gain, frame = row
    effect = f"state = {new}; dying = {dies}{GAINS[gain]}{FRAME[frame]}"
    guard = f"state == {state} && {'' if dying == '1' else '!'}dying"
    return (f"#ifdef NO_{name}\n#define HAS_{name} false\n#else\n"
            f"#define HAS_{name} true\n#endif\n"
            f"inline go_{name}({'f' if frame == 'NEW' else ''})\n"
            f"{{\n\tatomic {{ HAS_{name} && {guard}{NEEDS[pins]} -> "
            f"{effect} }}\n}}\n")


def generate(directory):
    lines = [f"#define {name} {number}" for number, name in enumerate(STATES)]
    lines += [promela(row) for row in transitions()]
    (directory / "transitions.h").write_text("\n".join(lines))
    shutil.copy(MODEL, directory)


def build(directory, defines, optimize):
    options = [f"-D{define}" for define in defines]
    # Weak fairness: whoever can go on all the time does, some time.
    kind = "-DNFAIR=4" if "LIVE" in defines else "-DSAFETY"
    for command in (["spin", "-a", *options, MODEL.name],
                    ["gcc", optimize, "-w", kind, "-DCOLLAPSE",
                     f"-DMEMLIM={MEMORY}", "-o", "pan", "pan.c"]):
        done = subprocess.run(command, cwd=directory, text=True, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failure(f"{' '.join(command)}:\n{done.stdout}")


class Check:
    """One run of spin: what it has seen, and whether that was all."""

    def __init__(self, directory, defines, optimize="-O2"):
        build(directory, defines, optimize)
        start = time.monotonic()
        live = ["-a", "-f"] if "LIVE" in defines else []
        done = subprocess.run(["./pan", "-m1000000", *live], cwd=directory,
                              text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.seconds = time.monotonic() - start
        self.trail = directory / f"{MODEL.name}.trail"
        self.read(done.stdout, done.returncode)

    def read(self, text, code):
        self.output = text.splitlines()
        self.errors = self.number(r"errors: (\d+)")
        self.states = self.number(r"([\d.e+]+) states, stored")
        self.mib = self.number(r"([\d.]+)\s+total actual memory")
        self.whole = "Search not completed" not in text \
            and "error: max search depth" not in text and not code

    def number(self, pattern):
        found = re.search(pattern, "\n".join(self.output))
        return int(float(found[1])) if found else None

    def passed(self):
        return self.whole and self.errors == 0

    def story(self, directory, defines):
        """The steps that led to the error."""
        options = [f"-D{define}" for define in defines]
        done = subprocess.run(["spin", *options, "-t", "-p", MODEL.name],
                              cwd=directory, text=True, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return [line for line in done.stdout.splitlines() if "proc " in line]


def check_all(directory, settings):
    """Return how many have failed."""
    failed = 0
    for setting, about in settings:
        for backing in BACKINGS:
            defines = [f"BACKING={backing}", *setting.split()]
            check = Check(directory, defines)
            word = "ok" if check.passed() else "FAIL"
            say(f"  {word:<5} {backing:<6} {about:<44} "
                f"{check.states or 0:>11,} states {check.mib or 0:>6,} MiB "
                f"{check.seconds:6.1f} s")
            if not check.passed():
                failed += 1
                cache.excerpt(check.output[:5])
                if check.trail.exists():
                    cache.excerpt(check.story(directory, defines)[-25:])
                    check.trail.unlink()
    return failed


def is_needed(directory, name):
    """Does the check fail without the transition?"""
    for backing, setting in WITHOUT:
        defines = [f"BACKING={backing}", *setting.split(), f"NO_{name}"]
        check = Check(directory, defines, "-O0")
        check.trail.unlink(missing_ok=True)
        if check.errors:
            return True
    return False


def take_away(directory):
    """Return how many transitions are not missed."""
    needless = 0
    for name, *_ in transitions():
        needed = is_needed(directory, name)
        needless += not needed
        say(f"  {'ok' if needed else 'FAIL':<5} without {name:<15} "
            + ("the check fails, as it must" if needed else
               "nothing is missed"))
    return needless


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true",
                        help="two threads of the VM's, too: minutes, GiB")
    options = parser.parse_args()
    settings = SETTINGS + (LONG if options.long else ())
    with tempfile.TemporaryDirectory(dir=cache.root()) as name:
        directory = pathlib.Path(name)
        generate(directory)
        step("model", f"{MODEL.name}, {len(transitions())} transitions")
        failed = check_all(directory, settings)
        failed += take_away(directory)
    total = len(settings) * len(BACKINGS) + len(transitions())
    say(f"\n{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

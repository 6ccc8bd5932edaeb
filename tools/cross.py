# SPDX-License-Identifier: GPL-2.0
"""make cross: everything is built for the machines this one is not.

Nothing is booted: make test KERNEL=6.1-arm64 does that.  The last line is "N
passed, N failed", where each build counts.
"""
import functools
import sys
import time

import build
import cache
import groups
import kernels
import machine
from cache import Failure, say


def modules(version, variant):
    kernel = kernels.get(version)
    built = build.modules(kernel, variant)
    must_be_for(kernel.machine, built.dir.glob("*.ko"))


def programs(target):
    made = build.programs(target)
    must_be_for(target, [made / name for name in groups.programs()])


def must_be_for(target, files):
    """There are some, and none is for this machine by mistake."""
    files = list(files)
    wrong = [file.name for file in files if not target.made(file)]
    if wrong or not files:
        raise Failure(f"not for {target.name}: "
                      + (", ".join(wrong) or "there is nothing"))


def builds():
    """(what, function that builds it)"""
    for version in kernels.foreign():
        for variant in groups.VARIANTS:
            yield (f"modules, {version}, {variant}",
                   functools.partial(modules, version, variant))
    for target in machine.MACHINES.values():
        if target.is_foreign():
            yield (f"test programs, {target.name}",
                   functools.partial(programs, target))


def main():
    start = time.monotonic()
    # What has to be fetched or built is there before the results begin.
    for version in kernels.foreign():
        kernels.get(version)
    failed = count = 0
    for what, function in builds():
        began, wrong = time.monotonic(), ""
        try:
            function()
        except Failure as failure:
            wrong = str(failure)
        seconds = time.monotonic() - began
        say(f"  {'FAIL' if wrong else 'ok':<5} {what:<62} {seconds:6.1f} s")
        if wrong:
            say(f"        | {wrong}")
        failed += bool(wrong)
        count += 1
    say(f"\nall of it took {time.monotonic() - start:.0f} s")
    say(f"{count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

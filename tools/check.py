# SPDX-License-Identifier: GPL-2.0
"""make check: style, static analysis and the rules of this tree.

The last line is "N passed, N failed".
"""
import concurrent.futures
import os
import sys
import time

import cache
import fetch
import kernels
import quoted
import refused
import sources
import tested
from cache import excerpt, say
from tree import Files, text

# A table of mistakes: what, how it is found, what is said of it, the tests.
MISTAKES = "Documentation/mistakes.rst"


def mistakes(files):
    """Documentation/mistakes.rst quotes what is said and names what tests it"""
    have = {f"{program}.{test}" for program, test in tested.all_tests(files)}
    have |= {path.name for path in refused.sources()}
    have |= {f"make check: {check.__name__}" for check in CHECKS}
    core = "".join(text(name) for name in files.ending(".c")
                   if name.startswith("drivers/movable-pool/"))
    return [MISTAKES], tested.unproven(text(MISTAKES), have, core)


def compiler(files):
    """Mistakes that do not compile are refused for the reason they name"""
    return [str(path) for path in refused.sources()], \
        refused.complaints(kernels.get())


CHECKS = (*sources.CHECKS, *quoted.CHECKS, *tested.CHECKS, mistakes, compiler)


def side_by_side(files):
    """What each has to say, in their order: the first, checkpatch, takes as
    long as all others."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda check: check(files), CHECKS)


def main():
    start = time.monotonic()
    # What has to be fetched is fetched before the results begin.
    kernels.get()
    fetch.source()
    files = Files()
    failed = 0
    for check, (names, wrong) in zip(CHECKS, side_by_side(files)):
        failed += bool(wrong)
        what = check.__doc__.splitlines()[0]
        count = f"({len(names)} files)"
        say(f"  {'FAIL' if wrong else 'ok':<5} {what:<62} {count:>10}")
        excerpt(wrong)
    say(f"\nall of it took {time.monotonic() - start:.0f} s")
    say(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

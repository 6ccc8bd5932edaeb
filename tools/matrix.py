# SPDX-License-Identifier: GPL-2.0
"""make test-all: all tests on every kernel, and README's table of them.

Goes on after failures.  What ran is kept in matrix.json, from which README's
table is made; a run of some kernels leaves the results of the others as they
are.  The last line is "N passed, N failed".
"""
import argparse
import concurrent.futures
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

import cache
import kernels
from cache import TREE, say
from readme import Place

RESULTS = TREE / "tools/matrix.json"
TABLE = Place("table of kernels", "make test-all")
LICENCE = "SPDX-License-Identifier: GPL-2.0"
WRITING = threading.Lock()
COUNTS = ("groups", "passed", "failed", "not_applicable", "seconds")
TITLES = ("kernel", "release", "backing", "only", "groups", "passed",
          "failed", "n/a", "seconds")
TEXTS = 4                       # titles of what is not a number


def cells(only=()):
    """What to run: (version, BACKING= or nothing), of these versions or all."""
    for version in only:
        kernels.row_of(version)
    for version, row in kernels.KERNELS.items():
        if not kernels.boots(row) or not row.get("tests", True):
            continue
        if only and version not in only:
            continue
        yield version, ""
        if row["backing"] not in ("cache", "none"):
            yield version, "cache"


def chosen_set(version, backing):
    """What is run of all groups, by name of a set; nothing: all."""
    row = kernels.KERNELS[version]
    only = row.get("only", "")
    return row.get("only_cache", only) if backing == "cache" else only


def run(version, backing, output=None):
    """One kernel; a row of results, without release if it never started."""
    command = [sys.executable, "-B", str(TREE / "tools/run-tests.py"),
               "--all", "--kernel", version]
    command += ["--backing", backing] if backing else []
    only = chosen_set(version, backing)
    command += ["--only", only] if only else []
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        summary = pathlib.Path(name) / "summary"
        subprocess.run(command + ["--summary", summary],
                       stdin=subprocess.DEVNULL, stdout=output,
                       stderr=subprocess.STDOUT if output else None)
        counts = cache.read_json(summary)
    row = never_run(version, backing)
    kernel = kernels.cached(version)
    if kernel and counts:
        row.update(release=kernel.release, package=kernel.package)
    return dict(row, **(counts or dict.fromkeys(COUNTS, 0)))


def never_run(version, backing):
    """A row of results of which there are none."""
    known = kernels.KERNELS[version]
    return {"kernel": version, "release": "", "package": "",
            "backing": backing or known["backing"],
            "only": chosen_set(version, backing)}


def key(row):
    return row["kernel"], row["backing"]


def all_rows(*results):
    """One row for each cell, of the last of these results that has it."""
    known = {key(row): row for rows in results for row in rows}
    empty = [never_run(*cell) for cell in cells()]
    return [known.get(key(row), row) for row in empty]


def table(rows):
    """For the end of a run, as lines."""
    lines_ = [TITLES] + [(row["kernel"], row["release"] or "did not run",
                          row["backing"], row["only"] or "-",
                          *(str(row[key]) for key in COUNTS))
                         for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines_)]
    for line in lines_:
        yield "  " + "  ".join(
            text.ljust(width) if number < TEXTS else text.rjust(width)
            for number, (text, width) in enumerate(zip(line, widths)))


def rendered(rows):
    """README's table, for people who choose a kernel."""
    lines = ["| kernel | tested on | what moves the pages | groups "
             "| tests passed | not applicable |", "|---|---|---|---|---|---|"]
    for row in rows:
        backing = kernels.BACKINGS[row["backing"]]
        if not row["release"]:
            lines.append(f"| {row['kernel']} | not run yet | {backing} "
                         "| | | |")
            continue
        passed = str(row["passed"])
        if row["failed"]:
            passed += f", {row['failed']} FAILED"
        # Rows of older results lack it.
        if row.get("only"):
            passed += f", of the {row['only']} groups only"
        release = row["release"]
        if "config" not in kernels.KERNELS.get(row["kernel"], {}):
            release = f"Debian's {release}"
        lines.append(f"| {row['kernel']} | {release} ({row['package']}) "
                     f"| {backing} | {row['groups']} | {passed} "
                     f"| {row['not_applicable']} |")
    return "\n".join(lines) + "\n"


def results():
    """Of the runs before."""
    return (cache.read_json(RESULTS) or {"rows": []})["rows"]


def write(rows):
    """The results, and README with them."""
    kept = [{name: value for name, value in row.items() if name != "seconds"}
            for row in all_rows(results(), rows) if row["release"]]
    TABLE.write(rendered(all_rows(kept)))
    cache.write_json(RESULTS, {"licence": LICENCE, "rows": kept})


def complaints():
    """What is wrong with the results and with README; for make check."""
    if TABLE.has(rendered(all_rows(results()))):
        return []
    return [f"README.md: the table of kernels is not what "
            f"{RESULTS.relative_to(TREE)} and kernels.py say: run make "
            "test-all, or some of it with ROWS="]


def title(version, backing):
    return f"kernel {version}" + (f", BACKING={backing}" if backing else "")


def one_by_one(todo):
    for number, cell in enumerate(todo, 1):
        say(f"\n== {number} of {len(todo)}: {title(*cell)}")
        yield keep(run(*cell))


def keep(row):
    """Whoever interrupts the next run shall not lose this one."""
    with WRITING:
        write([row])
    return row


def logged(cell):
    """For runs at the same time: what one prints goes to a file of its own."""
    log = cache.tree_dir() / f"matrix-{'-'.join(filter(None, cell))}.log"
    with open(log, "w", encoding="utf-8") as output:
        row = run(*cell, output)
    say(f"  {title(*cell):<32} {row['passed']:>5} passed, "
        f"{row['failed']} failed, {row['seconds']} s; {log}")
    return keep(row)


def side_by_side(todo, jobs):
    say(f"{len(todo)} runs, {jobs} at a time")
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(logged, todo))


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="make test-all")
    parser.add_argument("--jobs", type=int, default=1,
                        help="runs at the same time")
    parser.add_argument("--rows", default="",
                        help="kernels to run, instead of all")
    options = parser.parse_args()
    jobs = options.jobs
    signal.signal(signal.SIGTERM, interrupted)
    todo = list(cells(options.rows.split()))
    rows = side_by_side(todo, jobs) if jobs > 1 else list(one_by_one(todo))
    broken = [row for row in rows if not row["release"]]
    say()
    for line in table(rows):
        say(line)
    say("\nREADME.md's table of kernels has what ran"
        + (", which is not all" if broken else ""))
    failed = sum(row["failed"] for row in rows) + len(broken)
    say(f"{sum(row['passed'] for row in rows)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

# SPDX-License-Identifier: GPL-2.0
"""The cover letter: upstream/cover.txt, with figures of bench/*.json.

In the text, a line @name@ is where the table of that name goes, and @name@ in
a line is a figure.  Each says which kernel it was measured on.
"""
import json
import re

import cache
import series
from cache import Failure, TREE

TEXT = TREE / "upstream/cover.txt"
RESULTS = TREE / "upstream/tested.json"
LICENCE = "SPDX-License-Identifier: GPL-2.0"
NAME = re.compile(r"@([\w-]+)@")
# Who is measured, and how the letter calls them.
COSTS = (("raw", "alloc_page()"), ("bare", "bare movable_ops"),
         ("balloon", "balloon"), ("zsmalloc", "zsmalloc"),
         ("tmpfs", "tmpfs"), ("pool", "movable_pool"),
         ("pool-mapped", "same, mapped"))
OPS = ("alloc", "publish", "free", "pin", "move")
GAINS = (("empty", "nothing"), ("raw", "alloc_page()"), ("anon", "anonymous"),
         ("balloon", "balloon"), ("pool", "movable_pool"),
         ("pool-mapped", "same, mapped"))
PERCENT = 70                    # of memory full, in the table of compaction


def figures(name):
    """What the bench has written."""
    return json.loads((TREE / f"bench/{name}.json").read_text())[name]


def one(rows, **wanted):
    """The row that is so."""
    found = [row for row in rows
             if all(row.get(key) == value for key, value in wanted.items())]
    if len(found) != 1:
        raise Failure(f"{len(found)} results of the bench are {wanted}")
    return found[0]


def aligned(lines):
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return ["  " + "  ".join([line[0].ljust(widths[0])]
                             + [text.rjust(width) for text, width
                                in zip(line[1:], widths[1:])])
            for line in lines]


def number(value):
    return "-" if value is None else f"{value:,.0f}"


def costs(kernel="7.2-typed"):
    """Instructions for a page, by op."""
    row = one(figures("costs"), kernel=kernel, unit="instructions")
    lines = [("instructions for a page", *OPS)]
    lines += [(title, *(number(row["costs"][subject].get(op)) for op in OPS))
              for subject, title in COSTS if subject in row["costs"]]
    return aligned(lines) + [f"  ({row['release']}, one CPU, init_on_alloc=0)"]


def compaction(kernel="7.2"):
    """Free pageblocks after compaction, and huge pages."""
    row = one(figures("compaction"), kernel=kernel)
    lines = [("pages in memory", "free 2 MiB blocks", "of", "huge pages")]
    for subject, title in GAINS:
        rounds = [each for each in row["rounds"]
                  if each["subject"] == subject and each["percent"] == PERCENT]
        if rounds:
            after = one(rounds)["after"]
            lines.append((title, str(after["free_blocks"]),
                          str(after["possible_blocks"]),
                          number(row["huge_pages"].get(subject))))
    return aligned(lines) + [f"  ({row['release']}, {PERCENT} % of memory "
                             "full; huge pages: half of it)"]


def unplug(kernel="7.2"):
    """Memory blocks that go offline, of ZONE_MOVABLE and of any."""
    rows = figures("unplug")
    some = {machine: one(rows, kernel=kernel, machine=machine)
            for machine in ("movable", "plain")}
    lines = [("pages in memory", "ZONE_MOVABLE", "any zone")]
    for subject, title in GAINS:
        blocks = [some[machine]["blocks"].get(subject) for machine in some]
        if all(blocks):
            lines.append((title, *(f"{block['offline']} of {block['of']}"
                                   for block in blocks)))
    return aligned(lines) + [f"  ({some['plain']['release']}, memory blocks "
                             "of 128 MiB that went offline)"]


def tests():
    """On how many kernels of 7.2, with the type, how many tests passed."""
    rows = [row for row in cache.read_json(TREE / "tools/matrix.json")["rows"]
            if row["backing"] == "typed" and row["release"]]
    return aligned([("kernel", "tests passed", "failed")]
                   + [(row["release"], str(row["passed"]), str(row["failed"]))
                      for row in rows])


def tested():
    """What make test-series ALL=1 has had to say, when it was last run."""
    row = cache.read_json(RESULTS)
    if not row:
        return ["The series itself was not built and run as a whole yet: "
                "written, applied, checkpatch --strict."]
    return ["The series itself: built as a module after each patch, and built "
            "in after the last; its selftests with both, its KUnit tests "
            "built in; checkpatch --strict.", "",
            f"  {row['passed']} passed, {row['failed']} failed "
            f"({row['release']})"]


# Where new files are, the first that fits, and how the letter calls them.
PLACES = (("drivers/movable-pool/tests/", "KUnit tests"),
          ("tools/", "selftests"), ("Documentation/", "documentation"),
          ("samples/", "samples"), ("include/", "headers"),
          ("drivers/", "driver"))
ADDED = re.compile(r"^\+(?!\+\+ )", re.M)


def sizes(plan):
    """{what: lines of it}, tests last."""
    count = {what: 0 for _, what in reversed(PLACES)}
    for texts in plan.texts().values():
        for name, text in texts.items():
            what = next(what for place, what in PLACES
                        if name.startswith(place))
            count[what] += text.count("\n")
    return {"mm/": sum(len(ADDED.findall(path.read_text()))
                       for path in plan.kernel_patches), **count}


def size(plan):
    """What there is to be read."""
    return aligned([("", "lines")] + [(what, number(lines)) for what, lines
                                      in sizes(plan).items()])


TABLES = {"costs": costs, "compaction": compaction, "unplug": unplug,
          "tests": tests, "tested": tested}


def values(plan):
    """Figures for the middle of a sentence."""
    row = one(figures("costs"), kernel="7.2-typed", unit="instructions")
    pool, bare = row["costs"]["pool"], row["costs"]["bare"]
    old = one(figures("costs"), kernel="6.1", unit="instructions")["costs"]
    life = [sum(each.get(op, 0) for op in ("alloc", "publish", "free"))
            for each in (pool, row["costs"]["raw"])]
    return {"kernel": plan.version,
            "nr-kernel-patches": str(len(plan.kernel_patches)),
            "pin": number(pool["pin"]), "life": number(life[0]),
            "raw-life": number(life[1]), "move": number(pool["move"]),
            "bare-move": number(bare["move"]),
            "old-move": number(old["pool"]["move"]),
            "old-bare-move": number(old["bare"]["move"])}


def filled(text, plan):
    """The text, with its figures."""
    known = values(plan)
    lines = []
    for line in text.splitlines():
        whole = NAME.fullmatch(line)
        if whole and whole.group(1) in TABLES:
            lines += TABLES[whole.group(1)]()
            continue
        if whole and whole.group(1) == "size":
            lines += size(plan)
            continue
        for name in NAME.findall(line):
            if name not in known:
                raise Failure(f"upstream/cover.txt: there is no @{name}@")
        lines.append(NAME.sub(lambda name: known[name.group(1)], line))
    return "\n".join(lines)


def parts():
    """(subject, text with names of figures)"""
    text = series.unlicensed(TEXT.read_text())
    first, _, body = text.strip().partition("\n")
    return first, body.strip()


def subject():
    return parts()[0]


def letter(form, plan):
    """git's own cover letter, with subject and text."""
    first, body = parts()
    for mark, words in (("*** SUBJECT HERE ***", first),
                        ("*** BLURB HERE ***",
                         series.wrapped(filled(body, plan)).rstrip())):
        if form.count(mark) != 1:
            raise Failure(f"git's cover letter has no {mark}")
        form = form.replace(mark, words)
    return form

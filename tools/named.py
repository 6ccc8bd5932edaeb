# SPDX-License-Identifier: GPL-2.0
"""Tests that documents name, as ``program.test``: those that are not there go.

The series for the kernel has some of the test programs.  A sentence that ends
in a list of tests keeps those that are there, or ends before; what has no such
form has to be said otherwise in upstream/words.txt.
"""
import re
import textwrap

from cache import Failure

TEST = re.compile(r"``(\w+)\.(\w+)``")
# What else has a dot: files, "program.test" itself, members, sysctls.
FILES = ("c", "conf", "h", "ko", "py", "rst", "symvers")
NO_PROGRAMS = ("program", "suite", "attr", "vm")
SUITE = re.compile(r'^MP_SUITE\(\w+, "([\w-]+)"', re.M)
NAME = r"``\w+\.\w+``"
LIST = re.compile(rf"{NAME}(?:,? (?:and )?{NAME})*")
ITEM = re.compile(r" *(?:[-*] |\.\. \[\d\] )?")
GONE = "\0"
# Where nothing of a list is left, with what is left of the sentence.
ENDS = ((re.compile(rf" +\({GONE}\)"), ""),
        (re.compile(rf"[:;,] +{GONE}(?=\.|$)"), ""),
        (re.compile(rf"(^|(?<=\.))(\s*){GONE}\."), ""))
COLUMNS = 80


def tests(text):
    """(program, test) of each that is named."""
    return [(program, test) for program, test in TEST.findall(text)
            if test not in FILES and program not in NO_PROGRAMS]


def missing(text, there):
    """Programs that are named and not there."""
    return {program for program, _ in tests(text)} - set(there)


def without(text, there):
    """The document with the tests of programs that are there.

    Failure if a sentence cannot end before them.
    """
    blocks = re.split(r"(\n{2,})", text) + [""]
    kept = ""
    for block, gap in zip(blocks[::2], blocks[1::2]):
        new = mended(block, there)
        kept += new + gap if new or not block else ""
    if GONE in kept:
        line = next(line for line in kept.splitlines() if GONE in line)
        raise Failure("of tests that are not there it says more: "
                      + line.replace(GONE, "...").strip())
    return kept.rstrip("\n") + "\n"


def mended(block, there):
    """A block of lines: items and terms of lists are each by themselves."""
    parts = ("\n".join(part) for part in items(block.split("\n")))
    new = [refilled(part, there) if missing(part, there) else part
           for part in parts]
    return "\n".join(part for part in new if part is not None)


def items(lines):
    """Runs of lines that are filled as one."""
    run = []
    for line in lines:
        if run and (hang(run) != indent(line) or marked(line)):
            yield run
            run = []
        run.append(line)
    yield run


def indent(line):
    return len(line) - len(line.lstrip(" "))


def marked(line):
    return len(ITEM.match(line).group()) > indent(line)


def hang(run):
    """How far the lines of a run after its first are indented."""
    return len(ITEM.match(run[0]).group())


def refilled(part, there):
    """A paragraph without what is missing; None if nothing is left of it."""
    first = ITEM.match(part).group()
    words = re.sub(r"(?<=[.:])\n *", "  ", part[len(first):])
    words = LIST.sub(lambda names: rest(names.group(), there),
                     re.sub(r"\n *", " ", words))
    for end, to in ENDS:
        words = end.sub(to, words)
    words = words.strip()
    if not words:
        return None
    if words[-1] not in ".:)" and part.rstrip()[-1] == ".":
        words += "."
    return textwrap.fill(words, COLUMNS, initial_indent=first,
                         subsequent_indent=" " * len(first),
                         break_long_words=False, break_on_hyphens=False)


def rest(names, there):
    """Of a list of tests, those that are there."""
    kept = [f"``{program}.{test}``" for program, test in TEST.findall(names)
            if program in there or (program, test) not in tests(names)]
    return ", ".join(kept) or GONE

# SPDX-License-Identifier: GPL-2.0
"""What make check asks of tests: all are run, and those named are there.

Returns as the checks of sources.py do.
"""
import configparser
import re

import groups
import kernels
import named
from tree import text

TEST_MACRO = re.compile(r"^(TEST\w*|\w+_F)\(([^)]*)\)", re.M)
UNIT_TEST = re.compile(r"^\s*KUNIT_CASE\((\w+)\)", re.M)
LITERAL = re.compile(r"``([^`]+)``")
# A place to stop a thread at, or one that fails.
PLACE = re.compile(r'^\s*\[MP_\w+\] = \{ "([\w-]+)" \}', re.M)
TESTING = "Documentation/testing.rst"
RULE = re.compile(r"=+(  +=+)+$")
ANY = "*backing*"


def programs(files):
    """Every test program is in a group, and the other way round"""
    names = [name for name in files.ending(".c")
             if re.fullmatch(r"selftests/\w+\.c", name)]
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(groups.FILE)
    run = {word for section in parser.sections()
           for word in parser[section].get("programs", "").split()}
    have = {name.split("/")[1][:-2] for name in names}
    return names, ([f"no group runs {name}" for name in sorted(have - run)]
                   + [f"no such program: {name}"
                      for name in sorted(run - have)])


def tests_in(source):
    """Names of the tests that a program's source defines."""
    for macro, words in TEST_MACRO.findall(source):
        names = [word.strip() for word in words.split(",")]
        yield names[macro.startswith("TEST_F")]


def all_tests(files):
    """Of programs, and of the suites of unit tests, as (program, test)."""
    for name in files.ending(".c"):
        if re.fullmatch(r"selftests/\w+\.c", name):
            for test in tests_in(text(name)):
                yield name.split("/")[1][:-2], test
        elif name.endswith("_kunit.c"):
            for suite in named.SUITE.findall(text(name)):
                for test in UNIT_TEST.findall(text(name)):
                    yield suite, test


def tests_named(files):
    """Every test that Documentation/ names as ``program.test`` exists"""
    have = set(all_tests(files))
    names = [name for name in files.ending(".rst")
             if name.startswith("Documentation/")]
    return names, [f"{name}: no such test: {program}.{test}"
                   for name in names
                   for program, test in named.tests(text(name))
                   if (program, test) not in have]


def unproven(document, have, core):
    """Rows of the table that name no test, one that is not there, or quote what
    the framework does not say."""
    found = list(table_rows(document))
    wrong = [] if found else ["no table"]
    for row in found:
        if len(row) != 4:
            wrong.append(f"{row[0]}: {len(row)} columns")
            continue
        tests = LITERAL.findall(row[3])
        wrong += [f"{row[0]}: no such test: {test}"
                  for test in tests or ["none"] if test not in have]
        wrong += [f"{row[0]}: is not said: {words}"
                  for words in LITERAL.findall(row[2]) if words not in core]
    return wrong


def table_rows(document):
    """The rows of its list-tables but the first, as lists of cells."""
    tables = []
    for line in document.splitlines():
        if line.startswith(".. list-table::"):
            tables.append([])
        elif tables and line.startswith("   * - "):
            tables[-1].append([line[7:]])
        elif tables and tables[-1] and line.startswith("     - "):
            tables[-1][-1].append(line[7:])
        elif tables and tables[-1] and line.startswith("       "):
            tables[-1][-1][-1] += " " + line.strip()
    return [row for table in tables for row in table[1:]]


def column(document, title):
    """Words in the first column of a section's table."""
    lines = document.partition(f"\n{title}\n===")[2].splitlines()
    end = next((at for at, line in enumerate(lines[1:])
                if re.fullmatch("={3,}", line)), len(lines))
    rules = [at for at, line in enumerate(lines[:end]) if RULE.match(line)]
    if len(rules) < 2:
        return []
    width = len(lines[rules[-1]].split()[0])
    return [word for line in lines[rules[-2] + 1:rules[-1]]
            for word in re.split(r"[, ]+", line[:width]) if word]


def meant(word, name):
    """Is it what a word of a table stands for?"""
    return name == word or (word.endswith(ANY)
                            and name.startswith(word[:-len(ANY)]))


def unlisted(document, title, have):
    """What a section's table lacks, and has though it is not there."""
    words = column(document, title)
    return ([f"{title}: lacks {name}" for name in have
             if not any(meant(word, name) for word in words)]
            + [f"{title}: there is no {word}" for word in words
               if not any(meant(word, name) for name in have)])


def flavours():
    """Of all kernels that are built to be booted."""
    return sorted({name.partition("-")[2]
                   for name, row in kernels.KERNELS.items()
                   if "config" in row and row.get("boots", True)})


def tables(files):
    """testing.rst has all wait points, sites, suites and flavours"""
    core = "drivers/movable-pool"
    suites = [suite for name in files.ending("_kunit.c")
              for suite in named.SUITE.findall(text(name))]
    have = {"Forcing a race": PLACE.findall(text(f"{core}/wait_point.c")),
            "Making things fail": PLACE.findall(text(f"{core}/fault.c")),
            "Unit tests": suites,
            "Kernels that look for mistakes": flavours()}
    document = text(TESTING)
    return [TESTING], [wrong for title, names in have.items()
                       for wrong in unlisted(document, title, names)]


CHECKS = (programs, tests_named, tables)

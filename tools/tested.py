# SPDX-License-Identifier: GPL-2.0
"""What make check asks of tests: all are run, and those named are there.

Returns as the checks of sources.py do.
"""
import configparser
import re

import groups
import named
from tree import text

TEST_MACRO = re.compile(r"^(TEST\w*|\w+_F)\(([^)]*)\)", re.M)
UNIT_TEST = re.compile(r"^\s*KUNIT_CASE\((\w+)\)", re.M)
LITERAL = re.compile(r"``([^`]+)``")


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


CHECKS = (programs, tests_named)

# SPDX-License-Identifier: GPL-2.0
"""Which tests apply: what selftests/not_applicable.ini says."""
import configparser

import kernels
from cache import Failure, TREE

FILE = TREE / "selftests/not_applicable.ini"


class Entry:
    """One line of the file."""

    def __init__(self, name, reason):
        self.name = name
        self.reason = reason

    def names(self, test):
        program, _, rest = self.name.partition(".")
        if program != test.program:
            return False
        if rest.endswith(".*"):
            return rest[:-2] == test.fixture
        return rest in (test.name, test.key)


def load(path=FILE):
    """{condition: entries}"""
    parser = configparser.ConfigParser(interpolation=None, delimiters=(":",))
    parser.optionxform = str    # names of tests have capital letters
    try:
        parser.read(path)
    except configparser.Error as error:
        raise Failure(f"{path.name}: {error}")
    found = {}
    for condition in parser.sections():
        kind, _, word = condition.partition(" ")
        known = {"backing": kernels.BACKINGS, "kernel": kernels.KERNELS}
        if word not in known.get(kind, ()):
            raise Failure(f"{path.name}: no such condition: [{condition}]")
        found[condition] = [Entry(name, " ".join(reason.split()))
                            for name, reason in parser[condition].items()]
        for entry in found[condition]:
            if not entry.reason:
                raise Failure(f"{path.name}: {entry.name} has no reason")
    return found


def check(entries, tests):
    """An entry for a test that is gone would hide the next of its name."""
    for condition, some in entries.items():
        for entry in some:
            if not any(entry.names(test) for test in tests):
                raise Failure(f"{FILE.name}: [{condition}] names no test: "
                              + entry.name)


def drop(groups, entries, conditions):
    """Take the tests that do not apply out; returns (name, reason)s."""
    mine = [entry for condition in conditions
            for entry in entries.get(condition, ())]
    dropped = []
    for group in groups:
        kept = []
        for test in group.tests:
            reasons = [entry.reason for entry in mine if entry.names(test)]
            if reasons:
                dropped.append((test.id, reasons[0]))
            else:
                kept.append(test)
        group.tests = kept
    return dropped

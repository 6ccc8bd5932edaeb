# SPDX-License-Identifier: GPL-2.0
"""Reads what KUnit prints to the kernel's log (KTAP), line by line.

The log is all there is, so other messages may stand between.  A suite is one
level in, a test of it two; the plan of each level, 1..n, comes first.
"""
import re

STAMP = re.compile(r"^\[\s*(\d+\.\d+)\](?:\[\s*[TC]\d+\])? ?")
PLAN = re.compile(r"1\.\.(\d+)$")
RESULT = re.compile(r"(not )?ok \d+ (?:- )?([\w-]+)(?: # (.*))?$")
SUITE = "# Subtest: "
NOTE = re.compile(r"# \w+: (\d+ \w+)$")
INDENT = 4


class Outcome:
    """How one test ended: "ok", "skip" or "FAIL"."""

    def __init__(self, suite, name, verdict, note, details, seconds):
        self.suite = suite
        self.name = name
        self.verdict = verdict
        self.note = note            # what the test says about itself
        self.details = details
        self.seconds = seconds


class Reader:
    """Calls report() with each outcome; finish() says what is missing."""

    def __init__(self, report):
        self.report = report
        self.suite = ""
        self.suites = None          # how many were announced
        self.planned = None         # tests of this suite, likewise
        self.ran = 0                # tests of it that had a result
        self.ended = 0              # suites that had theirs
        self.failed = False         # a test of this suite failed
        self.details = []
        self.note = ""
        self.now = self.since = 0.0
        self.complaints = []

    def line(self, text):
        stamp = STAMP.match(text)
        if not stamp:
            return
        self.now = float(stamp.group(1))
        text = text[stamp.end():]
        words = text.strip()
        level = (len(text) - len(text.lstrip())) // INDENT
        plan, result = PLAN.match(words), RESULT.match(words)
        if words.startswith(SUITE) and level == 1:
            self.begin(words[len(SUITE):])
        elif plan and level == 0:
            self.suites = int(plan.group(1))
        elif plan and level == 1:
            self.planned = int(plan.group(1))
        elif result and level == 1:
            self.test(*result.groups())
        elif result and level == 0 and result.group(2) == self.suite:
            self.end(result.group(1))
        elif NOTE.match(words):
            self.note = NOTE.match(words).group(1)
        elif words and not words.startswith("KTAP version"):
            self.details.append(text)

    def begin(self, name):
        self.suite, self.planned, self.ran = name, None, 0
        self.failed = False
        self.details, self.note, self.since = [], "", self.now

    def test(self, failed, name, directive):
        verdict = "FAIL" if failed else "ok"
        if directive and directive.upper().startswith("SKIP"):
            verdict = "skip"
        self.ran += 1
        self.failed |= bool(failed)
        self.report(Outcome(self.suite, name, verdict, self.note,
                            self.details, self.now - self.since))
        self.details, self.note, self.since = [], "", self.now

    def end(self, failed):
        self.ended += 1
        if failed and not self.failed:
            self.complaints.append([f"suite {self.suite} failed, but no test "
                                    "of it did", *self.details])
        if self.ran != self.planned:
            self.complaints.append([f"suite {self.suite}: {self.ran} results "
                                    f"of {self.planned} tests"])
        self.suite, self.details = "", []

    def finish(self):
        """Return: what is wrong besides tests that failed."""
        if self.suite:
            self.complaints.append([f"suite {self.suite} did not end; it said:",
                                    *self.details[-20:]])
        elif self.suites is None:
            self.complaints.append(["KUnit ran nothing"])
        elif self.ended != self.suites:
            self.complaints.append([f"{self.ended} of {self.suites} suites "
                                    "have ended"])
        return self.complaints

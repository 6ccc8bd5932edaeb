# SPDX-License-Identifier: GPL-2.0
"""Reads what test programs print (TAP), line by line as it arrives."""
import re
import time

from cache import say

RESULT = re.compile(r"(not )?ok \d+ (?:- )?(\S+)(?:\s*#\s*(.*))?$")
DIRECTIVE = re.compile(r"(SKIP|XFAIL|XPASS|TODO)\b[\s:]*(.*)", re.I)
FIGURE = "# figure: "
SAY = "# say: "                 # shown at once


class Outcome:
    """How one test ended: "ok", "skip" or "FAIL"."""

    def __init__(self, program, key, verdict, reason, details, seconds):
        self.program = program
        self.key = key
        self.verdict = verdict
        self.reason = reason
        self.details = details
        self.seconds = seconds


class Reader:
    """Collects the outcomes, figures and complaints of one guest."""

    def __init__(self, report):
        self.report = report        # called with each Outcome
        self.outcomes = []
        self.figures = []
        self.complaints = []
        self.program = None
        self.details = []
        self.since = time.monotonic()

    def line(self, text):
        if text.startswith("mp-program: "):
            self.program = text.split()[1]
            self.details = []
            self.since = time.monotonic()
        elif text.startswith("mp-program-end: "):
            self.program_ended(text.split()[1])
        elif text.startswith("mp-fail: "):
            self.complaints.append([text[9:], *self.details[-5:]])
        elif text.startswith(SAY):
            say(f"  {text[len(SAY):]}")
        elif text.startswith(FIGURE):
            self.figures.append(text[len(FIGURE):])
        elif RESULT.match(text) and self.program:
            self.result(RESULT.match(text))
        else:
            self.details.append(text)

    def result(self, match):
        failed, key, rest = match.groups()
        directive = DIRECTIVE.match(rest or "")
        kind, reason = directive.groups() if directive else ("", rest or "")
        verdict = "FAIL" if failed or kind.upper() == "XPASS" else "ok"
        if kind.upper() == "SKIP":
            verdict = "skip"
        now = time.monotonic()
        outcome = Outcome(self.program, key, verdict, reason, self.details,
                          now - self.since)
        self.since, self.details = now, []
        self.outcomes.append(outcome)
        self.report(outcome)

    def program_ended(self, status):
        """0 all passed, 1 some failed, 4 all skipped: known from the results.

        Anything else, or a failure without a failed test, is news.
        """
        failed = any(outcome.verdict == "FAIL" for outcome in self.outcomes
                     if outcome.program == self.program)
        if status not in ("0", "4") and not (status == "1" and failed):
            self.complaints.append(
                [f"{self.program} ended with status {status}, after:",
                 *self.details[-20:]])
        self.program, self.details = None, []

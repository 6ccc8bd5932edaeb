# SPDX-License-Identifier: GPL-2.0
"""make test-tools: tests of what fetches kernels and runs tests.

The last line is "N passed, N failed"; a skipped test is a failed one.
"""
import pathlib
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent / "tests"


class Result(unittest.TestResult):
    """A line per test."""

    def startTest(self, test):
        super().startTest(test)
        self.start = time.monotonic()
        self.wrong = []

    def addSkip(self, test, reason):
        self.wrong.append(f"skipped: {reason}")

    def addFailure(self, test, error):
        self.wrong.append(self._exc_info_to_string(error, test))

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error:
            self.wrong.append(f"{subtest}\n"
                              + self._exc_info_to_string(error, test))

    def stopTest(self, test):
        super().stopTest(test)
        seconds = time.monotonic() - self.start
        print(f"  {'FAIL' if self.wrong else 'ok':<5} "
              f"{test.id():<62} {seconds:6.1f} s", flush=True)
        for line in "\n".join(self.wrong).splitlines():
            print(f"        | {line}")
        self.failed += bool(self.wrong)

    failed = 0


def main():
    found = unittest.defaultTestLoader.discover(str(TESTS))
    result = Result()
    start = time.monotonic()
    found.run(result)
    print(f"\nall of it took {time.monotonic() - start:.0f} s")
    print(f"{result.testsRun - result.failed} passed, {result.failed} failed")
    return 1 if result.failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())

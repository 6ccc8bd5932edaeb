# SPDX-License-Identifier: GPL-2.0
"""What CI says of parts that fail: which test, and why, once more."""
import contextlib
import io
import unittest

import program

ci = program.load("ci")

PART = """
echo "  ok    one                  0.1 s"
echo "  FAIL  two                  0.1 s"
echo "        | 3 is not 4"
echo "        | in two.c"
echo "  ok    three                0.1 s"
echo "        | of nobody's"
"""


def part(script):
    one = ci.Part("this", ["sh", "-c", script])
    one.run_tests(lambda line: None)
    return one


def said(one):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        ci.failures([one])
    return text.getvalue().splitlines()


class Failures(unittest.TestCase):
    def test_named(self):
        one = part(PART + "echo 2 passed, 1 failed; exit 1")
        self.assertEqual((one.passed, one.failed), (2, 1))
        self.assertEqual(said(one), [
            "== this: what has failed",
            "  FAIL  two                  0.1 s",
            "        | 3 is not 4",
            "        | in two.c", ""])

    def test_none(self):
        self.assertEqual(said(part("echo 2 passed, 0 failed")), [])

    def test_who_names_none(self):
        one = part("echo cannot begin; exit 2")
        self.assertEqual(one.failed, 1)
        self.assertEqual(said(one)[1], "cannot begin")

    def test_who_says_nothing(self):
        one = part("true")
        self.assertEqual(one.failed, 1)
        self.assertEqual(said(one)[1], "this does not say what has passed")


if __name__ == "__main__":
    unittest.main()

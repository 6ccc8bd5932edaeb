# SPDX-License-Identifier: GPL-2.0
"""What make check reads out of programs and documents."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import check

PROGRAM = """
#define DATA_F(name)	TEST_F(data, name)
TEST(alone)
TEST_F(pool, with_a_fixture_R9)
TEST_F_TIMEOUT(pool, for_long, 600)
	not_a_test(inside)
DATA_F(by_a_macro_of_its_own)
TEST_HARNESS_MAIN
"""


class Tests(unittest.TestCase):
    def test_found_in_every_form(self):
        self.assertEqual(list(check.tests_in(PROGRAM)),
                         ["alone", "with_a_fixture_R9", "for_long",
                          "by_a_macro_of_its_own"])


class Quotes(unittest.TestCase):
    def quote(self, code):
        return f"See:\n\n.. code-block:: c\n\n\t{code}\n\nAnd so on.\n"

    def test_what_is_there_but_for_its_spaces(self):
        quote = self.quote("return movable_page_publish(&page);")
        self.assertEqual(check.misquoted(quote, "samples/first"), [])

    def test_what_is_not_there(self):
        quote = self.quote("return movable_page_vanish(&page);")
        self.assertEqual(check.misquoted(quote, "samples/first"),
                         ["return movable_page_vanish(&page);"])

    def test_a_document_that_quotes_nothing(self):
        self.assertEqual(check.misquoted("Nothing.\n", "samples/first"),
                         ["nothing is quoted"])


if __name__ == "__main__":
    unittest.main()

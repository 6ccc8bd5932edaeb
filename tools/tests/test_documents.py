# SPDX-License-Identifier: GPL-2.0
"""Errors and states that documents have, and those that the code has."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import documents

SOURCE = """
/**
 * movable_page_vanish() - make a page vanish
 * @mp: page that is -EALREADY there
 *
 * Return: 0; -ENOENT if there is none; -EBUSY.
 */
/**
 * movable_page_ask() - ask
 *
 * Return: an answer.
 */
"""
DOCUMENT = """
Errors
======

movable_page_vanish()
---------------------

-ENOENT and -EBUSY.

movable_page_ask()
------------------

None.

More
====

-EPERM is not of that function.
"""


class Errors(unittest.TestCase):
    def differing(self, document):
        return documents.differing_errors(
            documents.errors_of_comments([SOURCE]),
            documents.errors_of_document(document))

    def test_same(self):
        self.assertEqual(self.differing(DOCUMENT), [])

    def test_one_is_missing(self):
        self.assertEqual(self.differing(DOCUMENT.replace(" and -EBUSY", "")),
                         ["movable_page_vanish(): -EBUSY is missing"])

    def test_one_too_many(self):
        self.assertEqual(
            self.differing(DOCUMENT.replace("None", "-EIO")),
            ["movable_page_ask(): -EIO is not in its comment"])

    def test_no_such_function(self):
        wrong = DOCUMENT.replace("page_vanish", "page_vanisj")
        self.assertEqual(self.differing(wrong),
                         ["movable_page_vanish() is not in it",
                          "there is no movable_page_vanisj()"])


class States(unittest.TestCase):
    TABLE = ("MP_TRANSITION(begin, LIVE, 0, NO, MOVING, 0, KEPT, KEPT)\n"
             "MP_TRANSITION(die, MOVING, 1, NO, EMPTY, 0, DROPPED, KEPT)\n")

    def test_of_the_table(self):
        self.assertEqual(documents.edges_of_table(self.TABLE),
                         {("LIVE", "MOVING", "begin"),
                          ("MOVING_DYING", "EMPTY", "die")})

    def test_of_the_picture(self):
        self.assertEqual(
            documents.edges_of_picture('\tA -> B [label = "one, two"];\n'),
            {("A", "B", "one"), ("A", "B", "two")})


if __name__ == "__main__":
    unittest.main()

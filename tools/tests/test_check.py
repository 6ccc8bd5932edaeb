# SPDX-License-Identifier: GPL-2.0
"""What make check reads out of programs and documents."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import quoted
import refused
import sources
import tested

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
        self.assertEqual(list(tested.tests_in(PROGRAM)),
                         ["alone", "with_a_fixture_R9", "for_long",
                          "by_a_macro_of_its_own"])


class Quotes(unittest.TestCase):
    def quote(self, code):
        return f"See:\n\n.. code-block:: c\n\n\t{code}\n\nAnd so on.\n"

    def test_what_is_there_but_for_its_spaces(self):
        quote = self.quote("return movable_page_publish(&page);")
        self.assertEqual(quoted.misquoted(quote, "samples/first"), [])

    def test_what_is_not_there(self):
        quote = self.quote("return movable_page_vanish(&page);")
        self.assertEqual(quoted.misquoted(quote, "samples/first"),
                         ["return movable_page_vanish(&page);"])

    def test_a_document_that_quotes_nothing(self):
        self.assertEqual(quoted.misquoted("Nothing.\n", "samples/first"),
                         ["nothing is quoted"])


TABLE = """
.. list-table::
   :header-rows: 1

   * - mistake
     - how it is found
     - what is said
     - tests
   * - Freeing
       twice
     - an error
     - ``freed twice``
     - ``bad.free_twice``,
       ``order.c``
   * - None
     - no
     - nothing
     - none
"""


class Mistakes(unittest.TestCase):
    HAVE = {"bad.free_twice", "order.c"}
    CORE = 'mp_misuse("a page freed twice\\n");'

    def test_rows_without_the_first(self):
        rows = tested.table_rows(TABLE)
        self.assertEqual([row[0] for row in rows], ["Freeing twice", "None"])
        self.assertEqual(rows[0][3], "``bad.free_twice``, ``order.c``")

    def test_rows_of_two_tables(self):
        rows = tested.table_rows(TABLE + "\nAnd\n" + TABLE)
        self.assertEqual([len(row) for row in rows], [4, 4, 4, 4])

    def test_a_row_without_a_test(self):
        self.assertEqual(tested.unproven(TABLE, self.HAVE, self.CORE),
                         ["None: no such test: none"])

    def test_a_test_and_a_sentence_that_are_not_there(self):
        self.assertEqual(tested.unproven(TABLE, {"order.c", "none"}, ""),
                         ["Freeing twice: no such test: bad.free_twice",
                          "Freeing twice: is not said: freed twice"])

    def test_a_row_that_is_short(self):
        short = TABLE + "   * - What\n     - is left out\n"
        self.assertIn("What: 2 columns",
                      tested.unproven(short, self.HAVE, self.CORE))

    def test_a_document_without_a_table(self):
        self.assertEqual(tested.unproven("Nothing.\n", set(), ""),
                         ["no table"])


SECTIONS = """
Before
======

====  ====
this  not
====  ====

Places
======

==============  =================
name            what
==============  =================
one, two        what is in the
three,          first column: no
four-*backing*  others
==============  =================

After
=====

====  ====
that  not
====  ====
"""


class Listed(unittest.TestCase):
    ALL = ["one", "two", "three", "four-loose", "four-cache"]

    def wrong(self, have, title="Places"):
        return tested.unlisted(SECTIONS, title, have)

    def test_all_of_them(self):
        self.assertEqual(self.wrong(self.ALL), [])

    def test_one_that_is_not_listed(self):
        self.assertEqual(self.wrong([*self.ALL, "five"]),
                         ["Places: lacks five"])

    def test_one_that_is_no_more(self):
        self.assertEqual(self.wrong(["two", "three", "four-cache"]),
                         ["Places: there is no one"])
        self.assertEqual(self.wrong(["one", "two", "three"]),
                         ["Places: there is no four-*backing*"])

    def test_a_section_that_is_not_there(self):
        self.assertEqual(self.wrong(["one"], "Nowhere"),
                         ["Nowhere: lacks one"])

    def test_names_in_the_source(self):
        source = '\t[MP_WAIT_A] = { "stop-a" },\n\t[MP_B] = { "b" },\n'
        self.assertEqual(tested.PLACE.findall(source), ["stop-a", "b"])


class Refused(unittest.TestCase):
    REASONS = {"order": ["too many arguments"]}
    LOG = ("  CC [M]  order.o\n/a/b/order.c:11:9: error: too many arguments "
           "to function \u2018f\u2019\norder.c:5:1: note: declared here\n")

    def test_what_the_compiler_says(self):
        self.assertEqual(refused.said(self.LOG),
                         {"order": ["too many arguments to function 'f'"]})

    def test_for_the_reason_it_names(self):
        self.assertEqual(refused.judge(self.REASONS, {},
                                       refused.said(self.LOG)), [])

    def test_for_another_reason(self):
        self.assertEqual(refused.judge(self.REASONS, {},
                                       {"order": ["no such file"]}),
                         ["order.c: refused for another reason: no such file"])

    def test_not_at_all(self):
        self.assertEqual(refused.judge(self.REASONS, {}, {}),
                         ["order.c: compiles with its mistake"])

    def test_though_it_is_right(self):
        self.assertEqual(refused.judge(self.REASONS,
                                       {"order": ["no such file"]},
                                       refused.said(self.LOG)),
                         ["order.c: not right without its mistake: "
                          "no such file"])

    def test_without_a_reason(self):
        self.assertEqual(refused.judge({"order": []}, {}, {}),
                         ["order.c: says in 0 lines why it is refused"])


class Copies(unittest.TestCase):
    SEAM = "drivers/movable-pool/compat/compat.h"
    OTHER = "drivers/movable-pool/migrate.c"
    BOTH = "\treturn folio_mc_copy(a, b);\n\tcopy_highpage(a, b);\n"

    def wrong(self, code, seam=BOTH):
        return sources.miscopied({self.SEAM: seam, self.OTHER: code})

    def test_by_the_helpers_in_their_place(self):
        self.assertEqual(self.wrong("\tmp_compat_copy(dst, src);\n"), [])

    def test_by_other_means(self):
        for code in ("memcpy(to, from, PAGE_SIZE);", "copy_page(to, from);",
                     "memmove(to, from, n);", "folio_copy(dst, src);",
                     "copy_user_highpage(dst, src, at, vma);",
                     "memcpy_page(dst, 0, src, 0, PAGE_SIZE);",
                     "copy_mc_highpage(dst, src);"):
            with self.subTest(code):
                self.assertEqual(self.wrong(f"\n\t{code}\n"),
                                 [f"{self.OTHER}:2: {code}"])

    def test_of_what_is_no_page(self):
        self.assertEqual(self.wrong("memcpy(a, b, n * sizeof(*a));\n"), [])

    def test_by_a_helper_elsewhere(self):
        self.assertEqual(self.wrong("copy_highpage(dst, src);\n"),
                         [f"{self.OTHER}:1: copy_highpage(dst, src);"])

    def test_a_helper_is_lost(self):
        self.assertEqual(self.wrong("", "copy_highpage(dst, src);\n"),
                         ["nothing copies by folio_mc_copy()"])

    def test_what_comments_say(self):
        self.assertEqual(self.wrong("/* by\n * memcpy() or\n */\n"), [])


if __name__ == "__main__":
    unittest.main()

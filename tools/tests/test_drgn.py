# SPDX-License-Identifier: GPL-2.0
"""What tools/drgn knows of handles and links, and finds in /proc/kallsyms."""
import pathlib
import re
import sys
import types
import unittest

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / "tools/drgn"))
import drgn
from movable_pool import check, kernel, memmap, page, pool, word

CORE = TREE / "drivers/movable-pool"
INLINE = TREE / "include/linux/movable_pool_inline.h"
PUBLIC = TREE / "include/linux/movable_pool.h"
DEFINED = r"#define {}\s+(?:BIT(?:_ULL)?\()?(0x[0-9a-f]+|\d+)(?:ULL)?\)?"


def defined(path, name):
    """The number, that of a bit shifted."""
    found = re.search(DEFINED.format(name), path.read_text())
    value = int(found.group(1), 0)
    return 1 << value if "BIT" in found.group() else value


class Layout(unittest.TestCase):
    """These are macros, which debug information does not know."""

    def test_word(self):
        for path, theirs, ours in (
                (INLINE, "MP_WORD_STATE", word.STATE),
                (INLINE, "MP_WORD_DYING", word.DYING),
                (INLINE, "MP_WORD_PIN_SHIFT", word.PIN_SHIFT),
                (INLINE, "MP_WORD_POISONED", word.POISONED),
                (INLINE, "MP_WORD_PFN_SHIFT", word.PFN_SHIFT),
                (CORE / "word.h", "MP_WORD_ASYNC", word.ASYNC),
                (CORE / "word.h", "MP_WORD_PLACED", word.PLACED),
                (CORE / "link.h", "MP_LINK_ISOLATED", page.ISOLATED),
                (CORE / "link.h", "MP_LINK_BALLOON", page.BALLOON),
                (CORE / "internal.h", "MP_POOL_SHUT", pool.SHUT)):
            self.assertEqual(defined(path, theirs), ours, theirs)

    def test_pins(self):
        found = re.search(r"MOVABLE_PAGE_MAX_PINS\s+\(\(1u << (\d+)\) - 1\)",
                          PUBLIC.read_text())
        self.assertEqual((1 << int(found.group(1))) - 1, word.MAX_PINS)

    def test_states(self):
        found = re.search(r"enum movable_page_state {(.*?)}",
                          PUBLIC.read_text(), re.S)
        names = re.findall(r"MOVABLE_PAGE_(\w+)", found.group(1))
        self.assertEqual(tuple(map(str.lower, names)), word.STATES)

    def test_balloon(self):
        self.assertEqual(defined(PUBLIC, "MOVABLE_POOL_BALLOON"), pool.BALLOON)

    def test_refusals(self):
        events = re.findall(r"^\tMP_((?:REFUSED|FAILED)_\w+),",
                            (CORE / "internal.h").read_text(), re.M)
        self.assertEqual(tuple(map(str.lower, events)), pool.REFUSALS)


class Words(unittest.TestCase):
    def test_all_of_it(self):
        seen = word.Word(0x1234 << 24 | word.PLACED | 7 << 4 | word.ASYNC |
                         word.LIVE)
        self.assertEqual((seen.pfn, seen.pins, seen.state), (0x1234, 7, 2))
        self.assertTrue(seen.placed and seen.has_freed)
        self.assertFalse(seen.dying or seen.poisoned)
        self.assertIsNone(seen.broken())
        self.assertIn("frame 4660, 7 pins, placed", repr(seen))

    def test_broken(self):
        self.assertIn("empty", word.Word(0).broken())
        self.assertIn("2 pins", word.Word(word.MOVING | 2 << 4).broken())
        self.assertIn("poisoned",
                      word.Word(word.MOVING | word.POISONED).broken())


class Names(unittest.TestCase):
    TEXT = ("ffffffff81000000 T max_pfn_mapped\n"
            "ffffffff82000008 D max_pfn\n"
            "ffffffffc0000010 d mp_pools\t[movable_pool]\n"
            "ffffffffc0000020 d mp_pools\t[another]\n")

    def test_named(self):
        self.assertEqual(list(kernel.named(self.TEXT, "max_pfn")),
                         [("ffffffff82000008", "max_pfn", None)])
        self.assertEqual([module for _, _, module
                          in kernel.named(self.TEXT, "mp_pools")],
                         ["movable_pool", "another"])
        self.assertEqual(list(kernel.named(self.TEXT, "absent")), [])


class Columns(unittest.TestCase):
    """struct pages of 32 bytes, of which there are two."""

    def setUp(self):
        self.memmap = types.SimpleNamespace(
            size=32, flags=0, mapping=8, private=16, refs=28,
            bits={"locked": 1, "hwpoison": None})
        data = b"".join(number.to_bytes(8, "little") for number in
                        (2, 10, 20, 30 << 32, 0, 11, 21, 31 << 32))
        self.pages = memmap.Pages(self.memmap, data)

    def test_columns(self):
        self.assertEqual(self.pages.column(8), [10, 11])
        self.assertEqual(self.pages.word(1, 16), 21)
        self.assertEqual(self.pages.half(1, 28), 31)

    def test_flags(self):
        self.assertTrue(self.pages.flag(0, "locked"))
        self.assertFalse(self.pages.flag(1, "locked"))
        self.assertFalse(self.pages.flag(0, "hwpoison"))


class Fake:
    """A pool and its page, as check.py sees them; all is well with it."""

    def __init__(self, **changes):
        self.pool = types.SimpleNamespace(
            address=1, kernels=False, balloon=False, loose=True, backing="mops",
            movable=6, has_freed=False, movers=lambda: 0, longterm=lambda: [])
        self.page = types.SimpleNamespace(
            pfn=5, refs=1, hwpoison=False, link=64, handle=64, isolated=False,
            balloon=False, mapping=6, checked=False,
            word=word.Word(5 << word.PFN_SHIFT | word.LIVE))
        for name, value in changes.items():
            setattr(self.page, name, value)

    def look(self, now=None):
        look = check.Look.__new__(check.Look)
        look.memmap = None
        look.sharers = {self.page.handle: [self.page]}
        check.again = lambda _memmap, _page: now or self.page
        return look

    def wrong(self, now=None):
        return self.look(now).lasting(self.pool, self.page)


class Checks(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, check, "again", check.again)

    def test_all_is_well(self):
        self.assertEqual(Fake().wrong(), [])

    def test_wrong(self):
        for changes, said in (
                ({"refs": 0}, "nobody has a reference"),
                ({"link": 65}, "link lock is held"),
                ({"mapping": 7}, "does not know it as movable"),
                ({"link": 66}, "it says that not"),
                ({"isolated": True}, "link does not say so"),
                ({"handle": 0}, "no handle"),
                ({"word": None}, "where no handle is"),
                ({"word": word.Word(0)}, "handle is empty"),
                ({"word": word.Word(6 << 24 | word.LIVE)}, "names frame 6"),
                ({"word": word.Word(5 << 24 | word.LIVE | word.ASYNC)},
                 "pool of another kind"),
                ({"balloon": True}, "balloon's page")):
            found = Fake(**changes).wrong()
            self.assertIn(said, "\n".join(found))

    def test_moving(self):
        """The link is the new page's before the handle names it."""
        moving = word.Word(9 << 24 | word.MOVING)
        self.assertEqual(Fake(word=moving).wrong(), [])

    def test_for_a_moment(self):
        self.assertEqual(Fake(word=word.Word(0)).wrong(Fake().page), [])

    def test_sums(self):
        books = {name: 0 for name in (
            "pages", "allocated", "freed", "unpublished", "attempted",
            "migrated", "directed", "isolated", "putback", "released",
            *pool.REFUSALS)}
        books.update(pages=1, allocated=4, freed=3)
        fake = Fake()

        def said(**changes):
            return "\n".join(check.of_books(fake.pool, [fake.page],
                                            dict(books, **changes)))
        self.assertEqual(said(), "")
        self.assertIn("counts 2 pages and has 1", said(pages=2))
        self.assertIn("5 pages were allocated", said(allocated=5))
        self.assertIn("counts 1 unpublished", said(unpublished=1))
        self.assertIn("1 moves have not ended", said(attempted=1))
        self.assertIn("-1 moves", said(refused_pinned=1))
        self.assertIn("1 isolations", said(isolated=1))


class Lists(unittest.TestCase):
    def test_that_does_not_end(self):
        node = types.SimpleNamespace(value_=lambda: 8)
        node.next = types.SimpleNamespace(read_=lambda: node)
        head = types.SimpleNamespace(next=node, address_=16)
        with self.assertRaises(drgn.FaultError):
            list(pool.listed(None, head))


if __name__ == "__main__":
    unittest.main()

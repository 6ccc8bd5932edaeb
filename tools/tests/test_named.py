# SPDX-License-Identifier: GPL-2.0
"""Documents of the series name the tests that are in it, and no others."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import named
from cache import Failure

BEFORE = """\
Title
=====

It stays where it is: ``move.pinned``, ``gone.pinned``,
``gone.pinned_twice``.  It never waits (``gone.waits``), says ``file.c``
of it, and no write is lost:  ``gone.writes``.

``gone.one``, ``gone.two`` and
``gone.three``.

::

    as it is:   ``move.table``


- An item, ``move.item``.
- Another, which is
  longer: ``gone.item``.

term
    What it is.  ``gone.term``.
"""
AFTER = """\
Title
=====

It stays where it is: ``move.pinned``.  It never waits, says ``file.c`` of it,
and no write is lost.

::

    as it is:   ``move.table``


- An item, ``move.item``.
- Another, which is longer.

term
    What it is.
"""


class Named(unittest.TestCase):
    def test_what_is_named(self):
        self.assertEqual(named.tests("``a.b`` ``a.rst`` ``vm.x`` ``program.t``"),
                         [("a", "b")])

    def test_those_that_are_not_there_go(self):
        self.assertEqual(named.without(BEFORE, {"move"}), AFTER)

    def test_all_there(self):
        self.assertEqual(named.without(BEFORE, {"move", "gone"}), BEFORE)

    def test_a_sentence_that_needs_them(self):
        with self.assertRaisesRegex(Failure, "says more: ... shows that"):
            named.without("``gone.test`` shows that it moves.\n", {"move"})


if __name__ == "__main__":
    unittest.main()

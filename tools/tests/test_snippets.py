# SPDX-License-Identifier: GPL-2.0
"""Drivers that Documentation/ shows compile, before and after a port."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import kernels
import snippets

DOCUMENT = """Text.

.. compiled: some

.. code-block:: c

	int one;

	int two;

.. code-block:: c

	int not_marked;

.. compiled: other_before

.. code-block:: c

    int three;
"""
WRONG = """#include <linux/module.h>
#include <linux/movable_pool.h>
int f(struct movable_page *mp);
int f(struct movable_page *mp)
{
	movable_page_pin(mp);
	return movable_page_vanish(mp);
}
MODULE_LICENSE("GPL");
"""


class Blocks(unittest.TestCase):
    def test_found(self):
        self.assertEqual(list(snippets.blocks(DOCUMENT)),
                         [("some", "int one;\n\nint two;\n"),
                          ("other_before", "int three;\n")])

    def test_old_form_is_for_its_kernel(self):
        self.assertEqual([version for version in ("5.10", "6.1", "7.2")
                          if snippets.is_for("other_before", version)],
                         ["6.1"])


class Compiled(unittest.TestCase):
    def test_all_there_are(self):
        names = set(snippets.documented())
        self.assertEqual(names, {f"{case}_{when}"
                                 for case in ("balloon", "store", "gpu")
                                 for when in ("before", "after")})

    def test_on_each_form(self):
        # 6.12 moves pages as 6.1 does.
        for version in ("5.10", "6.1", "7.2"):
            with self.subTest(version):
                codes = {name: code
                         for name, code in snippets.documented().items()
                         if snippets.is_for(name, version)}
                self.assertEqual(
                    snippets.complaints(kernels.get(version), codes), [])

    def test_wrong(self):
        found = "\n".join(snippets.complaints(kernels.get(), {"w": WRONG}))
        self.assertIn("movable_page_vanish", found)
        self.assertIn("unused-result", found)
        self.assertIn("w.c:", found)


if __name__ == "__main__":
    unittest.main()

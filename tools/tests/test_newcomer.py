# SPDX-License-Identifier: GPL-2.0
"""What a newcomer types: README says it, and what must be shown is asked for."""
import sys
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import newcomer
from cache import TREE

TRIED = """
  pool     pages  unpublished  moves  pinned
  ------------------------------------------
  first-0      1            0      4       0
"""


class Typed(unittest.TestCase):
    def test_readme_has_all(self):
        self.assertEqual(newcomer.untold((TREE / "README.md").read_text()), [])

    def test_what_readme_lacks(self):
        text = "\n    make demo       # a minute\n"
        lacks = newcomer.untold(text)
        self.assertNotIn("make demo", lacks)
        self.assertIn("make try DRIVER=mine", lacks)
        self.assertNotIn(newcomer.CLONED, lacks)

    def test_pages_must_have_moved(self):
        shown = newcomer.SHOWN["make try DRIVER=mine"]
        self.assertTrue(shown.search(TRIED))
        self.assertFalse(shown.search(TRIED.replace("      4 ", "      0 ")))

    def test_rows(self):
        self.assertEqual(list(newcomer.rows([("a", 30), ("b", 90)]))[1:],
                         [["a", "30", "0.5"], ["b", "90", "2.0"]])


if __name__ == "__main__":
    unittest.main()

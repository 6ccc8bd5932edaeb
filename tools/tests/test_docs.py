# SPDX-License-Identifier: GPL-2.0
"""What make docs complains about, and where it names the place."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import cache
import docs

INDEX = """
====
Some
====

.. toctree::

   other
"""
OTHER = """
=====
Other
=====

{}
"""


class Documents(unittest.TestCase):
    def complaints(self, body, **more):
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
            source = pathlib.Path(name) / "some"
            source.mkdir()
            texts = dict(index=INDEX, other=OTHER.format(body), **more)
            for stem, text in texts.items():
                (source / f"{stem}.rst").write_text(text)
            found, output = docs.build(source=source, name="docs-tested")
            self.assertTrue((output / "index.html").exists())
        return found

    def assert_complains(self, words, body, **more):
        self.assertIn(words, "\n".join(self.complaints(body, **more)))

    def test_good(self):
        self.assertEqual(self.complaints("Words, and index.rst."), [])

    def test_not_well_formed(self):
        self.assert_complains("Documentation/other.rst:",
                              "A **word without end.\n")

    def test_in_no_index(self):
        self.assert_complains("isn't included in any toctree", "Words.",
                              alone=OTHER.format(""))

    def test_picture_that_is_not_there(self):
        self.assert_complains("no-such.svg", ".. image:: no-such.svg")

    def test_comments_of_no_file(self):
        self.assert_complains("WARNING", ".. kernel-doc:: no-such.h")

    def test_comments_of_ours(self):
        self.assertEqual(
            self.complaints(".. kernel-doc:: include/linux/movable_dma.h"), [])

    def test_no_kernel(self):
        with tempfile.TemporaryDirectory() as name, \
                self.assertRaisesRegex(cache.Failure, "not the source of a"):
            docs.tree(name)


if __name__ == "__main__":
    unittest.main()

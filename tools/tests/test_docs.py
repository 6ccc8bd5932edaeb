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


GOOD = """
Words, and index.rst.

.. kernel-doc:: include/linux/movable_dma.h
"""
BAD = """
A **word without end.

.. image:: no-such.svg

.. kernel-doc:: no-such.h
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

    def test_good(self):
        self.assertEqual(self.complaints(GOOD), [])

    def test_mistakes(self):
        found = "\n".join(self.complaints(BAD, alone=OTHER.format("")))
        for words in ("Documentation/other.rst:", "strong start-string",
                      "alone.rst: WARNING: document isn't included in any",
                      "image file not readable: ", "no-such.svg",
                      "no-such.h"):
            self.assertIn(words, found)

    def test_no_kernel(self):
        with tempfile.TemporaryDirectory() as name, \
                self.assertRaisesRegex(cache.Failure, "not the source of a"):
            docs.tree(name)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-2.0
"""Kernels the modules cannot be built for: one sentence says why.

The kernel is a real one, with an option taken away on make's command line, or
with a header emptied by its own guard, as if the kernel were older.
"""
import pathlib
import sys
import tempfile
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import build
import kernels


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = kernels.get("6.1")
        cls.keeper = tempfile.TemporaryDirectory(prefix="movable-pool-")
        cls.area = pathlib.Path(cls.keeper.name)
        build.mirror(cls.area, build.PARTS + ("Kbuild",))

    @classmethod
    def tearDownClass(cls):
        cls.keeper.cleanup()

    def sentences(self, *words):
        """What make stops with, though it does two things at a time."""
        done = build.make(["make", "-C", str(self.kernel.kdir), "-j2",
                           f"M={self.area}", "CC=gcc", "modules", *words])
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.compiled = "CC [M]" in done.stdout
        return [line.split("*** ")[1] for line in done.stdout.splitlines()
                if "*** movable_pool: " in line or "*** mp_test: " in line]

    def refused(self, sentence, *words):
        said = self.sentences(*words)
        self.assertEqual(len(said), 1, said)
        self.assertIn(sentence, said[0])
        # KERNELVERSION of 6.1.192 as Debian names it.
        self.assertIn("this kernel (6.1.", said[0])

    def refused_at_once(self, sentence, *words):
        self.refused(sentence, *words)
        self.assertFalse(self.compiled)

    def test_without_mmu(self):
        self.refused_at_once("is built without CONFIG_MMU", "CONFIG_MMU=")

    def test_of_32_bits(self):
        self.refused_at_once("is built without CONFIG_64BIT", "CONFIG_64BIT=")

    def test_older(self):
        self.refused_at_once("is older than 5.10",
                             "KCFLAGS=-D__LINUX_PSEUDO_FS__")

    def test_between(self):
        self.refused_at_once("is outside of what is supported",
                             "KCFLAGS=-D_LINUX_MIGRATE_H")

    def test_driver_without_its_lever(self):
        self.refused("is built without CONFIG_CONTIG_ALLOC",
                     "CONFIG_CONTIG_ALLOC=")


if __name__ == "__main__":
    unittest.main()

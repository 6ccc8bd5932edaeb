# SPDX-License-Identifier: GPL-2.0
"""make builds the framework; a module elsewhere is built with what that left,
as Documentation/first-driver.rst says.

The kernel is the bench's, so where the document names the running one the words
are replaced.  The tree is kept: of what has not changed nothing is built again.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import build
import cache
import kernels
from cache import TREE

DOCUMENT = TREE / "Documentation/first-driver.rst"
KBUILD = re.compile(r"\.\. code-block:: make\n\n((?:\t.*\n)+)")
COMMAND = ("make -C /lib/modules/$(uname -r)/build M=$PWD "
           "MOVABLE_POOL=$HOME/movable_pool")


def shell(command, directory, home):
    done = subprocess.run(["bash", "-c", command], cwd=directory, text=True,
                          env=dict(cache.plain_environment(), HOME=home,
                                   PWD=str(directory)),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


class Elsewhere(unittest.TestCase):
    def setUp(self):
        self.kernel = kernels.get("6.1")
        self.home = build.area_of(self.kernel, "elsewhere")
        self.tree = self.home / "movable_pool"
        self.mine = self.home / "mine"

    def make_tree(self):
        """Of the modules, those that others need, to save time."""
        build.mirror(self.tree, ("drivers", "include"))
        for name in ("Kbuild", "Makefile"):
            text = (TREE / name).read_text()
            (self.tree / name).write_text(
                re.sub(r"^obj-m \+= (samples|selftests|bench).*\n", "", text,
                       flags=re.M))
        return shell(f"make KDIR={self.kernel.kdir} "
                     f"MP_PROBED={build.probed(self.kernel)}", self.tree,
                     str(self.home))

    def make_mine(self):
        text = DOCUMENT.read_text()
        self.assertIn(f"\n    {COMMAND}\n", text)
        shutil.rmtree(self.mine, ignore_errors=True)
        self.mine.mkdir()
        (self.mine / "Kbuild").write_text(KBUILD.search(text).group(1))
        (self.mine / "mine.c").write_text(
            (TREE / "samples/first/movable_first.c").read_text())
        return shell(COMMAND.replace("/lib/modules/$(uname -r)/build",
                                     str(self.kernel.kdir)),
                     self.mine, str(self.home))

    def test_a_module_of_ones_own(self):
        with cache.lock("build"):
            self.build_both()

    def build_both(self):
        status, said = self.make_tree()
        self.assertEqual(status, 0, said)
        self.assertTrue(
            (self.tree / "drivers/movable-pool/movable_pool.ko").exists())
        status, said = self.make_mine()
        self.assertEqual(status, 0, said)
        self.assertNotIn("undefined", said)
        self.assertTrue((self.mine / "mine.ko").exists())

    def test_without_a_kernel(self):
        status, said = shell(f"make KDIR={self.home}/none", TREE,
                             str(self.home))
        self.assertNotEqual(status, 0)
        self.assertIn("error: no kernel headers in", said)


if __name__ == "__main__":
    unittest.main()

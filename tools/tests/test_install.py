# SPDX-License-Identifier: GPL-2.0
"""make install, and a driver built against what it has installed.

In the directory where all checkouts build, so that nothing is compiled twice.
That a driver's pages move is make test-package's.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import build
import cache
import kernels
from cache import TREE

DRIVER = TREE / "samples/first/movable_first.c"
INSTALL = TREE / "Documentation/install.rst"
KBUILD = re.compile(r"code-block:: make\n\n((?:    .*\n)+)")
README_KBUILD = re.compile(r"```make\n(.*?)```", re.S)
DEBIAN_KBUILD = re.compile(r"^(?:  .* [:+]?= .*\n){4}", re.M)
IMPORT = "MOVABLE_POOL_IMPORT();\n"


def recipe():
    """The Kbuild of a driver, as Documentation/ has it."""
    return unindented(KBUILD.search(INSTALL.read_text()).group(1))


def unindented(text):
    return re.sub("^ +", "", text, flags=re.M)


class Recipe(unittest.TestCase):
    """It is written down three times."""

    def test_readme(self):
        text = (TREE / "README.md").read_text()
        self.assertEqual(README_KBUILD.search(text).group(1), recipe())

    def test_debian(self):
        text = (TREE / "debian/movable-pool-dkms.README.Debian").read_text()
        self.assertEqual(unindented(DEBIAN_KBUILD.search(text).group()),
                         recipe())


class Place(unittest.TestCase):
    """Of whose words the Makefile says what is wrong."""

    def refused(self, sentence, *words):
        done = build.make(["make", "-C", str(TREE), *words])
        self.assertNotEqual(done.returncode, 0)
        said = [line for line in done.stdout.splitlines()
                if line.startswith("error: ")]
        self.assertEqual(len(said), 1, done.stdout)
        self.assertIn(sentence, said[0])

    def test_no_headers(self):
        self.refused("no kernel headers in /nowhere", "install",
                     "KDIR=/nowhere")

    def test_not_prepared(self):
        with tempfile.TemporaryDirectory() as name:
            self.refused("does not say which kernel", "modules_install",
                         f"KDIR={name}")

    def test_two_places(self):
        self.refused("are two places", "install", "DESTDIR=/tmp/one",
                     "INSTALL_MOD_PATH=/tmp/two",
                     f"KDIR={kernels.get('6.1').kdir}")

    def test_not_writable(self):
        """/dev/null is no directory for root, either."""
        self.refused("cannot write to /dev/null/lib/modules/", "install",
                     "DESTDIR=/dev/null", f"KDIR={kernels.get('6.1').kdir}")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = kernels.get("6.1")
        cls.keeper = tempfile.TemporaryDirectory(prefix="movable-pool-")
        cls.dir = pathlib.Path(cls.keeper.name)
        cls.words = cls.install()
        cls.place = (cls.dir / "root/lib/modules" / cls.kernel.release
                     / "movable-pool")

    @classmethod
    def tearDownClass(cls):
        cls.keeper.cleanup()

    @classmethod
    def install(cls):
        """Returns what kbuild was told beside."""
        build.modules(cls.kernel, "normal")
        area = build.area_of(cls.kernel, "normal")
        words = [word for word in build.kbuild(cls.kernel, area, "normal")
                 if "=" in word and not word.startswith("M=")]
        with cache.lock("build"):
            # Again: another checkout may have built meanwhile.
            build.mirror(area, build.PARTS + ("Kbuild",))
            for name in ("Makefile", "dkms.conf", "tools/for-drivers"):
                (area / name).parent.mkdir(exist_ok=True)
                shutil.copy(TREE / name, area / name)
            done = build.make(["make", "-C", str(area), "install",
                               f"KDIR={cls.kernel.kdir}",
                               f"DESTDIR={cls.dir}/root", *words])
        assert not done.returncode, done.stdout
        return words

    def files(self):
        return sorted(str(path.relative_to(self.dir / "root/lib/modules"
                                           / self.kernel.release))
                      for path in (self.dir / "root").rglob("*")
                      if path.is_file())

    def driver(self, name, source):
        """Build one by the recipe of the documentation."""
        here = self.dir / name
        here.mkdir()
        (here / f"{name}.c").write_text(source)
        where = f"{self.dir}/root/lib/modules"
        (here / "Kbuild").write_text(recipe().replace(
            "my_driver", name).replace("/lib/modules", where))
        return build.make(["make", "-C", str(self.kernel.kdir), f"M={here}",
                           "CC=gcc", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                           "modules"])

    def test_files(self):
        """The module, and what drivers are built with; no sample, no test."""
        module, *rest = self.files()
        self.assertRegex(module, r"^(extra|updates)/.*/movable_pool\.ko$")
        self.assertEqual(rest, sorted(
            ["movable-pool/Module.symvers", "movable-pool/version"]
            + [f"movable-pool/include/linux/{path.name}" for path in
               (TREE / "include/linux").glob("movable_*.h")]))

    def test_symbols(self):
        """Ours alone, all in the namespace."""
        lines = [line.split("\t") for line in (
            self.place / "Module.symvers").read_text().splitlines()]
        self.assertIn("movable_page_alloc", [line[1] for line in lines])
        self.assertEqual({tuple(line[3:]) for line in lines},
                         {("EXPORT_SYMBOL_GPL", "MOVABLE_POOL")})

    def test_driver(self):
        done = self.driver("mine", DRIVER.read_text())
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("WARNING", done.stdout)
        needs = subprocess.run(
            ["/sbin/modinfo", "-F", "depends", self.dir / "mine/mine.ko"],
            check=True, text=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(needs.strip(), "movable_pool")

    def test_driver_that_forgot(self):
        source = DRIVER.read_text()
        self.assertEqual(source.count(IMPORT), 1)
        done = self.driver("forgot", source.replace(IMPORT, ""))
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("module forgot uses symbol movable_page_alloc from "
                      "namespace MOVABLE_POOL, but does not import it",
                      done.stdout)


class ForDrivers(unittest.TestCase):
    """Who removes what: DKMS has two versions for a moment."""

    def setUp(self):
        self.keeper = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.keeper.name)
        (self.dir / "Module.symvers").write_text("0x1\tmovable\n")

    def tearDown(self):
        self.keeper.cleanup()

    def run_tool(self, *words):
        return subprocess.run([TREE / "tools/for-drivers", *map(str, words)],
                              text=True, stderr=subprocess.PIPE)

    def test_remove(self):
        place = self.dir / "place"
        self.run_tool("install", self.dir / "Module.symvers", "2", place)
        (place / "include/linux/of_an_older_one.h").write_text("")
        self.run_tool("install", self.dir / "Module.symvers", "3", place)
        self.assertFalse((place / "include/linux/of_an_older_one.h").exists())
        self.assertEqual(self.run_tool("remove", "2", place).returncode, 0)
        self.assertEqual((place / "version").read_text(), "3\n")
        self.assertEqual(self.run_tool("remove", "3", place).returncode, 0)
        self.assertFalse(place.exists())
        self.assertEqual(self.run_tool("remove", "3", place).returncode, 0)

    def test_lost(self):
        """Nothing is put where there are no symbols to put."""
        place = self.dir / "place"
        done = self.run_tool("install", self.dir / "none", "2", place)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"error: there is no {self.dir}/none", done.stderr)
        self.assertFalse(place.exists())

    def test_usage(self):
        done = self.run_tool("install", "too", "few")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("tools/for-drivers"), 3)


class Dkms(unittest.TestCase):
    """dkms.conf, by the kernel's name."""

    def said(self, release):
        """(whether it is to be built, what is said)"""
        done = subprocess.run(
            ["bash", "-c", f". {TREE}/dkms.conf; [[ $kernelver =~ "
             "$BUILD_EXCLUSIVE_KERNEL ]]"], text=True, stderr=subprocess.PIPE,
            env={"kernelver": release, "PATH": "/usr/bin:/bin"})
        return not done.returncode, done.stderr

    def test_range(self):
        for release in ("5.10.0-32-amd64", "5.17.15", "6.0.0", "6.1.0-56-amd64",
                        "6.12.117+deb12-amd64", "7.2.12-rt", "10.0.1"):
            self.assertEqual(self.said(release), (True, ""), release)
        for release in ("2.6.32", "4.19.0-27-amd64", "5.4.0", "5.9.16",
                        "5.18.0", "5.19.2", "5.100.1"):
            built, said = self.said(release)
            self.assertFalse(built, release)
            self.assertEqual(said.count("\n"), 1)
            self.assertIn(f"this kernel ({release}) is outside of what is "
                          "supported, 5.10 to 5.17 and 6.0 or later", said)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-2.0
"""Programs with what they need, and files whose checksums are right."""
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import cargo
from cache import Failure

LDD = """\
\tlinux-vdso.so.1 (0x00007fff)
\tlibuuid.so.1 => /lib/x86_64-linux-gnu/libuuid.so.1 (0x00007f01)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f02)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)
"""


class Programs(unittest.TestCase):
    def libraries(self, text, status=0):
        done = mock.Mock(stdout=text, returncode=status)
        with mock.patch("cargo.subprocess.run", return_value=done):
            return cargo.libraries("/usr/bin/x")

    def test_libraries(self):
        self.assertEqual(self.libraries(LDD), [
            "/lib/x86_64-linux-gnu/libuuid.so.1",
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2"])

    def test_static(self):
        self.assertEqual(
            self.libraries("\tnot a dynamic executable\n", 1), [])

    def test_library_is_missing(self):
        with self.assertRaisesRegex(Failure, "libraries of /usr/bin/x"):
            self.libraries("\tlibx.so => not found\n")

    def test_not_installed(self):
        with self.assertRaisesRegex(Failure, "no-such-program.*setup"):
            cargo.program("no-such-program")


class Python(unittest.TestCase):
    def test_all_that_is_imported(self):
        files = cargo.python(["movable_pool"])
        self.assertEqual(files["/usr/bin/python3"].rpartition("/")[0],
                         "/usr/bin")
        names = "\n".join(files)
        for name in ("/os.pyc", "/python/movable_pool/check.pyc",
                     "/locale.pyc", "/_drgn.", "/libdw.so.1", "/libc.so.6"):
            self.assertIn(name, names)
        self.assertNotIn(str(cargo.TREE), names)
        self.assertTrue(all(pathlib.Path(file).is_file()
                            for file in files.values()))

    def test_it_runs_elsewhere(self):
        """Compiled, and no source beside it."""
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        target = pathlib.Path(keeper.name) / "word.pyc"
        target.write_bytes(pathlib.Path(cargo.python(
            ["movable_pool"])["/python/movable_pool/word.pyc"]).read_bytes())
        done = subprocess.run(
            ["/usr/bin/python3", "-c", "import word; print(word.PFN_SHIFT)"],
            cwd=target.parent, text=True, stdout=subprocess.PIPE)
        self.assertEqual(done.stdout, "24\n")

    def test_not_there(self):
        with self.assertRaisesRegex(Failure, "no_such_module.*setup"):
            cargo.python(["no_such_module"])


class Sources(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        self.top = pathlib.Path(keeper.name)
        self.tree = self.top / "include"
        self.tree.mkdir()
        self.files = []
        for number in range(8):
            path = self.tree / f"{number}.h"
            path.write_text(str(number) * 1000)
            self.files.append(path)

    def test_so_many_bytes(self):
        cargo.pack(self.tree, self.files, 2500, self.top)
        with tarfile.open(self.top / "sources.tar") as archive:
            self.assertEqual(archive.getnames(), ["0.h", "1.h", "2.h"])
        sums = (self.top / "sources.sha256").read_text().splitlines()
        self.assertEqual(sums[1], hashlib.sha256(b"1" * 1000).hexdigest()
                         + "  1.h")
        self.assertEqual(len(sums), 3)

    def test_too_few(self):
        with self.assertRaisesRegex(Failure, "wanted"):
            cargo.pack(self.tree, self.files, 9000, self.top)

    def test_largest_tree(self):
        kernel = mock.Mock(root=self.top, kdir=self.top)
        common = self.top / "usr/src/linux-headers-1-common/include"
        common.mkdir(parents=True)
        (common / "x.h").write_text("x")
        self.assertEqual(cargo.headers(kernel), (self.tree, self.files))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-2.0
"""The vmlinux in a bzImage, however it is compressed."""
import gzip
import lzma
import pathlib
import subprocess
import sys
import tempfile
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import build
import prepare
from cache import Failure

ELF = b"\x7fELF" + bytes(5000)
SIZE = len(ELF).to_bytes(4, "little")


def through(program):
    return subprocess.run(program, input=ELF, check=True,
                          stdout=subprocess.PIPE).stdout


class Vmlinux(unittest.TestCase):
    def extract(self, payload):
        with tempfile.NamedTemporaryFile() as file:
            file.write(archive.bzimage(payload) + b"more")
            file.flush()
            return prepare.vmlinux(pathlib.Path(file.name))

    def test_formats(self):
        for payload in (lzma.compress(ELF) + SIZE, gzip.compress(ELF),
                        through(["zstd", "-c"]) + SIZE):
            self.assertEqual(self.extract(payload), ELF)

    def test_none(self):
        for payload in (b"something else", lzma.compress(b"no ELF")):
            with self.assertRaises(Failure):
                self.extract(payload)


class Warnings(unittest.TestCase):
    def test_whose(self):
        with tempfile.TemporaryDirectory() as name:
            tree = pathlib.Path(name)
            (tree / "page.c").touch()
            for line, ours in ((f"{tree}/page.c:1:2: warning: x", True),
                               ("page.c:1: warning: x", True),
                               ("./page.c:1:2: warning: x", True),
                               ("WARNING: modpost: x", True),
                               ("./include/a.h:1:2: warning: x", False),
                               ("/usr/a.h:1:2: warning: x", False)):
                self.assertEqual(build.is_ours(line, tree), ours, line)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-2.0
"""tools/setup: what a verb needs, on a machine that has nothing."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import program


class Setup(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        for name in ("dpkg-query", "apt-get"):
            path = self.place / name
            path.write_text("#!/bin/sh\nexit 1\n")
            path.chmod(0o755)

    def needs(self, *words):
        """Names of the packages."""
        done = subprocess.run(
            ["tools/setup", *words], text=True, cwd=program.TOOLS.parent,
            env=dict(os.environ, PATH=f"{self.place}:{os.environ['PATH']}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertNotEqual(done.returncode, 0)
        return re.findall(r"^  ([\w.+-]+) {2,}to ", done.stdout, re.M)

    def test_kernel(self):
        self.assertIn("qemu-system-x86", self.needs("test", "6.1"))
        self.assertNotIn("ccache", self.needs("test", "6.1"))
        self.assertIn("ccache", self.needs("test", "6.1-debug"))
        self.assertIn("qemu-system-arm", self.needs("test", "6.1-arm64"))

    def test_group(self):
        """What is not for every guest is for whoever names its group."""
        for group in ("finding", "tracers"):
            self.assertIn("bpftrace", self.needs("test", "6.1", group))
        for group in ("", "trace", "api.x/y", "nothing"):
            self.assertNotIn("bpftrace", self.needs("test", "6.1", group))

    def test_no_such_verb(self):
        self.assertEqual(self.needs("nothing"), [])


if __name__ == "__main__":
    unittest.main()

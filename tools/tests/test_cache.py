# SPDX-License-Identifier: GPL-2.0
"""The cache stays usable, whatever happens while a kernel is fetched."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import archive

FETCH = [sys.executable, "-B", str(archive.HERE / "archive.py")]
# The archive's kernel is 2 MB packed, 2 MB unpacked and has 6 MB of vmlinux;
# one of these is what no longer fits, or the list of packages.
FULL_AT = ("100k", "1m", "3m", "6m")
ON_SMALL_DISK = """
mkdir -p "$1" && mount -t tmpfs -o "size=$2" none "$1" || exit
shift 2
"$@"
echo "status $?"
find "$MOVABLE_POOL_CACHE/kernels" -name '.*' -o -name '*.json'
echo "again"
mount -t tmpfs -o remount,size=64m none "$MOVABLE_POOL_CACHE" || exit
"$@"
"""


class Cache(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="movable-pool-")
        self.addCleanup(self.directory.cleanup)
        self.here = pathlib.Path(self.directory.name)
        self.cache = self.here / "cache"
        path = archive.make(self.here / "archive")
        self.environment = dict(os.environ, PATH=path,
                                MOVABLE_POOL_CACHE=str(self.cache))

    def start(self, command):
        return subprocess.Popen(command, env=self.environment, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def finish(self, process):
        """(status, output), with a traceback never being a fine answer."""
        output = process.communicate(timeout=60)[0]
        self.assertNotIn("Traceback", output)
        return process.returncode, output

    def fetch(self):
        return self.finish(self.start(FETCH))

    def check_whole(self):
        """The kernel is there, all of it, and nothing besides."""
        kernel = self.cache / "kernels" / archive.RELEASE
        self.assertTrue((kernel / "vmlinux").read_bytes()
                        .startswith(b"\x7fELF"))
        makefile = kernel / f"usr/src/linux-headers-{archive.RELEASE}/Makefile"
        self.assertIn(f"{kernel}/usr/src", makefile.read_text())
        self.assertEqual(sorted(os.listdir(self.cache / "kernels")),
                         [archive.RELEASE, "9.9.json"])

    def test_second_run_has_nothing_to_do(self):
        self.assertEqual(self.fetch()[0], 0)
        self.check_whole()
        self.assertEqual(self.fetch(), (0, f"fetched {archive.RELEASE}\n"))

    def test_two_runs_at_once(self):
        runs = [self.start(FETCH) for _ in range(2)]
        outputs = [self.finish(run) for run in runs]
        self.assertEqual([status for status, _ in outputs], [0, 0], outputs)
        fetched = [output for _, output in outputs
                   if "fetching it" in output]
        self.assertEqual(len(fetched), 1, outputs)
        self.check_whole()

    def test_truncated_download(self):
        mark = self.here / "archive/truncate"
        mark.touch()
        status, output = self.fetch()
        self.assertEqual(status, 1)
        self.check_one_sentence(output, "is incomplete; run the same")
        self.assertEqual(os.listdir(self.cache / "kernels"), [])
        mark.unlink()
        self.assertEqual(self.fetch()[0], 0)
        self.check_whole()

    def test_killed_while_fetching(self):
        run = self.start(FETCH)
        for line in run.stdout:
            if "unpack" in line:
                break
        run.kill()
        run.communicate()
        self.assertEqual(self.fetch()[0], 0)
        self.check_whole()

    def check_one_sentence(self, output, words):
        errors = [line for line in output.splitlines()
                  if not line.startswith(("  ", "kernel 9.9: "))]
        self.assertEqual(len(errors), 1, output)
        self.assertTrue(errors[0].startswith("error: "), output)
        self.assertIn(words, errors[0])

    def test_full_disk(self):
        for size in FULL_AT:
            with self.subTest(size=size):
                self.full_disk(size)

    def full_disk(self, size):
        private = ["unshare", "-m" if os.getuid() == 0 else "-rm"]
        status, output = self.finish(self.start(
            [*private, "sh", "-c", ON_SMALL_DISK, "sh", str(self.cache), size,
             *FETCH]))
        first, _, again = output.partition("again\n")
        first, _, left = first.partition("status 1\n")
        self.check_one_sentence(first, "is full; free some space")
        self.assertEqual(left, "", "left behind")
        self.assertEqual(status, 0, output)
        self.assertIn(f"fetched {archive.RELEASE}", again)
        shutil.rmtree(self.cache)


if __name__ == "__main__":
    unittest.main()

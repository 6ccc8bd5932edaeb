# SPDX-License-Identifier: GPL-2.0
"""A guest that dies while booting is started once more, and only then."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import guest
import machine

OOPS = "[    1.0] Oops: int3: 0000 [#1] SMP"
PASSED = (3, "mp-begin\nmp-verdict: 0 taint 0")


class Boots(unittest.TestCase):
    def switched_on(self, *ends):
        """What became of a guest whose boots end so; and how many began."""
        kernel = mock.Mock(vmlinux="vmlinux", version="0",
                           machine=machine.MACHINES["amd64"])
        result = guest.Result(None, None)
        with tempfile.TemporaryDirectory() as name, \
                mock.patch("guest.drive", side_effect=ends) as drive, \
                mock.patch("guest.accel.choose", return_value="tcg"), \
                mock.patch("guest.cache.step") as step:
            work = pathlib.Path(name)
            (work / "log").write_text(OOPS + "\n")
            end = guest.Guest(kernel, "test").switch_on(
                work, guest.ignore, 1, result)
        return end, drive.call_count, step.call_args

    def test_dies_once(self):
        end, boots, said = self.switched_on((0, ""), PASSED)
        self.assertEqual((end, boots), (PASSED, 2))
        self.assertIn("Oops: int3", str(said))

    def test_dies_again(self):
        end, boots, _ = self.switched_on((0, ""), (0, "again"))
        self.assertEqual((end, boots), ((0, "again"), 2))

    def test_dies_at_work(self):
        end, boots, said = self.switched_on((0, "mp-begin\nsome test"))
        self.assertEqual((end[0], boots, said), (0, 1, None))


if __name__ == "__main__":
    unittest.main()

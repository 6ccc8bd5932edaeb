# SPDX-License-Identifier: GPL-2.0
"""A guest that does not get through its boot is started once more."""
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


def driven(ends):
    """As guest.drive: (exit code, report), and what it adds to problems."""
    rest = iter(ends)

    def drive(_command, _work, _line, _limit, result):
        code, text, *problems = next(rest)
        result.problems += [[problem] for problem in problems]
        return code, text
    return drive


class Boots(unittest.TestCase):
    def switched_on(self, *ends):
        """What became of a guest whose boots end so; and how many began."""
        return self.all_of(*ends)[:3]

    def all_of(self, *ends):
        """The same, and its problems."""
        kernel = mock.Mock(vmlinux="vmlinux", version="0",
                           machine=machine.MACHINES["amd64"])
        result = guest.Result(None, None)
        with tempfile.TemporaryDirectory() as name, \
                mock.patch("guest.drive", side_effect=driven(ends)) as drive, \
                mock.patch("guest.accel.choose", return_value="tcg"), \
                mock.patch("guest.cache.step") as step:
            work = pathlib.Path(name)
            (work / "log").write_text(OOPS + "\n")
            end = guest.Guest(kernel, "test").switch_on(
                work, guest.ignore, 1, result)
        return end, drive.call_count, step.call_args, result.problems

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

    def test_hangs_once(self):
        end, boots, _, problems = self.all_of((-9, "", guest.HUNG_YOUNG),
                                              PASSED)
        self.assertEqual((end, boots, problems), (PASSED, 2, []))

    def test_hangs_again(self):
        hung = (-9, "", guest.HUNG_YOUNG)
        _, boots, _, problems = self.all_of(hung, hung)
        self.assertEqual((boots, problems), (2, [[guest.HUNG_YOUNG]]))

    def test_hangs_at_work(self):
        hung = (-9, "mp-begin", "the guest hung after 1 s")
        _, boots, _, problems = self.all_of(hung)
        self.assertEqual((boots, len(problems)), (1, 1))

    def test_qemu_refuses(self):
        _, boots, _, problems = self.all_of((1, "", "QEMU says: no"))
        self.assertEqual((boots, problems), (1, [["QEMU says: no"]]))


if __name__ == "__main__":
    unittest.main()

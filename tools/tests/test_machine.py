# SPDX-License-Identifier: GPL-2.0
"""What differs between machines: the verdict, the compiler, what is booted."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import guest
import kernels
import machine
from cache import Failure

SAID = "mp-begin\nmp-verdict: {} taint 0\n"
PC, VIRT = machine.MACHINES["amd64"], machine.MACHINES["arm64"]


def judged(kind, code, text):
    """(status, complaints) of a guest that ended so."""
    with tempfile.TemporaryDirectory() as name:
        result = guest.Result(pathlib.Path(name) / "log", None)
        guest.judge(result, code, text, kind.codes)
    return result.status, [lines[0] for lines in result.problems]


class Verdict(unittest.TestCase):
    def test_agreed(self):
        for kind, code, status in ((PC, 3, 0), (PC, 5, 1), (VIRT, 0, 0),
                                   (VIRT, 0, 1)):
            self.assertEqual(judged(kind, code, SAID.format(status)),
                             (status, []))

    def test_none(self):
        """A PC that powers off, a reset, QEMU that died of something."""
        for kind, code, text in ((PC, 0, SAID.format(0)),
                                 (PC, 5, SAID.format(0)),
                                 (PC, 3, SAID.format(1)),
                                 (PC, 3, "mp-begin\n"),
                                 (VIRT, 0, "mp-begin\n"),
                                 (VIRT, 0, ""),
                                 (VIRT, 1, SAID.format(0)),
                                 (VIRT, -9, SAID.format(0))):
            self.assertEqual(judged(kind, code, text),
                             (None, ["the guest ended without a verdict"]))


class Table(unittest.TestCase):
    def test_compiler(self):
        with mock.patch("machine.platform.machine", return_value="x86_64"):
            self.assertEqual((PC.cc(), PC.make()), ("gcc", []))
            self.assertEqual(VIRT.cc(), "aarch64-linux-gnu-gcc")
            self.assertEqual(VIRT.make(), [
                "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"])
            self.assertEqual(kernels.foreign(),
                             ["6.1-arm64", "6.1-arm64-64k"])
        with mock.patch("machine.platform.machine", return_value="aarch64"):
            self.assertEqual(VIRT.cc(), "gcc")
            self.assertTrue(PC.is_foreign())

    def test_program_of(self):
        with tempfile.NamedTemporaryFile() as file:
            for number, kind in ((62, PC), (183, VIRT)):
                file.seek(0)
                file.write(b"\x7fELF" + bytes(14)
                           + number.to_bytes(2, "little"))
                file.flush()
                path = pathlib.Path(file.name)
                self.assertEqual([one for one in machine.MACHINES.values()
                                  if one.qemu and one.made(path)], [kind])

    def test_boot(self):
        """Each machine's guest gets its QEMU, and init its serial line."""
        for kind, qemu, report in (
                (PC, "qemu-system-x86_64", "mp_report=ttyS1"),
                (VIRT, "qemu-system-aarch64", "mp_report=ttyS0")):
            kernel = mock.Mock(machine=kind, image="vmlinux", version="0")
            words = guest.Guest(kernel, "test").command(
                pathlib.Path("work"), "tcg", 1)
            self.assertEqual(words[0], qemu)
            self.assertIn(report, words[words.index("-append") + 1].split())

    def test_not_booted(self):
        for version in ("6.1-arm64-64k", "7.2-uml"):
            with self.assertRaisesRegex(Failure, "not one that QEMU boots"):
                kernels.to_boot(version)

    def test_make_kernels(self):
        """It goes on fetching what it did: kernels of this machine."""
        self.assertEqual(kernels.stock(), ["5.10", "6.1", "6.12", "7.2"])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-2.0
"""The machines that guests are, and how to compile for them.

All that differs from one to the other is here: who else needs an answer asks
the kernel's machine.  The guest's init learns what concerns it from the
kernel's command line; what the kernel does not know becomes its environment.
"""
import platform


class Machine:
    """What a table row of kernels.py means by "machine"."""

    name = ""                   # of the architecture, as Debian says it
    arch = ""                   # as the kernel says it
    here = ""                   # as uname -m says it
    compiler = ""               # what a compiler for it is called elsewhere
    elf = 0                     # its number in the header of an ELF file
    image = ""                  # what make calls the kernel that QEMU loads
    images = {}                 # where make leaves that and others
    qemu = ""
    board = ()                  # QEMU's options: the machine and its CPU
    serial = ()                 # the log, and the report on QEMU's stdout
    words = ""                  # for the kernel: its log, and for init
    codes = {}                  # what QEMU ends with: {passed: code}

    def is_foreign(self):
        """Its programs do not run here."""
        return platform.machine() != self.here

    def cross(self):
        return f"{self.compiler}-" if self.is_foreign() else ""

    def cc(self):
        return self.cross() + "gcc"

    def made(self, path):
        """Is this file, of a compiler's, for this machine?"""
        with open(path, "rb") as file:
            head = file.read(20)
        return (head.startswith(b"\x7fELF")
                and int.from_bytes(head[18:], "little") == self.elf)

    def make(self):
        """What the kernel's make wants to be told."""
        return ([f"ARCH={self.arch}", f"CROSS_COMPILE={self.cross()}"]
                if self.is_foreign() else [])


class PC(Machine):
    """Two serial lines, and a port that ends QEMU with a code."""

    name = "amd64"
    arch = "x86"
    here = "x86_64"
    compiler = "x86_64-linux-gnu"
    elf = 62
    image = "vmlinux"
    images = {"vmlinux": "vmlinux", "bzImage": "arch/x86/boot/bzImage"}
    qemu = "qemu-system-x86_64"
    board = ("-cpu", "max,la57=off")
    serial = ("-serial", "chardev:log", "-serial", "stdio",
              "-device", "isa-debug-exit,iobase=0xf4,iosize=1")
    # The check is that interrupts come in time, which nobody has promised.
    words = "console=ttyS0 mp_report=ttyS1 mp_exit=244 no_timer_check"
    codes = {True: 3, False: 5}     # 2n+1 for n = 1 and n = 2


class Virt(Machine):
    """QEMU's arm64 machine: one serial line, and another on the PCI bus.

    Without a port to say a code to, it powers off, which is 0: so is a reset,
    and the verdict is what the report's last line says.
    """

    name = "arm64"
    arch = "arm64"
    here = "aarch64"
    compiler = "aarch64-linux-gnu"
    elf = 183
    image = "Image"
    images = {"Image": "arch/arm64/boot/Image"}
    qemu = "qemu-system-aarch64"
    board = ("-M", "virt,gic-version=3", "-cpu", "max,pauth-impdef=on")
    serial = ("-serial", "chardev:log", "-chardev", "stdio,id=report",
              "-device", "pci-serial,chardev=report")
    words = "console=ttyAMA0 mp_report=ttyS0"
    codes = {True: 0, False: 0}


class Process(PC):
    """A process of the machine that builds (uml.py), nothing for QEMU."""

    name = "um"
    arch = "um"
    images = {"vmlinux": "vmlinux"}
    qemu = ""

    def make(self):
        return ["ARCH=um"]


MACHINES = {machine.name: machine for machine in (PC(), Virt(), Process())}
DEFAULT = "amd64"


def of(row):
    """The machine of a row of the table of kernels."""
    return MACHINES[row.get("machine", DEFAULT)]


def here():
    """The one that builds."""
    return next((machine for machine in MACHINES.values()
                 if not machine.is_foreign()), MACHINES[DEFAULT])

# SPDX-License-Identifier: GPL-2.0
"""Guests in which QEMU counts instructions: the same from run to run.

One instruction is one ns of the guest's time, and idle time does not pass, so
a guest's own clocks tell.  They are instructions, not cycles, and one CPU's.
"""
from guest import Guest

OPTIONS = ["-icount", "shift=0,sleep=off", "-seed", "1",
           "-rtc", "base=2026-01-01,clock=vm"]
ACCELERATOR = "tcg,thread=single"


def guest(kernel, name, memory, qemu=(), cmdline=""):
    """A Guest of one CPU that counts."""
    return Guest(kernel, name, memory, cpus=1, qemu=[*qemu, *OPTIONS],
                 cmdline=" ".join(filter(None, ("nokaslr", cmdline))),
                 accelerator=ACCELERATOR)

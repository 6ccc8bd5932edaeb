# SPDX-License-Identifier: GPL-2.0
"""Picks QEMU's accelerator: KVM where it works, else plain emulation.

/dev/kvm can exist and open and still not run a kernel, so a guest is booted
to see.  The answer holds until this machine is booted again.
"""
import os
import platform
import subprocess
import tempfile
from pathlib import Path

import cache

EMULATION = "tcg,thread=multi"
PROBE_LIMIT = 20


def choose(kernel):
    if kernel.machine.is_foreign():
        return EMULATION
    override = os.environ.get("MOVABLE_POOL_ACCEL")
    if override:
        return override
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return EMULATION
    stamp = cache.root() / "accel.json"
    machine = [platform.release(),
               Path("/proc/sys/kernel/random/boot_id").read_text().strip()]
    known = cache.read_json(stamp)
    if not known or known["machine"] != machine:
        cache.step("probe", f"does KVM run a kernel here? "
                   f"(at most {PROBE_LIMIT} s)")
        known = {"machine": machine, "kvm": probe(kernel)}
        cache.write_json(stamp, known)
        cache.step("probe", "yes" if known["kvm"] else
                   "no: guests are emulated, which is slower")
    return "kvm" if known["kvm"] else EMULATION


def describe(kernel):
    """For people: a KVM guest is ten times as fast as an emulated one."""
    if kernel.machine.is_foreign():
        return f"emulated machines ({kernel.machine.name})"
    return ("virtual machines (KVM)" if choose(kernel) == "kvm"
            else "emulated machines (no KVM here)")


def probe(kernel):
    """Boot a kernel that finds no init, panics, and so ends QEMU."""
    with tempfile.NamedTemporaryFile() as log:
        try:
            subprocess.run(
                [kernel.machine.qemu, "-accel", "kvm",
                 *kernel.machine.board, "-m", "256M", "-nodefaults",
                 "-display", "none", "-no-reboot",
                 "-serial", f"file:{log.name}",
                 "-kernel", str(kernel.image),
                 "-append", kernel.machine.words + " panic=-1"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=PROBE_LIMIT,
                start_new_session=True)
        except subprocess.TimeoutExpired:
            return False
        return b"Kernel panic" in log.read()

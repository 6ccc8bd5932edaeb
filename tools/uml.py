# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel that is a process (ARCH=um) and runs one script in it.

It has no devices and no report of its own: everything, the kernel's log and
what the script prints, comes on its console, which is our pipe.
"""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import cache
import klog
from guest import (HERE, VERDICT, Guest, Result, die_with_us, follow, ignore,
                   write_initramfs)

MEMORY = 128                    # MiB
TEST = 1 << 18                  # the taint of a kernel that has run KUnit


def prepared(kernel, name):
    """A Guest to put modules and files in, with the init for here."""
    guest = Guest(kernel, name)
    guest.add_file(HERE / "uml-init", "/init")
    return guest


def run(guest, script, words=(), line=None, limit=120):
    """Boot, run the script, return a Result; line() gets each line."""
    logs = cache.tree_dir() / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"{guest.kernel.version}-{guest.name}.log"
    result = Result(log, log)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        work = pathlib.Path(name)
        write_initramfs(guest, script, work / "initramfs")
        text = drive(command(guest.kernel, work, words), work,
                     line or ignore, limit, result)
    log.write_text(text)
    result.seconds = time.monotonic() - start
    judge(result, text)
    return result


def command(kernel, work, words):
    # seccomp: how it runs its processes where ptrace may be forbidden.
    return [str(kernel.image), f"mem={MEMORY}M", "seccomp=on", "con=null",
            "con0=null,fd:1", f"initrd={work}/initramfs", "panic=-1",
            "printk.devkmsg=on", *words]


def drive(words, work, line, limit, result):
    """Its processes are a group of their own, which ends with this call."""
    # It keeps its memory in a file that must be executable.
    environment = dict(os.environ, TMPDIR=str(work))
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        preexec_fn=die_with_us)
    try:
        return follow(process, line, limit, result)
    finally:
        # When its last process has gone, so has the group.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


def judge(result, text):
    """Fill in the status and everything that is wrong."""
    said = VERDICT.search(text)
    complaints = klog.complaints(text)
    if said:
        result.status = int(said.group(1))
        wrong = klog.tainted(int(said.group(2)) & ~TEST, text)
        if wrong:
            result.problems.append([wrong])
    elif not complaints:
        result.problems.append(["the kernel ended without a verdict",
                                "its log ends:", *text.splitlines()[-15:]])
    result.problems += complaints

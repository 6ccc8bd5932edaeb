# SPDX-License-Identifier: GPL-2.0
"""The userland of guests: busybox, packed once for each machine.

The guest gives it its names when it boots, for a busybox of another machine
cannot be asked for them here.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import cache
import fetch
from cache import Failure

BUSYBOX = pathlib.Path("/bin/busybox")


def busybox(machine):
    if machine.is_foreign():
        return fetch.busybox(machine)
    if not BUSYBOX.exists():
        raise Failure("busybox-static is not installed: run tools/setup test")
    return BUSYBOX


def packed(machine):
    """An archive for the kernel to unpack."""
    program = busybox(machine)
    stat = program.stat()
    archive = cache.root() / (f"userland-{machine.name}-{stat.st_size}"
                              f"-{stat.st_mtime_ns}")
    if not archive.exists():
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
            binaries = pathlib.Path(name) / "bin"
            binaries.mkdir()
            shutil.copy(program, binaries / "busybox")
            partial = archive.with_suffix(f".{os.getpid()}")
            partial.write_bytes(pack(name))
            partial.replace(archive)
    return archive.read_bytes()


def pack(directory, level=6):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", "find . -mindepth 1 | "
         f"cpio -o -H newc -R 0:0 --quiet | gzip -{level}"],
        cwd=directory, check=True, stdout=subprocess.PIPE).stdout

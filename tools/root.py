# SPDX-License-Identifier: GPL-2.0
"""A Debian system in a directory, to throw away, with a kernel's headers.

What is fetched is in a tarball of the cache, so that a second one needs no
network; and what runs in such a system has none.
"""
import os
import pathlib
import subprocess
import tempfile

import apt
import cache
import kernels
import prepare
from cache import Failure, step

SUITES = ("bookworm", "bookworm-security")
PACKAGES = ("dkms", "make", "python3")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def kernel_and_base(version):
    """A kernel whose headers Debian has, and the tarball with them."""
    if os.getuid():
        raise Failure("only root can install packages in another root: run "
                      "this as root, or in a container")
    kernel = kernels.get(version)
    with cache.lock("root"):
        if not base_of(kernel).exists():
            kernel = obtainable(kernel)
        if not base_of(kernel).exists():
            make(kernel)
    return kernel, base_of(kernel)


def base_of(kernel):
    return (cache.root() / "root" / f"{SUITES[0]}-{kernel.release}-"
            f"{kernel.package}" / "base.tar.zst")


def obtainable(kernel):
    """An archive has the newest alone: what was fetched may be gone."""
    archive = apt.Apt("root", SUITES)
    archive.update()
    if archive.show(headers(kernel)).get("Version") == kernel.package:
        return kernel
    return kernels.refresh(kernel.version)


def headers(kernel):
    return f"linux-headers-{kernel.release}"


def make(kernel):
    target = base_of(kernel)
    cache.sweep(cache.root() / "root")
    step("fetch", f"a Debian system with {headers(kernel)}, DKMS and a "
         "compiler (a minute or two)")
    with cache.filling(target.parent) as partial:
        prepare.run(["mmdebstrap", "--quiet", "--variant=minbase",
                     "--include=" + ",".join((headers(kernel), *PACKAGES)),
                     SUITES[0], partial / target.name,
                     *apt.sources(SUITES)])


def bare():
    """The tarball of a system with nothing in it but what each has."""
    target = cache.root() / "root" / f"{SUITES[0]}-bare" / "base.tar.zst"
    with cache.lock("root"):
        if not target.exists():
            step("fetch", "a Debian system with nothing in it (a minute)")
            with cache.filling(target.parent) as partial:
                prepare.run(["mmdebstrap", "--quiet", "--variant=minbase",
                             SUITES[0], partial / target.name,
                             *apt.sources(SUITES)])
    return target


class Root:
    """One such system; it goes when it is closed."""

    # What keeps it from this machine's network.
    ALONE = ("--net",)

    def __init__(self, base):
        self.keeper = tempfile.TemporaryDirectory(prefix="movable-pool-root-")
        self.dir = pathlib.Path(self.keeper.name)
        prepare.run(["tar", "--zstd", "-xpf", base, "-C", self.dir])

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.keeper.cleanup()

    def path(self, name):
        """Where a file of it is, here."""
        return self.dir / name.lstrip("/")

    def run(self, script):
        """What it says, and its status; by itself."""
        return subprocess.run(
            ["unshare", "--mount", *self.ALONE, "--pid", "--kill-child",
             f"--mount-proc={self.dir}/proc", "chroot", self.dir,
             "/bin/sh", "-ec", script], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive"})

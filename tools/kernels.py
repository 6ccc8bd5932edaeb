# SPDX-License-Identifier: GPL-2.0
"""The kernels to build for and to boot: Debian packages, unpacked privately.

A kernel is fetched once.  After that a run uses what is in the cache and
needs no network, until refresh() is asked for.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import cache
from apt import Apt
from cache import Failure, step

# One row per kernel: the suites that have it, the package that always names
# the newest image, and what its headers consist of ({rel}: the release).
KERNELS = {
    "6.1": {
        "suites": ["bookworm", "bookworm-security"],
        "image": "linux-image-amd64",
        "headers": ["linux-headers-{rel}", "linux-headers-{common}",
                    "linux-kbuild-6.1"],
    },
}
DEFAULT = "6.1"

# The kernel's own test harness and style checkers, from the oldest source
# package whose harness can list and filter tests.
SOURCE = {"suites": KERNELS["6.1"]["suites"], "package": "linux-source-6.12"}
SOURCE_FILES = [
    "tools/testing/selftests/kselftest.h",
    "tools/testing/selftests/kselftest_harness.h",
    "tools/testing/selftests/lib.mk",
    "tools/testing/selftests/kselftest/*",
    "scripts/checkpatch.pl", "scripts/spelling.txt",
    "scripts/const_structs.checkpatch", "scripts/kernel-doc",
]


class Kernel:
    """One unpacked kernel: what to build against and what to boot."""

    def __init__(self, version, release):
        self.version = version
        self.release = release
        self.root = cache.root() / "kernels" / release
        self.kdir = self.root / "usr/src" / f"linux-headers-{release}"
        self.vmlinux = self.root / "vmlinux"

    def module_files(self, name):
        """insmod order for one of the distribution's own modules."""
        shown = subprocess.run(
            ["modprobe", "-d", self.root, "-S", self.release, "-C",
             "/dev/null", "--show-depends", name], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PATH=sbin_path()))
        if shown.returncode:
            raise Failure(f"kernel {self.release} has no module '{name}', "
                          "and this tree builds none of that name")
        return [pathlib.Path(line.split()[1])
                for line in shown.stdout.splitlines()
                if line.startswith("insmod ")]


def sbin_path():
    """Debian's plain users do not have sbin in their PATH."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def get(version=DEFAULT):
    """The kernel of that name, fetched on first use."""
    if version not in KERNELS:
        raise Failure(f"no kernel '{version}'; there is: "
                      + ", ".join(KERNELS))
    kernel = cached(version)
    if kernel:
        return kernel
    with cache.lock("kernels"):
        return cached(version) or fetch(version)


def refresh(version):
    """Look for a newer package of this kernel, and fetch it."""
    with cache.lock("kernels"):
        return fetch(version)


def cached(version):
    stamp = cache.read_json(cache.root() / "kernels" / f"{version}.json")
    if not stamp:
        return None
    kernel = Kernel(version, stamp["release"])
    return kernel if kernel.root.is_dir() else None


def fetch(version):
    row = KERNELS[version]
    store = cache.root() / "kernels"
    store.mkdir(exist_ok=True)
    cache.sweep(store)
    cache.say(f"kernel {version}: first use, fetching it into {store}")
    apt = Apt(version, row["suites"])
    apt.update()
    image, release = resolve(apt, row["image"])
    kernel = Kernel(version, release)
    package_version = apt.show(image)["Version"]
    stamp = cache.read_json(kernel.root / "stamp.json")
    if not stamp or stamp["version"] != package_version:
        common = release.rsplit("-", 1)[0] + "-common"
        names = [image] + [name.format(rel=release, common=common)
                           for name in row["headers"]]
        with cache.filling(kernel.root) as partial:
            unpack_all(apt, names, partial)
            prepare(kernel, partial)
            cache.write_json(partial / "stamp.json",
                             {"version": package_version})
    cache.write_json(store / f"{version}.json", {"release": release})
    step("ready", f"{release} ({package_version})")
    return kernel


def resolve(apt, meta):
    """Follow the meta package to the real image and its release name."""
    for name in re.split(r"[,|]\s*", apt.show(meta).get("Depends", "")):
        name = name.split()[0]
        found = re.match(r"linux-image-(\d.*?)(-unsigned)?$", name)
        if found:
            return name, found.group(1)
    raise Failure(f"{meta} does not name a kernel image any more")


def unpack_all(apt, names, into):
    with tempfile.TemporaryDirectory(dir=into) as downloads:
        for name in names:
            deb = apt.download(name, downloads)
            step("unpack", deb.name)
            done = subprocess.run(["dpkg-deb", "-x", deb, into], text=True,
                                  stderr=subprocess.PIPE)
            if done.returncode:
                raise cannot_unpack(deb, done.stderr)
            deb.unlink()


def cannot_unpack(deb, stderr):
    cache.full_disk(stderr)
    first = (stderr.strip().splitlines() or ["no reason given"])[0]
    return Failure(f"cannot unpack {deb.name}: {first}")


def prepare(kernel, partial):
    """Make the unpacked packages usable where they are."""
    release = kernel.release
    makefile = partial / "usr/src" / f"linux-headers-{release}" / "Makefile"
    makefile.write_text(re.sub(r"([ =])/usr/src", rf"\1{kernel.root}/usr/src",
                               makefile.read_text()))
    modules = partial / "lib/modules" / release
    for name, target in (("build", release),
                         ("source", release.rsplit("-", 1)[0] + "-common")):
        link = modules / name
        if link.is_symlink():
            link.unlink()
            link.symlink_to(f"../../../usr/src/linux-headers-{target}")
    step("extract", "vmlinux, module dependencies")
    extract_vmlinux(partial / "boot" / f"vmlinuz-{release}",
                    partial / "vmlinux")
    subprocess.run(["depmod", "-b", partial, release], check=True,
                   env=dict(os.environ, PATH=sbin_path()))


def extract_vmlinux(vmlinuz, vmlinux):
    """The kernel without its decompressor: starts twice as fast in QEMU."""
    image = vmlinuz.read_bytes()
    start = image.find(b"\xfd7zXZ\x00")
    if start < 0:
        raise Failure(f"{vmlinuz.name} is not compressed with xz")
    # The stream is followed by other data, which xz complains about.
    done = subprocess.run(["xz", "-dc", "--single-stream"],
                          input=image[start:], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    if not done.stdout.startswith(b"\x7fELF"):
        raise Failure(f"{vmlinuz.name} does not contain a vmlinux")
    vmlinux.write_bytes(done.stdout)


def source():
    """The directory with the kernel's test harness and style checkers."""
    target = cache.root() / "linux-source"
    if target.is_dir():
        return target
    with cache.lock("kernels"):
        if not target.is_dir():
            fetch_source(target)
    return target


def fetch_source(target):
    cache.sweep(target.parent)
    cache.say("kernel sources: first use, fetching the test harness and "
              "the style checkers")
    apt = Apt("source", SOURCE["suites"])
    apt.update()
    package = SOURCE["package"]
    with cache.filling(target) as partial, \
            tempfile.TemporaryDirectory(dir=partial) as downloads:
        deb = apt.download(package, downloads)
        step("unpack", "what is needed of it (ten seconds or so)")
        names = " ".join(f"'{package}/{name}'" for name in SOURCE_FILES)
        command = (f"dpkg-deb --fsys-tarfile '{deb}' | "
                   f"tar -xO ./usr/src/{package}.tar.xz | "
                   f"tar -xJ -C '{partial}' --strip-components=1 "
                   f"--wildcards --no-wildcards-match-slash {names}")
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command],
                              text=True, stderr=subprocess.PIPE)
        if done.returncode:
            raise cannot_unpack(deb, done.stderr)

# SPDX-License-Identifier: GPL-2.0
"""A Debian archive with one small kernel, and an apt-get that knows it.

So the tests run the code that fetches kernels, with the real apt and dpkg,
within seconds and without network.
"""
import hashlib
import lzma
import os
import pathlib
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RELEASE = "9.9.0-1-amd64"
ROW = {
    "suites": ["bookworm"],
    "release": r"9\.9\.[\d.-]+-amd64",
    "packages": ["linux-image-{rel}", "linux-headers-{rel}"],
    "backing": "mops",
}
# Does what apt-get does, but says where the archive is, trusts it unsigned,
# and cuts downloads short as long as there is a file "truncate".
SHIM = """#!/bin/sh
case "$*" in
indextargets*) echo "file:{archive} bookworm main"; exit ;;
esac
{real} -oAcquire::AllowInsecureRepositories=1 \\
	-oAPT::Get::AllowUnauthenticated=1 "$@" || exit
case "$*" in
*download*) [ ! -e {archive}/truncate ] || truncate -s -1000 ./*.deb ;;
esac
"""


def make(directory):
    """Build the archive; returns the PATH to run with."""
    archive = pathlib.Path(directory)
    index = archive / "dists/bookworm/main/binary-amd64"
    index.mkdir(parents=True)
    text = "".join([package(archive, f"linux-image-{RELEASE}", image),
                    package(archive, f"linux-headers-{RELEASE}", headers)])
    (index / "Packages").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (index.parents[1] / "Release").write_text(
        "Suite: stable\nCodename: bookworm\nArchitectures: amd64\n"
        "Components: main\nSHA256:\n"
        f" {digest} {len(text)} main/binary-amd64/Packages\n")
    shim = archive / "bin/apt-get"
    shim.parent.mkdir()
    real = subprocess.run(["which", "apt-get"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()
    shim.write_text(SHIM.format(archive=archive, real=real))
    shim.chmod(0o755)
    return f"{shim.parent}:{os.environ['PATH']}"


def package(archive, name, contents):
    """Build one package; returns its paragraph of the index."""
    stage = archive / "stage" / name
    contents(stage)
    control = (f"Package: {name}\nVersion: 9.9-1\nArchitecture: amd64\n"
               "Maintainer: nobody <nobody@localhost>\n"
               "Description: a kernel for tests\n")
    (stage / "DEBIAN").mkdir()
    (stage / "DEBIAN/control").write_text(control)
    deb = archive / f"{name}_9.9-1_amd64.deb"
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", stage,
                    deb], check=True, stdout=subprocess.DEVNULL)
    data = deb.read_bytes()
    return (f"{control}Filename: {deb.name}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")


def image(stage):
    """A module that does not compress, and a kernel that does."""
    boot, modules = stage / "boot", stage / "lib/modules" / RELEASE
    boot.mkdir(parents=True)
    modules.mkdir(parents=True)
    (boot / f"vmlinuz-{RELEASE}").write_bytes(
        bzimage(lzma.compress(b"\x7fELF" + bytes(6 << 20))))
    (modules / "ballast").write_bytes(os.urandom(2 << 20))
    for name in ("modules.order", "modules.builtin"):
        (modules / name).write_text("")


def bzimage(payload):
    """The fields of a bzImage that say where the payload is."""
    head = bytearray(2 * 512)
    head[0x1f1] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, 0, len(payload))
    return bytes(head) + payload


def headers(stage):
    tree = stage / f"usr/src/linux-headers-{RELEASE}"
    tree.mkdir(parents=True)
    (tree / "Makefile").write_text("include /usr/src/linux/Makefile\n")


def fetch():
    """In a process of its own: what `make kernels` does for one kernel."""
    sys.path.insert(0, str(HERE.parent))
    import cache
    import kernels
    kernels.KERNELS = {"9.9": ROW}
    with cache.explained():
        cache.say(f"fetched {kernels.get('9.9').release}")


if __name__ == "__main__":
    fetch()

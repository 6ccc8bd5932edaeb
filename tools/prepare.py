# SPDX-License-Identifier: GPL-2.0
"""Makes unpacked kernel packages usable where they are, without root."""
import lzma
import os
import re
import shutil
import struct
import subprocess
import zlib

import cache
from cache import Failure, step

# What of a kernel source `make modules_prepare` reads.
BUILD_FILES = [
    "Makefile", "Kbuild", "Kconfig", "*/Kconfig*", "arch/x86", "include",
    "scripts", "kernel/*.h", "kernel/bounds.c", "kernel/time/timeconst.bc",
    "kernel/sched/*.[ch]", "security/selinux/include", "tools/Makefile",
    "tools/arch/x86", "tools/build", "tools/include", "tools/lib",
    "tools/objtool", "tools/scripts",
]
# Options that say what the toolchain is or can do, not what the kernel is.
TOOLCHAIN = re.compile(r"CONFIG_(CC|GCC|CLANG|AS|LD|LLD|RUST|RUSTC|BINDGEN|"
                       r"OPENSSL|PAHOLE)(_\w+)?$")
# Lost with the Rust compiler; headers declare a function for it, no more.
HARMLESS = {"CONFIG_DRM_PANIC_SCREEN_QR_CODE"}
ERROR = re.compile(r"\berror\b|\*\*\*|not found|No such file|cannot", re.I)
OPTION = re.compile(r"^(?:# )?(CONFIG_\w+)(?:=(.*)| is not set)$", re.M)


def modules_and_image(partial, release, machine):
    """The kernel to boot, and an index of its modules."""
    # Where packages say usr/lib, modprobe and depmod still say lib.
    if not (partial / "lib").exists():
        (partial / "lib").symlink_to("usr/lib")
    step("extract", f"{machine.image}, module dependencies")
    modules = partial / "lib/modules" / release
    image = partial / "boot" / f"vmlinuz-{release}"
    if not image.exists():
        image = modules / "vmlinuz"
    if machine.image == "vmlinux":
        (partial / "vmlinux").write_bytes(vmlinux(image))
    else:
        shutil.copyfile(image, partial / "vmlinux")
    run(["depmod", "-b", partial, release])


def run(command, **options):
    """A program whose complaints are of interest only if it fails."""
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=cache.plain_environment(), **options)
    if done.returncode:
        cache.full_disk(done.stdout)
        lines = done.stdout.strip().splitlines() or ["no reason given"]
        told = [line for line in lines if ERROR.search(line)] or lines[-1:]
        raise Failure(f"{command[0]} failed: {told[0]}")


def vmlinux(path):
    """The kernel without its decompressor: starts twice as fast in QEMU.

    A bzImage says in its header where the compressed kernel is
    (Documentation/arch/x86/boot.rst).
    """
    image = path.read_bytes()
    if image[0x202:0x206] != b"HdrS":
        raise Failure(f"{path.name} is no bzImage")
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    elf = decompressed(image[start:start + length], path.name)
    if not elf.startswith(b"\x7fELF"):
        raise Failure(f"{path.name} does not contain a vmlinux")
    return elf


def decompressed(payload, name):
    """By its magic number; its uncompressed size may follow the data."""
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(wbits=31).decompress(payload)
    for magic, program in ((b"\x28\xb5\x2f\xfd", "zstd"),
                           (b"\x02\x21\x4c\x18", "lz4")):
        if payload.startswith(magic):
            try:
                done = subprocess.run([program, "-dcq"], input=payload[:-4],
                                      stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
            except FileNotFoundError:
                raise Failure(f"{name} is compressed with {program}: "
                              f"install the Debian package {program}")
            return done.stdout
    raise Failure(f"{name} is compressed in a way unknown here")


def headers(partial, release, target):
    """Debian's headers have /usr/src wired in; make it their real place."""
    makefile = partial / "usr/src" / f"linux-headers-{release}" / "Makefile"
    makefile.write_text(re.sub(r"([ =])/usr/src", rf"\1{target}/usr/src",
                               makefile.read_text()))


def source_tree(tree, partial, release):
    """Bring a source tree to where modules for the image can be built."""
    step("prepare", "a tree to build modules in (half a minute or so)")
    given = partial / "usr/src" / f"linux-headers-{release}"
    config = (given / ".config").read_text()
    (tree / ".config").write_text(config)
    (tree / "Module.symvers").write_bytes(
        (given / "Module.symvers").read_bytes())
    # Type information for BPF changes structures, so its options must stay;
    # modules get by without it, so the program that makes it is not needed.
    # kbuild asks that program for its version only.
    wanted = dict(OPTION.findall(config)).get("CONFIG_PAHOLE_VERSION", "0")
    pahole = tree / "scripts/pahole-stand-in"
    pahole.write_text(f"#!/bin/sh\necho v{wanted[:1]}.{wanted[1:]}\n")
    pahole.chmod(0o755)
    make = ["make", "-C", tree, f"-j{os.cpu_count()}", "CC=gcc",
            f"KERNELRELEASE={release}", f"PAHOLE={pahole}"]
    run(make + ["olddefconfig"])
    must_agree(tree, config, (tree / ".config").read_text(), release)
    run(make + ["CONFIG_DEBUG_INFO_BTF=", "modules_prepare"])


def must_agree(tree, theirs, ours, release):
    """An older compiler loses options; none may change a structure.

    A module built with another struct task_struct than the kernel's would
    load, and then read the wrong field.
    """
    theirs, ours = ({name: value or "n" for name, value
                     in OPTION.findall(text)} for text in (theirs, ours))
    changed = {name for name in set(theirs) | set(ours)
               if theirs.get(name, "n") != ours.get(name, "n")
               and not TOOLCHAIN.match(name)}
    asked = set()
    for top in ("include", "arch/x86/include"):
        for header in (tree / top).rglob("*.h"):
            asked.update(re.findall(r"\bCONFIG_\w+",
                                    header.read_text(errors="replace")))
    wrong = sorted(changed & asked - HARMLESS)
    if wrong:
        raise Failure(f"modules built here would not fit {release}, for "
                      f"which these differ: {' '.join(wrong)}")

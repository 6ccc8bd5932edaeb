# SPDX-License-Identifier: GPL-2.0
"""Kernels that Debian does not have, built from its source package.

Such a row of the table names fragments in tools/config/, which are added to
allnoconfig, and maybe a directory of patches.  The release carries a hash of
both: who changes one gets a new kernel.
"""
import hashlib
import os
import re
import shutil
import subprocess
import time

import cache
import machine
from cache import Failure, TREE, step

PROGRESS_SECONDS = 20
# Files no kernel for our guests is made of; 1 GB of 1.5.
LEFT_OUT = ("Documentation/[!K]*", "drivers/gpu/*.[ch]", "drivers/media/*.[ch]",
            "drivers/net/ethernet/*.[ch]", "drivers/net/wireless/*.[ch]",
            "drivers/staging/*.[ch]", "sound/*.[ch]", "tools/perf/*",
            "tools/testing/*")
OPTION = re.compile(r"(?:#\?? )?(CONFIG_\w+)(?:=| is not set)")
ERROR = re.compile(r"\berror\b|cannot|can't|No such file|\*\*\*")
# Directories of which everything is kept.
KEPT = ("scripts", "tools/objtool", "include", "arch/x86/include",
        "arch/x86/um")


def fragments(row):
    """Their lines.  "#? " precedes what not all kernels know."""
    return last_word("".join((TREE / f"tools/config/{name}.config").read_text()
                             for name in row["config"]))


def last_word(text):
    """Without what a later line says otherwise."""
    lines = text.splitlines(keepends=True)
    last = {option(line): number for number, line in enumerate(lines)}
    return "".join(line for number, line in enumerate(lines)
                   if not option(line) or last[option(line)] == number)


def option(line):
    """What the line is about; "" for a remark."""
    found = OPTION.match(line)
    return found.group(1) if found else ""


def patches(row):
    directory = row.get("patches")
    return sorted((TREE / directory).glob("*.patch")) if directory else []


def digest(row):
    """What the row's kernel is made of, besides the source."""
    text = fragments(row) + "".join(path.read_text() for path in patches(row))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_current(row, release):
    return release.endswith(digest(row))


def name(row, version):
    """The release: 6.1.192-2 becomes 6.1.192-unmovable-1a2b3c4d."""
    return f"{version.split('-')[0]}-{row['config'][-1]}-{digest(row)}"


def build(row, release, root):
    """Configure and compile the source in root/build."""
    whole = row.get("boots", True)
    step("build", "the kernel (some minutes)" if whole
         else "what modules need of it (half a minute or so)")
    tree = root / "build"
    for path in patches(row):
        apply(path, tree)
    target = machine.of(row)
    make = ["nice", "make", "-C", tree, f"-j{os.cpu_count()}",
            *target.make(), f"CC={compiler(target)}", "HOSTCC=gcc",
            f"KERNELRELEASE={release}",
            "KBUILD_BUILD_USER=movable_pool", "KBUILD_BUILD_HOST=movable_pool"]
    wanted = fragments(row)
    (tree / "fragments").write_text(wanted.replace("#? ", ""))
    watched(make + [f"KCONFIG_ALLCONFIG={tree}/fragments", "allnoconfig"], "")
    must_have(wanted, (tree / ".config").read_text(), release)
    if whole:
        image = row.get("image", target.image)
        watched(make + [image, "modules"], "files compiled")
        watched(make + [f"INSTALL_MOD_PATH={root}", "modules_install"], "")
        shutil.move(tree / target.images[image],
                    root / row.get("image", "vmlinux"))
    else:
        watched(make + ["modules_prepare"], "")
    trim(tree, target.arch)


def apply(path, tree):
    """One patch, without what it says to people: that is left out."""
    cache.step("patch", path.name)
    done = subprocess.run(
        ["git", "apply", "-p1", "--exclude=Documentation/*", path], cwd=tree,
        env=dict(os.environ, GIT_CEILING_DIRECTORIES=str(tree.parent)),
        text=True, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failure(f"{path.name} does not apply: "
                      + done.stderr.strip().splitlines()[0])


def compiler(target):
    """With ccache, if it is there, a second kernel takes a minute."""
    return f"ccache {target.cc()}" if shutil.which("ccache") else target.cc()


def must_have(wanted, config, release):
    """Every line of the fragments holds; none was dropped silently."""
    have = set(config.splitlines())
    lost = []
    for line in wanted.splitlines():
        on = re.match(r"CONFIG_\w+=", line)
        off = re.match(r"# (CONFIG_\w+) is not set", line)
        # An option whose needs are off is not even mentioned.
        if on and line not in have or \
                off and re.search(rf"^{off.group(1)}=", config, re.M):
            lost.append(line)
    if lost:
        raise Failure(f"{release} cannot be configured so: {'; '.join(lost)}")


def watched(command, what):
    """Run make, and say now and then how far it is."""
    environment = dict(cache.plain_environment(),
                       CCACHE_DIR=str(cache.root() / "ccache"))
    process = subprocess.Popen(command, env=environment, text=True,
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    start = told = time.monotonic()
    lines = []
    with process:
        for line in process.stdout:
            lines.append(line.rstrip())
            if what and time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                count = sum(text.startswith("  CC ") for text in lines)
                step("", f"{count} {what}, {told - start:.0f} s")
    if process.returncode:
        cache.full_disk("\n".join(lines[-200:]))
        said = [line for line in lines if ERROR.search(line)]
        raise Failure("the kernel cannot be built: "
                      + (said or lines or ["no reason given"])[0])


def trim(tree, arch):
    """Keep what `make M=` reads: 80 MB instead of 1 GB."""
    for where, _, files in os.walk(tree):
        inside = os.path.relpath(where, tree)
        if inside.startswith((*KEPT, f"arch/{arch}/include")):
            continue
        for file in files:
            if not keep(file):
                os.unlink(os.path.join(where, file))


def keep(file):
    """Makefiles, configuration, linker scripts."""
    return (file.endswith((".lds", ".symvers", ".mk"))
            or file.startswith(("Makefile", "Kbuild", "Kconfig", ".config",
                                "modules.")))

# SPDX-License-Identifier: GPL-2.0
"""Builds modules and test programs outside the source tree.

The sources are mirrored into the cache, because kbuild writes its objects
beside the sources it is given.  Only files that changed are copied, so a
second build has nothing to do, of whatever checkout: all have these areas in
common, one build at a time, and take a copy of what they have built.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cache
import fetch
import machine
from cache import Failure, TREE

PARTS = ("bench", "drivers", "include", "samples", "selftests")
NAMES = ("Kbuild", "Makefile", "Kconfig")
ENDINGS = (".c", ".h", ".S", ".mk")
# The variants, by what they tell kbuild.
OPTIONS = {"normal": [], "test": ["MOVABLE_POOL_TEST=1"],
           "kunit": ["MOVABLE_POOL_KUNIT=1"],
           "bench": ["MOVABLE_POOL_BENCH=1"]}
# The same source as one of these, for comparison: not checked once more.
BESIDE = {"untraced": ["MOVABLE_POOL_BENCH=1", "MOVABLE_POOL_UNTRACED=1"]}
# Debian builds its kernels with whatever gcc was current that day.
SCREEN = 40
UNSAFE = re.compile(r"[^\w.+-]")         # for make, in a file's name
HARMLESS = re.compile(r"the compiler differs from the one used|"
                      r"pahole version differs")
# From a kernel that was not built one cannot know what it exports.
UNKNOWN = re.compile(r"Module\.symvers is missing|modpost: (.* undefined!$|"
                     r"suppressed \d+ unresolved symbol warnings)")
LOCATED = re.compile(r"(\S+?):\d+(?::\d+)?: ")
WARNING = re.compile(r"\b(warning|WARNING|error|ERROR):")


KEPT = []                       # directories that go when this process does


class Build:
    """The modules of one variant, built against one kernel.

    A copy of them: the next build may start while guests still need these.
    """

    def __init__(self, area):
        self.keeper = tempfile.TemporaryDirectory(prefix="movable-pool-")
        self.dir = pathlib.Path(self.keeper.name)
        self.drivers = []       # of others, beside ours
        for module in area.rglob("*.ko"):
            shutil.copy2(module, self.dir)
        # The compiler's, for gcov; of modules built for that alone.
        for note in area.rglob("*.gcno"):
            shutil.copy2(note, self.dir)

    def notes(self):
        return self.dir.glob("*.gcno")

    def module(self, name):
        """The .ko of that name, or None if this tree does not build it."""
        path = self.dir / f"{name}.ko"
        return path if path.exists() else None


def objects():
    """Where all checkouts build."""
    return cache.root() / "objects"


def area_of(kernel, variant):
    return objects() / identity(kernel) / variant


def modules(kernel, variant, coverage=False, keep=Build):
    """Build all modules; variant is one of OPTIONS.  keep() gets the directory,
    before anybody else builds there, and makes what is returned."""
    area = area_of(kernel, f"coverage-{variant}" if coverage else variant)
    option = ["MOVABLE_POOL_COVERAGE=1"] if coverage else []
    with cache.lock("build"):
        mirror(area, PARTS + ("Kbuild",))
        run(kbuild(kernel, area, variant) + option, area,
            f"modules for {kernel.release}, {variant}",
            HARMLESS if has_symbols(kernel) else UNKNOWN)
        return keep(area)


def driver(kernel, directory):
    """The modules of a directory of somebody's, and ours that they need.

    It says nothing of where our headers are: that it learns here.
    """
    ours = modules(kernel, "normal")
    name = UNSAFE.sub("_", str(directory))
    area = objects() / identity(kernel) / "drivers" / name
    with cache.lock("build"):
        shutil.rmtree(area, ignore_errors=True)
        shutil.copytree(directory, area)
        done = make(kbuild(kernel, area, "normal") + [
            f"KCFLAGS=-I{TREE / 'include'} -fmacro-prefix-map={area}/=",
            "KBUILD_EXTRA_SYMBOLS="
            f"{area_of(kernel, 'normal') / 'Module.symvers'}"])
        if done.returncode:
            show(done.stdout.replace(f"{area}/", "").splitlines())
            raise Failure(f"{directory} does not build for kernel "
                          f"{kernel.release}")
        ours.drivers = sorted(path.stem for path in area.rglob("*.ko"))
        for module in area.rglob("*.ko"):
            shutil.copy2(module, ours.dir)
    if not ours.drivers:
        raise Failure(f"{directory} builds no module; its Kbuild should say "
                      "obj-m += something.o")
    return ours


def has_symbols(kernel):
    return (kernel.kdir / "Module.symvers").exists()


def sparse(kernel, variant):
    """What sparse says about our files (the kernel's headers are its own)."""
    area = area_of(kernel, f"sparse-{variant}")
    with cache.lock("build"):
        mirror(area, PARTS + ("Kbuild",))
        # Nothing is loaded: the kernel may lack what KUnit's tests call.
        done = make(kbuild(kernel, area, variant)
                    + ["C=2", "KBUILD_MODPOST_WARN=1"])
    lines = done.stdout.splitlines()
    ours = [line.replace(f"{area}/", "") for line in lines
            if WARNING.search(line) and LOCATED.match(line)
            and is_ours(line, area)]
    return ours or (lines[-SCREEN:] if done.returncode else [])


def identity(kernel):
    """Kernel and compiler as a file's name: what an object file depends on,
    beside its source, and make does not see."""
    return UNSAFE.sub("_", "-".join((kernel.release, kernel.package,
                                     compiler(kernel.machine))))


def compiler(target):
    """Its name and version."""
    done = subprocess.run([target.cc(), "-dumpfullversion"], text=True,
                          check=True, stdout=subprocess.PIPE)
    return f"{target.cc()}-{done.stdout.strip()}"


def probed(kernel):
    """Where to keep what this kernel offers (compat/probe.mk)."""
    return cache.root() / "probed" / identity(kernel)


def kbuild(kernel, directory, variant):
    option = list({**OPTIONS, **BESIDE}[variant])
    if not has_symbols(kernel):
        option.append("KBUILD_MODPOST_WARN=1")
    return ["make", "-C", str(kernel.kdir), f"M={directory}",
            f"-j{os.cpu_count()}", "W=1", *kernel.machine.make(),
            f"CC={kernel.machine.cc()}",
            # So that a warning names a file of this tree, not of the cache.
            f"KCFLAGS=-fmacro-prefix-map={directory}/=",
            f"MP_PROBED={probed(kernel)}",
            # Type information for BPF, which would need pahole.
            "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules", *option]


def programs(target=None):
    """Build the test programs; returns a directory with a copy of them.

    For this machine, if no other is named.
    """
    target = target or machine.here()
    area = objects() / f"programs-{compiler(target)}"
    harness = fetch.source() / "tools/testing/selftests"
    with cache.lock("build"):
        mirror(area / "src", PARTS)
        output = area / "src/selftests/out"
        output.mkdir(exist_ok=True)
        run(["make", "-C", str(area / "src/selftests"), "-j2",
             f"CROSS_COMPILE={target.cross()}", f"OUTPUT={output}",
             f"KSFT_DIR={harness}"], area / "src",
            f"test programs for {target.name}")
        keeper = tempfile.TemporaryDirectory(prefix="movable-pool-")
        KEPT.append(keeper)
        shutil.copytree(output, keeper.name, dirs_exist_ok=True)
        return pathlib.Path(keeper.name)


def sample(target, source):
    """Build a guest's program of one file, static; returns where it is."""
    place = pathlib.Path(source)
    output = cache.tree_dir() / f"{'-'.join(place.parts)}-{target.name}"
    done = make([target.cc(), "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                 "-o", str(output), str(TREE / place)])
    if done.returncode:
        raise Failure(f"cannot build {source} (is libc6-dev installed?):\n"
                      + done.stdout)
    return output


def kernel_program(source):
    """The same, of the kernel's own selftests (fetch.py)."""
    output = cache.tree_dir() / pathlib.Path(source).stem
    done = make([machine.here().cc(), "-O2", "-static", "-o", str(output),
                 str(fetch.source() / source)])
    if done.returncode:
        raise Failure(f"cannot build {source}:\n{done.stdout}")
    return output


def sources(part):
    """The build inputs in a part of the tree, relative to the tree."""
    top = TREE / part
    if top.is_file():
        yield top.relative_to(TREE)
    for where, directories, files in os.walk(top):
        directories[:] = [d for d in directories if not d.startswith(".")]
        for name in files:
            if name.endswith(".mod.c"):
                continue
            if name in NAMES or name.endswith(ENDINGS):
                yield (top / where / name).relative_to(TREE)


def mirror(target, parts):
    """Make target's sources equal the tree's; start over if one vanished."""
    wanted = {path for part in parts for path in sources(part)}
    listing = target / ".sources"
    names = sorted(map(str, wanted))
    if set(cache.read_json(listing) or ()) - set(names):
        shutil.rmtree(target)
    for path in wanted:
        source, copy = TREE / path, target / path
        text = source.read_bytes()
        if not copy.exists() or copy.read_bytes() != text:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(text)
    target.mkdir(parents=True, exist_ok=True)
    cache.write_json(listing, names)


def run(command, directory, what, harmless=HARMLESS):
    """Run make; silent if all is well, the whole log if it is not."""
    done = make(command)
    lines = [line for line in done.stdout.splitlines()
             if not harmless.search(line)]
    bad = any(WARNING.search(line) and is_ours(line, directory)
              for line in lines)
    if done.returncode:
        cache.full_disk(done.stdout)
    if done.returncode or bad:
        # Objects that only warned must not count as built next time.
        log = cache.tree_dir() / "build.log"
        log.write_text("\n".join(lines).replace(f"{directory}/", "") + "\n")
        shutil.rmtree(directory)
        show(log.read_text().splitlines())
        raise Failure(f"building the {what} "
                      + ("failed" if done.returncode else "gave warnings")
                      + f"; the whole log: {log}")


def is_ours(line, directory):
    """A warning in a kernel's own headers is not ours to mend."""
    place = LOCATED.match(line)
    if not place:
        return True
    # Relative names are relative to us or, before 6.13, to the kernel.
    path = directory / place.group(1)
    return directory in path.parents and path.exists()


def show(lines):
    """From the first complaint on, as much as fits a screen."""
    first = next((number for number, line in enumerate(lines)
                  if WARNING.search(line)), 0)
    for line in lines[max(0, first - 2):][:SCREEN]:
        cache.say(line)


def make(command):
    return subprocess.run(command, env=cache.plain_environment(), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def clean():
    shutil.rmtree(cache.tree_dir())
    with cache.lock("build"):
        shutil.rmtree(objects(), ignore_errors=True)


if __name__ == "__main__":
    with cache.explained():
        if sys.argv[1:] != ["clean"]:
            raise Failure("usage: build.py clean")
        clean()

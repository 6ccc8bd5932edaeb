# SPDX-License-Identifier: GPL-2.0
"""A kernel tree in git, with the series applied to it patch by patch, built.

Only the files that the series touches are git's.  All others are hard links to
what is in the cache: git and make write files anew, so that stays as it is.
"""
import os
import pathlib
import re
import subprocess

import built
import cache
import fetch
import kernels
import machine
import series
from cache import Failure

PERSON = ("-c", "user.name=test", "-c", "user.email=test@example.org")
# How the series is built: fragments of tools/config, for the PC.
CONFIGS = {"m": ["guest", "mm", "typed", "series-m"],
           "y": ["guest", "mm", "typed", "series-y"]}
DRIVER = "drivers/movable-pool"
SELFTESTS = "tools/testing/selftests/movable_pool"
POWER = {"arch": "powerpc", "compiler": "powerpc64le-linux-gnu-"}
SCREEN = 30
NEW = re.compile(r"^A\t(.*\.c)$", re.M)


def git(tree, *words):
    done = subprocess.run(["git", *PERSON, *words], cwd=tree, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env=dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null",
                                   GIT_CONFIG_NOSYSTEM="1"))
    if done.returncode:
        raise Failure(f"git {words[0]}: "
                      + (done.stdout.strip().splitlines() or ["failed"])[-1])
    return done.stdout


def repository(tree, names):
    """Make a directory a git tree that has these files."""
    git(tree, "init", "-q", "-b", "series")
    (tree / ".git/info/exclude").write_text("*\n")
    git(tree, "add", "-f", *names)
    git(tree, "commit", "-q", "-m", "base")
    git(tree, "tag", "base")


def am(tree, path):
    git(tree, "am", "-q", str(path))


def added(tree):
    """The C files that the last commit added to the driver."""
    return [name for name in NEW.findall(
        git(tree, "show", "--no-renames", "--name-status", "--format=",
            "HEAD", "--", f"{DRIVER}/*.c"))]


class Tree:
    """The whole source, to build in."""

    def __init__(self, area):
        self.area = pathlib.Path(area)
        self.source = self.area / "source"
        source = fetch.series_source()
        subprocess.run(["cp", "-al", source, self.source], check=True)
        repository(self.source, series.Series().needed())
        self.environment = dict(cache.plain_environment(),
                                CCACHE_DIR=str(cache.root() / "ccache"),
                                CCACHE_BASEDIR=str(self.area))

    def objects(self, name):
        path = self.area / f"objects-{name}"
        path.mkdir(exist_ok=True)
        return path

    def run(self, command, what):
        done = subprocess.run(command, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            cache.full_disk(done.stdout[-4000:])
            lines = done.stdout.splitlines()
            said = [line for line in lines if built.ERROR.search(line)]
            raise Failure(f"{what} cannot be built:\n"
                          + "\n".join((said or lines)[:SCREEN]))
        return done.stdout

    def make(self, objects, *words, target=None):
        target = target or {"arch": "x86", "compiler": ""}
        return ["nice", "make", "-C", self.source, f"O={objects}",
                f"-j{os.cpu_count()}", f"ARCH={target['arch']}",
                f"CROSS_COMPILE={target['compiler']}", "HOSTCC=gcc",
                f"CC=ccache {target['compiler']}gcc",
                "KBUILD_BUILD_USER=movable_pool",
                "KBUILD_BUILD_HOST=movable_pool", *words]

    def configure(self, objects, text, target=None):
        (objects / "fragments").write_text(text.replace("#? ", ""))
        self.run(self.make(objects, f"KCONFIG_ALLCONFIG={objects}/fragments",
                           "allnoconfig", target=target), "the configuration")

    def build(self, kind, fragments, *targets, whole=True):
        """Some of it, in the objects of that kind.

        Before the last patch not all options are there yet.
        """
        objects = self.objects(kind)
        wanted = built.fragments({"config": fragments})
        self.configure(objects, wanted)
        if whole:
            built.must_have(wanted, (objects / ".config").read_text(),
                            f"the series as {kind}")
        self.run(self.make(objects, *targets), f"the series as {kind}")
        return objects

    def kernel(self, kind):
        """All of it, as a module (m) or built in (y)."""
        return self.build(kind, CONFIGS[kind], "vmlinux", "modules")

    def compile(self, names):
        """Files that no Makefile names yet, one by one."""
        makefile = self.source / DRIVER / "Makefile"
        if not names or makefile.exists():
            return
        objects = [f"{pathlib.Path(name).stem}.o" for name in names]
        # trace.c is told where trace.h is; the Makefile of the series has it.
        makefile.write_text(f"obj-m := {' '.join(objects)}\n"
                            "ccflags-y := -I$(src)\n")
        try:
            self.run(self.make(self.objects("m"), "W=1",
                               f"M={self.source / DRIVER}", *objects),
                     ", ".join(names))
        finally:
            git(self.source, "clean", "-fdxq", DRIVER)

    def power(self, fragment, *targets):
        """Object files for the machine that CMM is for."""
        objects = self.objects(fragment)
        wanted = built.fragments({"config": [fragment]})
        self.configure(objects, wanted, POWER)
        built.must_have(wanted, (objects / ".config").read_text(), fragment)
        text = self.run(self.make(objects, "W=1", *targets, target=POWER),
                        "the series for powerpc")
        if "warning:" in text:
            raise Failure("\n".join(line for line in text.splitlines()
                                    if "warning:" in line))

    def documents(self):
        """By the kernel's own htmldocs; warnings are errors."""
        text = self.run(["make", "-C", self.source, "SPHINXDIRS="
                         "mm/movable_pool", "htmldocs"], "the documentation")
        wrong = [line for line in text.splitlines() if "WARNING" in line]
        if wrong:
            raise Failure("\n".join(wrong))

    def selftests(self, objects):
        """Build them and their modules; returns where the programs are."""
        output = self.area / "selftests"
        output.mkdir(exist_ok=True)
        self.run(["make", "-C", self.source / SELFTESTS,
                  f"OUTPUT={output}", f"KDIR={objects}", "KBUILD_VERBOSE=0"],
                 "the selftests")
        return output


class Modules:
    """In the way of build.Build: a module by the name that groups.ini has."""

    NAMES = {"movable_pool_test": "movable_pool"}

    def __init__(self, objects, tree):
        self.paths = {path.stem: path for place in
                      (objects / DRIVER, objects / "samples/movable-pool",
                       tree.source / SELFTESTS / "kmod")
                      for path in place.rglob("*.ko")}

    def module(self, name):
        return self.paths.get(self.NAMES.get(name, name))


class Kernel:
    """In the way of kernels.Kernel: to boot what was built."""

    has = kernels.Kernel.has

    def __init__(self, kind, objects):
        self.version = f"7.2-series-{kind}"
        self.release = (objects
                        / "include/config/kernel.release").read_text().strip()
        self.package = ""
        self.backing = "typed"
        self.machine = machine.of({})
        self.root = self.kdir = objects
        self.image = objects / "vmlinux"
        self.extra, self.cmdline, self.patience = 0, "", 1

    @staticmethod
    def module_files(name):
        """Of what is no module of ours: the framework, if it is built in."""
        if name in ("movable_pool", "movable_pool_test"):
            return []
        raise Failure(f"the series builds no module '{name}'")

# SPDX-License-Identifier: GPL-2.0
"""Where things are in the kernel that runs.

Types come from the debug information of the module, which has all of the
kernel's that it uses: that of vmlinux, gigabytes at a distribution's, is not
needed.  drgn 0.0.22 does not find out where a module is without vmlinux, so
addresses are those of /proc/kallsyms.
"""
import glob
import os
import re

import drgn

MODULES = ("movable_pool", "movable_pool_test")
NAMES = ("mp_pools", "mp_mops", "mp_nonlru_inode", "vmemmap_base", "max_pfn",
         "__per_cpu_offset", "__cpu_possible_mask", "nr_cpu_ids")
LINE = re.compile(r"(\w+) \w (\w+)(?:\t\[(\w+)\])?$")


class Failure(Exception):
    """Something a person can act on, said in one sentence."""


class Kernel:
    """A kernel with movable_pool in it."""

    def __init__(self, prog):
        self.prog = prog
        if not prog.flags & drgn.ProgramFlags.IS_LIVE:
            raise Failure("it is only in a kernel that runs that movable_pool "
                          "can be found")
        self.known = kallsyms()
        try:
            prog.type("struct movable_pool")
        except LookupError:
            raise Failure("there is no debug information of movable_pool")

    def variable(self, name, kind):
        """An object of this type, or None if the kernel has no such name."""
        if name not in self.known:
            return None
        return drgn.Object(self.prog, kind, address=self.known[name])

    def number(self, name, kind="unsigned long"):
        found = self.variable(name, kind)
        if found is None:
            raise Failure(f"this kernel does not say where {name} is")
        return found.value_()

    def words(self, address, count):
        return memoryview(self.prog.read(address, 8 * count)).cast("Q")

    def word(self, address):
        return self.words(address, 1)[0]

    def cpus(self):
        """Those whose memory there is."""
        mask = self.variable("__cpu_possible_mask", "struct cpumask")
        if mask is None:
            raise Failure("this kernel does not say which CPUs it has")
        words = self.words(mask.address_, mask.type_.size // 8)
        return [64 * place + bit for place, word in enumerate(words) if word
                for bit in range(64) if word >> bit & 1]

    def per_cpu(self, cpu):
        """How far from where a per-CPU pointer points its memory is."""
        offsets = self.variable("__per_cpu_offset", "unsigned long [1]")
        return self.word(offsets.address_ + 8 * cpu)

    def pool(self, name):
        # Imported here: a pool is made of what is above.
        from .pool import pools
        for pool in pools(self):
            if pool.name == name:
                return pool
        raise Failure(f"there is no pool {name}")


def kallsyms():
    """{name: address}, of NAMES; it has a hundred thousand others."""
    try:
        with open("/proc/kallsyms", encoding="ascii") as file:
            text = file.read()
    except OSError as error:
        raise Failure(f"cannot read /proc/kallsyms: {error.strerror}")
    found = {name: int(address, 16) for wanted in NAMES
             for address, name, module in named(text, wanted)
             if not module or module in MODULES}
    if "mp_pools" not in found:
        raise Failure("the module movable_pool is not loaded")
    if not found["mp_pools"]:
        raise Failure("/proc/kallsyms does not say addresses: be root")
    return found


def named(text, name):
    """(address, name, module or None) of the lines of this name."""
    for end in ("\n", "\t"):
        at = -1
        while (at := text.find(f" {name}{end}", at + 1)) >= 0:
            line = text[text.rfind("\n", 0, at) + 1:
                        text.find("\n", at + 1)]
            yield LINE.match(line).groups()


def loaded_module():
    for name in MODULES:
        if os.path.isdir(f"/sys/module/{name}/notes"):
            return name
    raise Failure("the module movable_pool is not loaded")


def default_symbols():
    """The module where a running kernel keeps its modules."""
    name = loaded_module()
    found = glob.glob(f"/lib/modules/{os.uname().release}/**/{name}.ko",
                      recursive=True)
    if not found:
        raise Failure(f"no {name}.ko in /lib/modules/{os.uname().release}: "
                      "say where it is by --symbols FILE")
    return found[:1]


def check_module(path):
    """Refuse a .ko that is not the one which is loaded: each build has a number
    of its own, and the kernel knows that."""
    note = f"/sys/module/{loaded_module()}/notes/.note.gnu.build-id"
    try:
        with open(path, "rb") as file:
            module = file.read()
        with open(note, "rb") as file:
            build = file.read()
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}")
    if build not in module:
        raise Failure(f"{path} is of another build than the module loaded")
    if b".debug_info" not in module:
        raise Failure(f"{path} has no debug information: it was stripped")


def running(symbols):
    """The kernel that runs; symbols: files with debug information."""
    symbols = symbols or default_symbols()
    for path in symbols:
        if os.path.basename(path).split(".")[0] in MODULES:
            check_module(path)
    prog = drgn.Program()
    try:
        prog.set_kernel()
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}")
    load(prog, symbols)
    return Kernel(prog)


def load(prog, symbols):
    try:
        prog.load_debug_info(symbols)
    except drgn.MissingDebugInfoError:
        # That it does not know where the module is; Kernel looks for types.
        pass
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}")

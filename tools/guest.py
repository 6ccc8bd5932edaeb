# SPDX-License-Identifier: GPL-2.0
"""Boots a guest in QEMU, runs one shell script in it, and says how it went.

    guest = Guest(kernel, "demo", memory=256)
    guest.add_modules(build, ["movable_pool", "movable_heap"])
    guest.add_file(path, "/demo/heap")
    result = guest.run("load_modules && /demo/heap", line=print)
    if result.problems: ...

The first serial line is the kernel's log.  The second carries what the
script prints.  The verdict is QEMU's exit code and a last line that must
agree: a guest that merely stops has not passed.  Which lines and which code,
machine.py knows.

A guest may have a disk, and several boots: the machine powers itself off and
is switched on again, with the same disk and fresh memory.  Only the last boot
gives a verdict.
"""
import ctypes
import lzma
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import accel
import cache
import klog
import qmp
import userland
from cache import Failure

HERE = pathlib.Path(__file__).resolve().parent / "guest"
VERDICT = re.compile(r"mp-verdict: (\d+) taint (\d+)")
BEGUN = "mp-begin"
BOOT_LIMIT = 180
HUNG_YOUNG = "the guest hung while booting"
PR_SET_PDEATHSIG = 1


class Result:
    """What a guest left behind."""

    def __init__(self, log, report):
        self.log = log          # path of the kernel's log
        self.report = report    # path of what the script printed
        self.seconds = 0.0
        self.status = None      # the script's exit code, None if no verdict
        self.problems = []      # each a list of lines; empty: all is well


class Guest:
    def __init__(self, kernel, name, memory=512, cpus=2, cmdline="", qemu=(),
                 disk=0, boots=1, accelerator="", taint=0):
        self.kernel = kernel
        self.name = name
        self.memory = memory
        self.cpus = cpus
        self.cmdline = cmdline
        self.qemu = list(qemu)
        self.disk = disk        # MiB
        self.boots = boots
        self.accelerator = accelerator  # "": the best there is
        self.taint = taint      # bits that the kernel will set, and may
        self.files = {}         # path in the guest: path on the host
        self.order = []         # (file name, parameters), in insmod order
        self.add_file(HERE / "init", "/init")
        self.add_file(HERE / "functions", "/guest-functions")

    def add_file(self, source, target):
        self.files[target] = pathlib.Path(source)

    def add_modules(self, build, names):
        """Modules by name, "name parameter=value" to give it parameters.

        A name means ours if this tree builds it, else the distribution's;
        what they depend on comes along, in the right order.
        """
        for line in names:
            name, _, parameters = line.partition(" ")
            ours = build and build.module(name)
            if not ours:
                for path in self.kernel.module_files(name):
                    self.add_module(path, "")
                continue
            needs = subprocess.run(
                ["/sbin/modinfo", "-F", "depends", ours], check=True,
                text=True, stdout=subprocess.PIPE).stdout.strip()
            self.add_modules(build, needs.split(",") if needs else [])
            self.add_module(ours, parameters, ours=True)

    def carry_modules(self, build, names):
        """Modules of ours that the script loads itself, from /modules."""
        for name in names:
            path = build.module(name)
            if not path:
                raise Failure(f"this tree builds no module '{name}'")
            self.add_file(path, f"/modules/{name}.ko")

    def add_module(self, path, parameters, ours=False):
        name = path.name[:path.name.index(".ko") + 3]
        if name in [known for known, _ in self.order]:
            return
        self.order.append((name, parameters))
        self.add_file(path, f"/modules/{name}")
        if ours:
            self.add_file(os.devnull, f"/modules/ours/{name}")

    def run(self, script, line=None, limit=600):
        """Boot, run the script, return a Result; line() gets each line."""
        logs = cache.tree_dir() / "logs"
        logs.mkdir(exist_ok=True)
        stem = f"{self.kernel.version}-{self.name}"
        result = Result(logs / f"{stem}.log", logs / f"{stem}.out")
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
            work = pathlib.Path(name)
            write_initramfs(self, script, work / "initramfs")
            try:
                code, text = self.switch_on(work, line or ignore, limit,
                                            result)
            finally:
                if (work / "log").exists():
                    shutil.copyfile(work / "log", result.log)
        result.report.write_text(text)
        result.seconds = time.monotonic() - start
        judge(result, code, text, self.kernel.machine.codes, self.taint)
        return result

    def switch_on(self, work, line, limit, result):
        """All boots; returns (exit code, report), of the last and of all."""
        accelerator = self.accelerator or accel.choose(self.kernel)
        if self.disk:
            with open(work / "disk", "wb") as disk:
                disk.truncate(self.disk << 20)
        texts = []
        for boot in range(1, self.boots + 1):
            command = self.command(work, accelerator, boot)
            code, text = drive(command, work, line, limit, result)
            if boot == 1 and died_young(text, result):
                code, text = self.once_more(command, work, line, limit, result)
            texts.append(text)
            verdict = VERDICT.search(text)
            if verdict and boot < self.boots:
                result.problems.append([f"the verdict came in boot {boot} "
                                        f"of {self.boots}"])
            if verdict or code or result.problems:
                break
        return code, "\n".join(texts)

    @staticmethod
    def once_more(command, work, line, limit, result):
        """Emulated CPUs may trip over code that a kernel patches as it boots.

        Seen with 7.2: "Oops: int3" in text that a static key was just changed
        in, for the other CPU had translated it before.  Nothing of ours is
        loaded by then.  Said aloud, and done once.
        """
        log = work / "log"
        text = log.read_text(errors="replace") if log.exists() else ""
        complaints = klog.complaints(text) or result.problems
        why = (complaints or [["died, no reason in its log"]])[0][0]
        result.problems.clear()
        cache.step("again", f"a guest did not begin: {why}")
        if log.exists():
            log.unlink()
        return drive(command, work, line, limit, result)

    def command(self, work, accelerator, boot):
        machine = self.kernel.machine
        # What the kernel does not know is a variable of the job's.
        words = (f"{machine.words} panic=-1 oops=panic panic_on_warn=0 "
                 "loglevel=5 printk.devkmsg=on log_buf_len=4M "
                 f"mp_memory={self.memory} {self.cmdline}")
        return [machine.qemu, *machine.board, "-accel", accelerator,
                "-m", f"{self.memory}M",
                "-smp", str(self.cpus), "-nic", "none", "-vga", "none",
                "-display", "none", "-no-reboot", "-nodefaults",
                "-no-user-config", "-monitor", "none",
                "-chardev", f"file,id=log,path={work}/log,append=on",
                *machine.serial, "-kernel", str(self.kernel.image),
                "-initrd", f"{work}/initramfs", "-append", words.strip(),
                *qmp.Monitor.options(work),
                *self.disk_options(work, boot), *self.qemu]

    def disk_options(self, work, boot):
        """The serial number, read anew each time, says which boot it is."""
        if not self.disk:
            return []
        return ["-drive", f"file={work}/disk,format=raw,if=none,id=disk,"
                "cache=unsafe",
                "-device", f"virtio-blk-pci,drive=disk,serial=boot-{boot}"]


def ignore(_line):
    pass


def died_young(text, result):
    """Before it said the first word; but what QEMU refuses, it refuses."""
    return (BEGUN not in text.splitlines()
            and result.problems in ([], [[HUNG_YOUNG]]))


def also(first, second):
    """Both see each line."""
    def both(text):
        first(text)
        second(text)
    return both


def write_initramfs(guest, script, target):
    """The cached userland, followed by what this guest brings."""
    stage = target.with_name("stage")
    for directory in ("proc", "sys", "dev", "tmp", "modules", "programs"):
        (stage / directory).mkdir(parents=True)
    for path, source in guest.files.items():
        copy = stage / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        # insmod wants it unpacked; under any other name it is just a file.
        if source.name.endswith(".ko.xz") and copy.name.endswith(".ko"):
            copy.write_bytes(lzma.decompress(source.read_bytes()))
            continue
        try:
            shutil.copyfile(source, copy)
        except OSError as error:
            raise Failure(f"guest {guest.name} needs {source}: "
                          f"{error.strerror}")
        copy.chmod(0o755)
    (stage / "job").write_text(script + "\n")
    (stage / "modules/order").write_text("".join(
        f"{name} {parameters}\n" for name, parameters in guest.order))
    target.write_bytes(userland.packed(guest.kernel.machine)
                       + userland.pack(stage, level=1))


def drive(command, work, line, limit, result):
    """Run QEMU to its end or its limit; returns (exit code, report)."""
    with open(work / "qemu", "wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, start_new_session=True, preexec_fn=die_with_us)
    monitor = qmp.Monitor(work, process.stdin)
    try:
        text = follow(process, also(monitor.line, line), limit, result)
    finally:
        monitor.close()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()
    complaint = (work / "qemu").read_text(errors="replace").strip()
    if complaint and "terminating on signal" not in complaint:
        result.problems.append(["QEMU says: " + complaint[:400]])
    return process.returncode, text


def die_with_us():
    """In the child: no guest outlives the run that started it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def follow(process, line, limit, result):
    """Pass the report on line by line until QEMU ends or time is up."""
    text, rest = [], b""
    deadline = time.monotonic() + BOOT_LIMIT
    booted = False
    while True:
        ready, _, _ = select.select([process.stdout], [], [],
                                    max(0, deadline - time.monotonic()))
        if not ready:
            result.problems.append([f"the guest hung after {limit} s"
                                    if booted else HUNG_YOUNG])
            break
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            process.wait()
            break
        *lines, rest = (rest + data).split(b"\n")
        for raw in lines:
            words = raw.decode(errors="replace").rstrip("\r")
            text.append(words)
            if words == BEGUN:
                booted, deadline = True, time.monotonic() + limit
            line(words)
    return "\n".join(text + [rest.decode(errors="replace")])


def judge(result, code, text, codes, taint=0):
    """Fill in the status and everything that is wrong."""
    log = result.log.read_text(errors="replace") if result.log.exists() else ""
    said = VERDICT.search(text)
    complaints = klog.complaints(log)
    if said and code == codes[said.group(1) == "0"]:
        result.status = int(said.group(1))
        wrong = klog.tainted(int(said.group(2)) & ~taint, log)
        if wrong:
            result.problems.append([wrong])
    else:
        if not result.problems:
            result.problems.append(["the guest ended without a verdict"])
        if not complaints:
            result.problems[-1] += ["its log ends:", *log.splitlines()[-15:]]
    result.problems += complaints

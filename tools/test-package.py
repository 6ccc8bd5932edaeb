# SPDX-License-Identifier: GPL-2.0
"""make test-package: the packages, installed and used.

They are built and installed in a Debian system to throw away, where DKMS builds
the framework.  A driver is built there against what is installed, as
README.Debian says; both are loaded in a virtual machine, where pages of the
driver move.  The steps build on each other, so the first that fails is the
last.  The last line is "N passed, N failed".
"""
import re
import shutil
import sys
import time

import cache
import package
import root
import tree
from cache import Failure, TREE, excerpt, say
from guest import Guest

KERNEL = "6.1"
README = TREE / "debian/movable-pool-dkms.README.Debian"
DRIVER = TREE / "selftests/package/my_driver.c"
IMPORT = "MOVABLE_POOL_IMPORT();\n"
DKMS_CONF = """PACKAGE_NAME="my-driver"
PACKAGE_VERSION="1"
BUILT_MODULE_NAME[0]="my_driver"
DEST_MODULE_LOCATION[0]="/updates/dkms"
AUTOINSTALL="yes"
"""
UNSUPPORTED = ("4.19.0-27-amd64", "5.9.0-5-amd64", "5.18.0-4-amd64",
               "5.19.0-2-amd64")
SENTENCE = "is outside of what is supported, 5.10 to 5.17 and 6.0 or later"
MOVED = re.compile(r"my_driver: (\d+) pages, (\d+) moves, (\d+) pages changed")
FORGOT = re.compile(r"forgot: .*namespace MOVABLE_POOL")
JOB = """load_modules || exit 1
insmod /modules/forgot.ko && echo "mp-fail: it was loaded"
for pass in 1 2 3; do echo 1 >/proc/sys/vm/compact_memory; done
unload_modules"""


def quoted(start):
    """The indented lines of README.Debian from one that begins so."""
    text = README.read_text()
    block = re.search(rf"^  {re.escape(start)}.*\n(  .*\n)*", text, re.M)
    if not block:
        raise Failure(f"{README.name} no longer has '{start}'")
    return re.sub("^  ", "", block.group(), flags=re.M)


def check(holds, otherwise):
    if not holds:
        raise Failure(otherwise)


class Trial:
    """A system, the packages, and the kernel that is in it."""

    def __init__(self, kernel, system, packages):
        self.kernel = kernel
        self.root = system
        self.packages = packages
        self.modules = f"/lib/modules/{kernel.release}"
        self.place = f"{self.modules}/movable-pool"
        self.own = f"movable-pool/{package.version()}"

    def do(self, script):
        """What a script says that must not fail."""
        done = self.root.run(script)
        if done.returncode:
            excerpt(done.stdout.splitlines()[-cache.EXCERPT:])
            raise Failure(f"status {done.returncode} of: {script}")
        return done.stdout

    def has(self, path):
        return self.root.path(path).exists()

    def put(self, path, text):
        target = self.root.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def build(self, directory):
        """The command of README.Debian, for this kernel."""
        return self.root.run(f"cd {directory}; make -C {self.modules}/build "
                             "M=$PWD modules 2>&1")

    def is_complete(self, why):
        headers = {path.name for path in
                   self.root.path(f"{self.place}/include/linux").glob("*")}
        wanted = {path.name for path in
                  (TREE / "include/linux").glob("movable_*.h")}
        check(headers == wanted, f"{why}: headers are {sorted(headers)}")
        symbols = self.root.path(f"{self.place}/Module.symvers").read_text()
        check(all(line.split("\t")[3:] == ["EXPORT_SYMBOL_GPL", "MOVABLE_POOL"]
                  for line in symbols.splitlines()) and symbols,
              f"{why}: Module.symvers has not only, or not all of ours")
        version = self.root.path(f"{self.place}/version").read_text()
        check(version.strip() == package.version(),
              f"{why}: it says to be version {version}")

    def install(self):
        """The packages install, and DKMS builds the framework"""
        for path in self.packages.values():
            shutil.copy(path, self.root.path("/root"))
        self.do("dpkg -i /root/*.deb")
        said = self.do(f"dkms status {self.own} -k {self.kernel.release}")
        check(said.strip().endswith(": installed"), f"DKMS says: {said}")
        self.is_complete("after dpkg -i")

    def refuse(self):
        """Kernels that are not supported are passed over, with a sentence"""
        for release in UNSUPPORTED:
            done = self.root.run(f"dkms build {self.own} -k {release} 2>&1")
            check(done.returncode == 77 and done.stdout.count(SENTENCE) == 1
                  and f"({release})" in done.stdout,
                  f"DKMS, told to build for {release}: {done.stdout}")

    def driver(self):
        """A driver is built as README.Debian says, without a warning"""
        self.put("/root/driver/my_driver.c", DRIVER.read_text())
        self.put("/root/driver/Kbuild", quoted("mp := "))
        done = self.build("/root/driver")
        check(not done.returncode and "WARNING" not in done.stdout,
              done.stdout)

    def forgot(self):
        """One without MOVABLE_POOL_IMPORT() is told so, and not built"""
        source = DRIVER.read_text()
        check(source.count(IMPORT) == 1, f"{DRIVER.name} has no {IMPORT}")
        self.put("/root/forgot/forgot.c", source.replace(IMPORT, ""))
        self.put("/root/forgot/Kbuild",
                 quoted("mp := ").replace("my_driver", "forgot"))
        done = self.build("/root/forgot")
        check(done.returncode and "namespace MOVABLE_POOL, but does not "
              "import it" in done.stdout, done.stdout)
        self.do(f"cd /root/forgot; make -C {self.modules}/build M=$PWD "
                "CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS=y modules")

    def load(self):
        """Both are loaded, and the driver's pages move; not the one without"""
        guest = Guest(self.kernel, "package", memory=512)
        for path in (f"{self.modules}/updates/dkms/movable_pool.ko",
                     "/root/driver/my_driver.ko"):
            guest.add_module(self.root.path(path), "", ours=True)
        guest.add_file(self.root.path("/root/forgot/forgot.ko"),
                       "/modules/forgot.ko")
        result = guest.run(JOB)
        if result.problems or result.status:
            excerpt(sum(result.problems, []))
            raise Failure(f"the guest failed; its log: {result.log}")
        check("mp-fail" not in result.report.read_text(),
              f"the guest says why: {result.report}")
        log = result.log.read_text(errors="replace")
        said = MOVED.search(log)
        check(said and int(said.group(2)) and said.group(3) == "0",
              f"the driver says: {said and said.group()}")
        check(FORGOT.search(log), f"nothing of a namespace in {result.log}")
        say(f"        # {said.group()}")

    def in_order(self):
        """DKMS builds a driver of its own after the framework"""
        self.do(f"dkms remove {self.own} -k {self.kernel.release}")
        check(not self.has(self.place), f"{self.place} is left by DKMS")
        self.do(f"dkms add {self.own}")
        self.do("cp -r /root/driver /usr/src/my-driver-1; "
                f"cd /usr/src/my-driver-1; "
                f"make -C {self.modules}/build M=$PWD clean")
        self.put("/usr/src/my-driver-1/dkms.conf",
                 DKMS_CONF + quoted("BUILD_DEPENDS"))
        self.do("dkms add my-driver/1")
        said = self.do(f"dkms autoinstall -k {self.kernel.release}")
        check(0 <= said.find("movable_pool.ko") < said.find("my_driver.ko"),
              f"DKMS says: {said}")
        self.is_complete("after dkms autoinstall")
        said = self.do(f"modprobe -S {self.kernel.release} --show-depends "
                       "my_driver")
        check("movable_pool.ko" in said, f"modprobe says: {said}")
        self.do("dkms remove my-driver/1 --all")

    def command(self):
        """The test bench runs from where it is installed"""
        done = self.root.run("movable-pool install")
        check(done.returncode == 2 and "usage: movable-pool" in done.stdout,
              done.stdout)
        done = self.root.run("movable-pool demo")
        check(done.returncode and "make demo needs" in done.stdout
              and "qemu-system-x86" in done.stdout, done.stdout)
        left = [path for path in
                self.root.path("/usr/share/movable-pool").rglob("*")
                if path.name in ("__pycache__", "build")]
        check(not left, f"the bench has written beside itself: {left}")

    def purge(self):
        """Nothing is left when the packages are purged"""
        self.do("dpkg -P " + " ".join(self.packages))
        left = self.do("find / -xdev \\( -path /proc -o -path /root -o "
                       "-path /run \\) -prune -o -name '*movable*pool*' "
                       "-print")
        check(not left, f"there is still: {left}")

    def make_install(self):
        """make install does the same without packages, and runs depmod"""
        tree.copy(self.root.path("/root/movable-pool"))
        self.do(f"cd /root/movable-pool; make KDIR={self.modules}/build "
                "install")
        self.is_complete("after make install")
        self.do(f"modinfo -k {self.kernel.release} movable_pool")
        self.do("cd /root/driver; "
                f"make -C {self.modules}/build M=$PWD clean")
        done = self.build("/root/driver")
        check(not done.returncode and "WARNING" not in done.stdout,
              done.stdout)

    STEPS = (install, refuse, driver, forgot, load, in_order, command, purge,
             make_install)


def main():
    start = time.monotonic()
    kernel, base = root.kernel_and_base(KERNEL)
    packages = package.build()
    passed = 0
    wrong = ""
    with root.Root(base) as system:
        trial = Trial(kernel, system, packages)
        for step in Trial.STEPS:
            began = time.monotonic()
            try:
                step(trial)
                passed += 1
            except Failure as failure:
                wrong = str(failure)
            say(f"  {'FAIL' if wrong else 'ok':<5} {step.__doc__:<66} "
                f"{time.monotonic() - began:6.1f} s")
            if wrong:
                excerpt(wrong.splitlines())
                break
    say(f"\nall of it took {time.monotonic() - start:.0f} s")
    say(f"{passed} passed, {int(bool(wrong))} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

# SPDX-License-Identifier: GPL-2.0
"""Gets kernels and kernel sources: Debian packages, unpacked privately.

Whoever calls this holds the lock of that kernel.  What is fetched appears in
the cache when it is complete; on any error it does not, and apt's own state is
dropped, so that the next run starts from what is known to be good.
"""
import contextlib
import re
import shutil
import subprocess
import tempfile

import built
import cache
import machine
import prepare
from apt import Apt
from cache import Failure, step


def place(name):
    """Where the kernel of that release is, or its stamp."""
    return cache.root() / "kernels" / name


def build_tree(row, root, release):
    """What to give make as the kernel to build modules for."""
    if "source" in row:         # Debian's or ours: made in place
        return root / "build"
    return root / "usr/src" / f"linux-headers-{release}"


@contextlib.contextmanager
def careful(apt):
    """Whatever went wrong, apt starts afresh the next time."""
    try:
        yield
    except (Failure, OSError):
        shutil.rmtree(apt.dir, ignore_errors=True)
        raise


def kernel(version, row):
    """Fetch the newest release of a row of the table; returns its name."""
    store = place("")
    store.mkdir(exist_ok=True)
    cache.sweep(store)
    cache.say(f"kernel {version}: fetching it into {store}")
    apt = Apt(version, row["suites"], row.get("machine", ""))
    with careful(apt):
        apt.update()
        release, names, package_version = (
            own(apt, row) if "config" in row else newest(apt, row))
        target = place(release)
        stamp = cache.read_json(target / "stamp.json")
        if not is_from(stamp, row) or stamp["version"] != package_version:
            with cache.filling(target) as partial:
                unpack_all(apt, names, partial)
                complete(apt, row, release, partial, target)
                cache.write_json(partial / "stamp.json",
                                 {"version": package_version,
                                  "packages": row.get("packages")})
    step("ready", f"{release} ({package_version})")
    return release


def is_from(stamp, row):
    """Was it made of the packages that the table names today?"""
    return stamp and stamp.get("packages", "") == row.get("packages")


def own(apt, row):
    """The same of a kernel to be built: no packages but the source."""
    version = apt.show(row["source"]).get("Version")
    if not version:
        raise Failure(f"{' '.join(row['suites'])} has no {row['source']}")
    return built.name(row, version), [], version


def newest(apt, row):
    """(release, packages, version) of the newest that the suites have."""
    image = row["packages"][0].format(rel="{rel}", abi="")
    pattern = re.compile(re.escape(image).replace(r"\{rel\}",
                                                  f"({row['release']})"))
    found = [pattern.fullmatch(name) for name in apt.names()]
    for release in sorted((match.group(1) for match in found if match),
                          key=natural, reverse=True):
        abi = release.rsplit("-", 1)[0]
        names = [name.format(rel=release, abi=abi)
                 for name in row["packages"]]
        shown = [apt.show(name) for name in names]
        # Names that others depend on are known, too, and old images stay
        # when the headers have gone.
        if not all(shown):
            continue
        version = shown[0]["Version"]
        if "source" in row and \
                apt.show(row["source"]).get("Version") != version:
            continue
        return release, names, version
    raise Failure(f"{' '.join(row['suites'])} no longer has a kernel "
                  f"{row['release']} with all of: "
                  + ", ".join(row["packages"]))


def natural(release):
    """6.1.0-9 comes before 6.1.0-10."""
    return [int(number) for number in re.findall(r"\d+", release)]


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


def unpack_source(apt, package, into, patterns=("*",), without=()):
    """Some files of a kernel source package, which has 90,000 of them."""
    with tempfile.TemporaryDirectory(dir=into) as downloads:
        deb = apt.download(package, downloads)
        step("unpack", "what is needed of it (ten seconds or so)")
        names = " ".join([f"--exclude='{package}/{name}'" for name in without]
                         + [f"'{package}/{name}'" for name in patterns])
        command = (f"dpkg-deb --fsys-tarfile '{deb}' | "
                   f"tar -xO ./usr/src/{package}.tar.xz | "
                   f"tar -xJ -C '{into}' --strip-components=1 "
                   f"--wildcards {names}")
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command],
                              text=True, stderr=subprocess.PIPE)
        if done.returncode:
            raise cannot_unpack(deb, done.stderr)


def cannot_unpack(deb, stderr):
    cache.full_disk(stderr)
    first = (stderr.strip().splitlines() or ["no reason given"])[0]
    return Failure(f"cannot unpack {deb.name}: {first}")


def complete(apt, row, release, partial, target):
    """Make the unpacked packages usable where they will be."""
    tree = partial / "build"
    if "source" in row:
        tree.mkdir()
    if "config" in row:
        unpack_source(apt, row["source"], tree, without=built.LEFT_OUT)
        built.build(row, release, partial)
        return
    prepare.modules_and_image(partial, release, machine.of(row))
    if "source" in row:
        unpack_source(apt, row["source"], tree, prepare.BUILD_FILES)
        prepare.source_tree(tree, partial, release)
    else:
        prepare.headers(partial, release, target)


# The kernel's own test harness, a test of compaction, style checkers, and what
# it makes its documentation with, from the oldest source package whose harness
# can list and filter tests.
SOURCE = {"suites": ["bookworm", "bookworm-security"],
          "package": "linux-source-6.12"}
SOURCE_FILES = [
    "tools/testing/selftests/kselftest.h",
    "tools/testing/selftests/kselftest_harness.h",
    "tools/testing/selftests/lib.mk",
    "tools/testing/selftests/kselftest/*",
    "tools/testing/selftests/mm/compaction_test.c",
    "scripts/checkpatch.pl", "scripts/spelling.txt",
    "scripts/const_structs.checkpatch", "scripts/kernel-doc",
    "scripts/clang-tools/gen_compile_commands.py",
    "Documentation/conf.py", "Documentation/sphinx/*",
    "Documentation/sphinx-static/*", "Documentation/images/*",
]


def source():
    """The directory with the kernel's test harness, checkers and tools."""
    return some_of(SOURCE, "linux-source", SOURCE_FILES,
                   "the test harness, the style checkers and what "
                   "documentation is made with")


def some_of(source_, name, files, what):
    """A directory of the cache with these files of a kernel's source."""
    target = cache.root() / name
    if not has_all(target, files):
        with cache.lock("source"):
            if not has_all(target, files):
                fetch_source(source_, target, files, what)
    return target


def has_all(target, files):
    """What an older tree has fetched may be less than is needed now."""
    return all(any(target.glob(name)) for name in files)


def fetch_source(source_, target, files, what):
    cache.sweep(target.parent)
    cache.say(f"kernel sources: first use, fetching {what}")
    apt = Apt("source" if source_ is SOURCE else target.name,
              source_["suites"])
    with careful(apt), cache.filling(target) as partial:
        apt.update()
        unpack_source(apt, source_["package"], partial, files)
        shutil.rmtree(target, ignore_errors=True)


# What the series for the kernel is made against, whole or in part, and the
# style checker that belongs to it.
SERIES = {"suites": ["trixie-backports"], "package": "linux-source-7.2"}
SERIES_CHECKER = ["scripts/checkpatch.pl", "scripts/spelling.txt",
                  "scripts/const_structs.checkpatch"]


# Of the whole, files that no kernel for our guests is made of (built.LEFT_OUT),
# but with what the series changes there, and what its documents are built by.
SERIES_LEFT_OUT = (
    *(name for name in built.LEFT_OUT
      if not name.startswith(("Documentation/", "tools/testing/"))),
    "Documentation/[!KMcdims]*", "tools/testing/[!s]*",
    "tools/testing/selftests/[!Mklmr]*")


def series_source():
    """The directory with the source that a series is applied to and built."""
    target = cache.root() / "linux-7.2-source"
    if not target.is_dir():
        with cache.lock("source"):
            if not target.is_dir():
                fetch_whole(target)
    return target


def fetch_whole(target):
    cache.sweep(target.parent)
    cache.say(f"kernel source: first use, unpacking {SERIES['package']}")
    apt = Apt(target.name, SERIES["suites"])
    with careful(apt), cache.filling(target) as partial:
        apt.update()
        unpack_source(apt, SERIES["package"], partial,
                      without=SERIES_LEFT_OUT)


def series_base(names):
    """The directory with those files of the kernel that a series is for."""
    return some_of(SERIES, "linux-7.2-base", [*SERIES_CHECKER, *names],
                   "what the series for the kernel changes")


# The userland of guests that are another machine than this one.
BUSYBOX = {"suites": ["bookworm", "bookworm-security"],
           "package": "busybox-static"}


def busybox(foreign):
    """busybox for that machine, static."""
    target = cache.root() / f"busybox-{foreign.name}"
    if not target.is_dir():
        with cache.lock("kernels"):
            if not target.is_dir():
                fetch_busybox(foreign, target)
    return target / "bin/busybox"


def fetch_busybox(foreign, target):
    cache.say(f"busybox for {foreign.name}: first use, fetching it")
    apt = Apt(f"busybox-{foreign.name}", BUSYBOX["suites"], foreign.name)
    with careful(apt), cache.filling(target) as partial:
        apt.update()
        unpack_all(apt, [f"{BUSYBOX['package']}:{foreign.name}"], partial)

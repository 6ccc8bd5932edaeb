# SPDX-License-Identifier: GPL-2.0
"""What make check asks of sources, each by itself: style, static analysis.

A check looks at some files and returns them, and what is wrong with them; what
it is for is its first line.
"""
import ast
import os
import re
import shutil
import subprocess
import tempfile

import build
import fetch
import kernels
from cache import TREE
from tree import grep, head, text

HEADER = "include/linux/movable_pool.h"
HEADER_LINES = 350
COLUMNS = 80
# What checkpatch is told to ignore, and why.
IGNORED = (
    "CAMELCASE",                # the kernel's own names: PageMovable ...
)
IGNORED_COMPAT = (
    "DEPRECATED_API",           # kmap(): all that 5.10 has
)
PROGRAMS = ("/demo.c", "/demo.h", "/demo_files.h", "/demo_memory.h",
            "/client.c", "/client.h")
IGNORED_PROGRAM = (             # user space has none of what these ask for:
    "PREFER_KERNEL_TYPES",      # u64
    "PREFER_DEFINED_ATTRIBUTE_MACRO",   # __printf()
    "BIT_MACRO",                # BIT()
    "VOLATILE",                 # READ_ONCE()
)
VERSION_TEST = re.compile(r"\b(LINUX_VERSION_CODE|KERNEL_VERSION|"
                          r"LINUX_VERSION_\w+|UTS_RELEASE)\b")
BUG = re.compile(r"\b(VM_)?BUG(_ON\w*)?\(")
# What copies a page, whoever is told of it, and what may not be used for that.
COPY_HELPER = re.compile(r"\b(copy_highpage|folio_mc_copy)\(")
COPY_BARE = re.compile(r"\b(copy_page|copy_user_\w+|copy_mc_\w+|memcpy_page|"
                       r"folio_copy|(mem|folio_)?copy_\w*page\w*|memmove|"
                       r"memcpy\w*)\(")
VERDICT = re.compile(r"\S+:\d+: (ERROR|WARNING|CHECK):")
# What people grep for is not split: a line may end in a long string.
MESSAGE = re.compile(r'"[,;)]*$')
HOST = re.compile(r"https?://\S*(debian|mirror)")
PACKAGING = "debian/"           # whose copyright file speaks for the others
EXPORT = re.compile(r"^EXPORT_SYMBOL(?:_NS)?(?:_GPL)?\((\w+)", re.M)
KERNEL_DOC = re.compile(r"/\*\*\n(.*?)\*/\s*([^;{]*)", re.S)


def output(command, where=TREE):
    """A tool's complaints: whatever it prints."""
    done = subprocess.run(command, cwd=where, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    if done.returncode:
        lines += [f"{command[0]} ended with status {done.returncode}"]
    return lines


def scripts(name):
    return str(fetch.source() / "scripts" / name)


def checkpatch(files):
    """The kernel's coding style, checkpatch --strict"""
    names = files.c()
    modules = set(files.modules())
    compat = {name for name in modules if "/compat/" in name}
    # Beside samples are programs, too.
    programs = {name for name in names if name not in modules
                or name.endswith(PROGRAMS)}
    kinds = ((modules - compat - programs, IGNORED),
             (compat, IGNORED + IGNORED_COMPAT),
             (programs, IGNORED + IGNORED_PROGRAM))
    found = []
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as copy:
        # In a git tree checkpatch leaves a cache file behind.
        for name in names:
            os.makedirs(os.path.dirname(f"{copy}/{name}"), exist_ok=True)
            shutil.copyfile(TREE / name, f"{copy}/{name}")
        for some, ignored in kinds:
            if some:
                found += output(["perl", scripts("checkpatch.pl"),
                                 "--strict", "--no-tree", "--no-signoff",
                                 "--terse", "--show-types", "--quiet",
                                 "--ignore", ",".join(ignored),
                                 "-f", *sorted(some)], copy)
    # It also grumbles about itself, outside a kernel tree.
    verdicts = [line for line in found if VERDICT.match(line)]
    return names, verdicts or [line for line in found if "status" in line]


def sparse(files):
    """sparse has nothing to say about the modules"""
    kernel = kernels.get()
    found = []
    for variant in build.OPTIONS:
        found += build.sparse(kernel, variant)
    return [name for name in files.modules()
            if name.endswith(".c")], list(dict.fromkeys(found))


def shellcheck(files):
    """shellcheck has nothing to say about the scripts"""
    names = files.shell()
    return names, output(["shellcheck", "-f", "gcc", *names])


def kernel_doc(files):
    """Documentation comments are well-formed"""
    names = [name for name in files.modules()
             if re.search(r"^/\*\*$", text(name), re.M)]
    return names, output(["perl", scripts("kernel-doc"), "-none", "-Werror",
                          *names])


def exports(files):
    """Every exported function documents Context: and Return:"""
    names = [name for name in files.modules()
             if name.startswith(("drivers/", "include/"))]
    comments = {}
    for name in names:
        for comment, code in KERNEL_DOC.findall(text(name)):
            subject = re.match(r"\s*\*\s*(\w+)\(\)", comment)
            if subject:
                comments[subject.group(1)] = (comment, code)
    wrong = []
    for name in names:
        for symbol in EXPORT.findall(text(name)):
            wrong += [f"{name}: {symbol}(): {lack}"
                      for lack in lacking(symbol, comments)]
    return names, wrong


def lacking(symbol, comments):
    """What the documentation of an exported function lacks."""
    if symbol not in comments:
        return ["no kernel-doc"]
    comment, code = comments[symbol]
    lacks = [] if "Context:" in comment else ["no Context:"]
    if "Return:" not in comment and not re.match(r"(static inline )?void\s+\w",
                                                 code):
        lacks.append("no Return:")
    return lacks


def version_tests(files):
    """Kernel versions are known in compat/ only"""
    names = [name for name in files.modules() if "/compat/" not in name]
    return names, grep(names, VERSION_TEST)


def bugs(files):
    """No BUG(): a library does not stop its user's machine"""
    names = files.modules()
    return names, grep(names, BUG)


def copies(files):
    """Pages are copied by the kernel's page copy helper, in one place (R24)"""
    names = [name for name in files.c()
             if name.startswith("drivers/movable-pool/")
             and "/tests/" not in name and "/probe/" not in name]
    return names, miscopied({name: text(name) for name in names})


def miscopied(sources):
    """Copies by other means, but of what has a type; a helper that is lost, or
    used beside the one place."""
    wrong, helpers = [], set()
    for name, source in sources.items():
        for number, line in enumerate(uncommented(source).splitlines(), 1):
            where = f"{name}:{number}: {line.strip()}"
            if COPY_HELPER.search(line):
                helpers.add(COPY_HELPER.search(line).group(1))
                if not name.endswith("/compat/compat.h"):
                    wrong.append(where)
            elif COPY_BARE.search(line) and "sizeof(" not in line:
                wrong.append(where)
    return wrong + [f"nothing copies by {name}()" for name in
                    ("copy_highpage", "folio_mc_copy") if name not in helpers]


def uncommented(source):
    """The same lines without what comments say."""
    return re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment.group().count(
        "\n"), source, flags=re.S)


def columns(files):
    """No line is longer than 80 columns, but for messages"""
    names = files.c() + files.ending(".py") + files.shell()
    return names, [f"{name}:{number}: {len(line.expandtabs())} columns"
                   for name in names
                   for number, line in enumerate(text(name).splitlines(), 1)
                   if len(line.expandtabs()) > COLUMNS
                   and not MESSAGE.search(line)]


def header_size(_files):
    """The public header can be read in one sitting: at most 350 lines"""
    count = len(text(HEADER).splitlines())
    return [HEADER], [f"{count} lines"] if count > HEADER_LINES else []


def licences(files):
    """Every file names its licence"""
    names = [name for name in files.all
             if name != "COPYING" and not name.endswith((".md", ".patch"))
             and not name.startswith(PACKAGING)]
    return names, [name for name in names
                   if (TREE / name).stat().st_size
                   and "SPDX-License-Identifier: GPL-2.0" not in head(name)]


def python(files):
    """Python is Python 3.9, Debian 11's"""
    names = files.ending(".py")
    wrong = []
    for name in names:
        try:
            ast.parse(text(name), name, feature_version=(3, 9))
        except SyntaxError as error:
            wrong.append(f"{name}:{error.lineno}: {error.msg}")
    return names, wrong


def hosts(files):
    """No file names a package mirror"""
    names = [name for name in files.all if name != f"{PACKAGING}copyright"]
    return names, grep(names, HOST)


CHECKS = (checkpatch, sparse, shellcheck, kernel_doc, exports, version_tests,
          bugs, copies, columns, header_size, licences, python, hosts)

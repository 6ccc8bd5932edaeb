# SPDX-License-Identifier: GPL-2.0
"""make check: style, static analysis and the rules of this tree.

Each check looks at some files and returns what is wrong with them.  The last
line is "N passed, N failed".
"""
import ast
import concurrent.futures
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import build
import cache
import commands
import docs
import documents
import fetch
import groups
import kernels
import matrix
import named
import refused
import tree
from cache import TREE, excerpt, say

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
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
EXPORT = re.compile(r"^EXPORT_SYMBOL(?:_NS)?(?:_GPL)?\((\w+)", re.M)
KERNEL_DOC = re.compile(r"/\*\*\n(.*?)\*/\s*([^;{]*)", re.S)
# Documents that quote a driver.
QUOTED = (("Documentation/balloon.rst", "samples/balloon"),
          ("Documentation/first-driver.rst", "samples/first"),
          ("Documentation/mapped.rst", "samples/buffers"),
          ("Documentation/directed.rst", "samples/edu"))
QUOTE = re.compile(r"\.\. code-block:: c\n\n((?:[ \t].*\n|\n)+)")
TEST_MACRO = re.compile(r"^(TEST\w*|\w+_F)\(([^)]*)\)", re.M)
UNIT_TEST = re.compile(r"^\s*KUNIT_CASE\((\w+)\)", re.M)
# A table of mistakes: what, how it is found, what is said of it, the tests.
MISTAKES = "Documentation/mistakes.rst"
LITERAL = re.compile(r"``([^`]+)``")


class Files:
    """The tree's files, by kind."""

    def __init__(self):
        self.all = tree.files()

    def ending(self, *endings):
        return [name for name in self.all if name.endswith(endings)]

    def c(self):
        return self.ending(".c", ".h")

    def modules(self):
        """C that runs in the kernel."""
        return [name for name in self.c()
                if name.startswith(("drivers/", "include/", "samples/",
                                    "selftests/kmod/",
                                    "selftests/package/"))]

    def shell(self):
        return [name for name in self.all
                if re.match(r"#!.*\b(ba|da)?sh\b|(.*\n){0,2}# shellcheck "
                            r"shell=", head(name))]


def text(name):
    return (TREE / name).read_text(errors="replace")


def head(name):
    with open(TREE / name, errors="replace", encoding="utf-8") as file:
        return file.read(300)


def grep(names, pattern):
    """Lines that match, as file:line: text."""
    return [f"{name}:{number}: {line.strip()}" for name in names
            for number, line in enumerate(text(name).splitlines(), 1)
            if pattern.search(line)]


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


def links(files):
    """Links between documents lead somewhere"""
    names = files.ending(".md")
    return names, [f"{name}: {target}" for name in names
                   for target in LINK.findall(text(name))
                   if "://" not in target and not os.path.exists(
                       os.path.join(TREE, os.path.dirname(name), target))]


def documentation(_files):
    """Sphinx makes HTML of Documentation/ and has no warning"""
    names = sorted(path.name for path in docs.SOURCE.glob("*.rst"))
    return names, docs.build()[0]


def shown_commands(_files):
    """Commands that documents show are run by a test"""
    return commands.all_complaints()


def errors(_files):
    """errors.rst has each error of each function, as its comment does"""
    return ["errors.rst"], documents.errors()


def states(_files):
    """The picture of states has the transitions there are"""
    return ["page-states.dot"], documents.states()


def readme_driver(_files):
    """The driver in README.md is the one that is built and tested"""
    source = text("samples/first/movable_first.c")
    same = f"```c\n{source}```" in text("README.md")
    return ["README.md"], [] if same else ["README.md: the driver differs"]


# What a module says of itself.
DECLARED = ("//", "MODULE_", "MOVABLE_POOL_")


def first_driver(_files):
    """The first driver is documented whole, and has the lines it promises"""
    lines = [line for line in text("samples/first/movable_first.c").splitlines()
             if line and not line.startswith(DECLARED)]
    title = f"Your first driver, in {len(lines)} lines"
    said = text("Documentation/first-driver.rst")
    return ["first-driver.rst"], [
        f"first-driver.rst: not in it: {line}" for line in (title, *lines)
        if line not in said]


def tutorial(_files):
    """What Documentation/ quotes of a driver is in it"""
    return [name for name, _ in QUOTED], [
        f"{name}: not in {driver}: {line}" for name, driver in QUOTED
        for line in misquoted(text(name), driver)]


def misquoted(document, driver):
    """First lines of quotes that are not in the driver's source."""
    source = squeezed("".join(path.read_text() for path in sorted(
        (cache.TREE / driver).glob("*.c"))))
    quotes = QUOTE.findall(document)
    wrong = [quote.split("\n")[0].strip() for quote in quotes
             if squeezed(quote) not in source]
    return wrong if quotes else ["nothing is quoted"]


def squeezed(code):
    """The words alone, each after one space."""
    return " ".join(code.split())


def readme_kernels(_files):
    """README.md's table of kernels is the last run of make test-all"""
    return ["README.md"], matrix.complaints()


def programs(files):
    """Every test program is in a group, and the other way round"""
    names = [name for name in files.ending(".c")
             if re.fullmatch(r"selftests/\w+\.c", name)]
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(groups.FILE)
    run = {word for section in parser.sections()
           for word in parser[section].get("programs", "").split()}
    have = {name.split("/")[1][:-2] for name in names}
    return names, ([f"no group runs {name}" for name in sorted(have - run)]
                   + [f"no such program: {name}"
                      for name in sorted(run - have)])


def tests_in(source):
    """Names of the tests that a program's source defines."""
    for macro, words in TEST_MACRO.findall(source):
        names = [word.strip() for word in words.split(",")]
        yield names[macro.startswith("TEST_F")]


def all_tests(files):
    """Of programs, and of the suites of unit tests, as (program, test)."""
    for name in files.ending(".c"):
        if re.fullmatch(r"selftests/\w+\.c", name):
            for test in tests_in(text(name)):
                yield name.split("/")[1][:-2], test
        elif name.endswith("_kunit.c"):
            for suite in named.SUITE.findall(text(name)):
                for test in UNIT_TEST.findall(text(name)):
                    yield suite, test


def tests_named(files):
    """Every test that Documentation/ names as ``program.test`` exists"""
    have = set(all_tests(files))
    names = [name for name in files.ending(".rst")
             if name.startswith("Documentation/")]
    return names, [f"{name}: no such test: {program}.{test}"
                   for name in names
                   for program, test in named.tests(text(name))
                   if (program, test) not in have]


def mistakes(files):
    """Documentation/mistakes.rst quotes what is said and names what tests it"""
    have = {f"{program}.{test}" for program, test in all_tests(files)}
    have |= {path.name for path in refused.sources()}
    have |= {f"make check: {check.__name__}" for check in CHECKS}
    core = "".join(text(name) for name in files.ending(".c")
                   if name.startswith("drivers/movable-pool/"))
    return [MISTAKES], unproven(text(MISTAKES), have, core)


def unproven(document, have, core):
    """Rows of the table that name no test, one that is not there, or quote what
    the framework does not say."""
    found = list(table_rows(document))
    wrong = [] if found else ["no table"]
    for row in found:
        if len(row) != 4:
            wrong.append(f"{row[0]}: {len(row)} columns")
            continue
        tests = LITERAL.findall(row[3])
        wrong += [f"{row[0]}: no such test: {test}"
                  for test in tests or ["none"] if test not in have]
        wrong += [f"{row[0]}: is not said: {words}"
                  for words in LITERAL.findall(row[2]) if words not in core]
    return wrong


def table_rows(document):
    """The rows of its list-tables but the first, as lists of cells."""
    tables = []
    for line in document.splitlines():
        if line.startswith(".. list-table::"):
            tables.append([])
        elif tables and line.startswith("   * - "):
            tables[-1].append([line[7:]])
        elif tables and tables[-1] and line.startswith("     - "):
            tables[-1][-1].append(line[7:])
        elif tables and tables[-1] and line.startswith("       "):
            tables[-1][-1][-1] += " " + line.strip()
    return [row for table in tables for row in table[1:]]


def compiler(files):
    """Mistakes that do not compile are refused for the reason they name"""
    return [str(path) for path in refused.sources()], \
        refused.complaints(kernels.get())


CHECKS = (checkpatch, sparse, shellcheck, kernel_doc, exports, version_tests,
          bugs, copies, columns, header_size, licences, python, hosts, links,
          documentation, shown_commands, errors, states, first_driver,
          readme_driver, tutorial, readme_kernels, programs, tests_named,
          mistakes, compiler)


def side_by_side(files):
    """What each has to say, in their order: the first, checkpatch, takes as
    long as all others."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda check: check(files), CHECKS)


def main():
    start = time.monotonic()
    # What has to be fetched is fetched before the results begin.
    kernels.get()
    fetch.source()
    files = Files()
    failed = 0
    for check, (names, wrong) in zip(CHECKS, side_by_side(files)):
        failed += bool(wrong)
        what = check.__doc__.splitlines()[0]
        count = f"({len(names)} files)"
        say(f"  {'FAIL' if wrong else 'ok':<5} {what:<62} {count:>10}")
        excerpt(wrong)
    say(f"\nall of it took {time.monotonic() - start:.0f} s")
    say(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())

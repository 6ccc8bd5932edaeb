# SPDX-License-Identifier: GPL-2.0
"""Commands that README.md and Documentation/ show: each is run by a test.

A command is a line of a literal block, or words in the text between backquotes,
that begins with a known word.  make's verbs are run by .ci/run or have tests of
their own, tools/tests/test_VERB.py; their variables must be the Makefile's.
What root types, after "# ", is run as it stands by selftests/commands.c, for
the documents that groups.ini hands to it.  The few others are in RUN.
"""
import re

import ci
import groups
from cache import TREE

WORDS = ("make", "insmod", "modprobe", "rmmod", "echo", "cat", "ls", "cd",
         "dmesg", "mount", "sysctl", "git", "apt-get", "dkms", "tools/setup",
         "python3", "perf", "bpftrace", "dd", "blkdiscard", "grep")
# Run elsewhere: by what, and the words there.
RUN = {
    "make help": ("tools/tests/test_commands.py", '"make", "help"'),
    "make -C KDIR M=$PWD": ("tools/tests/test_refusals.py", '"make", "-C"'),
    "make -C /lib/modules/$(uname -r)/build M=$PWD "
    "MOVABLE_POOL=$HOME/movable_pool":
        ("tools/tests/test_modules.py", '"MOVABLE_POOL=$HOME/movable_pool"'),
    "make -C /lib/modules/$(uname -r)/build M=$PWD":
        ("tools/tests/test_install.py", 'f"M={here}"'),
    "apt-get update": ("tools/newcomer.py", '"apt-get update"'),
    "apt-get install -y git make":
        ("tools/newcomer.py", '"apt-get install -y git make"'),
    "dkms add .": ("tools/test-package.py", "dkms add {self.own}"),
    "dkms install movable-pool/0.1":
        ("tools/test-package.py", "dkms build {self.own}"),
    "dkms autoinstall": ("tools/test-package.py", "dkms autoinstall"),
    "insmod movable_ramdisk.ko size_mb=256 disks=2":
        ("selftests/ramdisk.c", "size_mb=2 disks=3"),
    "echo w > /proc/sysrq-trigger":
        ("tools/guest/functions", "echo w >/proc/sysrq-trigger"),
    "echo 1 >/proc/sys/vm/compact_memory":
        ("bench/compaction.c", "/proc/sys/vm/compact_memory"),
    "echo 100000 >/proc/sys/vm/nr_hugepages":
        ("tools/compaction.py", "echo 100000 >/proc/sys/vm/nr_hugepages"),
    "python3 tools/drgn/movable_pool":
        ("selftests/mp_inspect.h", "/usr/bin/python3 /python/movable_pool"),
    "python3 tools/top/pools_top":
        ("selftests/glance.c", "/usr/bin/python3 /python/pools_top"),
    "git am": ("tools/applied.py", '"am", "-q"'),
    "git am -s": ("tools/tests/test_series.py", "git am -s "),
    "git am --empty=drop OUT/*.patch":
        ("tools/tests/test_series.py", "git am --empty=drop {out}/*.patch"),
    'git config movablepool.author "Name <address>"':
        ("tools/tests/test_series.py",
         'git config movablepool.author "{person}"'),
}
# It is all others, and takes hours; and what only it runs.
ALL = ("test-all", "test-package", "newcomer")
# Verbs whose tests are in those of others.
WITH = {"modules_install": "install", "patch": "series", "link": "series",
        "unlink": "series"}
# A check by name, "make check: links".
NAMED = re.compile(r"make check: \w+$")
PROMPT = "# "
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LITERAL = re.compile(r"::\n\n((?:    .*\n|\n)+)")
WORD = re.compile(r"``([^`]+)``")
INDENTED = re.compile(r"(?:^|\n\n)((?:    .*\n)+)")
# Columns of the block's own: what is said of the command.
COMMENT = re.compile(r"\s{2,}.*|\s+#\s.*")
RULE = re.compile(r"^([\w.-]+):((?: [\w-]+)*)\n((?:\t.*\n|#.*\n)+)", re.M)
DEFINITION = re.compile(r"^(\w+)\s*[?:]?=((?:.*\\\n)*.*\n)", re.M)
PART = re.compile(r"(?:[^\s\"]|\"[^\"]*\")+")


def shown(name, text):
    """Lines and words that may be commands."""
    if name.endswith(".md"):
        for kind, block in FENCE.findall(text):
            yield from block.splitlines() if kind in ("", "sh") else ()
        text = FENCE.sub("", text)
        blocks, words = INDENTED, CODE
    else:
        blocks, words = LITERAL, WORD
    for block in blocks.findall(text):
        yield from (line.strip() for line in block.splitlines())
    for word in words.findall(blocks.sub("\n", text)):
        yield " ".join(word.split())


def commands(name, text):
    """(command, whether it is for root)."""
    for line in shown(name, text):
        root = line.startswith(PROMPT)
        line = COMMENT.sub("", line[len(PROMPT):] if root else line)
        if line.split(" ")[0] in WORDS and not NAMED.match(line):
            yield line, root


def verbs():
    """The Makefile's, and the variables that each can be given.  What begins
    with "_" is a step of others and no verb."""
    makefile = (TREE / "Makefile").read_text()
    rules = {name: f"{needs}\n{recipe}" for name, needs, recipe
             in RULE.findall(makefile)}
    rules.update((f"$({name}", text)
                 for name, text in DEFINITION.findall(makefile))
    return {verb: set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b",
                                 all_of(verb, rules)))
            for verb in rules if verb[0] not in "_$"}


def all_of(name, rules):
    """Its text, and that of all it needs and of the variables there."""
    text, todo, seen = "", [name], set()
    while todo:
        one = todo.pop()
        if one in rules and one not in seen:
            seen.add(one)
            text += rules[one]
            needs = rules[one].partition("\n")[0].split()
            todo += needs + re.findall(r"\$\(\w+", rules[one])
    return text


def run_by_ci():
    parts = ci.ONE_BY_ONE + ci.SIDE_BY_SIDE + ci.LAST + ci.PREPARE
    return {command[1] for _, command in parts if command[0] == "make"}


def tested(verb):
    stem = re.sub("[-.]", "_", WITH.get(verb, verb))
    return (verb in run_by_ci() or verb in ALL
            or (TREE / f"tools/tests/test_{stem}.py").exists())


def refused(command, known):
    """Why a make command is none that is run, or None."""
    parts = PART.findall(command)[1:]
    verb = "modules"
    if parts and "=" not in parts[0]:
        verb = parts.pop(0)
    if verb not in known:
        return f"make has no verb {verb}"
    for part in parts:
        variable = part.partition("=")[0]
        if variable not in known[verb]:
            return f"make {verb} knows no {variable}"
    return None if tested(verb) else f"no test runs make {verb}"


def handed():
    """The documents whose commands selftests/commands.c runs."""
    return {name for group in groups.load() if "commands" in group.programs
            for name in group.files}


def complaint(name, command, root, known):
    if command in RUN:
        where, words = RUN[command]
        return None if words in (TREE / where).read_text() \
            else f"{where} has no {words}"
    if root:
        return None if name in handed() else "no group runs this document"
    if command.split()[0] == "make":
        return refused(command, known)
    return "root's, so '# ' goes before it" if " " in command else None


def complaints(name, text):
    known = verbs()
    for command, root in commands(name, text):
        wrong = complaint(name, command, root, known)
        if wrong:
            yield f"{name}: {command}: {wrong}"


def all_complaints():
    """(the documents, what is wrong)."""
    names = ["README.md", "CONTRIBUTING.md", "tools/README.md"] + sorted(
        f"Documentation/{path.name}"
        for path in (TREE / "Documentation").glob("*.rst"))
    return names, [wrong for name in names
                   for wrong in complaints(name, (TREE / name).read_text())]

# SPDX-License-Identifier: GPL-2.0
"""Mistakes that do not compile: selftests/kmod/refused/.

Each source there is right, and with MISTAKE it is not; then the compiler says
what the line "refused:" of the source has, and says nothing else.
"""
import os
import re
import shutil

import build
import cache

WHERE = "selftests/kmod/refused"
REASON = re.compile(r"^ \* refused: (.+)$", re.M)
# In whatever quotes the locale has.
QUOTES = re.compile("[\u2018\u2019`]")
SAID = re.compile(r"(?:\S*/)?(\w+)\.c:\d+:\d+: (?:fatal )?(error|warning): (.*)")


def sources():
    return sorted((cache.TREE / WHERE).glob("*.c"))


def complaints(kernel):
    """What is wrong with them, as lines."""
    reasons = {path.stem: REASON.findall(path.read_text())
               for path in sources()}
    return judge(reasons, compiled(kernel, False), compiled(kernel, True))


def compiled(kernel, mistake):
    """{source: what the compiler says of it}"""
    area = build.area_of(kernel, f"refused-{int(mistake)}")
    with cache.lock("build"):
        # What only warns would be an object, and next time not compiled.
        shutil.rmtree(area, ignore_errors=True)
        build.mirror(area, ("include", WHERE))
        done = build.make(
            ["make", "-k", "-C", str(kernel.kdir), f"M={area}/{WHERE}",
             f"-j{os.cpu_count()}", f"CC={kernel.machine.cc()}",
             *(["MISTAKE=1"] if mistake else []),
             *(f"{path.stem}.o" for path in sources())])
    return said(done.stdout)


def said(log):
    found = {}
    for name, _, text in SAID.findall(QUOTES.sub("'", log)):
        found.setdefault(name, []).append(text)
    return found


def judge(reasons, right, wrong):
    lines = [f"{name}.c: not right without its mistake: {text}"
             for name, texts in sorted(right.items()) for text in texts]
    for name, reason in sorted(reasons.items()):
        if len(reason) != 1:
            lines.append(f"{name}.c: says in {len(reason)} lines why it is "
                         "refused")
        elif not wrong.get(name):
            lines.append(f"{name}.c: compiles with its mistake")
        else:
            lines += [f"{name}.c: refused for another reason: {text}"
                      for text in wrong[name] if reason[0] not in text]
    return lines

# SPDX-License-Identifier: GPL-2.0
"""What Documentation/ says of the code, held against it."""
import re

from cache import TREE

DOCUMENTS = TREE / "Documentation"
CORE = TREE / "drivers/movable-pool"
HEADERS = TREE / "include/linux"
COMMENT = re.compile(r"/\*\*\n(.*?)\*/", re.S)
SUBJECT = re.compile(r"\s*\*\s*(movable_\w+)\(\) - ")
ERROR = re.compile(r"-E[A-Z]+\b")
SECTION = re.compile(r"^(movable_\w+)\(\)\n-+\n", re.M)
TRANSITION = re.compile(r"^MP_TRANSITION\((\w+), (\w+), (\d), \w+, (\w+), "
                        r"(\d),", re.M)
EDGE = re.compile(r'(\w+) -> (\w+) \[label = "([\w, ]+)"\]')


def errors_of_comments(sources):
    """What documentation comments say that functions return, by function."""
    found = {}
    for source in sources:
        for comment in COMMENT.findall(source):
            subject = SUBJECT.match(comment)
            if subject:
                returns = comment.partition("Return:")[2]
                found[subject.group(1)] = set(ERROR.findall(returns))
    return found


def errors_of_document(text):
    """The same of errors.rst, whose sections are functions."""
    parts = SECTION.split(text)[1:]
    return {name: set(ERROR.findall(chapter(body)))
            for name, body in zip(parts[::2], parts[1::2])}


def chapter(body):
    """A section without the title of what comes after the last."""
    return re.split(r"^.+\n={3,}\n", body, maxsplit=1, flags=re.M)[0]


def differing_errors(comments, document):
    wrong = [f"{name}() is not in it" for name, errors in comments.items()
             if errors and name not in document]
    for name, errors in document.items():
        if name not in comments:
            wrong.append(f"there is no {name}()")
        else:
            wrong += [f"{name}(): {error} is not in its comment"
                      for error in sorted(errors - comments[name])]
            wrong += [f"{name}(): {error} is missing"
                      for error in sorted(comments[name] - errors)]
    return wrong


def errors():
    sources = [path.read_text() for where in (CORE, HEADERS)
               for path in sorted(where.glob("*.[ch]"))]
    return differing_errors(
        errors_of_comments(sources),
        errors_of_document((DOCUMENTS / "errors.rst").read_text()))


def node(state, dying):
    return f"{state}_DYING" if dying == "1" else state


def edges_of_table(source):
    """(from, to, name) of each transition."""
    return {(node(start, dying), node(end, died), name)
            for name, start, dying, end, died in TRANSITION.findall(source)}


def edges_of_picture(source):
    return {(start, end, name) for start, end, names in EDGE.findall(source)
            for name in names.split(", ")}


def states():
    table = edges_of_table((CORE / "transition.h").read_text())
    picture = edges_of_picture((DOCUMENTS / "page-states.dot").read_text())
    return ([f"not in the picture: {edge}" for edge in sorted(table - picture)]
            + [f"no such transition: {edge}"
               for edge in sorted(picture - table)]
            + ([] if table else ["transition.h has no transitions"]))

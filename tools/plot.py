# SPDX-License-Identifier: GPL-2.0
"""Pictures of figures, drawn by gnuplot."""
import subprocess
import tempfile

import costs
from cache import Failure

# What people compare first; the rest is in the tables.
SHOWN = ("alloc", "free", "move")
LICENCE = "SPDX-License-Identifier: GPL-2.0"
HEIGHT = 300                    # of the picture of one kernel
HEAD = """
set terminal svg noenhanced size 900,{height} \\
    font "sans,12" background "#ffffff"
set output "{output}"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set grid ytics
set key outside right top
set yrange [0:*]
set multiplot layout {count},1
"""


def value(number):
    """As gnuplot reads it: what cannot be done has no bar."""
    return "NaN" if number is None else f"{number:.1f}"


def data(plain):
    """A row for each subject, a column for each op."""
    for subject in plain.subjects():
        yield " ".join([f'"{costs.TITLES[subject].strip()}"',
                        *(value(plain.of(subject, what)) for what in SHOWN)])


def plot(title, plain):
    columns = ", ".join(f'$data using {place}:xtic(1) title "{costs.OPS[what]}"'
                        for place, what in enumerate(SHOWN, 2))
    return "\n".join(["$data << END", *data(plain), "END",
                      f'set title "{title}"', f"plot {columns}", ""])


def bars(measured, output):
    """One kernel below the other, side by side what each subject costs."""
    head = HEAD.format(output=output, height=HEIGHT * len(measured),
                       count=len(measured))
    with tempfile.NamedTemporaryFile("w", suffix=".plot") as file:
        file.write(head + "".join(plot(one.title(), one.plain)
                                  for one in measured)
                   + "unset multiplot\n")
        file.flush()
        done = subprocess.run(["gnuplot", file.name], text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    if done.returncode or not output.exists():
        raise Failure(f"gnuplot: {done.stdout.strip()}")
    first, _, rest = output.read_text().partition("\n")
    output.write_text(f"{first}\n<!-- {LICENCE} -->\n{rest}")

# SPDX-License-Identifier: GPL-2.0
"""Pictures of figures, drawn by gnuplot."""
import subprocess
import tempfile

from cache import Failure

LICENCE = "SPDX-License-Identifier: GPL-2.0"
HEIGHT = 340                    # of one chart
HEAD = """
set terminal svg noenhanced size 900,{height} \\
    font "sans,12" background "#ffffff"
set output "{output}"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set grid ytics
set xtics rotate by -25 nomirror scale 0
set ytics nomirror
set rmargin 22
set key outside right top
set yrange [0:*]
set multiplot layout {count},1
"""


class Chart:
    """Clusters of bars: groups are (name, a value or None for each bar)."""

    def __init__(self, title, bars, groups):
        self.title = title
        self.bars = bars
        self.groups = groups

    def script(self):
        columns = ", ".join(f'$data using {place}:xtic(1) title "{bar}"'
                            for place, bar in enumerate(self.bars, 2))
        return "\n".join(["$data << END", *self.data(), "END",
                          f'set title "{self.title}"', f"plot {columns}", ""])

    def data(self):
        for name, values in self.groups:
            yield " ".join([f'"{name}"', *map(value, values)])


def value(number):
    """As gnuplot reads it: what cannot be done has no bar."""
    return "NaN" if number is None else f"{number:.1f}"


def clusters(charts, output):
    """One chart below the other."""
    head = HEAD.format(output=output, height=HEIGHT * len(charts),
                       count=len(charts))
    with tempfile.NamedTemporaryFile("w", suffix=".plot") as file:
        file.write(head + "".join(chart.script() for chart in charts)
                   + "unset multiplot\n")
        file.flush()
        done = subprocess.run(["gnuplot", file.name], text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    if done.returncode or not output.exists():
        raise Failure(f"gnuplot: {done.stdout.strip()}")
    first, _, rest = output.read_text().partition("\n")
    output.write_text(f"{first}\n<!-- {LICENCE} -->\n{rest}")

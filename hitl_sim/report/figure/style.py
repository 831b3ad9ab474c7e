"""How figures look: colour-blind safe colours, sizes that stay readable on a phone.

References:
    Okabe and Ito (2008), Color universal design, https://jfly.uni-koeln.de/color/.
"""

import io
import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from hitl_sim.energy.display import format_value

BLACK = "#000000"
GREY = "#6b6b6b"
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8a7500",
)
"""Okabe and Ito's colours; their yellow darkened to stand out from white."""
_RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
RATIO_TICKS = (
    *(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0),
    *(10.0, 20.0, 50.0, 100.0),
)
_TITLE_CHARACTERS = 58
WIDTH_IN = 5.6
"""So that 9 pt text is 8 px or more on a phone 360 px wide."""

_STYLE: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    # a title that may move has the ticks measured again; so nothing is written above
    "axes.titley": 1.0,
    "axes.formatter.useoffset": False,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.8,
    "svg.fonttype": "path",
    "figure.dpi": 100,
}


@contextmanager
def styled(salt: str = "hitl_sim") -> Iterator[None]:
    """Draw in this style without leaving a trace in matplotlib's settings.

    Args:
        salt: fixes the ids inside an SVG; figures of one page need different ones.
    """
    settings: dict[Any, Any] = {**_STYLE, "svg.hashsalt": salt}
    with mpl.rc_context(settings):
        yield


def new_figure(height_in: float) -> Figure:
    """Return an empty figure that no global list knows."""
    return Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def colour_of(names: Iterable[str]) -> dict[str, str]:
    """Give each name a colour, in order; beyond seven they repeat."""
    return dict(zip(dict.fromkeys(names), itertools.cycle(COLOURS), strict=False))


def marker_of(names: Iterable[str]) -> dict[str, str]:
    """Give each name a marker, in order; beyond seven they come with other colours."""
    num = len(MARKERS)
    kept = enumerate(dict.fromkeys(names))
    return {name: MARKERS[(i + i // num) % num] for i, name in kept}


def looks_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Give each name a colour and a marker, as `Axes.plot` takes them."""
    colours, markers = colour_of(named := list(names)), marker_of(named)
    return {n: {"color": colours[n], "marker": markers[n]} for n in colours}


def folded(text: str, width: int = _TITLE_CHARACTERS) -> str:
    """Break a long title into lines that fit a figure."""
    return "\n".join(textwrap.wrap(text, width))


def name_rows(axes: Axes, place: Any, names: Sequence[str]) -> None:
    """Name the rows of bars, without ticks or lines between them."""
    axes.set_yticks(place, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def write_end(axes: Axes, end: float, row: float, text: str, points: int = 4) -> None:
    """Write a text some points beyond the end of a bar, at its height."""
    write_near(axes, text, (end, row), (points, 0), va="center", fontsize=9)


def write_near(
    axes: Axes, text: str, at: Any, points: tuple[float, float], **look: Any
) -> None:
    """Write a text some points away from a place; `look` as `annotate` takes it."""
    axes.annotate(text, at, xytext=points, textcoords="offset points", **look)


def places(num: int) -> NDArray[np.int64]:
    """Return the heights of rows that are read from above."""
    return np.arange(num)[::-1]


def ratio_axis(axes: Axes, low: float, high: float) -> None:
    """Scale an upright axis of ratios by their logarithm, with plain numbers on it."""
    axes.set(yscale="log", ylim=(low, high))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks([tick for tick in RATIO_TICKS if low <= tick <= high])


def mark(label: str, marker: str, colour: str = BLACK, **look: Any) -> Line2D:
    """Return a marker by itself, for a legend; `look` as `Line2D` takes it."""
    look = {"linestyle": "none", "color": colour, "marker": marker, **look}
    return Line2D([], [], label=label, **look)


def power_of_ten(value: float, _: int) -> str:
    """Write a number > 0 as a power: `10⁻³`, without the slow setting of formulas."""
    return "10" + f"{math.log10(value):.3g}".translate(_RAISED)


def joule_ticks(axes: Axes) -> None:
    """Write the level axis in joules with SI prefixes, unit included."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_joules(value)))


def short_joules(value: float) -> str:
    """Write joules as a tick: `250 mJ`."""
    number, _, unit = format_value(value, "J").partition(" ")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}"


def legend_below(
    figure: FigureBase, columns: int, *panels: Axes, handles: Sequence[Artist] = ()
) -> None:
    """Put a legend of panels or of handles under a figure, where it covers no data."""
    named = {str(handle.get_label()): handle for handle in handles}
    for axes in panels:
        found, labels = axes.get_legend_handles_labels()
        named |= zip(labels, found, strict=True)
    figure.legend(
        named.values(), named.keys(), loc="outside lower center", ncols=columns
    )


def to_svg(figure: Figure, salt: str) -> str:
    """Return a figure as SVG to stand inside a page, the same bytes every time."""
    buffer = io.StringIO()
    with styled(salt):
        # `savefig` would draw a figure that has a layout twice
        canvas = FigureCanvasSVG(figure)
        metadata = {"Date": None, "Creator": None}
        canvas.print_svg(buffer, metadata=metadata)  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text[text.index("<svg") :]


def to_png(figure: Figure, salt: str) -> bytes:
    """Return a figure as PNG at 200 dots per inch."""
    buffer = io.BytesIO()
    with styled(salt):
        figure.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    return buffer.getvalue()

"""How figures look: colour-blind safe colours, sizes that stay readable on a phone.

References:
    Okabe and Ito (2008), Color universal design, https://jfly.uni-koeln.de/color/.
"""

import hashlib
import io
import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from hitl_sim.energy.display import format_value
from hitl_sim.output import write_bytes, write_text

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
LEAST_PT = 6.0
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


class Look(NamedTuple):
    """How large a figure is, and all that is written in it.

    Attributes:
        width_in: of the figure.
        text: size of text beside that of the page.
        height: of the figure beside that of the page.
        legend: columns of a legend more than on the page.
    """

    width_in: float = WIDTH_IN
    text: float = 1.0
    height: float = 1.0
    legend: int = 0

    @property
    def room(self) -> float:
        """Return how many characters a line has beside one of the page."""
        return self.width_in / WIDTH_IN / self.text


LOOKS: Mapping[tuple[str, int], Look] = {
    ("page", 1): Look(),
    ("paper", 1): Look(3.5, 0.76, 0.84, -1),
    ("paper", 2): Look(7.16, 0.84, 0.8, 1),
}
"""By style and columns of a paper. Widths are those of IEEE and, within a millimetre,
of Nature and Elsevier (88.9 and 181.9 mm); no text is below 6 pt."""
_TRIES = 4
_PLACES: tuple[Literal["left", "center", "right"], ...] = ("left", "center", "right")
_LOOK: ContextVar[Look] = ContextVar("look", default=LOOKS["page", 1])
_TEXTS = (
    *("font.size", "axes.titlesize", "axes.labelsize", "legend.fontsize"),
    *("xtick.labelsize", "ytick.labelsize", "lines.linewidth"),
)
STYLES = tuple(dict.fromkeys(style for style, _ in LOOKS))
VECTOR = (".pdf", ".svg")
"""Endings of files that figures are written to."""


def look_of(style: str, columns: int) -> Look:
    """Return how large figures of a style are.

    Raises:
        ValueError: there is no such style, or it has not so many columns.
    """
    if style not in STYLES:
        allowed = ", ".join(map(repr, STYLES))
        raise ValueError(f"`style` must be one of {allowed}, got {style!r}.")
    known = [num for name, num in LOOKS if name == style]
    if columns not in known:
        allowed = " or ".join(map(str, known))
        raise ValueError(
            f"`columns` must be {allowed} with style {style!r}, got {columns}."
        )
    return LOOKS[style, columns]


@contextmanager
def styled(salt: str = "hitl_sim", look: Look | None = None) -> Iterator[None]:
    """Draw in this style without leaving a trace in matplotlib's settings.

    Args:
        salt: fixes the ids inside an SVG; figures of one page need different ones.
        look: how large figures are; default that of whoever calls, or of the page.
    """
    asked = _LOOK.get() if look is None else look
    sizes = {name: _STYLE[name] * asked.text for name in _TEXTS}
    settings: dict[Any, Any] = {**_STYLE, **sizes, "svg.hashsalt": salt}
    token = _LOOK.set(asked)
    try:
        with mpl.rc_context(settings):
            yield
    finally:
        _LOOK.reset(token)


def points(size: float) -> float:
    """Return the size of a text that has `size` points on the page."""
    return max(size * _LOOK.get().text, min(size, LEAST_PT))


def new_figure(height_in: float) -> Figure:
    """Return an empty figure that no global list knows, so high on the page."""
    look = _LOOK.get()
    size = look.width_in, height_in * look.height
    return Figure(figsize=size, layout="constrained")


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
    return "\n".join(textwrap.wrap(text, round(width * _LOOK.get().room)))


def fit_texts(figure: Figure) -> None:
    """Break titles, labels and names in a legend that do not fit a figure's width."""
    for _ in range(_TRIES):
        figure.draw_without_rendering()
        far = [text for text in _texts(figure) if _room(text, figure) < 1.0]
        if not far:
            return
        for text in far:
            lines = text.get_text().split("\n")
            most = max(int(max(map(len, lines)) * _room(text, figure)) - 1, 8)
            text.set_text("\n".join(_wrapped(line, most) for line in lines))


def _wrapped(line: str, most: int) -> str:
    """Break a line at its spaces, and names of arms where words of them meet."""
    parts = textwrap.wrap(line.replace("_", "_ "), most, break_long_words=False)
    return "\n".join(part.replace("_ ", "_") for part in parts)


def _texts(figure: Figure) -> list[Text]:
    """Return what may be long: titles, names of axes, and a legend's."""
    found = [text for axes in figure.axes for text in axes.findobj(Text)]
    titles = {axes.get_title(place) for axes in figure.axes for place in _PLACES}
    names = {axis.get_label_text() for a in figure.axes for axis in (a.xaxis, a.yaxis)}
    own = [text for text in found if text.get_text() in (titles | names) - {""}]
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    return [*own, *legends, *figure.texts, *_suptitle(figure)]


def _suptitle(figure: Figure) -> list[Text]:
    return [t for t in figure.get_children() if isinstance(t, Text)]


def _room(text: Text, figure: Figure) -> float:
    """Return how long a text may be beside what it is; upright ones by height."""
    box, width = text.get_window_extent(), float(figure.bbox.width)
    low, high = float(box.x0), float(box.x1)
    if text.get_rotation() % 180 or box.width == 0.0:
        return 1.0
    if low >= -1.0 and high <= width + 1.0:
        return 1.0
    if text.get_horizontalalignment() == "center":
        middle = (low + high) / 2
        return 2.0 * min(middle, width - middle) / (high - low)
    return (width - max(low, 0.0)) / (high - low)


def name_rows(axes: Axes, place: Any, names: Sequence[str]) -> None:
    """Name the rows of bars, without ticks or lines between them."""
    axes.set_yticks(place, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def write_end(axes: Axes, end: float, row: float, text: str, gap: int = 4) -> None:
    """Write a text some points beyond the end of a bar, at its height."""
    write_near(axes, text, (end, row), (gap, 0), va="center", fontsize=points(9))


def write_near(
    axes: Axes, text: str, at: Any, gap: tuple[float, float], **look: Any
) -> None:
    """Write a text some points away from a place; `look` as `annotate` takes it."""
    axes.annotate(text, at, xytext=gap, textcoords="offset points", **look)


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
    ncols = max(1, columns + _LOOK.get().legend)
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=ncols)


_CLIP = re.compile(r"\bp[0-9a-f]{10}\b")


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
    return _numbered(text[text.index("<svg") :], salt)


def _numbered(text: str, salt: str) -> str:
    """Name the frames of an SVG by their order.

    Matplotlib names each by all digits of its place, and the solver of its layout does
    not give the last ones alike in two processes.
    """
    order = {name: str(n) for n, name in enumerate(dict.fromkeys(_CLIP.findall(text)))}

    def named(found: re.Match[str]) -> str:
        key = f"{salt} {order[found[0]]}".encode()
        return f"p{hashlib.sha256(key).hexdigest()[:10]}"

    return _CLIP.sub(named, text)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PDF or SVG, its fonts within it, the same bytes every time.

    Raises:
        ValueError: the file has another ending.
    """
    if path.suffix not in VECTOR:
        allowed = " or ".join(VECTOR)
        raise ValueError(f"`path` must end in {allowed}, got {str(path)!r}.")
    if path.suffix == ".svg":
        write_text(path, to_svg(figure, path.stem))
        return
    buffer = io.BytesIO()
    with styled(path.stem):
        # outlines as TrueType, which journals ask for
        mpl.rcParams["pdf.fonttype"] = 42
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
    write_bytes(path, buffer.getvalue())


def to_png(figure: Figure, salt: str) -> bytes:
    """Return a figure as PNG at 200 dots per inch."""
    buffer = io.BytesIO()
    with styled(salt):
        figure.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    return buffer.getvalue()

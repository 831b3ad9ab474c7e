"""The picture of each study's page: what its table of energy ratios says, drawn.

    python experiments/gallery.py [PAGES]

Reads the pages of the studies below in PAGES (the folder of this script when left out),
each `findings.md` or `methods.md` of a results folder under the study's name, and draws
the first of its tables that has ratios with intervals, or the conditions with people of
all of them where the page opens with none. The picture, NAME.svg, lies beside the page
and is shown under its table. Nothing is drawn that is not on the page.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pvariance

from asked import asked
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from hitl_sim.output import write_text
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    MARKERS,
    legend_below,
    mark,
    new_figure,
    points,
    styled,
    to_svg,
)
from hitl_sim.report.number import RHO

HERE = Path(__file__).parent
STUDIES = (
    "quickstart",
    "relevance",
    "importance",
    "active",
    "machine_annotators",
    "machine_or_people",
    "consistency",
    "crowd_size",
    "scale",
    "methods",
)
_NUMBER = r"[\d.,e+]+|∞"
_RATIO = re.compile(rf"({_NUMBER}) \[({_NUMBER}), ({_NUMBER})\]")
_SHOWN = re.compile(r"\n!\[[^\]]*\]\([^)]*\)\n")
_MOST_NAMED = 34
"""Rows that have their names; more are named in groups."""
_WORDED = re.compile(r"(?:^|, )([a-z_ ]+?) ([\d.]+)(?=,|$)")
_MOST_GROUPS = 8
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_FAR = 100.0
"""Ratios beyond it stand at the edge of the picture."""


@dataclass(frozen=True)
class Ratio:
    """One ratio as a page has it, its ends, the row's name and the column's."""

    name: str
    column: str
    value: float
    low: float
    high: float


def ratios_of(page: str) -> list[Ratio]:
    """Return what the picture of a page shows, in the page's order."""
    opening = page.partition("\n## ")[0]
    first = [one for table in tables(opening) for one in ratios(table)]
    if first:
        return first if "<details>" in page else first[: _rows_of_first(page)]
    return [
        one
        for table in tables(page)
        for one in ratios(table, is_indented=True)
        if one.column.startswith(RHO)
    ]


def _rows_of_first(page: str) -> int:
    """Count the ratios of the first table that has any."""
    return next(len(found) for table in tables(page) if (found := ratios(table)))


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page as rows of cells, headings first."""
    blocks = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
    return [
        [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in block.splitlines()
            if not line.startswith("| ---")
        ]
        for block in blocks
    ]


def ratios(table: Sequence[Sequence[str]], *, is_indented: bool = False) -> list[Ratio]:
    """Return the ratios of a table; of its indented rows alone, where that is asked."""
    heads, *rows = table
    group, found = "", list[Ratio]()
    for first, *cells in rows:
        inner = first.startswith("&emsp;")
        name = first.removeprefix("&emsp;")
        if not inner:
            group = name
        if is_indented and not inner:
            continue
        whole = f"{group}, {name}" if is_indented else name
        for column, cell in zip(heads[1:], cells, strict=True):
            if held := _RATIO.match(cell):
                found.append(Ratio(whole, column, *map(_number, held.groups())))
    return found


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("∞", "inf"))


def _near(value: float) -> float:
    """Bring a ratio that is far away to the edge of the picture."""
    return min(max(value, 1 / _FAR), _FAR)


def groups_of(by_name: Mapping[str, float]) -> dict[str, str]:
    """Group conditions by what sets them apart most: a number in all of their names.

    Args:
        by_name: ratio of each condition; a name is a list: `typical, accuracy 0.9`.

    Returns:
        Group of each name, such as `accuracy 0.9`, those of least ratios first; empty
        where names share no number of 2 to 8 values.
    """
    told = [dict(_WORDED.findall(name)) for name in by_name]
    logs = [math.log(_near(value)) for value in by_name.values()]
    best, least = "", math.inf
    for field in set.intersection(*map(set, told)):
        own = defaultdict(list)
        for one, log in zip(told, logs, strict=True):
            own[one[field]].append(log)
        left = sum(len(g) * pvariance(g) for g in own.values())
        if 1 < len(own) <= _MOST_GROUPS and left < least:
            best, least = field, left
    if not best:
        return {}
    named = {
        name: f"{best} {one[best]}" for name, one in zip(by_name, told, strict=True)
    }
    means = defaultdict(list)
    for name, log in zip(by_name, logs, strict=True):
        means[named[name]].append(log)
    order = sorted(means, key=lambda group: fmean(means[group]))
    return dict(sorted(named.items(), key=lambda pair: order.index(pair[1])))


def _place(group: str | None, order: Sequence[str]) -> int:
    return 0 if group is None else order.index(group)


def draw(found: Sequence[Ratio]) -> Figure:
    """Draw ratios with their intervals, a row for each name, a mark for each column."""
    columns = list(dict.fromkeys(one.column for one in found))
    names = list(dict.fromkeys(one.name for one in found))
    is_named = len(names) <= _MOST_NAMED
    by_name = {one.name: one.value for one in reversed(found)}
    groups = {} if is_named else groups_of(by_name)
    order = list(dict.fromkeys(groups.values()))
    if not is_named:
        # rows of one group stand together, the better first
        names.sort(key=lambda name: (_place(groups.get(name), order), by_name[name]))
    step = 0.3 if is_named else 0.05
    figure = new_figure(1.3 + step * len(names))
    # a page may be dark
    figure.set_facecolor("white")
    axes = figure.subplots()
    axes.axvline(1.0, color=BLACK, linewidth=1.0)
    for one in found:
        number = columns.index(one.column)
        row = names.index(one.name) + 0.22 * (number - (len(columns) - 1) / 2)
        value, low, high = map(_near, (one.value, one.low, one.high))
        colour = COLOURS[number % len(COLOURS)]
        axes.plot([low, high], [row, row], color=colour, linewidth=1.2)
        axes.plot(
            [value],
            [row],
            marker=">" if one.value > _FAR else MARKERS[number % len(MARKERS)],
            color=colour,
            markersize=4 if is_named else 2.5,
            linestyle="none",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    ends = [_near(end) for one in found for end in (one.low, one.high)]
    axes.set_xlim(min(*ends, 0.9) / 1.1, max(*ends, 1.1) * 1.1)
    left, right = axes.get_xlim()
    axes.set_xticks([tick for tick in _TICKS if left <= tick <= right])
    axes.set_ylim(len(names) - 0.4, -0.6)
    texts = [name.replace("\\", "") for name in names]
    axes.set_yticks(range(len(names)) if is_named else [])
    if is_named:
        axes.set_yticklabels(texts, fontsize=points(8))
    elif groups:
        rows = [[i for i, n in enumerate(names) if groups[n] == one] for one in order]
        axes.set_yticks([sum(own) / len(own) for own in rows])
        axes.set_yticklabels(order, fontsize=points(8))
        axes.tick_params(axis="y", length=0)
        for own in rows[1:]:
            axes.axhline(own[0] - 0.5, color=BLACK, linewidth=0.4)
        axes.set_ylabel(f"{len(names)} conditions with people")
    else:
        axes.set_ylabel(f"{len(names)} conditions with people")
    axes.set_xlabel(f"{RHO}: joules to the target, arm ÷ control; bars: 95 %")
    if len(columns) > 1:
        marks = [
            mark(column, MARKERS[n % len(MARKERS)], COLOURS[n % len(COLOURS)])
            for n, column in enumerate(columns)
        ]
        legend_below(figure, min(len(columns), 3), handles=marks)
    return figure


def with_picture(page: str, name: str) -> str:
    """Return a page that shows its picture, in the place of those of a report."""
    bare = _SHOWN.sub("", page)
    shown = f"\n![{RHO} with its interval, as in the table]({name}.svg)\n"
    opening, heading, rest = bare.partition("\n## ")
    table = list(re.finditer(r"(?:^\|.*\|\n)+", opening, re.MULTILINE))
    place = next((m.end() for m in table if _RATIO.search(m.group())), None)
    if place is None:
        return f"{opening.rstrip()}\n{shown}{heading}{rest}"
    return f"{opening[:place]}{shown}{opening[place:]}{heading}{rest}"


def main() -> None:
    """Draw the pictures, and show each on its page."""
    folder = asked(__doc__, "pages", HERE).pages
    for name in STUDIES:
        page = folder / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        with styled(name):
            svg = to_svg(draw(ratios_of(text)), name)
        write_text(folder / f"{name}.svg", svg)
        write_text(page, with_picture(text, name))
        print(f"{page}: {name}.svg")


if __name__ == "__main__":
    main()

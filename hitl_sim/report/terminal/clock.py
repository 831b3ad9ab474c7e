"""Clocks and power limits of this machine's boards, for the terminal."""

import functools
import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from hitl_sim.analysis.lever.claim import Agreement, agree_in_range
from hitl_sim.energy.clock import (
    Answer,
    BoardClocks,
    Published,
    is_fitted,
    lowered_clock,
    predict,
    published_figures,
)
from hitl_sim.report.number import percent_span
from hitl_sim.report.table import Table, new_grid, to_grid
from hitl_sim.unit import HZ_PER_MHZ

_ROWS = (
    ("clock now", "clock_hz", HZ_PER_MHZ, "MHz"),
    ("highest clock", "top_hz", HZ_PER_MHZ, "MHz"),
    ("power limit now", "limit_w", 1.0, "W"),
    ("lowest limit", "lowest_w", 1.0, "W"),
    ("highest limit", "highest_w", 1.0, "W"),
    ("limit after a reset", "usual_w", 1.0, "W"),
)


def print_clocks(
    console: Console, boards: tuple[BoardClocks, ...], reason: str
) -> None:
    """Print what the driver tells of each board, and what the model saves. Set nothing.

    Args:
        console: where to print.
        boards: what `read_clocks` found.
        reason: why there are no boards.
    """
    for board in boards:
        console.print(to_grid(_board(board), fold=("what", "value")))
    if not boards:
        console.print(f"No clock can be read here: {reason}.", soft_wrap=True)
    energy, time = lowered_clock()
    console.print(
        f"At the clock of least energy the model leaves {energy} of the energy and "
        f"takes {time} times as long as at the highest. Assumed shares of static power "
        "and of waiting for memory decide it; a sweep of a real board replaces them "
        "(hitl_sim.energy.clock.sweep_setting). Nothing was set.",
        soft_wrap=True,
    )
    print_check(console)


def print_check(console: Console, width: int | None = None) -> None:
    """Print the clock model beside what was published, and how the two agree.

    Args:
        console: where to print.
        width: of the table, columns; the console's own if None.
    """
    console.print(Text("the clock model beside published sweeps", style="bold"))
    console.print(_check(), width=width)
    console.print(Padding(Text(tell_check()), (0, 0, 0, 2)), width=width)


def tell_check() -> str:
    """Say how many of the figures that nothing was fitted to the model agrees with."""
    found = {figure.name: hold_figure(figure) for figure in published_figures()}
    fitted = [name for name, how in found.items() if how is Agreement.CALIBRATED]
    tests = [how for name, how in found.items() if name not in fitted]
    counts = Counter(tests)
    return (
        f"Constants were chosen from {len(fitted)} of these {len(found)} figures. Of"
        f" the other {len(tests)} the model agrees with {counts[Agreement.HOLDS]}, is"
        f" contradicted by {counts[Agreement.AGAINST]}, and is too uncertain for"
        f" {counts[Agreement.OPEN]}.{_caps(found)}"
    )


def _caps(found: Mapping[str, Agreement]) -> str:
    """Say why caps are contradicted, where the model saves less than was found."""
    short = [
        figure
        for figure in published_figures()
        if figure.caps is not None
        and figure.measure == "saved"
        and found[figure.name] is Agreement.AGAINST
        and _predicted(figure)[1][1] < figure.low
    ]
    if not short:
        return ""
    return (
        " Caps save less here than was found: power is modelled to fall with the cube"
        " of the clock, and near its highest clock a board's may fall faster."
    )


def hold_figure(figure: Published) -> Agreement:
    """Hold what the model says of a figure against the figure."""
    value, ends = _predicted(figure)
    return agree_in_range(value, ends, figure.span, is_fitted=is_fitted(figure))


@functools.cache
def _predicted(figure: Published) -> tuple[float, tuple[float, float]]:
    found = predict(figure)
    low, high = found.interval or (-math.inf, math.inf)
    return float(np.asarray(found.value)), (float(low), float(high))


def _check() -> Grid:
    headings = ("figure", "found by", "found", "model", "the model is")
    grid = new_grid(*headings, fold=headings, is_compact=True)
    for figure in published_figures():
        value, ends = _predicted(figure)
        grid.add_row(
            f"{figure.work} {figure.measure}, {_setting(figure)}",
            figure.by,
            figure.words,
            percent_span(value, ends),
            hold_figure(figure),
        )
    return grid


def _setting(figure: Published) -> str:
    if figure.caps is None:
        return "best clock"
    low, high = figure.caps
    return f"capped at {low:g}{'' if low == high else f' to {high:g}'}"


def _board(board: BoardClocks) -> Table:
    rows = []
    for name, field, unit, symbol in _ROWS:
        answer: Answer = getattr(board, field)
        value = answer.value
        told = answer.reason if value is None else f"{value / unit:g} {symbol}"
        rows.append((name, told))
    rows.append(("clocks to choose from", f"{len(board.choices_hz)}"))
    return Table(("what", "value"), rows, f"{board.name}, {board.of}")

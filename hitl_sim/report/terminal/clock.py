"""Clocks and power limits of this machine's boards, for the terminal."""

import functools
from collections import Counter

from rich.console import Console
from rich.text import Text

from hitl_sim.analysis.chance.estimate import ends_of, number
from hitl_sim.analysis.efficiency.claim import Agreement, agree_in_range
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
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.terminal.show import print_indented, print_table, print_text
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

    Boards are what `read_clocks` found, with the reason why there are none.
    """
    for board in boards:
        console.print(to_grid(_board(board), fold=("what", "value")))
    energy, time = lowered_clock()
    told = {"boards": boards, "reason": reason, "energy": energy, "time": time}
    print_text(console, "terminal.clocks", soft_wrap=True, **told)
    print_check(console)


def print_check(console: Console, width: int | None = None) -> None:
    """Print the clock model beside what was published, and how the two agree.

    The table has `dispatch_size` columns, or as many as the console.
    """
    rows = [
        (
            f"{figure.work} {figure.measure}, {_setting(figure)}",
            figure.by,
            figure.words,
            percent_span(*_predicted(figure)),
            hold_figure(figure),
        )
        for figure in published_figures()
    ]
    headings = ("figure", "found by", "found", "model", "the model is")
    console.print(Text("the clock model beside published sweeps", style="bold"))
    print_table(console, headings, rows, fold=headings, is_compact=True, width=width)
    print_indented(console, tell_check(), width)


def tell_check() -> str:
    """Say how many of the figures that nothing was fitted to the model agrees with.

    And why caps are contradicted, where the model saves less than was found.
    """
    found = {figure: hold_figure(figure) for figure in published_figures()}
    tests = Counter(found.values())
    fitted = tests.pop(Agreement.CALIBRATED, 0)
    is_short = any(
        figure.caps is not None
        and figure.measure == "saved"
        and how is Agreement.AGAINST
        and _predicted(figure)[1][1] < figure.low
        for figure, how in found.items()
    )
    return say(
        "methods.clocks",
        fitted=fitted,
        num=len(found),
        tested=tests.total(),
        holds=tests[Agreement.HOLDS],
        against=tests[Agreement.AGAINST],
        open=tests[Agreement.OPEN],
        is_short=is_short,
    )


def hold_figure(figure: Published) -> Agreement:
    """Hold what the model says of a figure against the figure."""
    value, ends = _predicted(figure)
    return agree_in_range(value, ends, figure.span, is_fitted=is_fitted(figure))


@functools.cache
def _predicted(figure: Published) -> tuple[float, tuple[float, float]]:
    found = predict(figure)
    return number(found), ends_of(found)


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

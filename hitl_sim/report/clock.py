"""Clocks and power limits of this machine's boards, for the terminal."""

from rich.console import Console
from rich.table import Table

from hitl_sim.energy.clock import Answer, BoardClocks, lowered_clock, read_clocks
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
    console: Console, boards: tuple[BoardClocks, ...] | None = None, reason: str = ""
) -> None:
    """Print what the driver tells of each board, and what the model saves. Set nothing.

    Args:
        console: where to print.
        boards: what `read_clocks` found; it is asked if None.
        reason: why there are no boards.
    """
    if boards is None:
        boards, reason = read_clocks()
    for board in boards:
        console.print(_table(board))
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


def _table(board: BoardClocks) -> Table:
    table = Table(title=f"{board.name}, {board.of}")
    for column in ("what", "value"):
        table.add_column(column, overflow="fold")
    for name, field, unit, symbol in _ROWS:
        answer: Answer = getattr(board, field)
        value = answer.value
        table.add_row(
            name, answer.reason if value is None else f"{value / unit:g} {symbol}"
        )
    table.add_row("clocks to choose from", f"{len(board.choices_hz)}")
    return table

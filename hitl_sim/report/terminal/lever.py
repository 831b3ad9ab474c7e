"""Levers as tables: every cell says how its number is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from hitl_sim.analysis import Estimate, Payback, StudyResult
from hitl_sim.analysis.lever import TECHNOLOGY, ChipUse, LeverRow, LeverTable
from hitl_sim.analysis.lever.claim import WIDEST_SHARE
from hitl_sim.analysis.pretraining import USES, PretrainingCost
from hitl_sim.energy import Kind, Quantity
from hitl_sim.energy.memory import ModelShape
from hitl_sim.report.lever_sign import tell_signs
from hitl_sim.report.number import (
    NEVER,
    RHO,
    break_even_text,
    digits,
    duration,
    plain_joules,
    ratio_text,
    short_times,
    span,
)
from hitl_sim.report.table import new_grid
from hitl_sim.report.terminal.clock import print_check
from hitl_sim.report.terminal.model_bytes import bytes_table, tell_bytes
from hitl_sim.report.terminal.page import WIDTH, write_page

NONE = "-"
_MARK = {
    Kind.MEASURED_COUNTER: "counted",
    Kind.MEASURED_SAMPLED: "measured",
    Kind.MODELLED_CALIBRATED: "calibrated",
    Kind.MODELLED_ANALYTIC: "modelled",
    Kind.SIMULATED: "simulated",
    Kind.ASSUMED: "assumed",
    Kind.HYPOTHETICAL: "hypothetical",
    Kind.UNAVAILABLE: "unknown",
}
_LEGEND = (
    "counted: by the program itself. measured: by a meter. modelled: counted work times"
    " the constants of a device or a chip. simulated: the same, and simulated people"
    " decided what was trained on. assumed: the same, with a constant that is judged,"
    " such as what a register or a lower clock takes. hypothetical: with multipliers"
    " that no chip here has."
    f" Chip: {TECHNOLOGY}, operations and the bytes that products of matrices move"
    " between its levels; no leakage, no clocks. Hours: what the best guidance takes to"
    " save as many joules; below 0 where the arm loses. M*: of arms with people. Pays"
    " from: queries that the model must answer until training and use together take"
    " fewer joules than the control's, people left out. Added up: 1 minus the sum of"
    " what the parts save alone. A query of a split network takes device, link and"
    " server together. Rows of clocks and caps bill the control's runs again; nothing"
    " was trained for them. As published, or against it: an interval that leaves both"
    f" open says neither, nor does one of a saving wider than {100 * WIDEST_SHARE:.0f}"
    " points that reaches beyond what was found."
)


def print_levers(
    console: Console,
    tables: Sequence[LeverTable],
    standings: Sequence[PretrainingCost],
    *,
    is_metered: bool,
) -> None:
    """Print a study's levers, task by task.

    Args:
        console: where to print; wider ones are used up to 100 columns.
        tables: one per task.
        standings: arms with pretraining under each way to bill it.
        is_metered: whether the device's joules were measured.
    """
    width = min(console.width, WIDTH)
    for table in tables:
        name = table.task.label
        console.print(Text(f"{name}: the arms and what they carry", style="bold"))
        console.print(_arms(table), width=width)
        console.print(Text(f"{name}: training to the target", style="bold"))
        console.print(_training(table, is_metered), width=width)
        console.print(Text(f"{name}: accuracy and people", style="bold"))
        console.print(_people(table), width=width)
        title = f"{name}: one query of the network in use, {_batch(table)}"
        console.print(Text(title, style="bold"))
        console.print(_use(table, is_metered), width=width)
        if table.shape is not None:
            _print_bytes(console, name, table.shape, width)
        title = f"{name}: where a chip's joules of training go"
        console.print(Text(title, style="bold"))
        console.print(_chip(table), width=width)
        if table.combined:
            console.print(Text(f"{name}: do savings add up?", style="bold"))
            console.print(_combined(table), width=width)
        own = [s for s in standings if s.task == name]
        if own:
            console.print(Text(f"{name}: who pays for pretraining?", style="bold"))
            console.print(_standings(own), width=width)
        console.print(Text(f"{name}: do the published signs appear?", style="bold"))
        for sentence in tell_signs(table, standings):
            console.print(Padding(Text(sentence), (0, 0, 0, 2)), width=width)
        console.print()
    print_check(console, width)
    console.print()
    console.print(Padding(Text(_LEGEND, style="dim"), 0), width=width)


def write_levers(
    result: StudyResult,
    tables: Sequence[LeverTable],
    standings: Sequence[PretrainingCost],
    folder: Path,
    rerun_command: str,
) -> Path:
    """Keep a study's levers as a page in its folder; see `print_levers`."""
    path = folder / "levers.md"
    write_page(
        path,
        result.question,
        rerun_command,
        lambda console: print_levers(
            console, tables, standings, is_metered=result.is_measured
        ),
    )
    return path


def _batch(table: LeverTable) -> str:
    """Say how many queries are answered at once."""
    batch = table.query_batch
    if batch is None:
        return "in batches as held-out items were"
    return "by itself" if batch == 1 else f"in batches of {batch}"


def _print_bytes(console: Console, name: str, shape: ModelShape, width: int) -> None:
    title = f"{name}: bytes of the control's network, stored and moved by a query"
    console.print(Text(title, style="bold"))
    console.print(bytes_table(shape), width=width)
    for sentence in tell_bytes(shape, TECHNOLOGY):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)), width=width)
    console.print()


def _grid(first: str, *rest: str, is_name: bool = True) -> Grid:
    """Make a table whose first column names arms, in one piece, or is a text."""
    names = (first,) if is_name else ()
    return new_grid(
        *(first, *rest), fold=(first,), right=rest, whole=names, is_compact=True
    )


def _ratio(estimate: Estimate | None) -> str:
    if estimate is None:
        return NONE
    if estimate.is_infinite:
        return f"∞ {span(estimate.low, estimate.high)} modelled"
    return f"{ratio_text(estimate)} {_MARK[estimate.quantity.kind]}"


def _joules(quantity: Quantity | None) -> str:
    if quantity is None:
        return NONE
    if quantity.value is None:
        return "unknown"
    return f"{plain_joules(float(quantity.value))} {_MARK[quantity.kind]}"


def _chip_joules(use: ChipUse | None) -> str:
    return NONE if use is None else f"{plain_joules(use.whole)} {_MARK[use.kind]}"


def _device(is_metered: bool) -> str:
    """Name the device's own column by how its joules are known."""
    return f"device, {'measured' if is_metered else 'modelled'}"


def _device_columns(is_metered: bool, start: str = "") -> list[str]:
    """Name the device's columns; what no meter can tell has one of its own."""
    kinds = (True, False) if is_metered else (False,)
    return [f"{start}{_device(kind)}" for kind in kinds]


def _device_cells(text: str, is_metered: bool, is_priced: bool) -> list[str]:
    """Put a number of the device into its column.

    Args:
        text: the number.
        is_metered: whether the device's joules were measured.
        is_priced: whether it rests on a model all the same, as of a clock or a link.
    """
    if not is_metered:
        return [text]
    return [NONE, text] if is_priced else [text, NONE]


def _arms(table: LeverTable) -> Grid:
    grid = _grid("arm")
    grid.add_column("guidance", overflow="fold")
    grid.add_column("levers", overflow="fold")
    for row in table.rows:
        found = row.finding
        guidance = f"{found.kind}, {found.crowd}" if found.has_people else found.kind
        grid.add_row(row.name, guidance, "; ".join(row.levers) or NONE)
    return grid


def _training(table: LeverTable, is_metered: bool) -> Grid:
    grid = _grid(
        "arm",
        "reach",
        *_device_columns(is_metered, f"{RHO} "),
        f"{RHO} chip",
        f"{RHO} chip, hypothetical",
    )
    for row in table.rows:
        found = row.finding
        grid.add_row(
            row.name,
            f"{found.reach.hits}/{found.reach.trials} counted",
            *_device_cells(_ratio(found.ratio), is_metered, row.clock is not None),
            _ratio(row.chip.ratio if row.chip else None),
            _ratio(row.hypothetical.ratio if row.hypothetical else None),
        )
    return grid


def _people(table: LeverTable) -> Grid:
    guide = f"worth in hours of {table.guide.arm}" if table.guide else "worth in hours"
    grid = _grid("arm", "test accuracy, change", "human time", "M* energy", guide)
    for row in table.rows:
        found = row.finding
        worked = float(found.usage.worked_s)
        who = "recorded" if found.replay else "simulated"
        grid.add_row(
            row.name,
            f"{_signed(row.accuracy)} {_MARK[row.accuracy.quantity.kind]}",
            f"{duration(worked)} {who}" if found.has_people else "none counted",
            f"{break_even_text(found.at('joules'))} {who}"
            if found.has_people
            else NONE,
            _hours(row),
        )
    return grid


def _signed(estimate: Estimate) -> str:
    ends = f"[{estimate.low:+.3f}, {estimate.high:+.3f}]"
    return f"{estimate.value:+.3f} {ends}"


def _hours(row: LeverRow) -> str:
    if not row.hours.is_known:
        return "unknown"
    own = row.hours
    return f"{digits(own.value)} h {span(own.low, own.high)} {_MARK[own.quantity.kind]}"


def _use(table: LeverTable, is_metered: bool) -> Grid:
    grid = _grid(
        "arm",
        "operations / control's",
        *_device_columns(is_metered),
        "chip",
        "chip, hypothetical",
        f"pays from, queries ({_device(is_metered)})",
    )
    for row in table.rows:
        use = row.use
        is_priced = row.clock is not None or use.served is not None
        grid.add_row(
            row.name,
            f"{digits(float(use.operations.value or 0.0))} counted",
            *_device_cells(_joules(use.device), is_metered, is_priced),
            _chip_joules(use.chip),
            _chip_joules(use.hypothetical),
            _life(row),
        )
    return grid


def _chip(table: LeverTable) -> Grid:
    """Lay out what operations and bytes of each level take of training in a chip."""
    grid = _grid("arm", f"{RHO}, operations alone", *table.control_chip.joules)
    grid.add_row("control", NONE, *_shares(table.control_chip))
    for row in table.rows:
        if row.chip is not None and row.chip.use is not None:
            alone = _ratio(row.chip.operations)
            grid.add_row(row.name, alone, *_shares(row.chip.use))
    return grid


def _shares(use: ChipUse) -> list[str]:
    """Write each part's share, with how it is known."""
    return [f"{100 * use.share(p):.1f} % {_MARK[use.kind]}" for p in use.joules]


def _life(row: LeverRow) -> str:
    """Write from how many queries on an arm's joules are below the control's."""
    found = row.life
    mark = "?" if found.is_undetermined else ""
    queries = found.queries
    kind = _MARK[row.finding.ratio.quantity.kind]
    match found.payback:
        case Payback.UNKNOWN:
            return "unknown"
        case Payback.NEVER:
            return f"{NEVER}{mark} {kind}"
        case Payback.ALWAYS:
            return f"the first{mark} {kind}"
        case Payback.UP_TO:
            return f"up to {short_times(queries.value)}{mark} {kind}"
        case Payback.FROM:
            ends = f"[{short_times(queries.low)}, {short_times(queries.high)}]"
            return f"{short_times(queries.value)} {ends}{mark} {kind}"


def _combined(table: LeverTable) -> Grid:
    grid = _grid(
        "arm and its parts",
        f"{RHO} combined",
        f"product of {RHO}",
        f"{RHO} added up",
        "combined / product",
        is_name=False,
    )
    for row in table.combined:
        grid.add_row(
            f"{row.arm} = {' + '.join(row.parts)}",
            _ratio(row.ratio),
            _ratio(row.product),
            _ratio(row.added),
            _ratio(row.beside),
        )
    return grid


def _standings(standings: Sequence[PretrainingCost]) -> Grid:
    ways = ("sunk", f"shared by {USES}", "full")
    grid = _grid("arm", *(f"{RHO} if {way}" for way in ways), "pays from")
    for row in standings:
        pays = row.least_uses
        least = 0 if math.isinf(pays) else max(math.ceil(pays), 1)
        text = f"{least:,} training{'s' if least > 1 else ''}" if least else "never"
        kind = _MARK[row.full.quantity.kind] if row.full.is_known else "modelled"
        kind = "modelled" if row.full.is_infinite else kind
        cells = (_ratio(e) for e in (row.sunk, row.shared, row.full))
        grid.add_row(row.arm, *cells, f"{text} {kind}")
    return grid

"""Methods as tables: every cell says how its number is known."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.efficiency.chip import TECHNOLOGY, ChipUse
from hitl_sim.analysis.efficiency.claim import WIDEST_SHARE
from hitl_sim.analysis.efficiency.pretraining import USES, PretrainingCase
from hitl_sim.analysis.efficiency.row import MethodRow, MethodTable
from hitl_sim.energy import Kind, Quantity
from hitl_sim.energy.memory import (
    FORMATS,
    ModelShape,
    load_technology,
    moved_bytes,
    query_bytes,
    stored_bytes,
)
from hitl_sim.energy.memory.stored import PARTS
from hitl_sim.report.first_screen import tell_effect
from hitl_sim.report.method_sign import tell_signs
from hitl_sim.report.number import (
    NEVER,
    RHO,
    UNKNOWN,
    break_even_text,
    digits,
    duration,
    payback_text,
    plain_joules,
    ratio_text,
    short_times,
    size_text,
    span,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, lay_out, to_grid
from hitl_sim.report.terminal.answer import WIDTH, write_page
from hitl_sim.report.terminal.clock import print_check
from hitl_sim.report.terminal.show import print_indented

Column = Callable[[MethodRow], str]
"""What a column writes of a row."""
NONE = "-"
BATCHES = (1, 512)
"""Queries answered together: one by itself, and many."""
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


def print_methods(
    console: Console,
    tables: Sequence[MethodTable],
    cases: Sequence[PretrainingCase],
    *,
    is_metered: bool,
) -> None:
    """Print a study's methods, task by task, in up to 100 columns.

    Of arms with pretraining it prints each way to bill it. `is_metered` says whether
    the device's joules were measured.
    """
    width = min(console.width, WIDTH)
    for table in tables:
        own = [s for s in cases if s.task == table.task.label]
        _print_task(console, table, own, width, is_metered=is_metered)
        for sentence in tell_signs(table, cases):
            print_indented(console, sentence, width)
        console.print()
    print_check(console, width)
    console.print()
    legend = say("methods.legend", technology=TECHNOLOGY, widest=WIDEST_SHARE)
    console.print(Padding(Text(legend, style="dim"), 0), width=width)


def _print_task(
    console: Console,
    table: MethodTable,
    cases: Sequence[PretrainingCase],
    width: int,
    *,
    is_metered: bool,
) -> None:
    """Print a task's verdict and tables, and the title of its published signs."""
    console.print(Text(_verdict(table), style="bold"), width=width)
    console.print()

    def show(title: str, found: Table, left: int = 1, *, is_name: bool = True) -> None:
        console.print(Text(f"{table.task.label}: {title}", style="bold"))
        first, rest = found.headings[:left], found.headings[left:]
        names = first[:1] if is_name else ()
        look = {"fold": first, "right": rest, "whole": names}
        console.print(to_grid(found, is_compact=True, **look), width=width)

    show("the arms and what they carry", _arms(table), 3)
    show("training to the target", _training(table, is_metered))
    show("accuracy and people", _people(table))
    use = _use(table, is_metered)
    show(f"one query of the network in use, {_batch(table)}", use)
    if table.shape is not None:
        title = "bytes of the control's network, stored and moved by a query"
        show(title, bytes_table(table.shape), is_name=False)
        for sentence in tell_bytes(table.shape, TECHNOLOGY):
            print_indented(console, sentence, width)
        console.print()
    show("where a chip's joules of training go", _chip(table))
    if table.combined:
        show("do savings add up?", _combined(table), is_name=False)
    if cases:
        show("who pays for pretraining?", _cases(cases))
    title = f"{table.task.label}: do the published signs appear?"
    console.print(Text(title, style="bold"))


def _verdict(table: MethodTable) -> str:
    """Say what the best arms without and with people save, alone and with methods."""
    told = list[tuple[bool, str, str, int]]()
    for who in (False, True):
        own = [row for row in table.rows if row.finding.has_people == who]
        known = [row for row in own if not math.isnan(row.finding.ratio.value)]
        if known:
            row = min(known, key=lambda row: row.finding.ratio.value)
            effect = tell_effect(row.finding, is_first=not told)
            told.append((who, row.name, effect, len(own)))
    return say("methods.verdict", task=table.task.label, told=told)


def write_methods(
    result: StudyResult,
    tables: Sequence[MethodTable],
    cases: Sequence[PretrainingCase],
    folder: Path,
    rerun_command: str,
) -> Path:
    """Keep a study's methods as a page in its folder; see `print_methods`."""
    path = folder / "methods.md"
    write_page(
        path,
        result.question,
        rerun_command,
        lambda console: print_methods(
            console, tables, cases, is_metered=result.is_measured
        ),
    )
    return path


def _batch(table: MethodTable) -> str:
    """Say how many queries are answered at once."""
    batch = table.query_batch
    if batch is None:
        return "in batches as held-out items were"
    return "by itself" if batch == 1 else f"in batches of {batch}"


def _ratio(estimate: Estimate | None) -> str:
    if estimate is None:
        return NONE
    if estimate.is_infinite:
        return f"∞ {span(estimate.low, estimate.high)} modelled"
    return f"{ratio_text(estimate)} {_MARK[estimate.quantity.kind]}"


def _joules(quantity: Quantity) -> str:
    if quantity.value is None:
        return UNKNOWN
    return _joules_of(float(quantity.value), quantity.kind)


def _joules_of(joules: float, kind: Kind) -> str:
    return f"{plain_joules(joules)} {_MARK[kind]}"


def _device(is_metered: bool) -> str:
    """Name the device's own column by how its joules are known."""
    return f"device, {'measured' if is_metered else 'modelled'}"


def _device_columns(
    is_metered: bool, write: Column, is_priced: Callable[[MethodRow], bool]
) -> dict[str, Column]:
    """Return the device's columns by name.

    Where joules were metered, a number that rests on a model all the same, as of a
    clock or a link, has a column of its own.
    """
    if not is_metered:
        return {_device(False): write}
    return {
        _device(True): lambda row: NONE if is_priced(row) else write(row),
        _device(False): lambda row: write(row) if is_priced(row) else NONE,
    }


def _arms(table: MethodTable) -> Table:
    return lay_out(
        table.rows,
        {
            "arm": lambda row: row.name,
            "guidance": lambda row: ", ".join(
                filter(None, (row.finding.kind, row.finding.crowd))
            ),
            "methods": lambda row: "; ".join(row.methods) or NONE,
        },
    )


def _training(table: MethodTable, is_metered: bool) -> Table:
    device = _device_columns(
        is_metered, lambda row: _ratio(row.finding.ratio), lambda row: bool(row.clock)
    )
    return lay_out(
        table.rows,
        {
            "arm": lambda row: row.name,
            "reach": lambda row: (
                f"{row.finding.reach.hits}/{row.finding.reach.trials} counted"
            ),
            **{f"{RHO} {name}": write for name, write in device.items()},
            f"{RHO} chip": lambda row: _ratio(row.chip.ratio if row.chip else None),
            f"{RHO} chip, hypothetical": lambda row: _ratio(
                row.hypothetical.ratio if row.hypothetical else None
            ),
        },
    )


def _people(table: MethodTable) -> Table:
    guide = f"worth in hours of {table.guide.arm}" if table.guide else "worth in hours"
    return lay_out(
        table.rows,
        {
            "arm": lambda row: row.name,
            "test accuracy, change": lambda row: (
                f"{row.accuracy.value:+.3f} [{row.accuracy.low:+.3f}, "
                f"{row.accuracy.high:+.3f}] {_MARK[row.accuracy.quantity.kind]}"
            ),
            "human time": lambda row: _by_people(
                row, duration(float(row.finding.usage.worked_s)), "none counted"
            ),
            "M* energy": lambda row: _by_people(
                row, break_even_text(row.finding.at("joules")), NONE
            ),
            guide: _hours,
        },
    )


def _by_people(row: MethodRow, text: str, otherwise: str) -> str:
    """Say whether what people did was recorded or simulated; else that nobody did."""
    if not row.finding.has_people:
        return otherwise
    return f"{text} {'recorded' if row.finding.replay else 'simulated'}"


def _hours(row: MethodRow) -> str:
    own = row.hours
    if not own.is_known:
        return UNKNOWN
    return f"{digits(own.value)} h {span(own.low, own.high)} {_MARK[own.quantity.kind]}"


def _use(table: MethodTable, is_metered: bool) -> Table:
    device = _device_columns(
        is_metered,
        lambda row: _joules(row.use.device),
        lambda row: bool(row.clock or row.use.served),
    )
    return lay_out(
        table.rows,
        {
            "arm": lambda row: row.name,
            "operations / control's": lambda row: (
                f"{digits(float(row.use.operations.value or 0.0))} counted"
            ),
            **device,
            "chip": lambda row: _whole(row.use.chip),
            "chip, hypothetical": lambda row: _whole(row.use.hypothetical),
            f"pays from, queries ({_device(is_metered)})": _life,
        },
    )


def _whole(chip: ChipUse | None) -> str:
    return NONE if chip is None else _joules_of(chip.whole, chip.kind)


def _chip(table: MethodTable) -> Table:
    """Lay out what operations and bytes of each level take of training in a chip."""
    parts = list(table.control_chip.joules)
    found: list[tuple[str, Estimate | None, ChipUse]]
    found = [("control", None, table.control_chip)]
    found += [
        (row.name, row.chip.operations, row.chip.use)
        for row in table.rows
        if row.chip is not None and row.chip.use is not None
    ]
    rows = [
        (
            name,
            _ratio(operations),
            *(
                f"{100 * use.share(part):.1f} % {_MARK[use.kind]}"
                for part in use.joules
            ),
        )
        for name, operations, use in found
    ]
    return Table(("arm", f"{RHO}, operations alone", *parts), rows)


def _life(row: MethodRow) -> str:
    """Write from how many queries on an arm's joules are below the control's."""
    found, queries = row.life, row.life.queries
    number = short_times(queries.value)
    if found.payback is Payback.FROM:
        number += f" [{short_times(queries.low)}, {short_times(queries.high)}]"
    mark = "?" if found.is_undetermined else ""
    text = payback_text(found.payback, number, mark, "the first")
    kind = _MARK[row.finding.ratio.quantity.kind]
    return text if text == UNKNOWN else f"{text} {kind}"


def _combined(table: MethodTable) -> Table:
    rows = [
        (
            f"{row.arm} = {' + '.join(row.parts)}",
            *map(_ratio, (row.ratio, row.product, row.added, row.beside)),
        )
        for row in table.combined
    ]
    found = (f"{RHO} combined", f"product of {RHO}", f"{RHO} added up")
    return Table(("arm and its parts", *found, "combined / product"), rows)


def _cases(cases: Sequence[PretrainingCase]) -> Table:
    rows = []
    for row in cases:
        pays = row.least_uses
        least = 0 if math.isinf(pays) else max(math.ceil(pays), 1)
        text = f"{least:,} training{'s' if least > 1 else ''}" if least else NEVER
        is_known = row.full.is_known and not row.full.is_infinite
        kind = _MARK[row.full.quantity.kind] if is_known else "modelled"
        ratios = map(_ratio, (row.sunk, row.shared, row.full))
        rows.append((row.arm, *ratios, f"{text} {kind}"))
    ways = (f"{RHO} if {way}" for way in ("sunk", f"shared by {USES}", "full"))
    return Table(("arm", *ways, "pays from"), rows)


def bytes_table(shape: ModelShape) -> Table:
    """Lay out what a network and a query of it take in each format, by part."""
    rows = []
    for kept in FORMATS:
        parts = query_bytes(shape, kept, BATCHES)
        whole = moved_bytes(shape, kept, BATCHES)
        stored = size_text(stored_bytes(shape, kept))
        rows += [
            (
                *(("", "") if place else (kept.name, stored)),
                f"{batch}",
                size_text(float(whole[place])),
                *(size_text(float(parts[name][place])) for name in PARTS),
            )
            for place, batch in enumerate(BATCHES)
        ]
    return Table(("format", "stored", "a query in batches of", "moves", *PARTS), rows)


def tell_bytes(shape: ModelShape, technology: str) -> list[str]:
    """Say what int8 leaves of the bytes of a network and of a query.

    A cache of the chip of some technology might hold the weights.
    """
    wide, single, small = FORMATS
    stored = {kept: stored_bytes(shape, kept) for kept in FORMATS}
    moved = {kept: moved_bytes(shape, kept, BATCHES) for kept in FORMATS}
    weights = query_bytes(shape, single, BATCHES)["weights"]
    alone, together = (float(weights[i] / moved[single][i]) for i in (0, -1))
    *caches, _ = load_technology(technology).level
    size = max(level.capacity_b or 0 for level in caches)
    formats = {"wide": wide, "single": single, "small": small}
    others = 1.0 - wide.factor_b * shape.num_weights / stored[wide]
    shares = [
        tuple(float(moved[small][i] / moved[kept][i]) for kept in (wide, single))
        for i in range(len(BATCHES))
    ]
    batch = BATCHES[-1]
    fits = [kept.name for kept, count in stored.items() if count <= size]
    return [
        say("methods.stored", **formats, stored=stored, others=others),
        say("methods.query", shares=shares, batch=batch),
        say("methods.weights", alone=alone, together=together, batch=batch),
        say("methods.cached", size=size, technology=technology, fits=fits),
    ]

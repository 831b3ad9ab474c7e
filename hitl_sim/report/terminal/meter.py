"""Meters of this machine, what they measured, and their self-test, for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from hitl_sim.energy import Quantity
from hitl_sim.energy.meters import Capability, Measurement, SelfTest
from hitl_sim.report.table import Table, new_grid, to_grid

_STYLES = {"passed": "green", "failed": "bold red", "not tried": "dim"}
_STOPPED = {
    "target": "known as well as was asked for",
    "sensor": "the sensor's own error is above the target; more runs would not help",
    "max_repeats": "not known as well as was asked for: the most runs were made",
    "max_s": "not known as well as was asked for: the time was over",
    "nothing to read": "nothing can be measured here; more runs would not help",
    "failed": "a run failed, so no more were made",
}


def print_meters(console: Console, found: Sequence[Capability]) -> None:
    """Print each backend: what it covers, or why it cannot be read here."""
    rows = [
        (
            meter.backend,
            "yes" if meter.is_available else "no",
            meter.device or "-",
            meter.scope.value,
            _period(meter),
            meter.note if meter.is_available else meter.reason,
        )
        for meter in found
    ]
    why = "note, or why not"
    headings = ("backend", "readable", "device", "scope", "update period", why)
    table = Table(headings, rows, "Energy meters of this machine")
    console.print(to_grid(table, fold=(why,)))
    if not any(meter.is_available for meter in found):
        console.print(
            "Nothing can be measured here: every joule of a study will be modelled "
            "from counted operations, and says so."
        )


def _period(meter: Capability) -> str:
    period = meter.update_period_s
    return "-" if period is None else f"{period * 1e3:.3g} ms"


def print_measurement(console: Console, measurement: Measurement) -> None:
    """Print the energy of one run: gross, idle and marginal, device by device."""
    repeated = measurement.repeated
    reading = repeated.reading
    runs = "1 run" if repeated.num_repeats == 1 else f"{repeated.num_repeats} runs"
    seconds = repeated.seconds_per_call
    console.print(
        f"{escape(' '.join(measurement.argv))}: {float(seconds.value or 0.0):.3g} s a"
        f" run, {runs}, exit code {measurement.return_code}"
    )
    if not measurement.is_measured:
        console.print("Nothing was measured: no counter of this machine can be read.")
    if not any(energy.value is not None for energy in reading.gross):
        for seen in measurement.capabilities:
            console.print(f"{seen.device or seen.backend}: {escape(seen.reason)}")
        return
    headings = ("device", "scope", "gross", "idle", "marginal")
    table = new_grid(*headings, title="Energy of one run", fold=headings)
    part = 1.0 / repeated.num_repeats
    for gross, idle, marginal in zip(
        repeated.per_call, reading.idle, repeated.marginal_per_call, strict=True
    ):
        rows = (gross, idle.scaled(part), marginal)
        table.add_row(
            gross.of or "-", gross.scope.value, *(escape(str(row)) for row in rows)
        )
    _add_total(table, measurement)
    console.print(table)
    for check in reading.checks:
        if check.label not in ("agree", "one view"):
            console.print(f"{check.of}: {check.label}: {escape(check.note)}")
    if repeated.num_repeats > 1 or repeated.stopped == "failed":
        console.print(f"{_STOPPED[repeated.stopped].capitalize()}.")
    _print_missing(console, measurement.capabilities, reading.gross)


def print_selftest(console: Console, result: SelfTest) -> None:
    """Print what was tried on the meters of this machine, and how it went."""
    table = new_grid(
        *("device", "expected", "outcome", "detail"),
        title="Self-test of the meters",
        fold=("detail",),
    )
    for trial in result.trials:
        style = _STYLES[trial.outcome]
        table.add_row(
            trial.of or "-",
            trial.name,
            f"[{style}]{trial.outcome}[/{style}]",
            escape(trial.detail),
        )
    console.print(table)
    num_failed = sum(trial.outcome == "failed" for trial in result.trials)
    if num_failed:
        console.print(f"{num_failed} failed: do not trust joules of those devices.")
    elif result.has_meter:
        console.print("Nothing failed.")
    else:
        console.print(
            "The arithmetic holds, and there is no counter here to try it on."
        )


def _add_total(table: Grid, measurement: Measurement) -> None:
    if len(measurement.repeated.per_call) < 2:
        return
    table.add_section()
    sums = (measurement.gross_total, None, measurement.marginal_total)
    words = ["-" if energy is None else escape(str(energy)) for energy in sums]
    if measurement.gross_total is None:
        words[0] = "not added: the devices overlap"
    table.add_row("all", "", *words)


def _print_missing(
    console: Console, seen: Sequence[Capability], gross: Sequence[Quantity]
) -> None:
    """Name what cannot be measured, unless a row of the table says so."""
    said = {energy.reason for energy in gross}
    for capability in seen:
        if not capability.is_available and capability.reason not in said:
            device = capability.device or capability.backend
            console.print(f"not measured: {device}: {escape(capability.reason)}")

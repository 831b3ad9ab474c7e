"""Energy counters of this machine, for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hitl_sim.energy.meters import Backend, probe_meters


def print_meters(console: Console, backends: Sequence[Backend] | None = None) -> None:
    """Print each backend: what it covers, or why it cannot be read here."""
    table = Table(title="Energy meters of this machine")
    for column in ("backend", "readable", "device", "scope", "update period"):
        table.add_column(column)
    table.add_column("note, or why not", overflow="fold")
    found = probe_meters(backends)
    for meter in found:
        period = meter.update_period_s
        table.add_row(
            meter.backend,
            "yes" if meter.is_available else "no",
            meter.device or "-",
            meter.scope.value,
            "-" if period is None else f"{period * 1e3:.3g} ms",
            escape(meter.note if meter.is_available else meter.reason),
        )
    console.print(table)
    if not any(meter.is_available for meter in found):
        console.print(
            "Nothing can be measured here: every joule of a study will be modelled "
            "from counted operations, and says so."
        )

"""From a results folder to its levers, side by side: all of `hitl-sim levers`."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console

from hitl_sim.analysis.finding import StudyResult
from hitl_sim.analysis.lever import (
    LeverTable,
    Serving,
    clock_policies,
    tabulate_levers,
)
from hitl_sim.analysis.standing import Standing, find_standings
from hitl_sim.energy import load_profile
from hitl_sim.energy.link import load_link
from hitl_sim.output import write_bytes
from hitl_sim.report.lever import WIDTH, print_levers
from hitl_sim.study.conclude import Analysis


@dataclass(frozen=True)
class LeverPrices:
    """What levers are priced at that change no outcome.

    Attributes:
        device: a device profile in place of the study's own; None keeps that.
        server: profile of what runs the second half of a split network.
        link: what lies between device and server.
        most_time: times as long as at the highest clock that training may take.
        power_cap: most power, beside that at the highest clock.
        query_batch: queries that one call of the network in use answers; None keeps the
            study's own, or those of the validation set.
    """

    device: str | None = None
    server: str = "server-cpu"
    link: str = "wifi"
    most_time: float = 1.1
    power_cap: float = 0.7
    query_batch: int | None = None

    @property
    def options(self) -> str:
        """Return what differs from the defaults, as options of the command."""
        changed = (
            f" --{field.name.replace('_', '-')} {value}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        )
        return "".join(changed)


def show_levers(
    console: Console, folder: Path, prices: LeverPrices, rerun_command: str
) -> Path:
    """Print a study's levers, and keep the same as a page in its folder.

    Args:
        console: where to print.
        folder: results folder.
        prices: what levers are priced at; nothing is retrained.
        rerun_command: what to type to get this again.

    Returns:
        Path of the page.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no arm carries a lever, or a price is of nothing that there is.
    """
    policies = clock_policies(prices.most_time, prices.power_cap)
    link, server = load_link(prices.link), load_profile(prices.server)
    if prices.query_batch is not None and prices.query_batch < 1:
        raise ValueError(f"`--query-batch` must be >= 1, got {prices.query_batch}.")
    analysis = Analysis.open(
        folder, prices.device, use_batch=prices.query_batch, is_used=True
    )
    result = analysis.under()
    serving = Serving(result.profile, server, link, prices.link)
    tables = tabulate_levers(result, serving, policies)
    standings = find_standings(
        result.prices,
        lambda other: result if other == result.prices else analysis.under(other),
    )
    _print(console, result, tables, standings)
    text = io.StringIO()
    _print(Console(file=text, width=WIDTH), result, tables, standings)
    lines = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    page = (
        f"# {result.question}\n\nWritten by `{rerun_command}{prices.options}`."
        f" Intervals are 95 %.\n\n"
        f"```text\n{lines}\n```\n"
    )
    path = folder / "levers.md"
    write_bytes(path, page.encode())
    return path


def _print(
    console: Console,
    result: StudyResult,
    tables: Sequence[LeverTable],
    standings: Sequence[Standing],
) -> None:
    print_levers(console, tables, standings, is_metered=result.is_measured)

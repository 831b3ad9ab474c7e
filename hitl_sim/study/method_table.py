"""From a results folder to its methods, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.efficiency.clock import clock_policies
from hitl_sim.analysis.efficiency.pretraining import PretrainingCase, pretraining_cases
from hitl_sim.analysis.efficiency.row import MethodTable
from hitl_sim.analysis.efficiency.serve import Serving
from hitl_sim.analysis.efficiency.tabulate import tabulate_methods
from hitl_sim.energy import load_profile
from hitl_sim.energy.split_inference import load_link
from hitl_sim.study.conclude import Analysis


@dataclass(frozen=True)
class MethodPrices:
    """What methods are priced at that change no outcome.

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


class MethodStudy(NamedTuple):
    """A study's methods, laid out.

    Attributes:
        result: the study, billed.
        tables: its methods, one table per task.
        cases: arms with pretraining under each way to bill it.
    """

    result: StudyResult
    tables: Sequence[MethodTable]
    cases: Sequence[PretrainingCase]


def lay_out_methods(folder: Path, prices: MethodPrices) -> MethodStudy:
    """Price a study's methods; nothing is retrained.

    Args:
        folder: results folder.
        prices: what methods are priced at.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no arm carries a method, or a price is of nothing that there is.
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
    tables = tabulate_methods(result, serving, policies)
    cases = pretraining_cases(
        result.prices,
        lambda other: result if other == result.prices else analysis.under(other),
    )
    return MethodStudy(result, tables, cases)

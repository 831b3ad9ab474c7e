"""From a results folder to its analysis, under any device and any prices.

Nothing here loads the study, its data or jax: a folder is all that reading needs.
"""

import functools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hitl_sim.analysis.condition.confirmation import Confirmation
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.condition.result import analyse, bill_runs
from hitl_sim.analysis.run.record import RunGroup, read_groups
from hitl_sim.analysis.run.reuse import trainings_of
from hitl_sim.cost import Prices
from hitl_sim.energy import DeviceProfile
from hitl_sim.study.analysis_plan import (
    PlanVersion,
    changed_after_runs,
    hash_plan,
    planned_fields,
    read_plans,
)
from hitl_sim.study.folder import StudyFolder, read_folder
from hitl_sim.study.store import read_made, write_table
from hitl_sim.study.use import count_again, with_use

BILL = "bill.parquet"
"""Bill of every run, derived: a new price rewrites this file and no record."""


CONFIRM = "confirm"
"""Folder beside a study's records for its winners on fresh seeds."""
CONFIRMED = "confirmed.json"
"""Which condition the fresh seeds in a folder are of."""


def confirm_folder(folder: Path, place: int, task: str) -> Path:
    """Name the folder in which a task's winner is run on fresh seeds."""
    return folder / CONFIRM / f"{place + 1}-{task}"


@dataclass(frozen=True)
class Analysis:
    """A results folder, read once, to be analysed under any prices.

    Attributes:
        path: of the folder.
        folder: what it holds.
        profile: the device that is billed.
        use_batch: queries that one call of a network answers, in place of those that
            prices name.
        is_used: whether what networks do in use is asked for, even in no batch.
    """

    path: Path
    folder: StudyFolder
    profile: DeviceProfile
    use_batch: int | None = None
    is_used: bool = False
    _counted: dict[int | None, dict[str, Any]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def open(cls, path: Path, device: str | None = None, **use: Any) -> Self:
        """Read a folder.

        Args:
            path: results folder.
            device: a device profile in place of the study's own.
            **use: `use_batch` and `is_used`.

        Raises:
            RecordError: the folder holds no study.
            ValueError: no such device profile.
        """
        folder = read_folder(path)
        return cls(path, folder, folder.profile(device), **use)

    @functools.cached_property
    def groups(self) -> tuple[RunGroup, ...]:
        """The runs of every condition.

        Raises:
            RecordError: a column is missing, or runs of a condition are not alike.
        """
        return read_groups(self.folder.records)

    def under(
        self, prices: Prices | None = None, fraction: float | None = None
    ) -> StudyResult:
        """Analyse the records by the rules of the study's own file.

        Args:
            prices: all of them; the study's own when left out.
            fraction: of the pilot's best that is the target; the study's own likewise.

        Raises:
            RecordError: the records cannot be billed.
        """
        asked, study = prices or self.folder.prices, self.folder.manifest["study"]
        manifest = self._manifest_of(self.use_batch or asked.query_batch)
        # threads that share products as small as these wait more than they work
        with threadpool_limits(1):
            found = analyse(
                self.groups,
                manifest,
                self.profile,
                asked,
                fraction=fraction or study["target"]["fraction"],
                smoothing=study["target"]["smoothing"],
                smallest_effect=study["smallest_effect"],
                seed=study["seed"],
                trainings=trainings_of(study.get("reuse", {}), asked.life_queries),
            )
        again = self._confirmed(found, prices)
        return replace(found, **self._plan_under(asked), confirmations=again)

    def _confirmed(
        self, found: StudyResult, prices: Prices | None
    ) -> tuple[Confirmation, ...]:
        """Read which winners were run again on fresh seeds, under the same prices."""
        confirmed: list[Confirmation] = []
        if not (self.path / CONFIRM).is_dir():
            return ()
        for place, task in enumerate(found.tasks):
            folder = confirm_folder(self.path, place, task.task)
            if not (folder / CONFIRMED).exists():
                continue
            label = read_made(folder, CONFIRMED)["label"]
            first = next((f for f in task.with_people if f.label == label), None)
            if first is None:
                # another study stands in the folder by now
                continue
            other = replace(self, path=folder, folder=read_folder(folder), _counted={})
            study = other.folder.manifest["study"]
            (fresh,) = other.under(prices).tasks
            (again,) = fresh.with_people
            own = study["seed"], len(again.replicate), place
            pair = first.ratio, again.ratio
            confirmed.append(Confirmation(task.task, label, *pair, *own))
        return tuple(confirmed)

    def _plan_under(self, prices: Prices) -> dict[str, Any]:
        """Say what the plan is under some prices, and what was changed after runs."""
        study = self.folder.manifest["study"]
        plans = read_plans(self.path) or (PlanVersion(planned_fields(study)),)
        now = planned_fields({**study, "prices": msgspec.to_builtins(prices)})
        if plans[-1].hash != hash_plan(now):
            plans = (*plans, PlanVersion(now, self.folder.records.num_rows))
        return {"plan_hash": hash_plan(now), "plan_changes": changed_after_runs(plans)}

    def bill(self, prices: Prices | None = None) -> pa.Table:
        """Bill every run; see `analysis.condition.result.BILL_SCHEMA`."""
        target = self.folder.manifest["study"]["target"]
        return bill_runs(
            self.groups,
            self.folder.manifest,
            self.profile,
            prices or self.folder.prices,
            fraction=target["fraction"],
            smoothing=target["smoothing"],
        )

    def write_bill(self, out: Path, prices: Prices | None = None) -> Path:
        """Write the bills as `bill.parquet`, which says under what they were made."""
        asked = msgspec.json.encode(prices or self.folder.prices)
        found = {b"device": self.profile.label.encode(), b"prices": asked}
        write_table(out / BILL, self.bill(prices).replace_schema_metadata(found))
        return out / BILL

    def _manifest_of(self, batch: int | None) -> dict[str, Any]:
        if batch is None and not self.is_used:
            return self.folder.manifest
        if batch not in self._counted:
            self._counted[batch] = with_use(
                self.folder.manifest, batch, lambda b: count_again(self.path, b)
            )
        return self._counted[batch]


def analyse_folder(
    folder: Path, device: str | None = None, prices: Prices | None = None
) -> StudyResult:
    """Analyse a study's records by the rules of its own file.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no such device profile.
    """
    return Analysis.open(folder, device).under(prices)

"""What every format is written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult


@dataclass(frozen=True)
class Finished:
    """A study that was run, under a device and prices.

    Attributes:
        folder: its results.
        result: what the analysis found.
        records: one row per run.
        manifest: its resolved tables.
    """

    folder: Path
    result: StudyResult
    records: pa.Table
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return the name of the folder."""
        return self.folder.resolve().name

    def findings(self) -> Iterator[tuple[TaskResult, Finding]]:
        """Yield every condition with its task, the control first."""
        for task in self.result.tasks:
            for finding in (task.control, *task.findings):
                yield task, finding

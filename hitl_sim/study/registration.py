"""What a study fixes before its runs, gathered for a page that is registered."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec

from hitl_sim import __version__
from hitl_sim.study.analysis_plan import hash_plan, planned_fields
from hitl_sim.study.grid import expand
from hitl_sim.study.primary import primary_conditions
from hitl_sim.study.spec import StudySpec, planned_parts
from hitl_sim.study.spec.replicates import BATCH


@dataclass(frozen=True)
class Registration:
    """A study before its runs.

    Attributes:
        study: its plain tables.
        network: the network with all of its options.
        training: what fixes the training, by name.
        conditions: number of conditions by arm, those of its pilots as "pilot".
        primary: arm, task and swept values of each primary condition.
        hash: of its analysis plan.
        batch: replicates that a rule adds at a time.
        version: of hitl_sim.
    """

    study: dict[str, Any]
    network: dict[str, Any]
    training: dict[str, Any]
    conditions: dict[str, int]
    primary: tuple[tuple[str, str, dict[str, Any]], ...]
    hash: str
    batch: int = BATCH
    version: str = __version__


def register_study(spec: StudySpec) -> Registration:
    """Gather what a study fixes before its runs; no data are loaded.

    Raises:
        SpecError: the study cannot be run as written, as far as its file tells.
    """
    conditions = expand(spec)
    own = planned_parts(spec.part)
    study: dict[str, Any] = msgspec.to_builtins(spec)
    found = primary_conditions(conditions, spec)
    names = ["pilot" if c.role == "pilot" else c.arm.name for c in conditions]
    return Registration(
        study,
        spec.network.resolved(own),
        spec.training.resolved(own),
        dict(Counter(names)),
        tuple((c.arm.name, c.task_name, dict(c.settings)) for c in found),
        hash_plan(planned_fields(study)),
    )

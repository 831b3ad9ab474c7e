"""Decision and sensitivity of every task: what a report adds to the findings."""

from __future__ import annotations

from typing import NamedTuple

from hitl_sim.analysis.choice import decide
from hitl_sim.analysis.finding import StudyResult
from hitl_sim.analysis.sensitivity import Sensitivity, find_sensitivity
from hitl_sim.analysis.verdict import Decision


class Verdict(NamedTuple):
    """What helps to decide about one task.

    Attributes:
        decision: net benefits, break-evens, frontier.
        sensitivity: what moves them and what is worth knowing; None where no arm with
            people reached or nothing is uncertain.
    """

    decision: Decision
    sensitivity: Sensitivity | None


def weigh(result: StudyResult) -> tuple[Verdict, ...]:
    """Work out the decision of every task of a study by re-pricing its records.

    Args:
        result: of `hitl_sim.analysis.analyse`.
    """
    decisions = (decide(result, task) for task in result.tasks)
    return tuple(Verdict(d, find_sensitivity(result, d)) for d in decisions)

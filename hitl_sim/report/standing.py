"""How far the people of a study may be trusted, and which of their dials were swept."""

from __future__ import annotations

from hitl_sim.analysis import StudyResult
from hitl_sim.report.table import Table


def standings(result: StudyResult) -> list[tuple[str, str, str]]:
    """Return (population, kind of question, standing) of everyone who was asked."""
    asked = {
        (finding.population, str(finding.dials["feedback"]))
        for task in result.tasks
        for finding in task.findings
        if finding.population is not None
    }
    return [(name, kind, _standing(result, name, kind)) for name, kind in sorted(asked)]


def standing_table(result: StudyResult) -> Table:
    """Say how each population that was asked stands, by kind of question."""
    return Table(("population", "question", "standing"), standings(result))


def replay_table(result: StudyResult) -> Table:
    """Say where the answers of replayed arms came from."""
    names = ("replayed", "modelled", "untimed", "left_out")
    words = ("recorded", "by fitted people", "recorded without a time", "not asked")
    return Table(
        ("task", "arm", "who is asked", *words),
        [
            (f.task, f.arm, f.crowd, *(f"{f.replay[name]:.1f}" for name in names))
            for task in result.tasks
            for f in task.with_people
            if f.replay
        ],
    )


def _standing(result: StudyResult, name: str, kind: str) -> str:
    """Say how far a population may be trusted, by its own file where it has one."""
    if name in result.populations:
        return str(result.populations[name]["status"][kind])
    return "not a named population"


def standing_words(result: StudyResult) -> str:
    """Say it in one line; empty where nobody was asked."""
    return "; ".join(
        f"{name} ({kind}: {standing})" for name, kind, standing in standings(result)
    )


def swept_dials(result: StudyResult) -> list[str]:
    """Return the dials along which some arm's break-even was sought."""
    return list(
        dict.fromkeys(
            found.sweep.dial for task in result.tasks for found in task.crossings
        )
    )

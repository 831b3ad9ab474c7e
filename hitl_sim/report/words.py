"""The answer and the three opening figures, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from hitl_sim.analysis.condition.between import distinct
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.condition.growth import find_scalings
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.report.decision import tell_decision
from hitl_sim.report.opening import (
    list_checks,
    tell_answer,
    tell_break_even,
    tell_ratio,
    tell_upper_bound,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.study_table import evidence_words, growth_note, tell_growth


@dataclass(frozen=True)
class TaskWords:
    """What one task says.

    Attributes:
        answer: whether people paid, and why.
        upper_bound: what the control spends.
        rho: what people saved or cost.
        break_even: how much dearer training would have to be.
        checks: A/A, labels, failures, and what else a reader has to know.
        decision: how surely people pay, from where on, and what is worth knowing;
            empty where no verdict was asked for.
    """

    task: str
    answer: str
    upper_bound: str
    rho: str
    break_even: str
    checks: tuple[str, ...]
    decision: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """Everything that opens a report.

    Attributes:
        caution: what kind of joules these are; the first line.
        note: what its author wants to be read beside the answer.
        notes: what holds for the whole study.
    """

    caution: str
    question: str
    note: str
    tasks: tuple[TaskWords, ...]
    notes: tuple[str, ...]


def tell(result: StudyResult, verdicts: Sequence[Verdict] = ()) -> Words:
    """Put a result into words; without verdicts no decision is told."""
    weighed: Sequence[Verdict | None] = verdicts or [None] * len(result.tasks)
    return Words(
        caution=say(
            "caution.all",
            result=result,
            origin=say("caution.origin", result=result, total=len(result.work)),
            people=_who_answered(result),
        ),
        question=result.question,
        note=result.note,
        tasks=tuple(
            TaskWords(
                task=task.label,
                answer=tell_answer(task, result),
                upper_bound=tell_upper_bound(task, result),
                rho=tell_ratio(task, result),
                break_even=tell_break_even(task),
                checks=list_checks(task, result),
                decision=()
                if verdict is None
                else tell_decision(verdict, result.prices.boundary),
            )
            for task, verdict in zip(result.tasks, weighed, strict=True)
        ),
        notes=_notes(result),
    )


def _who_answered(result: StudyResult) -> str:
    """Say whether people are simulated or recorded; empty where nobody was asked."""
    asked = [bool(f.replay) for task in result.tasks for f in task.with_people]
    if not any(asked):
        return say("caution.simulated") if asked else ""
    is_fitted = any(
        found.replay.get("modelled") for task in result.tasks for found in task.findings
    )
    return say("caution.recorded", is_fitted=is_fitted, is_all=all(asked))


def _notes(result: StudyResult) -> tuple[str, ...]:
    num = sum(len(distinct(task.findings)) for task in result.tasks)
    same = sum(len(task.findings) for task in result.tasks) - num
    people = evidence_words(result)
    notes = [say("note.people", people=people)] if people else []
    notes.append(say("note.many", num=num, same=same))
    if result.failed:
        failed = len(result.failed)
        notes.append(say("note.failed", failed=failed, runs=result.num_records))
    scalings = find_scalings(result)
    if scalings:
        notes.append(say("note.growth", note=growth_note(scalings)))
        notes.extend(tell_growth(scaling) for scaling in scalings)
    notes.extend(say("note.left_out", reason=reason) for reason in result.skipped)
    return tuple(notes)

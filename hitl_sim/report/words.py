"""The answer and the three opening figures, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hitl_sim.analysis import StudyResult, TaskResult, Verdict
from hitl_sim.analysis.joint import distinct
from hitl_sim.analysis.scaling import find_scalings
from hitl_sim.report.check import list_checks
from hitl_sim.report.decision import tell_decision
from hitl_sim.report.opening import (
    tell_answer,
    tell_break_even,
    tell_ceiling,
    tell_ratio,
)
from hitl_sim.report.scale import growth_note, tell_growth
from hitl_sim.report.standing import standing_words


@dataclass(frozen=True)
class TaskWords:
    """What one task says.

    Attributes:
        task: its name.
        answer: whether people paid, and why.
        ceiling: what the control spends.
        rho: what people saved or cost.
        break_even: how much dearer training would have to be.
        checks: A/A, labels, failures, and what else a reader has to know.
        decision: how surely people pay, from where on, and what is worth knowing;
            empty where no verdict was asked for.
    """

    task: str
    answer: str
    ceiling: str
    rho: str
    break_even: str
    checks: tuple[str, ...]
    decision: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """Everything that opens a report.

    Attributes:
        caution: what kind of joules these are; the first line.
        question: what the study asks.
        note: what its author wants to be read beside the answer.
        tasks: one per task.
        notes: what holds for the whole study.
    """

    caution: str
    question: str
    note: str
    tasks: tuple[TaskWords, ...]
    notes: tuple[str, ...]


def tell(result: StudyResult, verdicts: Sequence[Verdict] = ()) -> Words:
    """Put a result into words.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        verdicts: of `hitl_sim.analysis.weigh`, one per task; none: no decision is told.
    """
    weighed: Sequence[Verdict | None] = verdicts or [None] * len(result.tasks)
    return Words(
        caution=_caution(result),
        question=result.question,
        note=result.note,
        tasks=tuple(
            _tell_task(task, result, verdict)
            for task, verdict in zip(result.tasks, weighed, strict=True)
        ),
        notes=_notes(result),
    )


def _caution(result: StudyResult) -> str:
    simulated = _who_answered(result)
    profile = result.profile
    if result.is_measured:
        return (
            f"The device's joules were measured: profile {profile.label},"
            f" {profile.description}.{simulated}"
        )
    return (
        f"{_origin(result)} profile {profile.label} ({profile.description}).{simulated}"
    )


def _who_answered(result: StudyResult) -> str:
    """Say whether people are simulated or recorded; empty where nobody was asked."""
    asked = [bool(f.replay) for task in result.tasks for f in task.with_people]
    if not asked:
        return ""
    if not any(asked):
        return " People are simulated."
    some = "" if all(asked) else ", those of other arms simulated"
    modelled = any(
        found.replay.get("modelled") for task in result.tasks for found in task.findings
    )
    rest = "; fitted people answer what nobody did" if modelled else ""
    return f" People are recorded{rest}{some}."


def _origin(result: StudyResult) -> str:
    """Say what joules were made of that were not all measured."""
    total, timed, metered = len(result.units), result.num_timed, result.num_metered
    if metered:
        return (
            f"Some joules here were measured: those of {metered} of {total} units of"
            " work; the rest is modelled, with"
        )
    if not timed:
        return (
            "No joule here was measured: the device's are modelled from counted"
            " operations and the constants of"
        )
    rest = (
        "" if timed == total else "; the rest is modelled from counted operations, all"
    )
    which = "all" if timed == total else f"{timed} of"
    return (
        "No joule here was measured: the device's are modelled from the measured"
        f" seconds of {which} {total} units of work{rest} with the watts of"
    )


def _tell_task(
    task: TaskResult, result: StudyResult, verdict: Verdict | None
) -> TaskWords:
    boundary = result.prices.boundary
    return TaskWords(
        task=task.label,
        answer=tell_answer(task, result),
        ceiling=tell_ceiling(task, result),
        rho=tell_ratio(task, result),
        break_even=tell_break_even(task),
        checks=list_checks(task, result),
        decision=() if verdict is None else tell_decision(verdict, boundary),
    )


def _notes(result: StudyResult) -> tuple[str, ...]:
    num = sum(len(distinct(task.findings)) for task in result.tasks)
    same = sum(len(task.findings) for task in result.tasks) - num
    once = f" ({same} more repeat one of them run for run)" if same else ""
    people = standing_words(result)
    notes = [f"How far the people may be trusted: {people}."] if people else []
    conditions = "conditions are" if num != 1 else "condition is"
    notes += [
        f"{num} {conditions} compared{once} and about {max(1, round(num / 20))} of"
        " their 95 % intervals will miss; the best of many looks better than it is"
        " until fresh seeds confirm it."
    ]
    if result.failed:
        notes.append(
            f"{len(result.failed)} of {result.num_records} runs did not stay finite;"
            " they are kept, billed to the cap and counted as not reaching."
        )
    scalings = find_scalings(result)
    if scalings:
        notes.append(f"Growth with size. {growth_note(scalings)}")
        notes.extend(tell_growth(scaling) for scaling in scalings)
    notes.extend(f"Left out: {reason}" for reason in result.skipped)
    return tuple(notes)


def paragraphs(words: Words) -> Sequence[str]:
    """Return the words as plain paragraphs, the caution first."""
    lines = [words.caution]
    lines += [text for text in (words.question, words.note) if text]
    for task in words.tasks:
        head = f"{task.task}: " if len(words.tasks) > 1 else ""
        lines.append(f"{head}{task.answer}")
        lines.extend((task.ceiling, task.rho, task.break_even))
        lines.extend((*task.checks, *task.decision))
    return [*lines, *words.notes]

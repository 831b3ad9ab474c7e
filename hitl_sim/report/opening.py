"""Sentences that open a report: the answer, the ceiling, rho and the break-even."""

from __future__ import annotations

import math

from hitl_sim.analysis import (
    Answer,
    Effect,
    Finding,
    Payback,
    StudyResult,
    TaskResult,
    beside,
    best,
    cheapest,
    judge,
)
from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.joint import Joint, judge_at_once, judge_pairs
from hitl_sim.cost import MEASURES, Measure
from hitl_sim.report.number import (
    energy_text,
)
from hitl_sim.report.sentence import say


def tell_answer(task: TaskResult, result: StudyResult) -> str:
    """Say whether people paid in energy, here and as training grows."""
    asked = task.with_people
    if not asked:
        return say("answer.nobody")
    by_answer = {
        answer: [f for f in asked if f.at("joules").pays_here is answer]
        for answer in Answer
    }
    if by_answer[Answer.YES]:
        return say("answer.paid", found=by_answer[Answer.YES])
    if by_answer[Answer.UNDETERMINED]:
        return say("answer.maybe", found=by_answer[Answer.UNDETERMINED])
    if len(by_answer[Answer.UNKNOWN]) == len(asked):
        reason = asked[0].at("joules").multiple.quantity.reason
        return say("answer.unknown", reason=reason)
    soonest, leader = cheapest(asked, "joules"), best(asked)
    machine = _machine_sentence(task, result)
    if soonest is None or leader is None:
        return say("answer.none_saves", leader=leader, machine=machine)
    found = soonest.at("joules")
    return say(
        "answer.at_best",
        finding=soonest,
        found=found,
        doubt=say("answer.doubt", finding=soonest),
        machine=machine,
    )


def _machine_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say whether an arm without people took fewer joules than the best with people."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None or machine.ratio.value >= 1.0:
        return ""
    found = beside(people, machine, result.seed)
    if not found.value > 1.0:
        return ""
    return say("answer.machine", machine=machine, ratio=found)


def tell_ceiling(task: TaskResult, result: StudyResult) -> str:
    """Say what the control spends, with chance and constants apart."""
    spent = task.ceiling.joules
    if not math.isfinite(spent.value):
        return say("ceiling.unknown", task=task)
    constants = ""
    if spent.quantity.interval is not None:
        low, high = spent.quantity.interval
        constants = energy_text(spent.value, float(low), float(high))
    return say(
        "ceiling.known",
        task=task,
        ceiling=task.ceiling,
        fraction=result.fraction,
        constants=constants,
    )


def tell_ratio(task: TaskResult, result: StudyResult) -> str:
    """Say which arm was best, with people and without, and how the crowd mattered."""
    sentences = []
    for findings, who in (
        (task.with_people, "with people"),
        (task.without_people, "without people"),
    ):
        leader = best(findings)
        if leader is None:
            continue
        joint = judge_at_once(leader, findings, task.control, result.seed)
        verdict = _verdict(leader, joint, result)
        told = {"who": who, "leader": leader, "joint": joint, "verdict": verdict}
        sentences.append(say("ratio.best", **told))
    return say(
        "ratio.all",
        found="; ".join(sentences) or say("ratio.unknown"),
        beside=_beside_sentence(task, result),
        crowd=_crowd_sentence(task, result),
    )


def _verdict(finding: Finding, joint: Joint, result: StudyResult) -> str:
    """Say what is claimed of the best condition, and what would undo it."""
    claim = finding.claim
    claimed = _claimed(claim.by_interval, finding, result)
    if claim.side is None:
        return claimed
    told = {
        "claimed": claimed,
        "claim": claim,
        "joint": joint,
        "failing": say("ratio.failing", claim=claim),
    }
    if claim.is_withheld:
        return say("ratio.withheld", **told)
    if judge(joint.low, joint.high, result.smallest_effect) is not claim.effect:
        return say("ratio.alone", **told)
    return say("ratio.stands", **told)


def _claimed(effect: Effect, finding: Finding, result: StudyResult) -> str:
    low, high = finding.ratio.low, finding.ratio.high
    side = "saving" if high < 1.0 else "loss" if low > 1.0 else ""
    told = {"side": side, "matters": result.smallest_effect}
    match effect:
        case Effect.SAVES:
            return say("ratio.saves", **told)
        case Effect.COSTS_MORE:
            return say("ratio.loses", **told)
        case Effect.NO_DIFFERENCE:
            return say("ratio.small", **told)
        case _:
            return say("ratio.perhaps" if side else "ratio.open", **told)


def _beside_sentence(task: TaskResult, result: StudyResult) -> str:
    """Hold the best arm with people against the best without."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None:
        return ""
    found = beside(people, machine, result.seed)
    if math.isnan(found.value):
        return ""
    return say("ratio.beside", machine=machine, people=people, ratio=found)


def _crowd_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say how far the crowd moves rho of the best arm, and whether chance would."""
    leader = best(task.with_people)
    if leader is None:
        return ""
    same = [
        f
        for f in task.with_people
        if f.arm == leader.arm
        and f.variant == leader.variant
        and not math.isnan(f.ratio.value)
    ]
    worst = max(same, key=lambda f: f.ratio.value)
    if worst is leader:
        return ""
    pair = judge_pairs(worst, leader, same, task.control, result.seed)
    return say("ratio.crowd", best=leader, worst=worst, pair=pair)


def tell_break_even(task: TaskResult) -> str:
    """Say when people pay back; measures that end alike share a clause."""
    clauses: dict[str, list[str]] = {}
    for measure in MEASURES:
        clauses.setdefault(_clause(task, measure), []).append(AXIS_NAMES[measure])
    parts = [
        say("break_even.clause", names=names, when=clause)
        for clause, names in clauses.items()
    ]
    return say("break_even.all", clauses=parts)


def _clause(task: TaskResult, measure: Measure) -> str:
    """Say when the soonest arm pays back, by one measure."""
    asked = task.with_people
    if not asked:
        return say("break_even.nobody")
    soonest = cheapest(asked, measure)
    if soonest is not None:
        found, doubt = soonest.at(measure), say("answer.doubt", finding=soonest)
        if found.payback is Payback.ALWAYS:
            return say("break_even.at_once", finding=soonest)
        return say("break_even.from", finding=soonest, found=found, doubt=doubt)
    ends = [f.at(measure) for f in asked]
    unknown = [b for b in ends if b.payback is Payback.UNKNOWN]
    if unknown:
        reason = unknown[0].multiple.quantity.reason
        return say("break_even.unknown", reason=reason)
    is_open = any(b.is_undetermined and math.isfinite(b.multiple.low) for b in ends)
    return say("break_even.never", is_open=is_open)

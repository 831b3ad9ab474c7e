"""Sentences that open a report: the answer, the ceiling, rho and the break-even."""

from __future__ import annotations

import math

from hitl_sim.analysis import (
    Answer,
    BreakEven,
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
from hitl_sim.analysis.claim import Claim, Side
from hitl_sim.analysis.joint import Joint, judge_at_once, judge_pairs
from hitl_sim.cost import MEASURES, Measure
from hitl_sim.energy import Quantity
from hitl_sim.report.number import (
    digits,
    duration_text,
    energy_text,
    join_words,
    joules_text,
    percent,
    plain_joules,
    ratio_text,
    span,
    times,
    times_span,
)
from hitl_sim.report.sentence import say


def tell_answer(task: TaskResult, result: StudyResult) -> str:
    """Say whether people paid in energy, here and as training grows."""
    asked = task.with_people
    if not asked:
        return say("answer.nobody")
    paying = [f for f in asked if f.at("joules").pays_here is Answer.YES]
    if paying:
        return say("answer.paid", names="; ".join(f.label for f in paying))
    maybe = [f for f in asked if f.at("joules").pays_here is Answer.UNDETERMINED]
    if maybe:
        return say("answer.maybe", names="; ".join(f.label for f in maybe))
    unknown = [f for f in asked if f.at("joules").pays_here is Answer.UNKNOWN]
    if len(unknown) == len(asked):
        reason = unknown[0].at("joules").multiple.quantity.reason
        return say("answer.unknown", reason=reason)
    machine = _machine_sentence(task, result)
    return say("answer.no", why=_why_not(task), machine=machine)


def _why_not(task: TaskResult) -> str:
    soonest = cheapest(task.with_people, "joules")
    leader = best(task.with_people)
    if soonest is None or leader is None:
        return say("answer.none_saves", leader=_leader_clause(leader))
    found = soonest.at("joules")
    return say(
        "answer.at_best",
        label=soonest.label,
        saved=_plain(found.saved),
        doubt=f" ({_doubt(soonest)})" if found.is_undetermined else "",
        beside=_plain(found.beside),
        times=times(found.multiple.value),
    )


def _machine_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say whether an arm without people took fewer joules than the best with people."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None or machine.ratio.value >= 1.0:
        return ""
    found = beside(people, machine, result.seed)
    if not found.value > 1.0:
        return ""
    return say(
        "answer.machine",
        more=say(f"answer.machine_{'more' if found.low > 1.0 else 'maybe'}"),
        label=machine.label,
        ratio=ratio_text(machine.ratio),
    )


def _doubt(finding: Finding) -> str:
    """Say why a saving cannot be told from none."""
    return say(f"answer.doubt_{'undone' if finding.ratio.high < 1.0 else 'none'}")


def _leader_clause(leader: Finding | None) -> str:
    if leader is None or math.isinf(leader.ratio.value):
        return say("answer.leader_lost")
    ratio = digits(leader.ratio.value)
    return say("answer.leader", label=leader.label, ratio=ratio)


def _plain(joules: Quantity) -> str:
    return plain_joules(math.nan if joules.value is None else float(joules.value))


def tell_ceiling(task: TaskResult, result: StudyResult) -> str:
    """Say what the control spends, with chance and constants apart."""
    ceiling = task.ceiling
    spent = ceiling.joules
    if not math.isfinite(spent.value):
        return say("ceiling.unknown", target=digits(task.target))
    constants = say("ceiling.no_interval")
    if spent.quantity.interval is not None:
        low, high = spent.quantity.interval
        energy = energy_text(spent.value, float(low), float(high))
        constants = say("ceiling.interval", energy=energy)
    return say(
        "ceiling.known",
        joules=joules_text(spent),
        fraction=percent(result.fraction),
        target=digits(task.target),
        hits=ceiling.reach.hits,
        trials=ceiling.reach.trials,
        constants=constants,
        workstation=duration_text(ceiling.workstation_s),
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
        sentences.append(
            say(
                "ratio.best",
                among=say("ratio.among", num=joint.num) if joint.num > 1 else "",
                who=who,
                label=leader.label,
                ratio=ratio_text(leader.ratio),
                hits=leader.reach.hits,
                trials=leader.reach.trials,
                verdict=_verdict(leader, joint, result),
            )
        )
    return say(
        "ratio.all",
        found="; ".join(sentences) or say("ratio.unknown"),
        beside=_beside_sentence(task, result),
        crowd=_crowd_sentence(task, result),
    )


def _verdict(finding: Finding, joint: Joint, result: StudyResult) -> str:
    """Say what is claimed of the best condition, and what would undo it."""
    claim = finding.claim
    words = _claimed(claim.by_interval, finding, result)
    if claim.side is None:
        return words
    if claim.is_withheld:
        undone = _undone(claim, claim.side)
        return say("ratio.withheld", claimed=words, undone=undone)
    ends = span(joint.low, joint.high)
    at_once = say("ratio.at_once", num=joint.num, span=ends)
    if judge(joint.low, joint.high, result.smallest_effect) is not claim.effect:
        return say("ratio.alone", claimed=words, at_once=at_once)
    holds = say("ratio.holds", at_once=at_once) if joint.num > 1 else ""
    failing = _failing(claim, claim.side)
    return say("ratio.stands", claimed=words, holds=holds, failing=failing)


def _undone(claim: Claim, side: Side) -> str:
    """Say which failures would undo what the interval alone would claim."""
    return say(
        "ratio.undone",
        failing=_failing(claim, side),
        may_fail=_share(side.may_fail),
        enough=say("ratio.enough", num=claim.enough) if claim.enough else "",
    )


def _failing(claim: Claim, side: Side) -> str:
    return say(
        "ratio.failing",
        share=_share(claim.survived),
        whose=say(f"ratio.whose_{'arm' if claim.hangs_on == 'arm' else 'control'}"),
        failed=side.failed or "none",
        runs=side.runs,
    )


def _share(fraction: float) -> str:
    """Write a share of runs to two digits."""
    return f"{100 * fraction:.2g} %" if fraction < 1.0 else "100 %"


def _claimed(effect: Effect, finding: Finding, result: StudyResult) -> str:
    matters = percent(result.smallest_effect)
    low, high = finding.ratio.low, finding.ratio.high
    side = "saving" if high < 1.0 else "loss" if low > 1.0 else ""
    match effect:
        case Effect.SAVES:
            return say("ratio.saves", matters=matters)
        case Effect.COSTS_MORE:
            return say("ratio.loses", matters=matters)
        case Effect.NO_DIFFERENCE:
            return say("ratio.small", side=side or "difference", matters=matters)
        case _ if side:
            return say("ratio.perhaps", side=side, matters=matters)
        case _:
            return say("ratio.open")


def _beside_sentence(task: TaskResult, result: StudyResult) -> str:
    """Hold the best arm with people against the best without."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None:
        return ""
    found = beside(people, machine, result.seed)
    if math.isnan(found.value):
        return ""
    return say(
        "ratio.beside",
        machine=machine.label,
        people=people.label,
        value=digits(found.value),
        span=span(found.low, found.high),
    )


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
    found = judge_pairs(worst, leader, same, task.control, result.seed)
    took = say(
        "ratio.crowd",
        arm=leader.arm,
        worst=worst.crowd,
        ratio=digits(worst.ratio.value / leader.ratio.value),
        span=span(found.low, found.high),
        best=leader.crowd,
        num=found.num,
    )
    name = "ratio.crowd_decides" if found.low > 1.0 else "ratio.crowd_open"
    return say(name, took=took)


def tell_break_even(task: TaskResult) -> str:
    """Say when people pay back; measures that end alike share a clause."""
    clauses: dict[str, list[str]] = {}
    for measure in MEASURES:
        clauses.setdefault(_clause(task, measure), []).append(AXIS_NAMES[measure])
    parts = [
        say("break_even.clause", names=join_words(names), when=clause)
        for clause, names in clauses.items()
    ]
    return say("break_even.all", clauses="; ".join(parts))


def _clause(task: TaskResult, measure: Measure) -> str:
    """Say when the soonest arm pays back, by one measure."""
    asked = task.with_people
    if not asked:
        return say("break_even.nobody")
    soonest = cheapest(asked, measure)
    if soonest is not None:
        return _multiple_clause(soonest, soonest.at(measure))
    found = [f.at(measure) for f in asked]
    unknown = [b for b in found if b.payback is Payback.UNKNOWN]
    if unknown:
        reason = unknown[0].multiple.quantity.reason
        return say("break_even.unknown", reason=reason)
    is_open = any(b.is_undetermined and math.isfinite(b.multiple.low) for b in found)
    hedge = say("break_even.never_open") if is_open else ""
    return say("break_even.never", hedge=hedge)


def _multiple_clause(finding: Finding, found: BreakEven) -> str:
    if found.payback is Payback.ALWAYS:
        return say("break_even.at_once", label=finding.label)
    return say(
        "break_even.from",
        times=times(found.multiple.value),
        span=times_span(found.multiple),
        label=finding.label,
        doubt=f", {_doubt(finding)}" if found.is_undetermined else "",
    )

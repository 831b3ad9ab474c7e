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
    RHO,
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


def tell_answer(task: TaskResult, result: StudyResult) -> str:
    """Say whether people paid in energy, here and as training grows."""
    asked = task.with_people
    if not asked:
        return "Nobody was asked in this study, so there is nothing to pay back."
    paying = [f for f in asked if f.at("joules").pays_here is Answer.YES]
    if paying:
        names = "; ".join(f.label for f in paying)
        return f"People paid back in energy: {names}."
    maybe = [f for f in asked if f.at("joules").pays_here is Answer.UNDETERMINED]
    if maybe:
        names = "; ".join(f.label for f in maybe)
        return f"Whether people paid back in energy cannot be told for: {names}."
    unknown = [f for f in asked if f.at("joules").pays_here is Answer.UNKNOWN]
    if len(unknown) == len(asked):
        reason = unknown[0].at("joules").multiple.quantity.reason
        return f"Whether people paid back in energy is not known: {reason}."
    return f"People did not pay: {_why_not(task)}{_machine_sentence(task, result)}"


def _why_not(task: TaskResult) -> str:
    soonest = cheapest(task.with_people, "joules")
    leader = best(task.with_people)
    if soonest is None or leader is None:
        return (
            "no arm with people took fewer joules to the target than the control,"
            f" {_leader_clause(leader)}so no rise in the cost of training would pay"
            " them back."
        )
    found = soonest.at("joules")
    beside, saved = _plain(found.beside), _plain(found.saved)
    hedge = f" ({_doubt(soonest)})" if found.is_undetermined else ""
    return (
        f"at best ({soonest.label}) they saved {saved} of training per success{hedge}"
        f" and took {beside} themselves, the waiting device included; training would"
        f" have to be {times(found.multiple.value)} as dear for that to be paid back."
    )


def _machine_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say whether an arm without people took fewer joules than the best with people."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None or machine.ratio.value >= 1.0:
        return ""
    found = beside(people, machine, result.seed)
    if not found.value > 1.0:
        return ""
    more = "saved more" if found.low > 1.0 else "may have saved more"
    return (
        f" An arm without people {more}: {machine.label} at {RHO} ="
        f" {ratio_text(machine.ratio)}."
    )


def _doubt(finding: Finding) -> str:
    """Say why a saving cannot be told from none."""
    if finding.ratio.high < 1.0:
        return "a saving that more failures than were seen would undo"
    return "which cannot be told from no saving"


def _leader_clause(leader: Finding | None) -> str:
    if leader is None or math.isinf(leader.ratio.value):
        return "none of them reached it, "
    return (
        f"the best ({leader.label}) took {digits(leader.ratio.value)} times as many, "
    )


def _plain(joules: Quantity) -> str:
    return plain_joules(math.nan if joules.value is None else float(joules.value))


def tell_ceiling(task: TaskResult, result: StudyResult) -> str:
    """Say what the control spends, with chance and constants apart."""
    ceiling = task.ceiling
    reach = f"{ceiling.reach.hits} of {ceiling.reach.trials} runs reached it"
    if not math.isfinite(ceiling.joules.value):
        return (
            "Ceiling: unknown, since no run of the control reached the target of"
            f" {digits(task.target)} validation accuracy."
        )
    interval = ceiling.joules.quantity.interval
    constants = (
        "the device's constants have no interval"
        if interval is None
        else "the device's constants leave "
        + energy_text(ceiling.joules.value, float(interval[0]), float(interval[1]))
    )
    return (
        f"Ceiling: without people the control spent {joules_text(ceiling.joules)} per"
        f" success to its target ({percent(result.fraction)} of its pilot's best:"
        f" {digits(task.target)} validation accuracy; {reach}). The interval is chance;"
        f" {constants}. No plan can save more. One person's workstation runs"
        f" {duration_text(ceiling.workstation_s)} on that."
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
        among = f" of {joint.num}" if joint.num > 1 else ""
        sentences.append(
            f"the best condition{among} {who} was {leader.label} at {RHO} ="
            f" {ratio_text(leader.ratio)}, {leader.reach.hits} of"
            f" {leader.reach.trials} runs at the target:"
            f" {_verdict(leader, joint, result)}"
        )
    crowds = _beside_sentence(task, result) + _crowd_sentence(task, result)
    text = "; ".join(sentences) or f"no arm has a known {RHO}"
    return f"{RHO} (joules to the target beside the control): {text}.{crowds}"


def _verdict(finding: Finding, joint: Joint, result: StudyResult) -> str:
    """Say what is claimed of the best condition, and what would undo it."""
    claim = finding.claim
    words = _claimed(claim.by_interval, finding, result)
    if claim.side is None:
        return words
    if claim.is_withheld:
        return f"too few failures seen to tell; {words} {_undone(claim, claim.side)}"
    at_once = f"with all {joint.num} judged at once ({span(joint.low, joint.high)})"
    if judge(joint.low, joint.high, result.smallest_effect) is not claim.effect:
        return f"{words} by its own interval, but not {at_once}"
    holds = f", also {at_once}" if joint.num > 1 else ""
    return f"{words}{holds}; it stands unless {_failing(claim, claim.side)}"


def _undone(claim: Claim, side: Side) -> str:
    """Say which failures would undo what the interval alone would claim."""
    enough = (
        f"; about {claim.enough:,} replicates of which none fails would do"
        if claim.enough
        else ""
    )
    return (
        f"would not stand if {_failing(claim, side)}, and up to"
        f" {_share(side.may_fail)} may{enough}"
    )


def _failing(claim: Claim, side: Side) -> str:
    whose = "such runs" if claim.hangs_on == "arm" else "the control's runs"
    seen = f"{side.failed or 'none'} of {side.runs} did"
    return f"more than {_share(claim.survived)} of {whose} fail ({seen})"


def _share(fraction: float) -> str:
    """Write a share of runs to two digits."""
    return f"{100 * fraction:.2g} %" if fraction < 1.0 else "100 %"


def _claimed(effect: Effect, finding: Finding, result: StudyResult) -> str:
    matters = percent(result.smallest_effect)
    low, high = finding.ratio.low, finding.ratio.high
    match effect:
        case Effect.SAVES:
            return f"a saving of more than the {matters} that matters"
        case Effect.COSTS_MORE:
            return f"a loss of more than the {matters} that matters"
        case Effect.NO_DIFFERENCE:
            side = "saving" if high < 1.0 else "loss" if low > 1.0 else "difference"
            return f"a {side} of less than the {matters} that matters"
        case _:
            if high < 1.0:
                return f"a saving, perhaps of less than the {matters} that matters"
            if low > 1.0:
                return f"a loss, perhaps of less than the {matters} that matters"
            return "the interval holds 1, so saving and loss cannot be told apart"


def _beside_sentence(task: TaskResult, result: StudyResult) -> str:
    """Hold the best arm with people against the best without."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None:
        return ""
    found = beside(people, machine, result.seed)
    if math.isnan(found.value):
        return ""
    return (
        f" Beside {machine.label}, {people.label} took {digits(found.value)}"
        f" {span(found.low, found.high)} of its joules."
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
    took = (
        f"{leader.arm} with {worst.crowd} took"
        f" {digits(worst.ratio.value / leader.ratio.value)}"
        f" {span(found.low, found.high)} times the joules that it took with"
        f" {leader.crowd} ({found.num} crowds, all pairs judged at once)"
    )
    if found.low > 1.0:
        return f" The crowd decides: {took}."
    return f" Whether the crowd matters cannot be told: {took}."


def tell_break_even(task: TaskResult) -> str:
    """Say when people pay back; measures that end alike share a clause."""
    clauses: dict[str, list[str]] = {}
    for measure in MEASURES:
        clauses.setdefault(_clause(task, measure), []).append(AXIS_NAMES[measure])
    parts = [f"in {join_words(names)} {clause}" for clause, names in clauses.items()]
    return f"Break-even M*: {'; '.join(parts)}."


def _clause(task: TaskResult, measure: Measure) -> str:
    """Say when the soonest arm pays back, by one measure."""
    asked = task.with_people
    if not asked:
        return "there is nothing to pay back"
    soonest = cheapest(asked, measure)
    if soonest is not None:
        return _multiple_clause(soonest, soonest.at(measure))
    found = [f.at(measure) for f in asked]
    unknown = [b for b in found if b.payback is Payback.UNKNOWN]
    if unknown:
        return f"unknown ({unknown[0].multiple.quantity.reason})"
    is_open = any(b.is_undetermined and math.isfinite(b.multiple.low) for b in found)
    hedge = ", though not every interval rules out a saving" if is_open else ""
    return f"never: no arm with people saves training{hedge}"


def _multiple_clause(finding: Finding, found: BreakEven) -> str:
    if found.payback is Payback.ALWAYS:
        return f"at once ({finding.label})"
    multiple = found.multiple
    hedge = f", {_doubt(finding)}" if found.is_undetermined else ""
    return (
        f"from {times(multiple.value)} as dear on,"
        f" {times_span(multiple)} ({finding.label}{hedge})"
    )

"""The decision in words: how surely people pay, per hour, from where on, worth what."""

import math
from collections.abc import Sequence

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.fieller import RatioSet
from hitl_sim.analysis.condition.break_even import AXIS_NAMES, Answer
from hitl_sim.analysis.condition.finding import best
from hitl_sim.analysis.decision.decide import TRAINING, BreakEvenAlong, Decision
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.cost import MEASURES
from hitl_sim.report.number import digits
from hitl_sim.report.sentence import say

_MOST = 4


def tell_decision(verdict: Verdict, boundary: str) -> tuple[str, ...]:
    """Say what a decision about people would rest on; nothing where nobody is asked.

    An hour of a person is charged with the boundary in the study.
    """
    decision, told = verdict
    if not any(arm.finding.has_people for arm in decision.arms):
        return ()
    found = [
        _surely(decision),
        _per_hour(decision),
        *_prices(decision),
        *_parameters(decision),
        _boundaries(decision, boundary),
        _spread(decision),
        say("decision.information", found=told) if told else "",
    ]
    return tuple(text for text in found if text)


def _surely(decision: Decision) -> str:
    """Say how probable it is that people pay here."""
    asked = [arm.pays_here for arm in decision.arms if arm.finding.has_people]
    parts = [
        say(
            "decision.surely_share",
            known=[s[measure] for s in asked if not math.isnan(s[measure])],
            axis=AXIS_NAMES[measure],
        )
        for measure in MEASURES
    ]
    return say("decision.surely", shares=parts)


def _per_hour(decision: Decision) -> str:
    leader = best(a.finding for a in decision.arms if a.finding.has_people)
    if leader is None:
        return ""
    arm = next(a for a in decision.arms if a.finding is leader)
    amount = per_hour_text(arm.saved_per_hour)
    return say("decision.per_hour", label=leader.label, amount=amount)


def per_hour_text(found: RatioSet) -> str:
    """Write joules per hour with their Fieller set, bounded or not."""
    return say("decision.per_hour_set", found=found, shape=found.shape.name)


def crossing_text(found: BreakEvenAlong) -> str:
    """Write where people pay along one number, with the 95 % set."""
    unit = f" {found.unit}" if found.unit else ""
    crossing = found.crossing
    roots = [
        say("decision.somewhere", low=low, high=high)
        if math.isnan(root)
        else digits(root)
        for root, (low, high) in zip(crossing.roots, crossing.brackets, strict=True)
    ]
    parts = [
        f"{'below ' if a <= crossing.low else ''}{digits(a)} to {digits(b)}"
        f"{' and beyond' if b >= crossing.high else ''}"
        for a, b in crossing.region
    ]
    return say(
        "decision.crossing",
        found=crossing,
        course=crossing.course.name,
        within=f"{digits(crossing.low)} to {digits(crossing.high)}{unit}",
        roots=roots,
        unit=unit,
        region=f" [{', '.join(parts)}]" if parts else "",
    )


def _prices(decision: Decision) -> list[str]:
    """Say where each price breaks even."""
    leader = decision.leader
    if leader is None:
        return []
    label = leader.finding.label
    own = [b for b in decision.break_evens if b.arm == label and b.unit]
    found = "; ".join(f"{b.along}: {crossing_text(b)}" for b in own)
    return [say("decision.prices", label=label, found=found)] if own else []


def _parameters(decision: Decision) -> list[str]:
    """Say from which quality and consistency on people save training."""
    found = [b for b in decision.break_evens if b.yardstick == TRAINING and not b.unit]
    sentences = []
    for along in dict.fromkeys(b.along for b in found):
        own = [b for b in found if b.along == along]
        told = "; ".join(f"{crossing_text(b)} ({b.arm})" for b in own)
        told = told if len(own) <= _MOST else _summary(own)
        parameter = along.partition(":")[0]
        sentences.append(say("decision.parameter", parameter=parameter, found=told))
    return sentences


def _summary(found: Sequence[BreakEvenAlong]) -> str:
    """Count where a number turns the answer, over settings of everything else."""
    crossings = [b.crossing for b in found]
    parts = []
    for course in dict.fromkeys(c.course for c in crossings):
        own = [c for c in crossings if c.course is course]
        roots = [root for c in own for root in c.roots if not math.isnan(root)]
        told = {"course": _COURSES[course], "num": len(own), "roots": roots}
        parts.append(say("decision.parameter_course", **told))
    return say(
        "decision.parameter_summary",
        low=min(c.low for c in crossings),
        high=max(c.high for c in crossings),
        num=len(found),
        courses=parts,
    )


_COURSES = {
    Payback.NEVER: "at no value",
    Payback.ALWAYS: "at every value",
    Payback.FROM: "from a value on",
    Payback.UP_TO: "up to a value",
    Payback.SEVERAL: "changing more than once",
    Payback.UNKNOWN: "unknown",
}


def _boundaries(decision: Decision, own: str) -> str:
    """Say which conclusions another boundary of an hour would change."""
    flips: dict[tuple[str, Answer], list[str]] = {}
    for case in decision.boundary_cases:
        here = case.finding.at(case.measure).pays_here
        is_known = Answer.UNKNOWN not in (here, case.pays_here)
        if is_known and case.pays_here is not here:
            key = case.boundary, case.pays_here
            name = f"{case.finding.label} in {AXIS_NAMES[case.measure]}"
            flips.setdefault(key, []).append(name)
    parts = [
        say(
            "decision.boundary_change",
            boundary=boundary.replace("_", " "),
            ends=_ANSWERS[answer],
            names=names,
        )
        for (boundary, answer), names in flips.items()
    ]
    return say("decision.boundary", boundary=own.replace("_", " "), changes=parts)


_ANSWERS = {
    Answer.YES: "people would pay",
    Answer.NO: "people would not pay",
    Answer.UNDETERMINED: "it could not be told",
}


def _spread(decision: Decision) -> str:
    """Say what the leader's uncertainty is made of."""
    leader = decision.leader
    if leader is None:
        return ""
    arm = next(a for a in decision.arms if a.finding is leader.finding)
    spread = next(s for s in arm.spread if s.measure == leader.measure)
    if math.isnan(spread.sd):
        return ""
    return say(
        "decision.spread",
        leader=leader,
        axis=AXIS_NAMES[leader.measure],
        scale=decision.scale,
        spread=spread,
    )

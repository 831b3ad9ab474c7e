"""The decision in words: how surely people pay, per hour, from where on, worth what."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hitl_sim.analysis import Answer, Verdict, best
from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.crossing import Course, Crossing
from hitl_sim.analysis.fieller import RatioSet, Shape
from hitl_sim.analysis.information import Information
from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.analysis.variance import Share
from hitl_sim.analysis.verdict import TRAINING, BreakEvenAlong, Decision
from hitl_sim.cost import MEASURES
from hitl_sim.energy.display import format_value
from hitl_sim.report.number import (
    UNKNOWN,
    digits,
    join_words,
    percent,
    plain_joules,
    times,
)
from hitl_sim.report.sentence import say

_MOST = 4
_LEAST_SHARE = 0.001


def tell_decision(verdict: Verdict, boundary: str) -> tuple[str, ...]:
    """Say what a decision about people would rest on.

    Args:
        verdict: of one task.
        boundary: what an hour of a person is charged with in the study.

    Returns:
        Sentences; none where nobody is asked.
    """
    decision = verdict.decision
    if not any(arm.finding.has_people for arm in decision.arms):
        return ()
    found = [
        _surely(decision),
        _per_hour(decision),
        *_prices(decision),
        *_dials(decision),
        _boundaries(decision, boundary),
        _spread(decision),
        _information(verdict.sensitivity),
    ]
    return tuple(text for text in found if text)


def _surely(decision: Decision) -> str:
    """Say how probable it is that people pay here."""
    asked = [arm for arm in decision.arms if arm.finding.has_people]
    parts = []
    for measure in MEASURES:
        known = [a for a in asked if not math.isnan(a.pays_here[measure])]
        if not known:
            parts.append(say("decision.surely_unknown", axis=AXIS_NAMES[measure]))
            continue
        share = percent(max(a.pays_here[measure] for a in known))
        axis = AXIS_NAMES[measure]
        parts.append(say("decision.surely_share", share=share, axis=axis))
    return say("decision.surely", shares=join_words(parts))


def _per_hour(decision: Decision) -> str:
    leader = best(a.finding for a in decision.arms if a.finding.has_people)
    if leader is None:
        return ""
    arm = next(a for a in decision.arms if a.finding is leader)
    amount = per_hour_text(arm.saved_per_hour)
    return say("decision.per_hour", label=leader.label, amount=amount)


def per_hour_text(found: RatioSet) -> str:
    """Write joules per hour with their Fieller set, bounded or not."""
    if math.isnan(found.value):
        return say("decision.per_hour_unknown")
    value = format_value(found.value, "J")
    if found.shape is Shape.LINE:
        return say("decision.fieller_line", value=value)
    low, high = (format_value(end, "J") for end in (found.low, found.high))
    name = "decision.fieller_gap" if found.shape is Shape.GAP else "decision.fieller"
    return say(name, value=value, low=low, high=high)


def crossing_text(found: BreakEvenAlong) -> str:
    """Write where people pay along one number, with the 95 % set."""
    unit = f" {found.unit}" if found.unit else ""
    crossing = found.crossing
    within = f"{digits(crossing.low)} to {digits(crossing.high)}{unit}"
    match crossing.course:
        case Course.UNKNOWN:
            return UNKNOWN
        case Course.NEVER:
            hedge = say("decision.never_open") if crossing.region else ""
            return say("decision.never", within=within, hedge=hedge)
        case Course.ALWAYS:
            hedge = say("decision.always_open") if crossing.region else ""
            return say("decision.always", within=within, hedge=hedge)
        case Course.SEVERAL:
            return say("decision.several", roots=_roots(crossing), unit=unit)
        case Course.FROM | Course.UP_TO:
            return say(
                "decision.crossing",
                course=crossing.course.value,
                roots=_roots(crossing),
                unit=unit,
                region=_set(crossing),
            )


def _roots(crossing: Crossing) -> str:
    pairs = zip(crossing.roots, crossing.brackets, strict=True)
    return join_words(
        [
            say("decision.somewhere", low=digits(a), high=digits(b))
            if math.isnan(root)
            else digits(root)
            for root, (a, b) in pairs
        ]
    )


def _set(crossing: Crossing) -> str:
    parts = [
        f"{'below ' if a <= crossing.low else ''}{digits(a)} to {digits(b)}"
        f"{' and beyond' if b >= crossing.high else ''}"
        for a, b in crossing.region
    ]
    return f" [{', '.join(parts)}]" if parts else ""


def _prices(decision: Decision) -> list[str]:
    """Say where each price breaks even."""
    leader = decision.leader
    if leader is None:
        return []
    label = leader.finding.label
    own = [b for b in decision.break_evens if b.arm == label and b.unit]
    found = "; ".join(f"{b.along}: {crossing_text(b)}" for b in own)
    return [say("decision.prices", label=label, found=found)] if own else []


def _dials(decision: Decision) -> list[str]:
    """Say from which quality and consistency on people save training."""
    found = [b for b in decision.break_evens if b.yardstick == TRAINING and not b.unit]
    sentences = []
    for along in dict.fromkeys(b.along for b in found):
        own = [b for b in found if b.along == along]
        told = (
            "; ".join(f"{crossing_text(b)} ({b.arm})" for b in own)
            if len(own) <= _MOST
            else _summary(own)
        )
        dial = along.partition(":")[0]
        sentences.append(say("decision.dial", dial=dial, found=told))
    return sentences


def _summary(found: Sequence[BreakEvenAlong]) -> str:
    """Count where a number turns the answer, over settings of everything else."""
    crossings = [b.crossing for b in found]
    low = digits(min(c.low for c in crossings))
    high = digits(max(c.high for c in crossings))
    parts = []
    for course in dict.fromkeys(c.course for c in crossings):
        own = [c for c in crossings if c.course is course]
        roots = [root for c in own for root in c.roots if not math.isnan(root)]
        within = ""
        if roots:
            ends = {"low": digits(min(roots)), "high": digits(max(roots))}
            within = say("decision.dial_turning", **ends)
        told = {"course": _COURSES[course], "num": len(own), "within": within}
        parts.append(say("decision.dial_course", **told))
    return say(
        "decision.dial_summary",
        low=low,
        high=high,
        num=len(found),
        courses=join_words(parts),
    )


_COURSES = {
    Course.NEVER: "at no value",
    Course.ALWAYS: "at every value",
    Course.FROM: "from a value on",
    Course.UP_TO: "up to a value",
    Course.SEVERAL: "changing more than once",
    Course.UNKNOWN: "unknown",
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
    words = own.replace("_", " ")
    if not flips:
        return say("decision.boundary_same", boundary=words)
    parts = [
        say(
            "decision.boundary_change",
            boundary=boundary.replace("_", " "),
            ends=_ANSWERS[answer],
            names=_some(names, ", "),
        )
        for (boundary, answer), names in flips.items()
    ]
    return say("decision.boundary", boundary=words, changes="; ".join(parts))


_ANSWERS = {
    Answer.YES: "people would pay",
    Answer.NO: "people would not pay",
    Answer.UNDETERMINED: "it could not be told",
}


def _some(names: Sequence[str], by: str) -> str:
    left = len(names) - _MOST
    more = say("decision.more", by=by, num=left) if left > 0 else ""
    return by.join(names[:_MOST]) + more


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
        label=leader.finding.label,
        axis=AXIS_NAMES[leader.measure],
        times=times(decision.scale),
        chance=share_text(spread.chance),
        world=share_text(spread.world),
        both=share_text(spread.both),
    )


def share_text(share: Share) -> str:
    """Write a share of a variance with its interval: `16 % [10, 25]`."""
    if math.isnan(share.value):
        return UNKNOWN
    if share.high < _LEAST_SHARE:
        return f"under {percent(_LEAST_SHARE)}"
    value, low, high = (
        f"{100 * part:.{0 if part >= 0.1 else 1}f}"
        for part in (share.value, share.low, share.high)
    )
    return f"{value} % [{low}, {high}]"


def _information(found: Sensitivity | None) -> str:
    """Say what it would be worth to know the world and the crowd."""
    if found is None:
        return ""
    everything, here = found.everything, found.everything_here
    sentences = [
        say(
            "decision.evpi",
            times=times(found.scale),
            worth=worth_text(everything, found),
            error=say("decision.evpi_error") if everything.value else "",
        ),
        *_partial(found),
        say("decision.evpi_here", worth=worth_text(here, found)),
    ]
    if everything.value == here.value == 0.0:
        sentences.append(say("decision.evpi_nothing"))
    if found.left_out:
        names = _some(found.left_out, "; ")
        sentences.append(say("decision.evpi_left", names=names))
    return " ".join(sentences)


def _partial(found: Sensitivity) -> list[str]:
    """Say which single inputs are worth most."""
    useful = [w for w in found.worths if w.at_scale.value > 0.0]
    if not useful:
        return []
    top = useful[0]
    people = next((w for w in useful if w.is_people), top)
    by_people = say("decision.evppi_by_people") if top.is_people else ""
    told, asked = (
        {
            "input": worth.words.partition(":")[0],
            "worth": worth_text(worth.at_scale, found),
        }
        for worth in (top, people)
    )
    sentences = [say("decision.evppi", people=by_people, **told)]
    if people is not top:
        sentences.append(say("decision.evppi_people", **asked))
    return sentences


def worth_text(worth: Information, found: Sensitivity) -> str:
    """Write a value of information and its standard error, in its unit."""
    if worth.value == 0.0:
        return f"0 {'USD' if found.measure == 'usd' else 'J'}"
    if found.measure == "joules":
        return f"{plain_joules(worth.value)} ± {plain_joules(worth.error)}"
    return f"{digits(worth.value)} ± {digits(worth.error)} USD"

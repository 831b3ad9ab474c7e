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
            parts.append(f"unknown in {AXIS_NAMES[measure]}")
            continue
        leader = max(known, key=lambda a: a.pays_here[measure])
        share = percent(leader.pays_here[measure])
        parts.append(f"{share} at most in {AXIS_NAMES[measure]}")
    return (
        "How surely: the probability that people pay, over chance and what is unknown"
        f" about the world, is {join_words(parts)}."
    )


def _per_hour(decision: Decision) -> str:
    leader = best(a.finding for a in decision.arms if a.finding.has_people)
    if leader is None:
        return ""
    arm = next(a for a in decision.arms if a.finding is leader)
    return (
        f"Per hour: {leader.label} saved {per_hour_text(arm.saved_per_hour)} of"
        " training per hour of people, the requester's hours included."
    )


def per_hour_text(found: RatioSet) -> str:
    """Write joules per hour with their Fieller set, bounded or not."""
    if math.isnan(found.value):
        return "an unknown amount"
    value = format_value(found.value, "J")
    if found.shape is Shape.LINE:
        return f"{value} (95 % Fieller set: any number)"
    low, high = (format_value(end, "J") for end in (found.low, found.high))
    if found.shape is Shape.GAP:
        return f"{value} (95 % Fieller set: all but {low} to {high})"
    return f"{value} (95 % Fieller set: {low} to {high})"


def crossing_text(found: BreakEvenAlong) -> str:
    """Write where people pay along one number, with the 95 % set."""
    unit = f" {found.unit}" if found.unit else ""
    crossing = found.crossing
    within = f"{digits(crossing.low)} to {digits(crossing.high)}{unit}"
    match crossing.course:
        case Course.UNKNOWN:
            return "unknown"
        case Course.NEVER:
            hedge = ", though chance may hide it" if crossing.region else ""
            return f"never from {within}{hedge}"
        case Course.ALWAYS:
            hedge = ", though chance may hide an end" if crossing.region else ""
            return f"at any from {within}{hedge}"
        case Course.SEVERAL:
            return f"changes at {_roots(crossing)}{unit}"
        case Course.FROM | Course.UP_TO:
            return f"{crossing.course.value} {_roots(crossing)}{unit}{_set(crossing)}"


def _roots(crossing: Crossing) -> str:
    pairs = zip(crossing.roots, crossing.brackets, strict=True)
    return join_words(
        [
            f"somewhere from {digits(a)} to {digits(b)}"
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
    parts = [f"{b.along}: {crossing_text(b)}" for b in own]
    return [f"Break-even prices of {label}: {'; '.join(parts)}."] if own else []


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
        sentences.append(f"People save training, by {along.partition(':')[0]}: {told}.")
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
        within = (
            f" (turning at {digits(min(roots))} to {digits(max(roots))})"
            if roots
            else ""
        )
        parts.append(f"{_COURSES[course]} in {len(own)}{within}")
    return (
        f"over {low} to {high}, of {len(found)} settings of everything else,"
        f" {join_words(parts)}; the table has each"
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
        return (
            f"An hour of a person is its {words} here; no conclusion would differ with"
            " another boundary."
        )
    parts = [
        f"with {boundary.replace('_', ' ')} {_ANSWERS[answer]}: {_some(names)}"
        for (boundary, answer), names in flips.items()
    ]
    return (
        f"An hour of a person is its {words} here. The conclusion would differ"
        f" {'; '.join(parts)}."
    )


_ANSWERS = {
    Answer.YES: "people would pay",
    Answer.NO: "people would not pay",
    Answer.UNDETERMINED: "it could not be told",
}


def _some(names: Sequence[str]) -> str:
    left = len(names) - _MOST
    more = f", and {left} more" if left > 0 else ""
    return ", ".join(names[:_MOST]) + more


def _spread(decision: Decision) -> str:
    """Say what the leader's uncertainty is made of."""
    leader = decision.leader
    if leader is None:
        return ""
    arm = next(a for a in decision.arms if a.finding is leader.finding)
    spread = next(s for s in arm.spread if s.measure == leader.measure)
    if math.isnan(spread.sd):
        return ""
    return (
        f"Of the variance of {leader.finding.label}'s net benefit in"
        f" {AXIS_NAMES[leader.measure]}, with training {times(decision.scale)} as dear,"
        f" {share_text(spread.chance)} is Monte-Carlo error, which more replicates"
        f" would reduce; {share_text(spread.world)} is uncertainty about prices and"
        f" device constants; {share_text(spread.both)} is their interaction."
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
        f"Value of information, with training {times(found.scale)} as dear: the"
        " expected value of perfect information (EVPI) is"
        f" {worth_text(everything, found)} per success"
        f"{', ± one standard error' if everything.value else ''}.",
        *_partial(found),
        f"At the study's own scale of training EVPI is {worth_text(here, found)}.",
    ]
    if everything.value == here.value == 0.0:
        sentences.append("Nothing that could be learned would change the decision.")
    if found.left_out:
        left = len(found.left_out) - _MOST
        more = f"; and {left} more" if left > 0 else ""
        told = "; ".join(found.left_out[:_MOST])
        sentences.append(f"Not valued: {told}{more}.")
    return " ".join(sentences)


def _partial(found: Sensitivity) -> list[str]:
    """Say which single inputs are worth most."""
    useful = [w for w in found.worths if w.at_scale.value > 0.0]
    if not useful:
        return []
    top = useful[0]
    by_people = ", which real participants would tell," if top.is_people else ""
    sentences = [
        "Of single inputs, the expected value of partial perfect information (EVPPI)"
        f" is largest for {top.words.partition(':')[0]}{by_people} at"
        f" {worth_text(top.at_scale, found)}."
    ]
    people = next((w for w in useful if w.is_people), top)
    if people is not top:
        sentences.append(
            "Real participants would best be asked for"
            f" {people.words.partition(':')[0]}, at"
            f" {worth_text(people.at_scale, found)}."
        )
    return sentences


def worth_text(worth: Information, found: Sensitivity) -> str:
    """Write a value of information and its standard error, in its unit."""
    if worth.value == 0.0:
        return f"0 {'USD' if found.measure == 'usd' else 'J'}"
    if found.measure == "joules":
        return f"{plain_joules(worth.value)} ± {plain_joules(worth.error)}"
    return f"{digits(worth.value)} ± {digits(worth.error)} USD"

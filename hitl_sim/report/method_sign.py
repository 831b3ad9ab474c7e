"""Whether the signs that are published of methods appear, one sentence each.

What is published of a method is a sentence of its kind's name, told with the same facts
as that of every other; what pretraining, chips, links and clocks show is told of any
arm that has them. Each sentence that says so follows from a test of it
(`analysis.efficiency.claim`): with an interval that leaves both open, neither is said.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_sim.analysis.chance.estimate import number
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.efficiency.claim import (
    Agreement,
    agree_in_range,
    agree_in_sign,
    is_below,
    opposite,
    saves,
)
from hitl_sim.analysis.efficiency.clock import ClockPoint
from hitl_sim.analysis.efficiency.pretraining import PretrainingCase
from hitl_sim.analysis.efficiency.row import MethodRow, MethodTable
from hitl_sim.analysis.efficiency.serve import Served
from hitl_sim.energy import DeviceProfile
from hitl_sim.energy.clock import is_fitted, published_figures
from hitl_sim.report.number import percent_span
from hitl_sim.report.sentence import say, sentences

Methods = Sequence[tuple[Mapping[str, Any], PretrainingCase]]
"""Arms without people that carry one method, with who pays for their pretraining."""


def tell_signs(table: MethodTable, cases: Sequence[PretrainingCase]) -> list[str]:
    """Say of each method that stands alone whether its published sign appears.

    The cases are arms with pretraining under each way to bill it, of any task.
    """
    alone = [r for r in table.rows if len(r.tables) == 1 and not r.finding.has_people]
    billed = {s.arm: s for s in cases if s.task == table.task.label}
    tuned = [
        (row.tables[0], billed[row.finding.arm])
        for row in alone
        if row.finding.arm in billed
    ]
    return [f"{text}." for row in alone for text in _signs(row, table.profile, tuned)]


def _signs(row: MethodRow, profile: DeviceProfile, tuned: Methods) -> Iterator[str]:
    method = row.tables[0]
    name = f"published.{method['kind']}"
    if name in sentences():
        yield say(
            name,
            row=row,
            method=method,
            operations=number(row.use.operations),
            found=is_below(*row.use.beside_ends),
            profile=profile,
            gain=profile.product_speed("int8"),
            answer=Answer,
            agree=agree_in_sign,
            opposite=opposite,
        )
    for _, cost in tuned:
        if cost.arm == row.finding.arm:
            yield _fine_tune(cost, method, tuned)
    if row.hypothetical is not None:
        if row.use.chip is None or row.use.hypothetical is None:
            raise TypeError("an arm with a multiplier of its own must have both chips.")
        yield say("sign.approximate", use=row.use, row=row)
    if row.use.served is not None:
        yield _split(row, row.use.served)
    if row.clock is not None:
        yield from _clock(row, row.clock)


def _fine_tune(own: PretrainingCase, method: Mapping[str, Any], tuned: Methods) -> str:
    sunk, full = saves(own.sunk), saves(own.full)
    agreement, why = agree_in_sign(sunk, opposite(full)), ""
    if sunk is Answer.YES and agreement is not Agreement.HOLDS:
        why = say("sign.gained", own=own)
    elif agreement is Agreement.AGAINST:
        why = _why(own, method, tuned)
    told = {"sunk": sunk.name, "full": full.name, "agreement": agreement, "why": why}
    return say("sign.pretrained", own=own, **told)


def _why(own: PretrainingCase, method: Mapping[str, Any], tuned: Methods) -> str:
    """Say what an arm that differs by one thing shows of why nothing is saved.

    It differs by more classes in pretraining or, where these are all, by training all
    weights. It shows a reason where the two intervals have no point in common.
    """
    for other, cost in _alike(method, "classes", tuned):
        share, is_less = float(other["classes"]), _is_less(cost, own)
        if share > float(method.get("classes", 1.0)):
            told = {"is_less": is_less, "saves": saves(cost.sunk) is Answer.YES}
            return say("sign.classes", share=share, other=cost, **told)
    for other, cost in _alike({**method, "rank": None}, "train", tuned):
        if other["train"] == "all" and _is_less(cost, own):
            return say("sign.trained", other=cost)
    return say("sign.no_reason")


def _is_less(one: PretrainingCase, other: PretrainingCase) -> bool:
    """Return whether an arm takes less than another, by the intervals of both."""
    return one.sunk.is_known and one.sunk.high < other.sunk.low


def _alike(method: Mapping[str, Any], field: str, tuned: Methods) -> Methods:
    """Return those whose method differs in a field alone."""
    return [
        (other, cost)
        for other, cost in tuned
        if {**other, field: None} == {**method, field: None} and other != method
    ]


def _split(row: MethodRow, served: Served) -> str:
    cut, why = served.cut, ""
    if served.is_cheapest is Answer.NO:
        left = number(served.cuts[-1].device) - number(cut.device)
        why = say("sign.dear_link", served=served, times=number(cut.link) / left)
    agreement = agree_in_sign(served.is_cheapest)
    return say("sign.split", row=row, served=served, agreement=agreement, why=why)


def _clock(row: MethodRow, point: ClockPoint) -> Iterator[str]:
    """Say what a clock saves, and hold it against each figure of the same setting."""
    ratio, use, policy = row.finding.ratio, row.use, point.policy
    is_deadline = policy.cap_frac is None and math.isfinite(policy.most_time)
    yield say("sign.clock", row=row, point=point, is_deadline=is_deadline)
    if is_deadline:
        return
    taken = {
        "training": (ratio.value, ratio.low, ratio.high),
        "inference": (use.beside, *use.beside_ends),
    }
    for figure in published_figures():
        is_same = (
            figure.setting == "best_clock"
            if policy.cap_frac is None
            else figure.holds_cap(policy.cap_frac)
        )
        if is_same and figure.measure == "saved":
            value, high, low = (1.0 - one for one in taken[figure.work])
            agreement = agree_in_range(
                value, (low, high), figure.span, is_fitted=is_fitted(figure)
            )
            saved = percent_span(value, (low, high))
            told = {"figure": figure, "saved": saved, "agreement": agreement}
            yield say("sign.saved", row=row, **told)

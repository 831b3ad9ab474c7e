"""Whether the signs that are published of methods appear, one sentence each.

Each sentence that says so follows from a test of it (`analysis.method.claim`): with an
interval that leaves both open, neither is said.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.efficiency import ClockPoint, MethodRow, MethodTable, Served
from hitl_sim.analysis.efficiency.claim import (
    Agreement,
    agree_in_range,
    agree_in_sign,
    is_below,
    opposite,
    saves,
)
from hitl_sim.analysis.efficiency.pretraining import PretrainingCase
from hitl_sim.energy import DeviceProfile, Quantity
from hitl_sim.energy.clock import is_fitted, published_figures
from hitl_sim.report.number import percent_span, plain_joules
from hitl_sim.report.sentence import say

Methods = Sequence[tuple[Mapping[str, Any], PretrainingCase]]
"""Arms without people that carry one method, with who pays for their pretraining."""

_EVEN = 1e-9
"""Two counts of operations that differ by less are the same."""


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
    method, chip, paper = row.tables[0], row.use.chip, row.use.hypothetical
    match method["kind"]:
        case "prune":
            yield _prune(row, str(method["form"]))
        case "quantise":
            yield say("sign.quantise", row=row, found=_int8(row, profile))
        case "fine_tune":
            own = next((cost for _, cost in tuned if cost.arm == row.finding.arm), None)
            if own is not None:
                yield _fine_tune(own, method, tuned)
    if row.hypothetical is not None:
        if chip is None or paper is None:
            raise TypeError("an arm with a multiplier of its own must have both chips.")
        yield say("sign.approximate", row=row, known=chip, paper=paper)
    if row.use.served is not None:
        yield _split(row, row.use.served)
    if row.clock is not None:
        yield from _clock(row, row.clock)


def _prune(row: MethodRow, form: str) -> str:
    operations, is_masked = _value(row.use.operations), form in ("masked", "gradual")
    holds = abs(operations - 1.0) < _EVEN if is_masked else operations < 1.0
    agreement = agree_in_sign(Answer.YES if holds else Answer.NO)
    told = {"operations": operations, "is_masked": is_masked, "agreement": agreement}
    return say("sign.prune", row=row, **told)


def _int8(row: MethodRow, profile: DeviceProfile) -> str:
    """Hold a query's joules in int8 against the sign that suits the device.

    Where int8 is multiplied no faster than float32, it was found to take more, and less
    where it is.
    """
    gain = profile.product_speed("int8")
    if gain is None:
        return say("sign.int8_unknown", profile=profile)
    if gain > 1.0 and not row.use.is_int8:
        return say("sign.int8_elsewhere", gain=gain)
    found = is_below(*row.use.beside_ends)
    agreement = agree_in_sign(found if gain > 1.0 else opposite(found))
    return say("sign.int8", found=found.name, gain=gain, agreement=agreement)


def _fine_tune(own: PretrainingCase, method: Mapping[str, Any], tuned: Methods) -> str:
    sunk, full = saves(own.sunk), saves(own.full)
    agreement, why = agree_in_sign(sunk, opposite(full)), ""
    if sunk is Answer.YES and agreement is not Agreement.HOLDS:
        why = say("sign.gained", own=own)
    elif agreement is Agreement.AGAINST:
        why = _why(own, method, tuned)
    told = {"sunk": sunk.name, "full": full.name, "agreement": agreement, "why": why}
    return say("sign.fine_tune", own=own, **told)


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
    cut, best, why = served.cut, served.best, ""
    if served.is_cheapest is Answer.NO:
        left = _value(served.cuts[-1].device) - _value(cut.device)
        times = _value(cut.link) / left
        why = say("sign.dear_link", served=served, times=times)
    places = ("all on the server", "where it is cut", "all on the device")
    parts = {"device": cut.device, "link": cut.link, "server": cut.server}
    return say(
        "sign.split",
        row=row,
        served=served,
        where="nowhere known" if best is None else places[best.at],
        agreement=agree_in_sign(served.is_cheapest),
        why=why,
        **{
            name: "nothing" if joules is None else plain_joules(_value(joules))
            for name, joules in parts.items()
        },
    )


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
            value, high, low = (1.0 - number for number in taken[figure.work])
            agreement = agree_in_range(
                value, (low, high), figure.span, is_fitted=is_fitted(figure)
            )
            saved = percent_span(value, (low, high))
            told = {"figure": figure, "saved": saved, "agreement": agreement}
            yield say("sign.saved", row=row, **told)


def _value(quantity: Quantity | None) -> float:
    if quantity is None or quantity.value is None:
        return float("nan")
    return float(np.asarray(quantity.value))

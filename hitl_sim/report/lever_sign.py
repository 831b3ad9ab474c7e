"""Whether the signs that are published of levers appear, one sentence each.

Each sentence that says so follows from a test of it (`analysis.lever.claim`): with an
interval that leaves both open, neither is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.break_even import Answer
from hitl_sim.analysis.lever import ClockPoint, LeverRow, LeverTable, Served
from hitl_sim.analysis.lever.claim import (
    Agreement,
    agree_in_range,
    agree_in_sign,
    opposite,
    saves,
)
from hitl_sim.analysis.pretraining import PretrainingCost
from hitl_sim.energy import Quantity
from hitl_sim.energy.clock import is_fitted, published_figures
from hitl_sim.report.int8_sign import tell_int8
from hitl_sim.report.number import RHO, digits, percent_span, plain_joules, ratio_text

_EVEN = 1e-9
"""Two counts of operations that differ by less are the same."""


def tell_signs(table: LeverTable, standings: Sequence[PretrainingCost]) -> list[str]:
    """Say of each lever that stands alone whether its published sign appears.

    Args:
        table: the levers of a task.
        standings: arms with pretraining under each way to bill it, of any task.
    """
    sentences: list[str] = []
    billed = {s.arm: s for s in standings if s.task == table.task.label}
    for row in table.rows:
        if len(row.tables) != 1 or row.finding.has_people:
            continue
        sentences += _signs(row, row.tables[0], table, billed)
    return [f"{sentence}." for sentence in sentences]


def _signs(
    row: LeverRow,
    lever: Mapping[str, Any],
    table: LeverTable,
    billed: Mapping[str, PretrainingCost],
) -> Iterator[str]:
    match lever["kind"]:
        case "prune":
            yield _prune(row, str(lever["form"]))
        case "quantise":
            yield tell_int8(row, table.profile)
        case "fine_tune" if row.finding.arm in billed:
            own = billed[row.finding.arm]
            yield _fine_tune(own, _why(own, lever, table, billed))
    if row.hypothetical is not None:
        yield _approximate(row)
    if row.use.served is not None:
        yield _split(row, row.use.served)
    if row.clock is not None:
        yield from _clock(row, row.clock)


def _operations(row: LeverRow) -> float:
    return float(np.asarray(row.use.operations.value))


def _prune(row: LeverRow, form: str) -> str:
    operations, arm = _operations(row), row.name
    is_masked = form in ("masked", "gradual")
    is_same = abs(operations - 1.0) < _EVEN
    holds = is_same if is_masked else operations < 1.0
    what = "masks save no operations" if is_masked else "units that go save operations"
    found = Answer.YES if holds else Answer.NO
    return (
        f"{arm}: a query takes {digits(operations)} of the control's operations:"
        f" {what}, {agree_in_sign(found)}; training to the target takes"
        f" {RHO} = {ratio_text(row.finding.ratio)}"
    )


def _approximate(row: LeverRow) -> str:
    known, paper = row.use.chip, row.use.hypothetical
    if known is None or paper is None:
        raise TypeError("an arm with a multiplier of its own must have both chips.")
    return (
        f"{row.name}: its multiplier is on paper alone: a query's operations would take"
        f" {plain_joules(paper.operations)} (hypothetical) in place of"
        f" {plain_joules(known.operations)} (modelled), and with bytes, which it does"
        f" not touch, {plain_joules(paper.whole)} in place of"
        f" {plain_joules(known.whole)}; no device here has it"
    )


def _fine_tune(found: PretrainingCost, reason: str) -> str:
    sunk, full = saves(found.sunk), saves(found.full)
    agreement = agree_in_sign(sunk, opposite(full))
    run = {
        Answer.YES: "saves per run",
        Answer.NO: "does not save per run",
        Answer.UNDETERMINED: "is not shown to save per run",
    }
    paid = {
        Answer.YES: "still saves",
        Answer.NO: "loses",
        Answer.UNDETERMINED: "is not shown to lose",
    }
    why = reason if agreement is Agreement.AGAINST else ""
    if sunk is Answer.YES and agreement is not Agreement.HOLDS:
        why = _gained(found)
    return (
        f"{found.arm}: {run[sunk]} ({RHO} = {ratio_text(found.sunk)} with pretraining"
        f" sunk) and {paid[full]} where this run alone pays for pretraining ({RHO} ="
        f" {ratio_text(found.full)}), {agreement}"
        f"{why}"
    )


def _gained(found: PretrainingCost) -> str:
    """Say what pretraining took and what it saved, beside the control's joules."""
    sunk, full = found.sunk.value, found.full.value
    return (
        f"; pretraining takes {digits(full - sunk)} of the control's joules and saves"
        f" {digits(1.0 - sunk)}"
    )


def _why(
    own: PretrainingCost,
    lever: Mapping[str, Any],
    table: LeverTable,
    billed: Mapping[str, PretrainingCost],
) -> str:
    """Say what an arm that differs by one thing shows of why nothing is saved.

    It differs by more classes in pretraining or, where these are all, by training all
    weights. It shows a reason where the two intervals have no point in common.
    """
    classes = float(lever.get("classes", 1.0))
    wider = [
        (float(other["classes"]), standing)
        for other, standing in _alike(lever, "classes", table, billed)
        if float(other["classes"]) > classes
    ]
    for share, found in wider:
        text = (
            f"; with {digits(share)} of the classes in pretraining ({found.arm})"
            f" {RHO} = {ratio_text(found.sunk)}"
        )
        if not _is_less(found, own):
            return f"{text}: whether the classes left out cost cannot be told"
        if saves(found.sunk) is Answer.YES:
            return f"{text}: it is the classes left out that cost"
        return f"{text}: the classes left out are not shown to be all of the reason"
    plain = {**lever, "rank": None}
    for other, found in _alike(plain, "train", table, billed):
        if other["train"] == "all" and _is_less(found, own):
            return (
                f"; from the same start all weights together ({found.arm}) take"
                f" {RHO} = {ratio_text(found.sunk)}: it is what is not trained that"
                " costs"
            )
    return "; no arm here tells why"


def _is_less(one: PretrainingCost, other: PretrainingCost) -> bool:
    """Return whether an arm takes less than another, by the intervals of both."""
    return one.sunk.is_known and one.sunk.high < other.sunk.low


def _alike(
    lever: Mapping[str, Any],
    field: str,
    table: LeverTable,
    billed: Mapping[str, PretrainingCost],
) -> Iterator[tuple[Mapping[str, Any], PretrainingCost]]:
    """Yield the arms without people whose one lever differs in a field alone."""
    for row in table.rows:
        is_one = len(row.tables) == 1 and not row.finding.has_people
        if not is_one or row.finding.arm not in billed:
            continue
        (other,) = row.tables
        if {**other, field: None} == {**lever, field: None} and other != lever:
            yield other, billed[row.finding.arm]


def _split(row: LeverRow, served: Served) -> str:
    cut, best = served.cut, served.best
    parts = {"the device": cut.device, "the link": cut.link, "the server": cut.server}
    told = ", ".join(f"{_joules(joules)} on {name}" for name, joules in parts.items())
    where = "nowhere known"
    if best is not None:
        where = ("all on the server", "where it is cut", "all on the device")[best.at]
    left = _value(served.whole.device) - _value(cut.device)
    reason = (
        ""
        if served.is_cheapest is not Answer.NO
        else f"; {digits(cut.sent_b)} bytes over {served.serving.link_name} take"
        f" {digits(_value(cut.link) / left)} times what the device would take for the"
        " rest of the network, and what is published is of networks with more to do"
        " after the cut"
    )
    return (
        f"{row.name}: a query takes {told}, {digits(row.use.beside)} of the control's"
        f" joules (modelled), in {digits(1e3 * cut.seconds)} ms; cheapest would be"
        f" {where}, {agree_in_sign(served.is_cheapest)}{reason}"
    )


def _clock(row: LeverRow, point: ClockPoint) -> Iterator[str]:
    """Say what a clock saves, and hold it against each figure of the same setting."""
    ratio, use, policy = row.finding.ratio, row.use, point.policy
    text = (
        f"{row.name}: at {point.share:.2f} of the highest clock training takes {RHO} ="
        f" {ratio_text(ratio)} and {digits(point.time)} times as long"
    )
    if policy.cap_frac is None and math.isfinite(policy.most_time):
        yield f"{text}: what a deadline leaves of the saving"
        return
    yield text
    saved = {
        "training": (1.0 - ratio.value, (1.0 - ratio.high, 1.0 - ratio.low)),
        "inference": (
            1.0 - use.beside,
            (1.0 - use.beside_ends[1], 1.0 - use.beside_ends[0]),
        ),
    }
    for figure in published_figures():
        is_same = (
            figure.setting == "best_clock"
            if policy.cap_frac is None
            else figure.holds_cap(policy.cap_frac)
        )
        if is_same and figure.measure == "saved":
            value, ends = saved[figure.work]
            agreement = agree_in_range(
                value, ends, figure.span, is_fitted=is_fitted(figure)
            )
            yield (
                f"{row.name}: {percent_span(value, ends)} of {figure.work} saved, where"
                f" {figure.by} found {figure.words}: {agreement}"
            )


def _joules(quantity: Quantity | None) -> str:
    return "nothing" if quantity is None else plain_joules(_value(quantity))


def _value(quantity: Quantity | None) -> float:
    if quantity is None or quantity.value is None:
        return float("nan")
    return float(np.asarray(quantity.value))

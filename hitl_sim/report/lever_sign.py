"""Whether the signs that are published of levers appear, one sentence each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.lever import ClockPoint, LeverRow, LeverTable, Served
from hitl_sim.analysis.standing import Standing
from hitl_sim.energy import Quantity
from hitl_sim.report.number import RHO, digits, plain_joules, ratio_text

_EVEN = 1e-9
"""Two counts of operations that differ by less are the same."""
_PUBLISHED_CLOCK = (0.087, 0.231)
"""Savings of training at the best clock that Tang et al. (2019) measured."""
_PUBLISHED_CAP = 0.25
"""Savings by a cap at 160 to 200 of 260 W on eight boards, at a wall meter."""


def tell_signs(table: LeverTable, standings: Sequence[Standing]) -> list[str]:
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
    billed: Mapping[str, Standing],
) -> Iterator[str]:
    match lever["kind"]:
        case "prune":
            yield _prune(row, str(lever["form"]))
        case "quantise":
            yield _quantise(row)
        case "fine_tune" if row.finding.arm in billed:
            reason = _why(lever, table, billed)
            yield _fine_tune(billed[row.finding.arm], reason)
    if row.hypothetical is not None:
        yield _approximate(row)
    if row.use.served is not None:
        yield _split(row, row.use.served)
    if row.clock is not None:
        yield _clock(row, row.clock)


def _operations(row: LeverRow) -> float:
    return float(np.asarray(row.use.operations.value))


def _prune(row: LeverRow, form: str) -> str:
    operations, arm = _operations(row), row.name
    is_masked = form in ("masked", "gradual")
    is_same = abs(operations - 1.0) < _EVEN
    holds = is_same if is_masked else operations < 1.0
    what = "masks save no operations" if is_masked else "units that go save operations"
    return (
        f"{arm}: a query takes {digits(operations)} of the control's operations:"
        f" {what}, {_published(holds)}; training to the target takes"
        f" {RHO} = {ratio_text(row.finding.ratio)}"
    )


def _quantise(row: LeverRow) -> str:
    beside = row.use.beside
    sign = (
        "int8 takes more where the device has no faster kernels for it, as published"
        if beside >= 1.0
        else "int8 takes less, for the device has kernels for it, as published"
    )
    moved = (
        ""
        if row.chip is None
        else "; in a chip the operations of training would take"
        f" {ratio_text(row.chip.operations)} and, with the bytes that they move,"
        f" {ratio_text(row.chip.ratio)}"
    )
    return (
        f"{row.name}: a query takes {digits(beside)} of the control's joules on"
        f" this device, and training to the target {RHO} ="
        f" {ratio_text(row.finding.ratio)}: {sign}{moved}"
    )


def _approximate(row: LeverRow) -> str:
    known, paper = row.use.chip, row.use.hypothetical
    if known is None or paper is None:
        raise TypeError("an arm with a multiplier of its own must have both chips.")
    return (
        f"{row.name}: its multiplier saves on paper alone: a query's operations would"
        f" fall from {plain_joules(known.operations)} (modelled) to"
        f" {plain_joules(paper.operations)} (hypothetical), and with bytes, which it"
        f" does not touch, from {plain_joules(known.whole)} to"
        f" {plain_joules(paper.whole)}; no device here has it"
    )


def _fine_tune(found: Standing, reason: str) -> str:
    sunk, full = found.sunk, found.full
    saves = "saves per run" if sunk.high < 1.0 else "is not shown to save per run"
    loses = (
        "and loses where this run alone pays for pretraining"
        if full.low > 1.0
        else "and is not shown to lose where this run alone pays for pretraining"
    )
    holds = sunk.high < 1.0 and full.low > 1.0
    return (
        f"{found.arm}: {saves} ({RHO} = {ratio_text(sunk)} with pretraining sunk)"
        f" {loses} ({RHO} = {ratio_text(full)}), {_published(holds)}"
        f"{'' if holds else _gained(found) if sunk.high < 1.0 else reason}"
    )


def _gained(found: Standing) -> str:
    """Say what pretraining took and what it saved, beside the control's joules."""
    sunk, full = found.sunk.value, found.full.value
    return (
        f"; pretraining takes {digits(full - sunk)} of the control's joules and saves"
        f" {digits(1.0 - sunk)}"
    )


def _why(
    lever: Mapping[str, Any], table: LeverTable, billed: Mapping[str, Standing]
) -> str:
    """Say what an arm that differs by one thing shows of why nothing is saved.

    It differs by more classes in pretraining or, where these are all, by training all
    weights.
    """
    classes = float(lever.get("classes", 1.0))
    wider = [
        (float(other["classes"]), standing)
        for other, standing in _alike(lever, "classes", table, billed)
        if float(other["classes"]) > classes
    ]
    for share, found in wider:
        text = f"; with {digits(share)} of the classes in pretraining ({found.arm}) it"
        rho = f"{RHO} = {ratio_text(found.sunk)}"
        if found.sunk.high < 1.0:
            return f"{text} saves per run, {rho}: it is the classes left out that cost"
        return (
            f"{text} is not shown to save either, {rho}: the classes left out are not"
            " all of the reason"
        )
    plain = {**lever, "rank": None}
    for other, found in _alike(plain, "train", table, billed):
        if other["train"] == "all" and found.sunk.high < 1.0:
            return (
                f"; from the same start all weights together ({found.arm}) save per"
                f" run, {RHO} = {ratio_text(found.sunk)}: it is what is not trained"
                " that costs"
            )
    return "; no arm here tells why"


def _alike(
    lever: Mapping[str, Any],
    field: str,
    table: LeverTable,
    billed: Mapping[str, Standing],
) -> Iterator[tuple[Mapping[str, Any], Standing]]:
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
    holds = best is not None and best.at == cut.at
    left = _value(served.whole.device) - _value(cut.device)
    reason = (
        ""
        if holds
        else f"; {digits(cut.sent_b)} bytes over {served.serving.link_name} take"
        f" {digits(_value(cut.link) / left)} times what the device would take for the"
        " rest of the network, and what is published is of networks with more to do"
        " after the cut"
    )
    return (
        f"{row.name}: a query takes {told}, {digits(row.use.beside)} of the control's"
        f" joules (modelled), in {digits(1e3 * cut.seconds)} ms; cheapest would be"
        f" {where}, {_published(holds)}{reason}"
    )


def _clock(row: LeverRow, point: ClockPoint) -> str:
    ratio = row.finding.ratio
    saved, policy = 1.0 - ratio.value, point.policy
    text = (
        f"{row.name}: at {point.share:.2f} of the highest clock training takes {RHO} ="
        f" {ratio_text(ratio)} and {digits(point.time)} times as long,"
        f" {digits(100 * saved)} % saved"
    )
    if policy.cap_frac is not None:
        holds = saved > _PUBLISHED_CAP
        reason = (
            ""
            if holds
            else "; a cap saves less here for power is modelled to fall with the cube"
            " of the clock, and near its highest clock a board's falls faster"
        )
        return (
            f"{text}: capped boards saved more than {100 * _PUBLISHED_CAP:.0f} %,"
            f" {_published(holds)}{reason}"
        )
    if math.isfinite(policy.most_time):
        return f"{text}: what a deadline leaves of it, as published"
    low, high = _PUBLISHED_CLOCK
    holds = low <= saved <= high
    return (
        f"{text}: sweeps of boards saved {100 * low:.1f} to {100 * high:.1f} % of"
        f" training, {_published(holds)}"
        f"{'' if holds else '; the share of power that is static is assumed here'}"
    )


def _joules(quantity: Quantity | None) -> str:
    return "nothing" if quantity is None else plain_joules(_value(quantity))


def _value(quantity: Quantity | None) -> float:
    if quantity is None or quantity.value is None:
        return float("nan")
    return float(np.asarray(quantity.value))


def _published(holds: bool) -> str:
    return "as published" if holds else "against what is published"

"""Whether the signs that are published of levers appear, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.lever import LeverRow, LeverTable
from hitl_sim.analysis.standing import Standing
from hitl_sim.report.number import RHO, digits, plain_joules, ratio_text

_EVEN = 1e-9
"""Two counts of operations that differ by less are the same."""


def tell_signs(table: LeverTable, standings: Sequence[Standing]) -> list[str]:
    """Say of each lever that stands alone whether its published sign appears.

    Args:
        table: the levers of a task.
        standings: arms with pretraining under each way to bill it, of any task.
    """
    sentences: list[str] = []
    for row in table.rows:
        if len(row.tables) != 1 or row.finding.has_people:
            continue
        own = [
            s
            for s in standings
            if s.task == table.task.label and s.arm == row.finding.arm
        ]
        sentences += _signs(row, row.tables[0], own)
    return [f"{sentence}." for sentence in sentences]


def _signs(
    row: LeverRow, lever: Mapping[str, Any], standings: Sequence[Standing]
) -> Iterator[str]:
    match lever["kind"]:
        case "prune":
            yield _prune(row, str(lever["form"]))
        case "quantise":
            yield _quantise(row)
        case "fine_tune":
            yield from (_fine_tune(standing) for standing in standings)
    if row.hypothetical is not None:
        yield _approximate(row)


def _operations(row: LeverRow) -> float:
    return float(np.asarray(row.use.operations.value))


def _prune(row: LeverRow, form: str) -> str:
    operations, arm = _operations(row), row.finding.arm
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
    return (
        f"{row.finding.arm}: a query takes {digits(beside)} of the control's joules on"
        f" this device, and training to the target {RHO} ="
        f" {ratio_text(row.finding.ratio)}: {sign}; the arithmetic alone of training"
        f" would take {ratio_text(row.arithmetic)} in a chip"
    )


def _approximate(row: LeverRow) -> str:
    use = row.use
    known = float(np.asarray(use.arithmetic.value))
    other = use.hypothetical
    paper = known if other is None else float(np.asarray(other.value))
    return (
        f"{row.finding.arm}: its multiplier saves on paper alone: a query's arithmetic"
        f" would fall from {plain_joules(known)} (modelled) to {plain_joules(paper)}"
        " (hypothetical), and no device here has it"
    )


def _fine_tune(found: Standing) -> str:
    sunk, full = found.sunk, found.full
    saves = "saves per run" if sunk.high < 1.0 else "is not shown to save per run"
    loses = (
        "and loses where this run alone pays for pretraining"
        if full.low > 1.0
        else "and is not shown to lose where this run alone pays for pretraining"
    )
    holds = sunk.high < 1.0 and full.low > 1.0
    reason = (
        ""
        if holds
        else "; published savings are of larger networks, pretrained on far more than"
        " a part of the classes"
    )
    return (
        f"{found.arm}: {saves} ({RHO} = {ratio_text(sunk)} with pretraining sunk)"
        f" {loses} ({RHO} = {ratio_text(full)}), {_published(holds)}{reason}"
    )


def _published(holds: bool) -> str:
    return "as published" if holds else "against what is published"

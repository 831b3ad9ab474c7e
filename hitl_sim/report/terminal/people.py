"""Populations: what each is made of, and does; imports and fits of real answers.

Every name from a file is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from hitl_sim.analysis.chance.prediction_powered import MIN_SURPRISES
from hitl_sim.report.crowd_summary import TEAM_SIZES, CrowdSummary
from hitl_sim.report.terminal.show import print_table, print_text
from oracles import POPULATIONS, PopulationSource, describe_population
from oracles.parameter import PARAMETERS
from oracles.populations import list_populations

if TYPE_CHECKING:
    from hitl_sim.participants.answers import Answers
    from hitl_sim.participants.describing.accuracy import Assessment
    from hitl_sim.participants.describing.inventory import Inventory
    from hitl_sim.participants.fitting.estimate import FittedNumber
    from hitl_sim.participants.fitting.fit import CrowdFit
    from hitl_sim.participants.fitting.machine import MachineFit
    from oracles.joint import JointSource

_LEAST_CORRELATION = 0.1
_MOST_CLASSES = 10
"""Of a confusion that fits a terminal."""
FEW_DF = 10.0
"""Degrees of freedom below which an interval is wide for want of people: Student's t is
2.2 standard errors at ten, and 2.8 at four."""


def print_crowds(
    console: Console, populations: Mapping[str, PopulationSource] = POPULATIONS
) -> None:
    """List populations, how far each may be trusted, and what may be set of a crowd."""
    status = "evidence by kind of question"
    rows = [
        (
            name,
            source.summary,
            "\n".join(f"{kind}: {text}" for kind, text in source.status.items()),
        )
        for name, source in populations.items()
    ]
    table = ("name", "who they are", status), rows, "Populations"
    print_table(console, *table, fold=(status,))
    parameters = [
        (
            name,
            str(row.range),
            ", ".join(row.kinds) or "every kind",
            row.doc + (f"; needs `{row.needs}`" if row.needs else ""),
        )
        for name, row in PARAMETERS.items()
    ]
    print_table(
        console,
        ("parameter", "must be", "acts on", "what it is"),
        parameters,
        "Parameters of a crowd",
        fold=("what it is",),
    )


def print_crowd(console: Console, name: str) -> None:
    """Print every number of one population, with its source.

    A file that holds several populations is listed.

    Raises:
        ValueError: there is no such population.
    """
    several = list_populations(name)
    if len(several) > 1:
        print_crowds(console, several)
        return
    source = describe_population(name)
    rows = [
        (n.name, n.kind, f"{n.value:g}", n.unit, n.status, n.source)
        for n in source.numbers
    ]
    print_table(
        console,
        ("number", "kind", "value", "unit", "status", "source"),
        rows,
        f"{source.name}: {source.summary}",
        fold=("source",),
    )
    pairs = {kind: _strongest(joint) for kind, joint in source.joint.items()}
    print_text(console, "terminal.joint", source=source, pairs=pairs)


def _strongest(joint: JointSource, most: int = 5) -> list[str]:
    """Tell which traits go together most, at least a little."""
    matrix = np.array(joint.correlation)
    row, column = np.nonzero(np.triu(np.abs(matrix) >= _LEAST_CORRELATION, k=1))
    order = np.argsort(-np.abs(matrix[row, column]), kind="stable")[:most]
    return [
        f"{joint.traits[i]} and {joint.traits[j]} {matrix[i, j]:+.2f}"
        for i, j in zip(row[order], column[order], strict=True)
    ]


def print_crowd_summary(console: Console, summary: CrowdSummary) -> None:
    """Print what a crowd of a population did."""
    low, middle, high = np.quantile(summary.accuracy, [0.05, 0.5, 0.95])
    early, late = summary.practice[0], summary.practice[-1]
    quick, typical, slow = np.quantile(summary.seconds, [0.05, 0.5, 0.95])
    again, shared = summary.again, summary.shared
    rows = [
        ("share right, 5/50/95 % of people", f"{low:.2f} {middle:.2f} {high:.2f}"),
        ("left open", f"{summary.unanswered:.3f}"),
        ("seconds, 5/50/95 % of answers", f"{quick:.3g} {typical:.3g} {slow:.3g}"),
        ("median seconds, first question and after 128", f"{early:.3g} {late:.3g}"),
        (
            "the same again if right, if wrong",
            f"{again.same_if_right:.2f} {again.same_if_wrong:.2f}",
        ),
        (
            "another errs if one errs, of all",
            f"{shared.second_errs_if_first:.2f} {shared.second_errs:.2f}",
        ),
    ]
    sizes = ", ".join(str(size) for size in TEAM_SIZES)
    curves = summary.redundancy | {"majority, if independent": summary.one_coin}
    for method, curve in curves.items():
        name = f"{method.replace('dawid_skene', 'Dawid-Skene')} of {sizes}"
        rows.append((name, " ".join(f"{value:.3f}" for value in curve)))
    title = f"{summary.name} at work: {summary.kind}, simulated with seed"
    print_table(console, ("what", "value"), rows, f"{title} {summary.seed}")


def print_inventory(console: Console, answers: Answers, found: Inventory) -> None:
    """Print what imported answers hold, their notes, and what they identify."""
    print_text(console, "terminal.inventory", answers=answers, found=found)
    headings = ("what", "can be identified", "why")
    rows = [(one.what, one.is_identified, one.why) for one in found.findings]
    title = "What the answers can identify"
    print_table(console, headings, rows, title, fold=headings)


def print_fit(console: Console, fit: CrowdFit) -> None:
    """Print every number of a fit with its interval and evidence."""
    title = f"Fitted crowd: {fit.kind}, {len(fit.options)} options"
    _print_numbers(console, fit.numbers, title)
    print_text(console, "terminal.fitted", fit=fit)


def print_machine_fit(console: Console, fit: MachineFit) -> None:
    """Print what the answers of a machine say of it."""
    title = f"Fitted machine: {len(fit.options)} classes"
    _print_numbers(console, fit.numbers, title)
    headings = ("right class", *fit.options)
    rows = [
        (name, *(f"{share:.3f}" for share in shares))
        for name, shares in zip(fit.options, fit.confusion.tolist(), strict=True)
    ]
    if len(fit.options) <= _MOST_CLASSES:
        title = "Shares of its answers"
        print_table(console, headings, rows, title, right=headings[1:])
    print_text(console, "terminal.fitted_machine", fit=fit)


def _print_numbers(
    console: Console, numbers: Sequence[FittedNumber], title: str
) -> None:
    rows = [
        (
            number.name,
            f"{number.value:.3g}" if math.isfinite(number.value) else "",
            f"{number.low:.3g} to {number.high:.3g}"
            if math.isfinite(number.low)
            else "",
            ("weakly" if number.is_weak else "yes") if number.is_identified else "no",
            number.note,
        )
        for number in numbers
    ]
    print_table(
        console,
        ("number", "value", "95 % interval", "identified", "note"),
        rows,
        title,
        fold=("note",),
    )


def print_assessment(console: Console, found: Assessment, name: str) -> None:
    """Print how accurate the labels of a file are, by its name, and what tells that."""
    accuracy = found.accuracy
    rows = [
        (who, f"{mean.value:.1%}", f"{mean.low:.1%} to {mean.high:.1%}")
        for who, mean in (
            ("real answers and the machine", accuracy.mean),
            ("real answers alone", accuracy.real_alone),
        )
    ]
    headings = ("by", "labels that are right", "95 % interval")
    print_table(console, headings, rows, f"Accuracy of {name}", right=headings[1:])
    least = {"surprises": MIN_SURPRISES, "df": FEW_DF}
    print_text(
        console, "terminal.assessed", found=found, accuracy=accuracy, least=least
    )

"""Populations, for the terminal: what each is made of, and does."""

from collections.abc import Mapping

import numpy as np
from rich.console import Console

from hitl_sim.report.portrait import CREW_SIZES, Portrait
from hitl_sim.report.table import Table, to_grid
from oracles import POPULATIONS, PopulationSource, describe_population
from oracles.parameter import PARAMETERS
from oracles.populations import list_populations


def print_crowds(
    console: Console, populations: Mapping[str, PopulationSource] = POPULATIONS
) -> None:
    """List populations, how far each may be trusted, and what may be set of a crowd."""
    status = "standing by kind of question"
    rows = [
        (
            name,
            source.summary,
            "\n".join(f"{kind}: {text}" for kind, text in source.status.items()),
        )
        for name, source in populations.items()
    ]
    table = Table(("name", "who they are", status), rows, "Populations")
    console.print(to_grid(table, fold=(status,)))
    console.print(to_grid(_parameters(), fold=("what it is",)))


def _parameters() -> Table:
    """Lay out every parameter that a study or a population's file may set."""
    rows = [
        (
            name,
            str(row.range),
            ", ".join(row.kinds) or "every kind",
            row.doc + (f"; needs `{row.needs}`" if row.needs else ""),
        )
        for name, row in PARAMETERS.items()
    ]
    headings = ("parameter", "must be", "acts on", "what it is")
    return Table(headings, rows, "Parameters of a crowd")


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
    headings = ("number", "kind", "value", "unit", "status", "source")
    table = Table(headings, rows, f"{source.name}: {source.summary}")
    console.print(to_grid(table, fold=("source",)))


def print_portrait(console: Console, portrait: Portrait) -> None:
    """Print what a crowd of a population did."""
    low, middle, high = np.quantile(portrait.accuracy, [0.05, 0.5, 0.95])
    early, late = portrait.practice[0], portrait.practice[-1]
    quick, typical, slow = np.quantile(portrait.seconds, [0.05, 0.5, 0.95])
    again, shared = portrait.again, portrait.shared
    rows = [
        ("share right, 5/50/95 % of people", f"{low:.2f} {middle:.2f} {high:.2f}"),
        ("left open", f"{portrait.unanswered:.3f}"),
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
    sizes = ", ".join(str(size) for size in CREW_SIZES)
    curves = portrait.redundancy | {"majority, if independent": portrait.one_coin}
    for method, curve in curves.items():
        name = f"{method.replace('dawid_skene', 'Dawid-Skene')} of {sizes}"
        rows.append((name, " ".join(f"{value:.3f}" for value in curve)))
    title = f"{portrait.name} at work: {portrait.kind}, simulated with seed"
    console.print(to_grid(Table(("what", "value"), rows, f"{title} {portrait.seed}")))

"""Populations, for the terminal and as a figure: what each is made of, and does."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.figure import styled, to_png, to_svg
from hitl_sim.report.figure.crowd import draw_crowd
from hitl_sim.report.portrait import CREW_SIZES, Portrait
from oracles import POPULATIONS, PopulationSource, describe_population
from oracles.parameter import PARAMETERS
from oracles.populations import list_populations

FIGURES = (".png", ".svg")


def print_crowds(
    console: Console, populations: Mapping[str, PopulationSource] = POPULATIONS
) -> None:
    """List populations, how far each may be trusted, and what may be set of a crowd."""
    table = Table(title="Populations")
    table.add_column("name")
    table.add_column("who they are")
    table.add_column("standing by kind of question", overflow="fold")
    for name, source in populations.items():
        status = "\n".join(f"{kind}: {text}" for kind, text in source.status.items())
        table.add_row(escape(name), escape(source.summary), escape(status))
    console.print(table)
    console.print(_parameters())


def _parameters() -> Table:
    """Lay out every parameter that a study or a population's file may set."""
    table = Table(title="Parameters of a crowd")
    for column in ("parameter", "must be", "acts on"):
        table.add_column(column)
    table.add_column("what it is", overflow="fold")
    for name, row in PARAMETERS.items():
        kinds = ", ".join(row.kinds) or "every kind"
        needed = f"; needs `{row.needs}`" if row.needs else ""
        table.add_row(name, escape(str(row.range)), kinds, escape(row.doc + needed))
    return table


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
    table = Table(title=escape(f"{source.name}: {source.summary}"))
    for column in ("number", "kind", "value", "unit", "status"):
        table.add_column(column)
    table.add_column("source", overflow="fold")
    for number in source.numbers:
        table.add_row(
            number.name,
            number.kind,
            f"{number.value:g}",
            escape(number.unit),
            number.status,
            escape(number.source),
        )
    console.print(table)


def print_portrait(console: Console, portrait: Portrait) -> None:
    """Print what a crowd of a population did."""
    low, middle, high = np.quantile(portrait.accuracy, [0.05, 0.5, 0.95])
    early, late = portrait.practice[0], portrait.practice[-1]
    quick, typical, slow = np.quantile(portrait.seconds, [0.05, 0.5, 0.95])
    again, shared = portrait.again, portrait.shared
    table = Table(
        title=f"{escape(portrait.name)} at work: {portrait.kind}, simulated with seed "
        f"{portrait.seed}"
    )
    table.add_column("what")
    table.add_column("value")
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
    for what, value in rows:
        table.add_row(what, value)
    console.print(table)


def check_figure(path: Path) -> None:
    """Refuse a file that no figure can be written to, before any work.

    Raises:
        ValueError: another ending than .png or .svg, or no such folder.
    """
    if path.suffix.lower() not in FIGURES:
        raise ValueError(f"`figure` must end in .png or .svg, got {str(path)!r}.")
    if not path.parent.is_dir():
        raise ValueError(
            f"`figure` must be in a folder that exists, got {str(path)!r}."
        )


def write_figure(portrait: Portrait, path: Path) -> None:
    """Draw a crowd into a .png or .svg file."""
    with styled():
        figure = draw_crowd(portrait)
    if path.suffix.lower() == ".svg":
        write_text(path, to_svg(figure, "crowd"))
    else:
        write_bytes(path, to_png(figure, "crowd"))

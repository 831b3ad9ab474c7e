"""Named populations, for the terminal: what each is made of, and who says so."""

from rich.console import Console
from rich.table import Table

from oracles import POPULATIONS, describe_population


def print_crowds(console: Console) -> None:
    """List the named populations and how far each may be trusted."""
    table = Table(title="Populations")
    table.add_column("name")
    table.add_column("who they are")
    table.add_column("standing by kind of question", overflow="fold")
    for name, source in POPULATIONS.items():
        status = "\n".join(f"{kind}: {text}" for kind, text in source.status.items())
        table.add_row(name, source.summary, status)
    console.print(table)


def print_crowd(console: Console, name: str) -> None:
    """Print every number of one population, with its source.

    Raises:
        ValueError: there is no such population.
    """
    source = describe_population(name)
    table = Table(title=f"{name}: {source.summary}")
    for column in ("number", "kind", "value", "unit", "status"):
        table.add_column(column)
    table.add_column("source", overflow="fold")
    for number in source.numbers:
        table.add_row(
            number.name,
            number.kind,
            f"{number.value:g}",
            number.unit,
            number.status,
            number.source,
        )
    console.print(table)

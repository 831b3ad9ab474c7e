"""Commands that look something up."""

from __future__ import annotations

from typing import Annotated

import typer

from hitl_sim.cli.app import family, refuse, screen

command = family("Tools")


@command()
def constants(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Only those with all these words in file, name or source."),
    ] = None,
    older_than: Annotated[
        int, typer.Option(min=0, help="Mark those older than this many years.")
    ] = 3,
    is_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    is_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """List every number that ships, with interval, source and year; mark old ones."""
    import datetime

    from hitl_sim.constant import shipped_constants
    from hitl_sim.report.terminal.constant import (
        constants_csv,
        constants_json,
        print_constants,
    )

    asked = " ".join(words or ())
    if is_json and is_csv:
        refuse("`--json` and `--csv` must not be given together. Leave out one.")
    found = shipped_constants(asked)
    if not found:
        refuse(f"`words` must stand in some constant, got {asked!r}.")
    year = datetime.datetime.now(tz=datetime.UTC).year
    if is_json or is_csv:
        write = constants_json if is_json else constants_csv
        typer.echo(write(found, year, older_than))
        return
    print_constants(screen(), found, year, older_than)

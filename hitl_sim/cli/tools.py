"""Commands that look something up, or write it down for another tool."""

from pathlib import Path
from typing import Annotated

import typer

from hitl_sim.cli.app import (
    FAILED_RUNS,
    Device,
    Folder,
    Force,
    check_new,
    family,
    refuse,
    screen,
)

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
    from hitl_sim.report.terminal.tools import (
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


@command()
def data(
    source: Annotated[
        str, typer.Argument(help="A built-in task, or a file or folder of your own.")
    ],
    label_column: Annotated[
        str | None, typer.Option(help="Of a table: column of the labels.")
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="Of a table: column of text.")
    ] = None,
    item_column: Annotated[
        str | None, typer.Option(help="Of a table: column of ids.")
    ] = None,
    representation: Annotated[
        str | None, typer.Option(help="Of text: tfidf, hashed or tokens.")
    ] = None,
    num_features: Annotated[
        int | None, typer.Option(help="Of text: words that are kept.")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side to which a folder's images are resized.")
    ] = None,
    impute: Annotated[
        str | None, typer.Option(help="Where numbers are missing: median or drop.")
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(help="Column of categories; repeated.")
    ] = None,
    problem: Annotated[
        str | None, typer.Option(help="Of labels: classification or regression.")
    ] = None,
) -> None:
    """Look data over before a study: classes, duplicates, doubtful labels, what to ask.

    Nothing is trained but a small model of the labels, and nothing is written.
    """
    from hitl_sim.report.terminal.data import print_survey
    from hitl_sim.study.offered import as_toml, load_source, offered_arms
    from hitl_sim.task.survey import survey_task

    given = {
        "label_column": label_column,
        "text_column": text_column,
        "item_column": item_column,
        "representation": representation,
        "num_features": num_features,
        "image_size": image_size,
        "impute": impute,
        "categorical": categorical or None,
        "problem": problem,
    }
    task = {name: value for name, value in given.items() if value is not None}
    task = {"source": source, **task}
    info, items = load_source(task)
    found = survey_task(info, items)
    offered = offered_arms(task, info)
    print_survey(screen(), info, found, offered, as_toml(task, info))


@command()
def cache(
    is_clear: Annotated[
        bool, typer.Option("--clear", help="Remove all that is kept.")
    ] = False,
    limit: Annotated[
        float | None, typer.Option(min=0.0, help="Size from now on, GB.")
    ] = None,
) -> None:
    """Say what is kept between studies: compiled programs, loaded tasks; bound it.

    Above its limit entries of other versions go first, then those least used. What is
    removed is made anew when it is needed.
    """
    from hitl_sim import cache
    from hitl_sim.report.terminal.show import print_text

    if limit is not None:
        cache.set_limit(limit)
    if is_clear:
        cache.clear()
    print_text(screen(), "terminal.cache", found=cache.state(), soft_wrap=True)


@command()
def check(
    part: Annotated[
        str,
        typer.Argument(help="FILE.py:NAME, module:NAME, or with --study a name of it."),
    ],
    study: Annotated[
        Path | None,
        typer.Option(help="Study file; the part is checked with the options there."),
    ] = None,
) -> None:
    """Hold a part of your own to its kind's contract, before a study uses it.

    The part's code is executed.
    """
    from hitl_sim.check import run_checks
    from hitl_sim.part_source import load
    from hitl_sim.report.terminal.tools import print_checks
    from hitl_sim.study.parts import find_uses

    console, is_failed = screen(), False
    source, uses = find_uses(part, study)
    found = load(source).part
    for options in uses:
        done = run_checks(found, options)
        is_failed |= not print_checks(console, found, options, done)
    if is_failed:
        raise typer.Exit(FAILED_RUNS)


@command()
def export(
    folder: Folder,
    name: Annotated[
        str | None,
        typer.Argument(help="Name of a format. Without one all are listed."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write. Default: the tool's own name for it, in DIR."
        ),
    ] = None,
    device: Device = None,
    force: Force = False,
) -> None:
    """Write a study in the words of another tool: CodeCarbon, Croissant, OpenMetrics.

    What the other tool has a field for and nobody knows stays empty; it is never 0.
    """
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.report.terminal.studies import print_formats
    from hitl_sim.results import open_results

    console, results = screen(), open_results(folder)
    if name is None:
        print_formats(console, results.formats())
        return
    if out is not None:
        check_new(out, force)
    if device is not None:
        results = results.reprice(device)
    path = results.export(name, out)
    print_text(console, "terminal.file", path=path, soft_wrap=True)

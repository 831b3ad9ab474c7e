"""Commands about people: populations, and answers that real people gave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from hitl_sim.cli.app import Device, Force, check_new, family, screen

if TYPE_CHECKING:
    from hitl_sim.participants.answers import Answers
    from hitl_sim.participants.cleaning.clean import Layout

command = family("People")

AnswerFile = Annotated[
    Path,
    typer.Argument(
        help="Answers: .csv, .tsv, .parquet, or JSON of Label Studio, Prodigy, Doccano "
        "or Argilla (a file, .zip or folder)."
    ),
]
Column = Annotated[
    list[str] | None,
    typer.Option(help="What the file calls a column: seconds=rt_ms. Repeated."),
]
Answer = Annotated[
    list[str] | None,
    typer.Option(help="What the file calls an answer: equal=tie. Repeated."),
]
Kind = Annotated[str | None, typer.Option(help="label, rating, preference or marks.")]
Question = Annotated[
    str | None,
    typer.Option(help="Name of the question, where an export has several of a task."),
]
TimeUnit = Annotated[
    float, typer.Option(help="Seconds in a unit of time: .001 for milliseconds.")
]
ConfidenceMax = Annotated[
    float, typer.Option(help="Largest confidence of the scale: 100 for percent.")
]
SecondsPer = Annotated[
    str | None,
    typer.Option(
        help="What the seconds of a row are of: `answer`, or `form` where rows of one "
        "form repeat its time and no column `unit` names it."
    ),
]
KeepNa = Annotated[
    bool,
    typer.Option(
        "--keep-na",
        help="NA, NaN, null ... name a class of a table. They mean that an answer is "
        "missing otherwise.",
    ),
]
Wide = Annotated[
    list[str] | None,
    typer.Option(
        help="Where a table has one row a person: the columns of a field by item, as "
        "'answer={item}_Q1' or '{item}.answer'. Repeated."
    ),
]


@command()
def crowd(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A population, or a .toml file of your own; all named ones are listed "
            "without it."
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="Ask a crowd of them, print what it does and draw it into this .png "
            "or .svg file."
        ),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="What the crowd is asked: label or relevance.")
    ] = "label",
    options: Annotated[int, typer.Option(min=2, help="Classes of a label.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Of the crowd that is asked.")] = 0,
    force: Force = False,
) -> None:
    """List the populations, or what one of them is made of and why; draw what it does.

    In a file of several populations one is named after a colon: people.toml:night.
    """
    from hitl_sim.report.crowd_summary import summarise_crowd
    from hitl_sim.report.figure.crowd import check_figure, write_figure
    from hitl_sim.report.terminal.people import (
        print_crowd,
        print_crowd_summary,
        print_crowds,
    )

    console = screen()
    if name is None:
        if figure is not None:
            raise ValueError("`NAME` must be given with `--figure`, got none.")
        print_crowds(console)
        return
    if figure is None:
        print_crowd(console, name)
        return
    check_figure(figure)
    check_new(figure, force, "--figure")
    summary = summarise_crowd(name, kind, options, seed)
    print_crowd(console, name)
    print_crowd_summary(console, summary)
    write_figure(summary, figure)
    console.print(f"Drawn to {escape(str(figure))}", soft_wrap=True)


@command()
def fit(
    answers: AnswerFile,
    out: Annotated[
        Path | None,
        typer.Option(help="Population file to write (TOML), for studies to name."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the population.")] = "participants",
    citation: Annotated[
        str | None, typer.Option(help="Whose answers these are, for the file.")
    ] = None,
    column: Column = None,
    answer: Answer = None,
    kind: Kind = None,
    question: Question = None,
    time_unit_s: TimeUnit = 1.0,
    seconds_per: SecondsPer = None,
    confidence_max: ConfidenceMax = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of points and draws.")] = 0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Fit a crowd to real answers: what they identify, and a population for studies.

    Ids of people are hashed with a salt that is kept nowhere, other columns are
    dropped, and nothing leaves this machine.
    """
    from hitl_sim.cache import keep_programs
    from hitl_sim.participants.answers import check_out
    from hitl_sim.participants.describing.inventory import take_stock
    from hitl_sim.participants.fitting.fit import fit_answers
    from hitl_sim.participants.fitting.model_file import (
        RESAMPLED,
        check_kind,
        check_name,
        write_population,
    )
    from hitl_sim.report.terminal.people import print_fit, print_inventory
    from hitl_sim.report.terminal.progress import timed_progress

    console = screen()
    check_name(name)
    if out is not None:
        check_out(out, ".toml")
        check_new(out, force)
    units = (time_unit_s, confidence_max, seconds_per)
    layout = (column, answer, kind, units, keep_na, wide)
    given = _answers(answers, question, *layout)
    stock = take_stock(given, kind)
    if out is not None:
        check_kind(stock.kind)
    print_inventory(console, given, stock)
    keep_programs()
    with timed_progress(console) as bars:
        task = bars.add_task("fitting answers", total=None)

        def show(what: str, done: int, total: int) -> None:
            text = f"fitting {what}"
            bars.update(task, description=text, total=total, completed=done)

        found = fit_answers(given, kind, show, seed)
    print_fit(console, found)
    if out is not None:
        write_population(out, name, found, citation or answers.name)
        console.print(f'Written to {out}: population = "{out}"', soft_wrap=True)
        if found.joint is not None and found.joint.people:
            other = f"{out}:{name}{RESAMPLED}"
            text = f'Around groups of the fitted people: population = "{other}"'
            console.print(text, soft_wrap=True)


@command(name="fit-machine")
def fit_machine(
    answers: AnswerFile,
    out: Annotated[
        Path | None,
        typer.Option(help="Machine file to write (TOML), for studies to name."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the machine.")] = "machine",
    citation: Annotated[
        str | None, typer.Option(help="Whose answers these are, for the file.")
    ] = None,
    column: Column = None,
    answer: Answer = None,
    question: Question = None,
    seconds_per: SecondsPer = None,
    confidence_max: ConfidenceMax = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of resamples of items.")] = 0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Fit a machine to its labels of items with gold; each annotator is a copy of it.

    Finds its confusion of classes, what copies err in together, whether it repeats
    itself and what its confidence is worth, each with what is unknown.
    """
    from hitl_sim.participants.answers import check_out
    from hitl_sim.participants.fitting.machine import (
        fit_machine as fit_copies,
        machine_text,
        source_of,
    )
    from hitl_sim.participants.fitting.model_file import check_name
    from hitl_sim.report.terminal.people import print_machine_fit

    console = screen()
    check_name(name)
    if out is not None:
        check_out(out, ".toml")
        check_new(out, force)
    units = (1.0, confidence_max, seconds_per)
    layout = (column, answer, None, units, keep_na, wide)
    given = _answers(answers, question, *layout)
    found = fit_copies(given, seed)
    print_machine_fit(console, found)
    if out is not None:
        text = machine_text(source_of(found, name, citation or answers.name))
        out.write_text(text, encoding="utf-8")
        console.print(f'Written to {out}: model = "{out}"', soft_wrap=True)


@command(name="import")
def import_(
    answers: AnswerFile,
    out: Annotated[
        Path, typer.Option(help="File to write (.parquet), for studies to replay.")
    ],
    column: Column = None,
    answer: Answer = None,
    kind: Kind = None,
    question: Question = None,
    time_unit_s: TimeUnit = 1.0,
    seconds_per: SecondsPer = None,
    confidence_max: ConfidenceMax = 1.0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Bring answers into the one form that studies replay as their `crowd.recording`.

    Ids of people are hashed with a salt that is kept nowhere; other columns are
    dropped.
    """
    from hitl_sim.participants.answers import check_out
    from hitl_sim.participants.describing.inventory import take_stock
    from hitl_sim.report.terminal.people import print_inventory

    console = screen()
    check_out(out)
    if out.resolve() == answers.resolve():
        raise ValueError("`--out` must be another file than the answers.")
    check_new(out, force)
    units = (time_unit_s, confidence_max, seconds_per)
    layout = (column, answer, kind, units, keep_na, wide)
    given = _answers(answers, question, *layout)
    print_inventory(console, given, take_stock(given, kind))
    given.write(out)
    console.print(f'Written to {out}: recording = "{out}"', soft_wrap=True)


@command()
def validate(
    answers: AnswerFile,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for page and figure. Default: results/validation."),
    ] = None,
    column: Column = None,
    answer: Answer = None,
    kind: Kind = None,
    question: Question = None,
    time_unit_s: TimeUnit = 1.0,
    seconds_per: SecondsPer = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the cut and the crowds.")] = 0,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Few crowds, no held-out cells, no policies."),
    ] = False,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Fit half of the people and items, and hold simulated people against the others.

    Labels and ratings need gold. Writes validation.md, of labels validation.png too.
    """
    from hitl_sim.cache import keep_programs
    from hitl_sim.participants.validating.validate import validate_answers
    from hitl_sim.report.validation import PAGE, verdict, write_validation

    console = screen()
    folder = out or Path("results") / "validation"
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`--out` must be a folder, got {str(folder)!r}.")
    check_new(folder / PAGE, force)
    layout = (column, answer, kind, (time_unit_s, 1.0, seconds_per), keep_na, wide)
    given = _answers(answers, question, *layout)
    keep_programs()
    with console.status("starting") as status:
        found = validate_answers(given, kind, seed, status.update, is_quick=quick)
    write_validation(folder, found)
    for sentence in verdict(found):
        console.print(f"- {sentence}", highlight=False)
    console.print(f"Written to {folder}", soft_wrap=True)


@command()
def assess(
    answers: AnswerFile,
    machine: Annotated[
        Path,
        typer.Option(
            help="A machine's view of all items: .csv, .tsv or .parquet with columns "
            "item, answer, confidence (that it is right), and label where the data "
            "set's labels are not the machine's own."
        ),
    ],
    column: Column = None,
    answer: Answer = None,
    question: Question = None,
    seconds_per: SecondsPer = None,
    confidence_max: ConfidenceMax = 1.0,
    keep_na: KeepNa = False,
    wide: Wide = None,
) -> None:
    """Estimate how accurate labels are from few checked by people and all by a machine.

    A label is right where it is the item's gold or, without gold, what people answer.
    A machine that is wrong does no harm: it counts for as much as the checks show.
    """
    from hitl_sim.participants.describing.accuracy import assess as assess_labels
    from hitl_sim.participants.reading.machine_file import read_machine
    from hitl_sim.report.terminal.people import print_assessment

    units = (1.0, confidence_max, seconds_per)
    layout = (column, answer, None, units, keep_na, wide)
    given = _answers(answers, question, *layout)
    told = read_machine(machine, _layout(*layout))
    print_assessment(screen(), assess_labels(given, told), str(machine))


@command()
def rectify(
    real: Annotated[Path, typer.Argument(help="Results folder with real people.")],
    simulated: Annotated[
        Path, typer.Argument(help="Results folder of the same with simulated people.")
    ],
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of a run's bill, such as device_j. Repeated. Default: "
            "accuracies, joules of the device, seconds of people."
        ),
    ] = None,
    device: Device = None,
) -> None:
    """Sharpen a study's few runs with real people by many with simulated ones.

    Simulated people that are wrong do no harm: they count for as much as pairs of runs
    show. Both studies must be the same but for who answers, and for `replicates`.
    """
    from hitl_sim.report.terminal.studies import print_rectified
    from hitl_sim.results import Results

    found = Results(real, device).rectify(Results(simulated))
    print_rectified(screen(), found, outcome)


@command()
def simulate_answers(
    file: Annotated[Path, typer.Argument(help="Study file (TOML) of one task.")],
    out: Annotated[Path, typer.Option(help="File to write (.parquet).")],
    people: Annotated[int, typer.Option(min=1, help="People who label an item.")] = 3,
    force: Force = False,
) -> None:
    """Write a simulated recording: a study's team labels every item of its task."""
    from hitl_sim.study.simulated_recording import record_crowd
    from hitl_sim.study.spec import load_spec

    check_new(out, force)
    found = record_crowd(load_spec(file), people, out)
    screen().print(
        f'{found.num_rows:,} simulated answers written to {out}: recording = "{out}"',
        soft_wrap=True,
    )


@command()
def staff(
    file: Annotated[
        Path, typer.Argument(help="Project file, or a study's file (TOML).")
    ],
    deadline: Annotated[str, typer.Option(help="Time from the start: 36h, 10d, 2w.")],
    confidence: Annotated[
        float, typer.Option(help="Probability with which the deadline must be met.")
    ] = 0.9,
    accuracy: Annotated[
        float | None, typer.Option(help="Share of labels that must be right.")
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option(help="Arm of a study whose questions are to be answered."),
    ] = None,
    first: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="The first answers of a project under way, with times: whom to "
            "recruit besides, the deadline counted from the last of them.",
        ),
    ] = None,
    column: Column = None,
    answer: Answer = None,
    time_unit_s: TimeUnit = 1.0,
    seconds_per: SecondsPer = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the plan's burn-down into this .png or .svg file."),
    ] = None,
    runs: Annotated[int, typer.Option(min=30, help="Simulated runs of a plan.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of all draws.")] = 0,
    force: Force = False,
) -> None:
    """Say how many people label all items in time, what that costs, how right it is."""
    from hitl_sim.report.terminal.staffing import print_staffing
    from hitl_sim.staffing import read_days, staff as find_staff

    console = screen()
    if figure is not None:
        from hitl_sim.report.figure.crowd import check_figure

        check_figure(figure)
        check_new(figure, force, "--figure")
    days = read_days(deadline)
    given = None
    if first is not None:
        units = (time_unit_s, 1.0, seconds_per)
        given = _answers(first, None, column, answer, None, units, False, None)
    with console.status("starting") as status:
        found = find_staff(
            file, days, confidence, accuracy, runs, seed, status.update, given, arm
        )
    print_staffing(console, found)
    if figure is not None:
        from hitl_sim.report.figure.burn_down import write_burn_down

        write_burn_down(found, figure)
        console.print(f"Drawn to {escape(str(figure))}", soft_wrap=True)


_Units = tuple[float, float, str | None]
"""Seconds in a unit of time, largest confidence, what the seconds of a row are of."""


def _answers(
    path: Path,
    question: str | None,
    column: list[str] | None,
    answer: list[str] | None,
    kind: str | None,
    units: _Units,
    keep_na: bool,
    wide: list[str] | None,
) -> Answers:
    """Import answers as the options of a command describe them."""
    from hitl_sim.participants.reading.table_file import import_answers

    layout = _layout(column, answer, kind, units, keep_na, wide)
    return import_answers(path, layout, question)


def _layout(
    column: list[str] | None,
    answer: list[str] | None,
    kind: str | None,
    units: _Units,
    keep_na: bool,
    wide: list[str] | None,
) -> Layout:
    """Say what columns mean, as the options of a command describe them."""
    from hitl_sim.participants.cleaning.clean import Layout
    from hitl_sim.participants.reading.table_file import parse_pairs

    time_unit_s, confidence_max, seconds_per = units
    return Layout(
        columns=parse_pairs("--column", column or ()),
        rename=parse_pairs("--answer", answer or ()),
        kind=kind,
        seconds_per_unit=time_unit_s,
        confidence_max=confidence_max,
        keep_na=keep_na,
        seconds_per=seconds_per,
        wide=wide or (),
    )

"""The command line: each command is one call that Python users can make too."""

import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hitl_sim.option import App, as_typed, check_new

if TYPE_CHECKING:
    from hitl_sim.participants.answers import Answers
    from hitl_sim.study.spec import StudySpec

app = App(
    name="hitl-sim",
    help="Does human guidance cut the energy that training needs, and what do the "
    "people cost? Simulated annotators, real training, and a ledger that knows where "
    "each number came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_INTERRUPTED = 130
_REFUSED = 2
_FAILED_RUNS = 3
_LOG_WIDTH = 100
_NETWORKS = ("64", "256x256")
_BATCHES = (32, 256)

Out = Annotated[
    Path | None,
    typer.Option(help="Results folder. Default: results/<name of the file>."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that is there.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes, one core each. Default: all cores."),
]
Device = Annotated[
    str | None,
    typer.Option(help="Device profile, by name or file, in place of the study's."),
]


def _console() -> Console:
    """A console as wide as the terminal, and wide enough for a table in a log."""
    console = Console()
    return console if console.is_terminal else Console(width=_LOG_WIDTH)


def _refuse(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(f"[red]error:[/red] {escape(message)}")
    raise typer.Exit(_REFUSED)


def _tell(words: str) -> None:
    """Print beside what a command prints."""
    Console(stderr=True, soft_wrap=True).print(escape(words))


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """Turn the errors that a user can cause into one line and exit code 2."""
    from hitl_sim.output import say_os_error
    from hitl_sim.study.spec import SpecError
    from hitl_sim.study.store import RecordError

    try:
        yield
    except OSError as error:
        _refuse(as_typed(say_os_error(error)))
    except (SpecError, RecordError, ValueError) as error:
        _refuse(as_typed(str(error)))


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    out: Out = None,
    workers: Workers = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done, and do nothing."),
    ] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="With --dry-run: compute and time one chunk of each program. Its "
            "records are kept.",
        ),
    ] = False,
    smoke: Annotated[
        bool,
        typer.Option("--smoke", help="Run the quick form in the file's table `smoke`."),
    ] = False,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Time each program with 1, 2, 4 ... runs mapped together, and write "
            "the quickest as `lanes` into the study file. Nothing else is done.",
        ),
    ] = False,
    device: Device = None,
    executor: Annotated[
        str,
        typer.Option(
            help="Where: local processes, a dask cluster, or slurm jobs. The latter "
            "two write to the results folder themselves."
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler; with --executor dask and none, a "
            "cluster of this machine's processes is started."
        ),
    ] = None,
    slurm: Annotated[
        list[str] | None,
        typer.Option(
            help="Parameter of submitit, as timeout_min=60 or slurm_partition=cpu; "
            "repeated. cluster=local runs the jobs here."
        ),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Time after which a chunk is taken to hang and ended, s."
        ),
    ] = None,
) -> None:
    """Run a study: what is missing is computed, then the answer is printed.

    A study that was interrupted goes on where it was. Finished runs are never computed
    again.
    """
    from hitl_sim.study import runner
    from hitl_sim.study.cluster import place_of
    from hitl_sim.study.probe import probe_study
    from hitl_sim.study.show_sweep import (
        print_dry_run,
        print_probe,
        print_tuning,
        shown_progress,
    )
    from hitl_sim.study.spec import load_spec
    from hitl_sim.study.tune import tune_study, write_lanes

    console = _console()
    folder = out or Path("results") / (file.stem + ("-smoke" if smoke else ""))
    again = f"hitl-sim run {file}{' --smoke' if smoke else ''} --out {folder}"
    with _errors_in_words():
        spec = load_spec(file, is_smoke=smoke, on_code=_tell)
        _profile(device or spec.device)
        if probe and not dry_run:
            raise ValueError("`--probe` must be given with `--dry-run`.")
        if limit is not None and not math.isfinite(limit):
            raise ValueError(
                f"`--limit` must be a finite number of seconds, got {limit}."
            )
        if tune and (dry_run or smoke):
            raise ValueError("`--tune` must be given without --dry-run and --smoke.")
        if tune:
            with console.status("timing programs ...") as shown:
                tuning = tune_study(
                    spec, lambda done, all_: shown.update(f"program {done} of {all_}")
                )
            write_lanes(file, tuning.best)
            print_tuning(console, tuning, file)
            return
        if dry_run:
            print_dry_run(console, runner.dry_run(spec, folder))
            if probe:
                print_probe(console, probe_study(spec, folder, workers or _cores()))
            return
        place = place_of(executor, workers or _cores(), scheduler, slurm or ())
        console.print(f"[bold]{escape(spec.question)}[/bold]")
        with _resumable(console, again), shown_progress(console) as show:
            done = runner.run_study(
                spec,
                folder,
                1,
                show,
                place=place,
                limit_s=limit,
                on_plan=lambda found: print_dry_run(console, found),
            )
        for path in done.set_aside:
            console.print(f"[yellow]damaged, set aside:[/yellow] {escape(str(path))}")
        for message in sorted(set(done.messages)):
            console.print(f"[red]a chunk failed:[/red] {escape(message)}")
        _report(console, folder, device, again)
        if done.num_failed:
            console.print(
                f"[red]{done.num_failed} of {done.num_runs} runs failed[/red]; their "
                f"tracebacks are in {folder / 'errors'}. The same command tries them "
                "again."
            )
            raise typer.Exit(_FAILED_RUNS)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    device: Device = None,
) -> None:
    """Write the report of a study again, perhaps for another device.

    Nothing is retrained: records hold counts, and a device profile turns them into
    seconds and joules.
    """
    with _errors_in_words():
        _report(_console(), folder, device, f"hitl-sim report {folder}")


@app.command()
def confirm(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    seed: Annotated[
        int | None, typer.Option(help="Fresh seed. Default: the study's plus one.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Fresh runs per arm. Default: the study's.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Run each task's best condition again on fresh seeds, and print the shrinkage."""
    from hitl_sim.report.confirmation import print_confirmations
    from hitl_sim.study.confirm import confirm as confirm_study
    from hitl_sim.study.show_sweep import shown_progress

    console = _console()
    with _errors_in_words(), _resumable(console, f"hitl-sim confirm {folder}"):
        with shown_progress(console) as show:
            found = confirm_study(folder, workers or _cores(), seed, replicates, show)
        print_confirmations(console, found)


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    other: Annotated[Path, typer.Argument(help="Results folder of another.")],
    device: Device = None,
) -> None:
    """Say what two studies set differently, and what that did to their conditions."""
    from hitl_sim.analysis.versus import compare_studies
    from hitl_sim.report.versus import print_comparison
    from hitl_sim.study.conclude import analyse_folder

    with _errors_in_words():
        found = compare_studies(
            analyse_folder(one, device), analyse_folder(other, device)
        )
    print_comparison(_console(), found, str(one), str(other))


@app.command()
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
    from hitl_sim.study.parts import find_uses

    console, is_failed = _console(), False
    with _errors_in_words():
        source, uses = find_uses(part, study)
        found = load(source).part
        for options in uses:
            given = "".join(f", {name} = {value!r}" for name, value in options.items())
            console.print(f"[bold]{found.kind} {escape(found.name + given)}[/bold]")
            for name, failure, note in run_checks(found, options):
                is_failed |= bool(failure)
                verdict = "[red]failed[/red]" if failure else "passed"
                words = escape(failure or note)
                console.print(f"  {name}: {verdict}{'; ' if words else ''}{words}")
    if is_failed:
        raise typer.Exit(_FAILED_RUNS)


@app.command()
def levers(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    device: Device = None,
    server: Annotated[
        str, typer.Option(help="Device profile of what serves split networks.")
    ] = "server-cpu",
    link: Annotated[str, typer.Option(help="What lies between: wifi or lte.")] = "wifi",
    most_time: Annotated[
        float, typer.Option(help="Times as long as at the highest clock, at most.")
    ] = 1.1,
    power_cap: Annotated[
        float, typer.Option(help="Most power, beside that at the highest clock.")
    ] = 0.7,
    query_batch: Annotated[
        int | None,
        typer.Option(help="Queries answered at once; default the study's own."),
    ] = None,
) -> None:
    """Lay a study's levers side by side, in joules, accuracy and hours of people."""
    from hitl_sim.study.lever_table import LeverPrices, show_levers

    prices = LeverPrices(device, server, link, most_time, power_cap, query_batch)
    with _errors_in_words():
        page = show_levers(_console(), folder, prices, f"hitl-sim levers {folder}")
    _console().print(f"Page: {page}", soft_wrap=True)


@app.command()
def status(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
) -> None:
    """Say how far a study is, what failed, and whether its files can be read."""
    from hitl_sim.study.show_sweep import print_status
    from hitl_sim.study.status import status_of

    with _errors_in_words():
        print_status(_console(), status_of(folder))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    n: Annotated[int, typer.Option("--n", help="Record files to draw.")] = 5,
    workers: Workers = None,
) -> None:
    """Compute a sample of a study's records again and compare their bytes.

    Refused where versions, device kind, width or threads are not what they were.
    """
    from hitl_sim.study.show_sweep import print_verification
    from hitl_sim.study.verify import verify_study

    console = _console()
    with _errors_in_words(), _resumable(console, f"hitl-sim verify {folder}"):
        found = verify_study(folder, n, workers or _cores())
    print_verification(console, found)
    if found.unlike:
        raise typer.Exit(_FAILED_RUNS)


@app.command()
def afford(
    joules: Annotated[
        float | None, typer.Option(help="Energy of the training, J.")
    ] = None,
    kwh: Annotated[
        float | None, typer.Option(help="Energy of the training, kWh.")
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="What an hour of a person stands for: device_only, workstation or "
            "whole_person. All three when left out."
        ),
    ] = None,
) -> None:
    """Say what a budget of energy buys in human time. Nothing is trained."""
    from hitl_sim.report.affordance import print_affordance
    from hitl_sim.unit import J_PER_KWH

    if (joules is None) == (kwh is None):
        _refuse("exactly one of `--joules` and `--kwh` must be given.")
    for option, given, unit in (("--joules", joules, "J"), ("--kwh", kwh, "kWh")):
        if given is not None and not 0.0 < given < math.inf:
            _refuse(f"`{option}` must be finite and > 0 {unit}, got {given:g}.")
    budget = joules if joules is not None else (kwh or 0.0) * J_PER_KWH
    with _errors_in_words():
        print_affordance(_console(), budget, boundary)


@app.command()
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
    from hitl_sim.report.crowd import (
        check_figure,
        print_crowd,
        print_crowds,
        print_portrait,
        write_figure,
    )
    from hitl_sim.report.portrait import portray

    console = _console()
    with _errors_in_words():
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
        portrait = portray(name, kind, options, seed)
        print_crowd(console, name)
        print_portrait(console, portrait)
        write_figure(portrait, figure)
        console.print(f"Drawn to {escape(str(figure))}", soft_wrap=True)


@app.command()
def meters(
    selftest: Annotated[
        bool,
        typer.Option(
            "--selftest", help="Also try the counters, and the arithmetic behind them."
        ),
    ] = False,
) -> None:
    """Say which energy counters can be read on this machine, and why others cannot."""
    from hitl_sim.energy.meters import run_selftest
    from hitl_sim.report.measure import print_selftest
    from hitl_sim.report.meter import print_meters

    console = _console()
    print_meters(console)
    if selftest:
        tried = run_selftest()
        print_selftest(console, tried)
        if not tried.is_passed:
            raise typer.Exit(_FAILED_RUNS)


@app.command()
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
    from hitl_sim.report.constant import constants_csv, constants_json, print_constants

    if is_json and is_csv:
        _refuse("`--json` and `--csv` must not be given together. Leave out one.")
    found = shipped_constants(" ".join(words or ()))
    if not found:
        _refuse(f"`words` must stand in some constant, got {' '.join(words or ())!r}.")
    year = datetime.datetime.now(tz=datetime.UTC).year
    if is_json or is_csv:
        write = constants_json if is_json else constants_csv
        typer.echo(write(found, year, older_than))
        return
    print_constants(_console(), found, year, older_than)


@app.command()
def clocks() -> None:
    """Say what clocks and power caps this machine's boards have, and what one saves."""
    from hitl_sim.report.clock import print_clocks

    print_clocks(_console())


@app.command(context_settings={"ignore_unknown_options": True})
def measure(
    command: Annotated[
        list[str], typer.Argument(help="Program and arguments, after --.")
    ],
    device: Annotated[
        str | None,
        typer.Option(help="Device profile to model with where nothing can be read."),
    ] = None,
    idle_s: Annotated[
        float, typer.Option(min=0.0, help="How long to measure idle power first, s.")
    ] = 5.0,
    error: Annotated[
        float | None,
        typer.Option(
            help="Run again until the energy is known this well, for 5 %: .05"
        ),
    ] = None,
) -> None:
    """Measure the energy of any command: gross, idle and marginal.

    Options of hitl-sim come before the two dashes: hitl-sim measure --idle-s 2 -- CMD.
    """
    from hitl_sim.energy import load_profile
    from hitl_sim.energy.meters import measure_command
    from hitl_sim.report.measure import print_measurement

    with _errors_in_words():
        profile = None if device is None else load_profile(device)
        found = measure_command(
            command, profile=profile, idle_s=idle_s, max_relative_error=error
        )
    print_measurement(_console(), found)
    raise typer.Exit(found.return_code)


@app.command()
def profile(
    out: Annotated[Path, typer.Argument(help="Profile to write (TOML); a new file.")],
    base: Annotated[
        str,
        typer.Option(
            help="Profile, by name or file, whose watts and rates stand where nothing "
            "can be measured."
        ),
    ],
    study: Annotated[
        list[Path] | None,
        typer.Option(
            help="Measure the units of this study file or results folder; may be "
            "repeated. Default: a grid of networks and batches."
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Hidden widths of the grid, as 64 or 256x256; repeated."),
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option(help="Batch of the grid; repeated.", min=1)
    ] = None,
    precision: Annotated[
        float, typer.Option(help="Half width of a 95 % interval, relative.")
    ] = 0.05,
    limit: Annotated[float, typer.Option(help="Time after which to stop, s.")] = 120.0,
    workers: Workers = None,
) -> None:
    """Measure this machine: seconds, and joules if it can, of units of work.

    Each unit is run alone and with the device filled, again and again until its
    interval is tight or the time is up. Studies name the file as their device, and
    `hitl-sim report DIR --device FILE` bills a finished one with it.
    """
    from hitl_sim.energy import load_profile
    from hitl_sim.study import calibration, session
    from hitl_sim.study.show import print_calibration

    console = _console()
    with _errors_in_words():
        _check_new_profile(out)
        if study and (network or batch):
            raise ValueError("`--study` must not be given with `--network`, `--batch`.")
        device = load_profile(base)
        effort = session.Effort(precision, limit)
        specs = [_any_study(path) for path in study or ()]
        conditions = calibration.conditions_of(
            specs or calibration.grid_specs(network or _NETWORKS, batch or _BATCHES)
        )
        with _timed_progress(console) as progress:
            task = progress.add_task("starting", total=effort.limit_s)

            def show(state: session.Progress) -> None:
                text = f"{state.regime} {state.done}/{state.total} {state.unit}"
                completed = min(state.elapsed_s, effort.limit_s)
                progress.update(task, description=text, completed=completed)

            try:
                found = calibration.calibrate(
                    conditions, device, out.stem, workers or _cores(), effort, show
                )
            except RuntimeError as error:
                _refuse(str(error))
        found.write(out)
        print_calibration(console, found, out)
        if found.is_interrupted:
            raise typer.Exit(_INTERRUPTED)


@app.command()
def audit(
    folder: Annotated[Path, typer.Argument(help="Results folder of a study.")],
    n: Annotated[int, typer.Option("--n", help="Runs to draw.")] = 20,
    device: Device = None,
) -> None:
    """Rerun sampled runs of a study by themselves and compare them with their bill.

    Prints billed ÷ measured with its interval: seconds always, joules where a meter
    can be read. Use a profile that was measured on this machine. Where other programs
    disturb it, runs are tried again, and the audit says if its ratio is no evidence.
    """
    from hitl_sim.energy import load_profile
    from hitl_sim.study import audit as auditing
    from hitl_sim.study.runner import load_study
    from hitl_sim.study.show import print_audit

    console = _console()
    with _errors_in_words():
        profile = load_profile(device or load_study(folder)[0].device)
        with _progress(console) as progress:
            task = progress.add_task("auditing", total=n)

            def show(state: auditing.Progress) -> None:
                progress.update(task, total=state.total, completed=state.done)

            try:
                found = auditing.audit_study(folder, n, profile, show)
            except RuntimeError as error:
                _refuse(str(error))
        path = found.write(folder)
        print_audit(console, found)
        console.print(f"Written to {path}", soft_wrap=True)
        if found.is_interrupted:
            console.print("Interrupted: the runs that were done are kept.")
            raise typer.Exit(_INTERRUPTED)


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


@app.command()
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
    time_unit_s: Annotated[
        float, typer.Option(help="Seconds in a unit of time: .001 for milliseconds.")
    ] = 1.0,
    confidence_max: Annotated[
        float, typer.Option(help="Largest confidence of the scale: 100 for percent.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of points and draws.")] = 0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Fit a crowd to real answers: what they identify, and a population for studies.

    Ids of people are hashed with a salt that is kept nowhere, other columns are
    dropped, and nothing leaves this machine.
    """
    from hitl_sim.participants.fit import fit_answers
    from hitl_sim.participants.inventory import take_stock
    from hitl_sim.participants.model_file import (
        check_kind,
        check_out,
        write_population,
    )
    from hitl_sim.participants.show import print_fit, print_inventory

    console = _console()
    with _errors_in_words():
        check_out(out, name)
        if out is not None:
            check_new(out, force)
        given = _answers(
            answers,
            column,
            answer,
            kind,
            time_unit_s,
            confidence_max,
            keep_na,
            wide,
            question,
        )
        stock = take_stock(given, kind)
        if out is not None:
            check_kind(stock.kind)
        print_inventory(console, given, stock)
        with _timed_progress(console) as bar:
            task = bar.add_task("fitting answers", total=None)

            def show(what: str, done: int, total: int) -> None:
                text = f"fitting {what}"
                bar.update(task, description=text, total=total, completed=done)

            found = fit_answers(given, kind, show, seed)
        print_fit(console, found)
        if out is not None:
            write_population(out, name, found, citation or answers.name)
            console.print(f'Written to {out}: population = "{out}"', soft_wrap=True)


@app.command(name="import")
def import_(
    answers: AnswerFile,
    out: Annotated[
        Path, typer.Option(help="File to write (.parquet), for studies to replay.")
    ],
    column: Column = None,
    answer: Answer = None,
    kind: Kind = None,
    question: Question = None,
    time_unit_s: Annotated[
        float, typer.Option(help="Seconds in a unit of time: .001 for milliseconds.")
    ] = 1.0,
    confidence_max: Annotated[
        float, typer.Option(help="Largest confidence of the scale: 100 for percent.")
    ] = 1.0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Bring answers into the one form that studies replay as their `crowd.recording`.

    Ids of people are hashed with a salt that is kept nowhere; other columns are
    dropped.
    """
    from hitl_sim.participants.answers import check_table_out
    from hitl_sim.participants.inventory import take_stock
    from hitl_sim.participants.show import print_inventory

    console = _console()
    with _errors_in_words():
        check_table_out(out)
        if out.resolve() == answers.resolve():
            raise ValueError("`--out` must be another file than the answers.")
        check_new(out, force)
        given = _answers(
            answers,
            column,
            answer,
            kind,
            time_unit_s,
            confidence_max,
            keep_na,
            wide,
            question,
        )
        print_inventory(console, given, take_stock(given, kind))
        given.write(out)
    console.print(f'Written to {out}: recording = "{out}"', soft_wrap=True)


@app.command()
def record(
    file: Annotated[Path, typer.Argument(help="Study file (TOML) of one task.")],
    out: Annotated[Path, typer.Option(help="File to write (.parquet).")],
    people: Annotated[int, typer.Option(min=1, help="People who label an item.")] = 3,
    force: Force = False,
) -> None:
    """Let a study's simulated crew label every item, as if recorded: a rehearsal."""
    from hitl_sim.study.rehearsal import record_crowd
    from hitl_sim.study.spec import load_spec

    with _errors_in_words():
        check_new(out, force)
        found = record_crowd(load_spec(file), people, out)
    _console().print(
        f'{found.num_rows:,} simulated answers written to {out}: recording = "{out}"',
        soft_wrap=True,
    )


@app.command()
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
    time_unit_s: Annotated[
        float, typer.Option(help="Seconds in a unit of time: .001 for milliseconds.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the cut and the crowds.")] = 0,
    keep_na: KeepNa = False,
    wide: Wide = None,
    force: Force = False,
) -> None:
    """Fit half of the people and items, and hold simulated people against the others.

    Labels and ratings need gold. Writes validation.md, of labels validation.png too.
    """
    from hitl_sim.participants.verdict import PAGE, validate_answers

    console = _console()
    folder = out or Path("results") / "validation"
    with _errors_in_words():
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"`--out` must be a folder, got {str(folder)!r}.")
        check_new(folder / PAGE, force)
        given = _answers(
            answers, column, answer, kind, time_unit_s, 1.0, keep_na, wide, question
        )
        with console.status("starting") as status:
            said = validate_answers(given, kind, folder, seed, status.update)
    for sentence in said:
        console.print(f"- {sentence}", highlight=False)
    console.print(f"Written to {folder}", soft_wrap=True)


def _answers(
    path: Path,
    column: list[str] | None,
    answer: list[str] | None,
    kind: str | None,
    time_unit_s: float,
    confidence_max: float,
    keep_na: bool,
    wide: list[str] | None,
    question: str | None,
) -> "Answers":
    from hitl_sim.participants.source import import_answers, parse_pairs
    from hitl_sim.participants.table_file import Layout

    layout = Layout(
        columns=parse_pairs("--column", column or ()),
        rename=parse_pairs("--answer", answer or ()),
        kind=kind,
        seconds_per_unit=time_unit_s,
        confidence_max=confidence_max,
        keep_na=keep_na,
        wide=wide or (),
    )
    return import_answers(path, layout, question)


def _check_new_profile(out: Path) -> None:
    if out.suffix.lower() != ".toml":
        raise ValueError(f"`out` must end in .toml, got {str(out)!r}.")
    if out.exists():
        raise ValueError(
            f"`out` must be a new file, got {str(out)!r}. Measurements are never "
            "written over."
        )


def _any_study(path: Path) -> "StudySpec":
    """Read a study from its file, or from the results folder that it left."""
    from hitl_sim.study.runner import load_study
    from hitl_sim.study.spec import load_spec

    return load_study(path)[0] if path.is_dir() else load_spec(path)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _timed_progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=2,
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=2,
    )


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _resumable(console: Console, again: str) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a word on how to go on."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"\nInterrupted. Finished runs are kept; go on with\n  {again}")
        raise typer.Exit(_INTERRUPTED) from None


def _profile(device: str) -> None:
    from hitl_sim.energy import load_profile

    load_profile(device)


def _report(console: Console, folder: Path, device: str | None, again: str) -> None:
    from hitl_sim.study.conclude import conclude

    conclude(console, folder, device, again)


def main() -> None:
    """Enter from the console script."""
    app()


if __name__ == "__main__":
    main()

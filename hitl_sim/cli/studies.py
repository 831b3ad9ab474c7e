"""Commands about studies: run one, read what it found, hold two side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from hitl_sim.cli.app import (
    FAILED_RUNS,
    Device,
    Folder,
    Force,
    Workers,
    check_new,
    family,
    resumable,
    screen,
    warn,
)
from hitl_sim.study.cores import num_cores

if TYPE_CHECKING:
    from rich.console import Console

command = family("Studies")


@command()
def run(
    file: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    out: Annotated[
        Path | None,
        typer.Option(help="Results folder. Default: results/<name of the file>."),
    ] = None,
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
            "the quickest as `vmap_size` into the study file. Nothing else is done.",
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
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show how far each program is, too.")
    ] = False,
) -> None:
    """Run a study, or resume it, and print the answer.

    A study that was interrupted goes on where it was. Finished runs are never computed
    again.
    """
    from hitl_sim.study.cluster import place_of
    from hitl_sim.study.executor import prepare_workers

    console = screen()
    folder = out or Path("results") / (file.stem + ("-smoke" if smoke else ""))
    again = f"hitl-sim run {file}{' --smoke' if smoke else ''} --out {folder}"
    if probe and not dry_run:
        raise ValueError("`--probe` must be given with `--dry-run`.")
    if limit is not None and not math.isfinite(limit):
        raise ValueError(f"`--limit` must be a finite number of seconds, got {limit}.")
    if tune and (dry_run or smoke):
        raise ValueError("`--tune` must be given without --dry-run and --smoke.")
    place = place_of(executor, workers or num_cores(), scheduler, slurm or ())
    is_new = file.exists() and not (dry_run or tune or any(folder.glob("records/*")))
    if is_new and place.kind == "local":
        # meanwhile all that is slow to load is loaded here
        prepare_workers()
    from hitl_sim.energy import load_profile
    from hitl_sim.report.terminal.progress import shown_progress
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.report.terminal.studies import (
        print_probe,
        print_tuning,
    )
    from hitl_sim.study.probe import probe_study
    from hitl_sim.study.study import Study
    from hitl_sim.study.tune import tune_study, write_vmap_size

    study = Study.load(file, smoke, warn)
    load_profile(device or study.spec.device)
    if tune:
        with console.status("timing programs ...") as shown:
            tuning = tune_study(
                study.spec,
                lambda done, all_: shown.update(f"program {done} of {all_}"),
            )
        write_vmap_size(file, tuning.best)
        print_tuning(console, tuning, file)
        return
    if dry_run:
        print_text(console, "terminal.dry_run", plan=study.plan(folder))
        if probe:
            print_probe(
                console, probe_study(study.spec, folder, workers or num_cores())
            )
        return
    console.print(f"[bold]{escape(study.spec.question)}[/bold]")
    with (
        resumable(console, again),
        shown_progress(console, is_verbose=verbose) as show,
    ):
        study.run(
            folder,
            progress=show,
            place=place,
            limit_s=limit,
            on_plan=lambda plan: print_text(console, "terminal.dry_run", plan=plan),
        )
    done = study.last_run
    if done is None:
        raise RuntimeError("a study that has run must say what it did.")
    print_text(console, "terminal.outcome", found=done)
    print_text(console, "terminal.earlier_study", path=done.earlier_study)
    show_report(console, folder, device, again)
    if done.num_failed:
        console.print(
            f"[red]{done.num_failed} of {done.num_runs} runs failed[/red]; their "
            f"tracebacks are in {folder / 'errors'}. The same command tries them "
            "again."
        )
        raise typer.Exit(FAILED_RUNS)


@command()
def register(
    file: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="File for the page, in place of the terminal.")
    ] = None,
    force: Force = False,
) -> None:
    """Print what a study fixes before its runs, as a page to be registered."""
    from hitl_sim.report.terminal.studies import show_registration
    from hitl_sim.study.study import Study

    if out is not None:
        check_new(out, force)
    show_registration(screen(), Study.load(file, on_code=warn).register(), out)


@command()
def report(
    folder: Folder,
    device: Device = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Print every condition and every reason.")
    ] = False,
) -> None:
    """Write the report of a study again, perhaps for another device.

    Nothing is retrained: records hold counts, and a device profile turns them into
    seconds and joules. The terminal shows the answer in one look; the page has all.
    """
    show_report(screen(), folder, device, f"hitl-sim report {folder}", is_all=is_all)


def show_report(
    console: Console,
    folder: Path,
    device: str | None,
    again: str,
    *,
    is_all: bool = False,
) -> None:
    """Print the report of a folder, and write its page."""
    from hitl_sim.report.terminal.answer import (
        print_own_energy,
        render_first_screen,
        render_terminal,
    )
    from hitl_sim.report.terminal.progress import shown_steps
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.results import open_results
    from hitl_sim.study.analysis_plan import STUDY

    results = open_results(folder)
    if device is not None:
        results = results.reprice(device)
    with shown_steps(console) as step:
        step("billing every run")
        result = results.result
        step("weighing what would change the decision")
        verdicts = results.verdicts
        step("putting the answer in words")
        words = results.words
    own = result, console, words
    if is_all:
        render_terminal(*own)
        print_own_energy(console, folder)
    else:
        render_first_screen(*own, verdicts)
    with shown_steps(console) as step:
        step("drawing the figures and writing the page")
        page = results.report(again=again)
    # only a study can be run again from its folder
    can_confirm = (folder / STUDY).exists()
    print_text(console, "first.more", folder=folder, page=page, can_confirm=can_confirm)


@command()
def plot(
    folder: Folder,
    name: Annotated[
        str | None,
        typer.Argument(help="Name of a figure. Without one all names are listed."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Of which task. Default: the first.")
    ] = None,
    columns: Annotated[
        int, typer.Option(help="Columns of a paper that it is as wide as: 1 or 2.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="File, .pdf or .svg. Default: NAME.pdf in DIR/figures."),
    ] = None,
    device: Device = None,
    force: Force = False,
) -> None:
    """Draw a figure of a study for a paper: vector, fonts within it.

    Widths are 3.5 and 7.16 inches; no text is below 6 points, and colours can be told
    apart by colour-blind readers.
    """
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.report.terminal.studies import print_figures
    from hitl_sim.results import open_results

    console, results = screen(), open_results(folder)
    if name is None:
        print_figures(console)
        return
    if out is not None:
        check_new(out, force)
    path = out or folder / "figures" / f"{name}.pdf"
    if device is not None:
        results = results.reprice(device)
    if results.plot(name, task, "paper", columns, path) is None:
        raise ValueError(
            f"`NAME` must be a figure that applies to this study, got {name!r}: it has"
            " nothing to show there."
        )
    print_text(console, "terminal.figure", path=path, soft_wrap=True)


@command()
def explore(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the page. Default: explore.html in DIR."),
    ] = None,
    device: Device = None,
    fraction: Annotated[
        list[float] | None,
        typer.Option(
            help="Target that may be chosen, as a share of the pilot's best. Repeated. "
            "Default: 0.8, 0.85, 0.9, 0.95 and 1, beside the study's own."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a page that bills a study anew while prices are moved.

    One file, which needs nothing else: wage, tariff, carbon, PUE, device, boundary,
    cost of labels, reuse, queries over the model's life, target and who is asked are
    set in it.
    """
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.results import FRACTIONS, open_results

    if out is not None:
        check_new(out, force)
    console, results = screen(), open_results(folder)
    if device is not None:
        results = results.reprice(device)
    with console.status("billing the runs at every target ..."):
        page = results.explore(out, FRACTIONS if fraction is None else fraction)
    print_text(console, "terminal.page", path=page, soft_wrap=True)


@command()
def status(folder: Folder) -> None:
    """Say how far a study is, what failed, and whether its files can be read."""
    from hitl_sim.report.terminal.studies import print_status
    from hitl_sim.study.status import status_of

    print_status(screen(), status_of(folder))


@command()
def confirm(
    folder: Folder,
    seed: Annotated[
        int | None, typer.Option(help="Fresh seed. Default: the study's plus one.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Fresh runs per arm. Default: the study's.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Run each task's best condition again on fresh seeds, and print the shrinkage."""
    from hitl_sim.report.terminal.progress import shown_progress
    from hitl_sim.report.terminal.studies import print_confirmations
    from hitl_sim.study.confirm import confirm as confirm_study

    console = screen()
    with (
        resumable(console, f"hitl-sim confirm {folder}"),
        shown_progress(console) as show,
    ):
        found = confirm_study(folder, workers or num_cores(), seed, replicates, show)
    print_confirmations(console, found)


@command()
def compare(
    one: Folder,
    other: Annotated[Path, typer.Argument(help="Results folder of another.")],
    device: Device = None,
) -> None:
    """Say what two studies set differently, and what that did to their conditions."""
    from hitl_sim.report.terminal.studies import print_comparison
    from hitl_sim.results import Results

    found = Results(one, device).compare(Results(other, device))
    print_comparison(screen(), found, str(one), str(other))


@command()
def verify(
    folder: Folder,
    n: Annotated[int, typer.Option("--n", help="Record files to draw.")] = 5,
    record: Annotated[
        str | None,
        typer.Option(help="Key of one record to compute again, in place of files."),
    ] = None,
    workers: Workers = None,
) -> None:
    """Compute a sample of a study's records again and compare their bytes.

    Refused where versions, device kind, width or threads are not what they were.
    """
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.study.verify import verify_record, verify_study

    console = screen()
    if record is not None:
        with resumable(console, f"hitl-sim verify {folder} --record {record}"):
            one = verify_record(folder, record)
        print_text(console, "terminal.verified_record", found=one)
        if not one.is_same:
            raise typer.Exit(FAILED_RUNS)
        return
    with resumable(console, f"hitl-sim verify {folder}"):
        found = verify_study(folder, n, workers or num_cores())
    print_text(console, "terminal.verified", found=found)
    if found.unlike:
        raise typer.Exit(FAILED_RUNS)


@command()
def methods(
    folder: Folder,
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
    """Lay a study's efficiency methods side by side: joules, accuracy, human hours."""
    from hitl_sim.report.terminal.method import print_methods, write_methods
    from hitl_sim.study.method_table import MethodPrices, lay_out_methods

    prices = MethodPrices(device, server, link, most_time, power_cap, query_batch)
    result, tables, cases = lay_out_methods(folder, prices)
    console = screen()
    print_methods(console, tables, cases, is_metered=result.is_measured)
    again = f"hitl-sim methods {folder}{prices.options}"
    page = write_methods(result, tables, cases, folder, again)
    console.print(f"Page: {page}", soft_wrap=True)

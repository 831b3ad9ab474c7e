"""Commands about energy: meters, measurements, profiles of devices, budgets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from hitl_sim.cli.app import (
    FAILED_RUNS,
    INTERRUPTED,
    Device,
    Folder,
    Force,
    Workers,
    check_new,
    family,
    refuse,
    screen,
)
from hitl_sim.study.cores import num_cores

if TYPE_CHECKING:
    from hitl_sim.energy.meters import Backend
    from hitl_sim.study.spec import StudySpec

Meters = Annotated[
    list[str] | None,
    typer.Option(
        help="Ask only this meter, as NAME or 'NAME OPTION=VALUE ...'; may be repeated."
    ),
]

_NETWORKS = ("64", "256x256")
_BATCHES = (32, 256)

command = family("Energy")


@command()
def meters(
    selftest: Annotated[
        bool,
        typer.Option(
            "--selftest", help="Also try the counters, and the arithmetic behind them."
        ),
    ] = False,
    meter: Meters = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            help="Learn the watts of busy cores from the counters and write them here, "
            "for the meter cpu_time on days when the counters cannot be read."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Say which energy counters can be read on this machine, and why others cannot."""
    from hitl_sim.energy.meters import calibrate_machine, probe_meters, run_selftest
    from hitl_sim.report.terminal.energy import print_meters, print_selftest

    console = screen()
    backends = _backends(meter)
    print_meters(console, probe_meters(backends))
    if calibrate is not None:
        check_new(calibrate, force, "--calibrate")
        calibrate_machine(backends).write(calibrate)
        console.print(f"Written to {escape(str(calibrate))}", soft_wrap=True)
    if selftest:
        tried = run_selftest(backends)
        print_selftest(console, tried)
        if not tried.is_passed:
            raise typer.Exit(FAILED_RUNS)


def _backends(meters: list[str] | None) -> list[Backend] | None:
    """Return the meters that were asked for; None for those of every machine."""
    from hitl_sim.energy.meters.choose import named_backend

    return [named_backend(words) for words in meters] if meters else None


@command(context_settings={"ignore_unknown_options": True})
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
    meter: Meters = None,
) -> None:
    """Measure the energy of any command: gross, idle and marginal.

    Options of hitl-sim come before the two dashes: hitl-sim measure --idle-s 2 -- CMD.
    """
    from hitl_sim.energy import load_profile
    from hitl_sim.energy.meters import measure_command
    from hitl_sim.report.terminal.energy import print_measurement

    profile = None if device is None else load_profile(device)
    found = measure_command(
        command,
        profile=profile,
        backends=_backends(meter),
        idle_s=idle_s,
        max_relative_error=error,
    )
    print_measurement(screen(), found)
    raise typer.Exit(found.return_code)


@command()
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
    from hitl_sim.report.terminal.energy import print_calibration
    from hitl_sim.report.terminal.progress import timed_progress
    from hitl_sim.study import calibration, sampling

    console = screen()
    if out.suffix.lower() != ".toml":
        raise ValueError(f"`out` must end in .toml, got {str(out)!r}.")
    if out.exists():
        raise ValueError(
            f"`out` must be a new file, got {str(out)!r}. Measurements are never "
            "written over."
        )
    if study and (network or batch):
        raise ValueError("`--study` must not be given with `--network`, `--batch`.")
    device = load_profile(base)
    effort = sampling.Effort(precision, limit)
    specs = [_any_study(path) for path in study or ()]
    conditions = calibration.conditions_of(
        specs or calibration.grid_specs(network or _NETWORKS, batch or _BATCHES)
    )
    with timed_progress(console) as bars:
        task = bars.add_task("starting", total=effort.limit_s)

        def show(state: sampling.Progress) -> None:
            text = f"{state.regime} {state.done}/{state.total} {state.unit}"
            completed = min(state.elapsed_s, effort.limit_s)
            bars.update(task, description=text, completed=completed)

        try:
            found = calibration.calibrate(
                conditions, device, out.stem, workers or num_cores(), effort, show
            )
        except RuntimeError as error:
            refuse(str(error))
    found.write(out)
    print_calibration(console, found, out)
    if found.is_interrupted:
        raise typer.Exit(INTERRUPTED)


@command()
def audit(
    folder: Folder,
    n: Annotated[int, typer.Option("--n", help="Runs to draw.")] = 20,
    device: Device = None,
) -> None:
    """Rerun sampled runs of a study by themselves and compare them with their bill.

    Prints billed ÷ measured with its interval: seconds always, joules where a meter
    can be read. Use a profile that was measured on this machine. Where other programs
    disturb it, runs are tried again, and the audit says if its ratio is no evidence.
    """
    from hitl_sim.energy import load_profile
    from hitl_sim.report.terminal.energy import print_audit
    from hitl_sim.report.terminal.progress import counted_progress
    from hitl_sim.study.audit import audit_study
    from hitl_sim.study.runner import load_spec_of

    console = screen()
    profile = load_profile(device or load_spec_of(folder).device)
    with counted_progress(console) as bars:
        task = bars.add_task("auditing", total=n)

        def show(done: int, total: int) -> None:
            bars.update(task, total=total, completed=done)

        try:
            found = audit_study(folder, n, profile, show)
        except RuntimeError as error:
            refuse(str(error))
    path = found.write(folder)
    print_audit(console, found)
    console.print(f"Written to {path}", soft_wrap=True)
    if found.is_interrupted:
        console.print("Interrupted: the runs that were done are kept.")
        raise typer.Exit(INTERRUPTED)


@command()
def clocks() -> None:
    """Say what clocks and power caps this machine's boards have, and what one saves."""
    from hitl_sim.energy.clock import read_clocks
    from hitl_sim.report.terminal.clock import print_clocks

    print_clocks(screen(), *read_clocks())


@command()
def equivalents(
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
    from hitl_sim.report.terminal.energy import print_equivalents
    from hitl_sim.unit import J_PER_KWH

    if (joules is None) == (kwh is None):
        raise ValueError("exactly one of `--joules` and `--kwh` must be given.")
    for option, given, unit in (("--joules", joules, "J"), ("--kwh", kwh, "kWh")):
        if given is not None and not 0.0 < given < math.inf:
            raise ValueError(
                f"`{option}` must be finite and > 0 {unit}, got {given:g}."
            )
    budget = joules if joules is not None else (kwh or 0.0) * J_PER_KWH
    print_equivalents(screen(), budget, boundary)


def _any_study(path: Path) -> StudySpec:
    """Read a study from its file, or from the results folder that it left."""
    from hitl_sim.study.runner import load_spec_of
    from hitl_sim.study.spec import load_spec

    return load_spec_of(path) if path.is_dir() else load_spec(path)

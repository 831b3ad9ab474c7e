"""The composition root: a study file in, records, an answer and a report out."""

import json
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache as cache_once
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from hitl_sim import cache
from hitl_sim.analysis.run.record import read_groups as read_groups_of
from hitl_sim.cost.price import read_prices
from hitl_sim.energy import load_profile
from hitl_sim.energy.meters import Meter, Window
from hitl_sim.record import RecordError
from hitl_sim.study.analysis_plan import STUDY, lock_plan, write_study
from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.estimate import seconds_one_core, total_flops, worker_mib
from hitl_sim.study.executor import Executor
from hitl_sim.study.folder import (
    LIVE,
    MANIFEST,
    SESSION,
    environment_of,
    merge_units,
    read_folder,
    read_groups,
    read_manifest,
    write_results,
    write_runs,
)
from hitl_sim.study.grid import Condition, count_inert, inert_axes
from hitl_sim.study.kept_parts import with_kept_parts
from hitl_sim.study.manifest import manifest_of
from hitl_sim.study.parts import keep_parts
from hitl_sim.study.plan import (
    Plan,
    build_plan,
    chunks_left,
    plan_study,
    plan_tuned,
)
from hitl_sim.study.search import Seen, check_whole, search
from hitl_sim.study.spec import StudySpec, convert
from hitl_sim.study.stopping import Reach, Stopping, foresee_widths
from hitl_sim.study.store import (
    check_folder,
    damaged_files,
    finished_keys,
    join_labels,
    read_made,
    read_records,
    set_aside,
    write_json,
)
from hitl_sim.study.sweep import Progress, Sweep
from hitl_sim.study.swept import runs_table
from hitl_sim.study.trial import Winner, every_trial, read_winners
from hitl_sim.study.use import find_use


@dataclass(frozen=True)
class DryRun:
    """What a study would do.

    Attributes:
        conditions: cells, pilots included.
        runs: distinct runs, of as many replicates as are computed next.
        runs_left: those without a record in the folder.
        runs_inert: runs, of all conditions, that differ from others along inert axes
            alone.
        others: records in the folder that are not part of this form of the study.
        programs: programs to compile.
        inert: swept fields that change nothing, with the reason.
        flops: matrix operations of the runs left, roughly.
        seconds_one_core: time that they take one core, s, roughly.
        worker_mib: memory of one worker, MiB, roughly.
        joules: what the sweep itself burns if this machine draws what the study's
            device profile draws at work, J, roughly.
        replicates: runs per condition that are computed next.
        most_replicates: those that it may have by its rule; else the same.
        widths: how well rho of each primary comparison can be known with the most
            replicates.
        notes: what looked odd in the tasks' files, how they were read, and what a
            crowd leaves out that was fitted to other classes.
    """

    conditions: int
    runs: int
    runs_left: int
    runs_inert: int
    others: int
    programs: int
    inert: Mapping[str, str]
    flops: float
    seconds_one_core: float
    worker_mib: float
    joules: float
    replicates: int
    most_replicates: int
    widths: tuple[Reach, ...]
    notes: tuple[str, ...] = ()


class StudyRun(NamedTuple):
    """What `run_study` leaves.

    Attributes:
        out: results folder.
        num_runs: distinct runs of the study.
        num_failed: those without a record.
        messages: why.
        set_aside: where record files are now that could not be read.
        num_others: records that are kept, but not part of this form of the study.
        earlier_study: where another study of this folder is kept now, if there was one.
    """

    out: Path
    num_runs: int
    num_failed: int
    messages: tuple[str, ...]
    set_aside: tuple[Path, ...] = ()
    num_others: int = 0
    earlier_study: Path | None = None


def dry_run(spec: StudySpec, out: Path | None = None) -> DryRun:
    """Say what a study would do, without doing any of it.

    Args:
        spec: the study.
        out: results folder whose finished runs would not be computed again.

    Raises:
        SpecError: the study cannot be run as written.
    """
    plan = plan_study(spec, _found_before(out) if out else ())
    finished = finished_keys(out) if out else set[str]()
    return foresee(plan, out, finished, Stopping(plan, out).next_number(finished))


def _found_before(out: Path) -> tuple[Winner, ...]:
    """Read what an earlier search in a folder found; nothing where there was none."""
    if not (out / MANIFEST).exists():
        return ()
    return read_winners(read_made(out, MANIFEST).get("tuning", ()))


def foresee(
    plan: Plan, out: Path | None, finished: Collection[str], number: int
) -> DryRun:
    """Say what a planned study would do: before a run, or in place of one.

    Args:
        plan: the study, with all replicates that it may have.
        out: results folder, if it has one.
        finished: keys of the records in it.
        number: replicates that are computed next.
    """
    spec, finished = plan.spec, set(finished)
    widths = foresee_widths(plan, out if finished else None, spec.most_replicates)
    plan = plan.first(number)
    left = chunks_left(plan, finished)
    keys = {run.key for run in plan.runs}
    flops = total_flops((run for chunk in left for run in chunk.runs), plan.infos)
    programs = len({chunk.group for chunk in left})
    seconds = seconds_one_core(flops, programs)
    return DryRun(
        conditions=len(plan.conditions),
        runs=len(keys),
        runs_left=len(keys - finished),
        runs_inert=number
        * count_inert([c for c in plan.conditions if not c.is_trial], spec),
        others=len(finished - keys),
        programs=programs,
        inert=inert_axes(spec),
        flops=flops,
        seconds_one_core=seconds,
        worker_mib=worker_mib(spec.dispatch_size, plan.conditions, plan.infos),
        joules=seconds * load_profile(spec.device).active_w.value,
        replicates=number,
        most_replicates=spec.most_replicates,
        widths=widths,
        notes=plan.notes(),
    )


def run_study(
    spec: StudySpec,
    out: Path,
    workers: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    place: Place | None = None,
    limit_s: float | None = None,
    on_plan: Callable[[DryRun], None] = lambda _: None,
    winners: Sequence[Winner] = (),
) -> StudyRun:
    """Compute the records of a study that are missing, and write its manifest.

    A finished record is never computed again. Record files that cannot be read are
    moved to `damaged/` and their runs computed again. Where a rule says how many
    replicates there are, batches are added until it is met, or a run fails. Arguments
    are those of `Study.run`; a chunk is taken to hang after a time that is generous to
    what it is expected to take. Where `winners` are given they are the settings of
    control and arms, and none are searched for.

    Returns:
        Counts, and the messages of chunks that failed.

    Raises:
        SpecError: the study cannot be run as written; nothing was done.
        RecordError: the folder cannot be used or holds records of another environment;
            nothing was lost.
        DiskFullError: its disk is full; nothing was lost.
    """
    plan = plan_study(spec, winners or _found_before(out))
    if winners:
        plan = plan_tuned(plan.spec, winners)
    place = place or Place(workers=workers)
    check_simulated(out)
    check_folder(out)
    cache.tidy()
    moved = set_aside(out, damaged_files(out))
    had, kept = finished_keys(out), list[Path | None]()
    stopping = Stopping(plan, out)
    number = stopping.next_number(had)
    on_plan(foresee(plan, out, had, number))
    messages: list[str] = []
    jobs = len(chunks_left(plan, had))

    @cache_once
    def open_one() -> Executor:
        """Open the executor of all sweeps, once there is one with work."""
        return stack.enter_context(open_executor(place, jobs, out))

    def compute(planned: Plan) -> set[str]:
        """Run what is missing of a plan, and return the keys of what is there."""
        finished = finished_keys(out)
        left = chunks_left(planned, finished)
        if left:
            _check_environment(planned, out, place)
        kept.append(keep_plan(planned, out, len(finished)))
        sweep = Sweep(planned, finished, left, limit_s, on_progress)
        messages.extend(sweep.run(open_one, out))
        return finished_keys(out)

    stack, meter = ExitStack(), Meter()
    with stack, meter.window("sweep", phase="train") as window:
        if plan.spec.tune is not None and not winners:
            plan = _tuned(plan.spec, out, compute)
            stopping = Stopping(plan, out)
            number = stopping.next_number(finished_keys(out))
        while True:
            finished = compute(plan.first(number))
            further = stopping.next_number(finished)
            if further == number:
                break
            number = further
    plan = plan.first(number)
    if finished - had:
        _write_own_energy(out, window)
    keys = {run.key for run in plan.runs}
    if stopping.rule is not None:
        told = {"stopping": stopping.described(number, finished)}
        write_runs(out, runs_table(plan), manifest_of(plan) | told)
    write_results(out, find_use(plan.spec, plan.conditions, out))
    return StudyRun(
        out,
        len(keys),
        len(keys - finished),
        tuple(messages),
        tuple(moved),
        len(finished - keys),
        next((path for path in kept if path is not None), None),
    )


def _tuned(spec: StudySpec, out: Path, compute: Callable[[Plan], Any]) -> Plan:
    """Search for the settings of a study's arms, and plan it with what was found.

    Raises:
        RecordError: runs of a trial failed.
    """
    asked: dict[tuple[str, ...], Condition] = {}

    def look(conditions: Sequence[Condition]) -> Seen:
        """Run what is missing of some trials beside all before, and read them."""
        for one in conditions:
            settings = json.dumps(dict(one.settings), sort_keys=True)
            asked[one.task_name, one.arm.name, one.role, settings] = one
        planned = build_plan(spec, list(asked.values()))
        finished = finished_keys(out)
        if chunks_left(planned, finished):
            compute(planned)
        wanted = build_plan(spec, conditions)
        records = join_labels(read_records(out), runs_table(wanted))
        read = read_groups_of(records) if records.num_rows else ()
        found = {(group.condition, group.arm): group for group in read}
        groups = [found.get(label) for label in wanted.condition_labels()]
        check_whole(conditions, groups)
        units = merge_units(read_groups(out, planned.groups).values())
        return Seen([group for group in groups if group is not None], units)

    winners = search(spec, look)
    return plan_tuned(spec, winners, list(asked.values()))


def plan_of(folder: Path) -> Plan:
    """Plan again what a results folder holds, with the settings that were found.

    All trials are in it that a search may have run.

    Raises:
        RecordError: the folder holds no study.
        SpecError: its data or parts are not at hand.
    """
    spec = load_spec_of(folder)
    winners = read_winners(read_manifest(folder).get("tuning", ()))
    return plan_tuned(spec, winners, every_trial(spec))


def _write_own_energy(out: Path, window: Window) -> None:
    """Keep what this call itself burned, beside the records and never among them."""
    reading = window.reading
    write_json(
        out / "sidecar" / "sweep.json",
        {
            "seconds": reading.seconds.to_json(),
            "gross": [joules.to_json() for joules in reading.gross],
        },
    )


def keep_plan(plan: Plan, out: Path, num_records: int) -> Path | None:
    """Write what the folder is of, so that it can be run again, and read alone.

    Args:
        plan: the study.
        out: results folder.
        num_records: finished records that it holds.

    Returns:
        Where another study of this folder is kept now, if there was one.

    Raises:
        RecordError: groups of the folder were run in different environments, or its
            earlier plans cannot be read.
    """
    keep_parts(plan.spec, out)
    study = msgspec.to_builtins(plan.spec)
    lock_plan(out, study, num_records)
    earlier = write_study(out, study)
    write_runs(out, runs_table(plan), manifest_of(plan))
    return earlier


def _check_environment(plan: Plan, out: Path, place: Place) -> None:
    """Refuse to add records of another environment, as far as is known here.

    Raises:
        RecordError: which would else be found after all runs.
    """
    there = environment_of(read_groups(out, plan.groups), out)
    if place.kind != "local":
        return  # workers elsewhere look for themselves
    here = {name: version(name) for name in ("jax", "jaxlib", "numpy")}
    here |= {"python": platform.python_version(), "machine": platform.machine()}
    for name, value in here.items():
        if there.get(name, value) != value:
            raise RecordError(
                f"Records in {str(out)!r} must come from one environment, got "
                f"{there[name]!r} of {name} there and {value!r} here. Run into another "
                "folder."
            )


def load_study(out: Path) -> tuple[StudySpec, pa.Table, dict[str, Any]]:
    """Read a finished or interrupted study.

    Returns:
        The spec, the named records that are there, and the manifest.

    Raises:
        RecordError: the folder holds no study.
    """
    return load_spec_of(out), *read_folder(out)


def check_simulated(out: Path) -> None:
    """Refuse a folder whose answers no program can give again.

    Raises:
        RecordError: real people answered, or are about to.
    """
    if (out / LIVE).exists():
        raise RecordError(
            f"{str(out)!r} must be the folder of a study whose people are simulated or "
            "recorded, got one of real people at a desk: `hitl-sim live` goes on with "
            "it, and `report`, `explore` and `compare` read it."
        )


def load_spec_of(out: Path) -> StudySpec:
    """Read the study that a results folder belongs to.

    Raises:
        RecordError: the folder holds none, or one of another schema.
    """
    if (out / SESSION).exists():
        raise RecordError(
            f"{str(out)!r} must be the folder of a study, got that of a session: only "
            "the loop that made it can run it again."
        )
    check_simulated(out)
    raw = read_made(out, STUDY)
    try:
        raw["prices"] = msgspec.to_builtins(read_prices(raw["prices"]))
        return with_kept_parts(convert(raw), out)
    except (KeyError, ValueError) as error:
        raise RecordError(f"{str(out / STUDY)!r}: {error}") from error

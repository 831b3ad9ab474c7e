"""Records computed once more, and held against those on disk byte by byte."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitl_sim.record import RecordError
from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.executor import WORKER
from hitl_sim.study.plan import Chunk, Plan
from hitl_sim.study.runner import plan_of
from hitl_sim.study.store import (
    keys_in,
    read_record,
    record_file,
    records_folder,
    table_bytes,
)

_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Verification:
    """What a second computation says of some record files.

    Attributes:
        files: record files that were computed again.
        runs: runs in them.
        total: record files of the study.
        unlike: names of those whose bytes differ.
        strange: record files that hold runs of another study.
    """

    files: int
    runs: int
    total: int
    unlike: tuple[str, ...]
    strange: int


@dataclass(frozen=True)
class VerifiedRecord:
    """What a second computation says of one record.

    Attributes:
        key: of the record.
        task: of its run.
        arm: of its run.
        settings: swept values of its condition.
        replicate: of its run.
        file: name of the record file that holds it.
        is_same: whether its bytes are the same.
        unlike: its columns whose values differ.
    """

    key: str
    task: str
    arm: str
    settings: Mapping[str, Any]
    replicate: int
    file: str
    is_same: bool
    unlike: tuple[str, ...]


def verify_study(
    folder: Path,
    num_files: int,
    workers: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Compute a sample of a folder's record files again and compare their bytes.

    Bytes are compared only where everything that fixes them is as it was: versions,
    device kind, dispatch size, vmap size and threads, as the manifest of each program
    keeps them.

    Args:
        folder: results folder.
        num_files: how many to draw, by the study's seed; all of them if there are
            fewer.
        workers: processes.
        on_progress: called with files done and to be done.

    Returns:
        What was found.

    Raises:
        RecordError: the folder holds no study or no record, a file is damaged, or this
            environment is not the one of the records.
        ValueError: fewer than one file is asked for.
    """
    if num_files < 1:
        raise ValueError(f"`n` must be >= 1, got {num_files}.")
    plan = plan_of(folder)
    runs = {run.key: run for run in plan.runs}
    paths = sorted(records_folder(folder).glob("*.parquet"))
    chunks = []
    for path in paths:
        keys = keys_in(path)
        if all(key in runs for key in keys):
            own = tuple(runs[key] for key in keys)
            chunks.append(Chunk(path.stem, plan.group_of(own[0]), own))
    if not chunks:
        raise RecordError(f"{str(folder)!r} must hold records of its study, got none.")
    order = np.random.default_rng(plan.spec.seed).permutation(len(chunks))[:num_files]
    drawn = [chunks[i] for i in sorted(order)]
    with tempfile.TemporaryDirectory() as again:
        out = Path(again)
        _compute_again(plan, folder, drawn, workers, out, on_progress)
        files = [(record_file(out, c.id), record_file(folder, c.id)) for c in drawn]
        unlike = [b.name for a, b in files if a.read_bytes() != b.read_bytes()]
    return Verification(
        len(drawn),
        sum(len(chunk.runs) for chunk in drawn),
        len(chunks),
        tuple(unlike),
        len(paths) - len(chunks),
    )


def verify_record(folder: Path, key: str) -> VerifiedRecord:
    """Compute one record of a folder again, alone, and compare its bytes.

    It is computed in a dispatch of the same width, whose other lanes are padding, for
    lanes do not touch each other.

    Args:
        folder: results folder.
        key: of the record, as in the column `key` of its results.

    Returns:
        What was found.

    Raises:
        RecordError: the folder holds no study, a file is damaged, or this environment
            is not the one of the record.
        ValueError: no finished run of the study has this key.
    """
    plan = plan_of(folder)
    run = next((run for run in plan.runs if run.key == key), None)
    found = None
    for path in sorted(records_folder(folder).glob("*.parquet")):
        if (found := read_record(path, key)) is not None:
            break
    if run is None or found is None:
        why = "that run is not finished"
        if run is None:
            why = "that record belongs to another form of the study"
        if run is None and found is None:
            why = f"column `key` of {folder / 'results.parquet'} lists them"
        raise ValueError(
            f"`record` must be the key of a finished run of the study, got {key!r}: "
            f"{why}."
        )
    chunk = Chunk(path.stem, plan.group_of(run), (run,))
    with tempfile.TemporaryDirectory() as again:
        out = Path(again)
        _compute_again(plan, folder, [chunk], 1, out)
        new = read_record(record_file(out, chunk.id), key)
    if new is None:
        raise RuntimeError(f"a worker must write the record {key!r} that it computed.")
    names = dict.fromkeys([*new.column_names, *found.column_names])
    return VerifiedRecord(
        key,
        run.condition.task_name,
        run.condition.arm.name,
        run.condition.settings,
        run.replicate,
        path.name,
        table_bytes(new) == table_bytes(found),
        tuple(
            name
            for name in names
            if name not in new.column_names
            or name not in found.column_names
            or table_bytes(new.select([name])) != table_bytes(found.select([name]))
        ),
    )


def _compute_again(
    plan: Plan,
    folder: Path,
    chunks: Sequence[Chunk],
    workers: int,
    out: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Compute chunks of a folder into another.

    Raises:
        RecordError: this environment is not that of the folder, or a chunk fails.
    """
    spec = plan.spec
    with open_executor(Place(workers=workers), len(chunks), out) as executor:
        mapping = (spec.dispatch_size, spec.vmap_size)
        now = executor.submit(WORKER, "environment", *mapping).result()
        for group in {chunk.group: None for chunk in chunks}:
            _check_environment(folder, group, now)
        futures = [
            executor.submit(WORKER, "run_chunk", chunk, str(out), _LIMIT_S)
            for chunk in chunks
        ]
        for done, (chunk, future) in enumerate(zip(chunks, futures, strict=True)):
            on_progress(done, len(chunks))
            report = future.result()
            if not report.is_ok:
                raise RecordError(
                    f"Chunk {chunk.id} must run here as it did before, but failed: "
                    f"{report.message}"
                )


def _check_environment(folder: Path, group: str, now: Mapping[str, Any]) -> None:
    """Refuse to compare what was computed elsewhere, or is not known where.

    Raises:
        RecordError: the environment differs, or cannot be read.
    """
    path = folder / "groups" / f"{group}.json"
    try:
        then: Mapping[str, Any] = json.loads(path.read_text())["environment"]
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise RecordError(
            f"{str(path)!r} must say in what environment its records were computed: "
            f"{error}."
        ) from error
    unlike = [
        f"{name} was {then.get(name)!r} and is {now.get(name)!r}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
    if unlike:
        raise RecordError(
            "Bytes can be compared only in the environment that computed the records, "
            f"but {'; '.join(unlike)}."
        )

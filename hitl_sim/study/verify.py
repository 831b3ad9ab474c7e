"""Records computed once more, and held against those on disk byte by byte."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitl_sim.record import RecordError
from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.executor import WORKER
from hitl_sim.study.plan import Chunk
from hitl_sim.study.runner import plan_of
from hitl_sim.study.store import keys_in, record_file, records_folder

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
    spec = plan.spec
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
    order = np.random.default_rng(spec.seed).permutation(len(chunks))[:num_files]
    drawn = [chunks[i] for i in sorted(order)]
    unlike = []
    with tempfile.TemporaryDirectory() as again:
        out = Path(again)
        place = Place(workers=workers)
        with open_executor(place, len(drawn), out) as executor:
            mapping = (spec.dispatch_size, spec.vmap_size)
            now = executor.submit(WORKER, "environment", *mapping).result()
            for group in {chunk.group: None for chunk in drawn}:
                _check_environment(folder, group, now)
            futures = [
                executor.submit(WORKER, "run_chunk", chunk, again, _LIMIT_S)
                for chunk in drawn
            ]
            for done, (chunk, future) in enumerate(zip(drawn, futures, strict=True)):
                on_progress(done, len(drawn))
                report = future.result()
                if not report.is_ok:
                    raise RecordError(
                        f"Chunk {chunk.id} must run here as it did before, but failed: "
                        f"{report.message}"
                    )
                new, old = record_file(out, chunk.id), record_file(folder, chunk.id)
                if new.read_bytes() != old.read_bytes():
                    unlike.append(old.name)
    return Verification(
        len(drawn),
        sum(len(chunk.runs) for chunk in drawn),
        len(chunks),
        tuple(unlike),
        len(paths) - len(chunks),
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

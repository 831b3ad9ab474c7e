"""What a results folder holds, and what it still lacks; nothing is computed."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.study.folder import RESULTS, read_keys, read_manifest, read_runs
from hitl_sim.study.store import damaged_files, keys_in, read_errors, records_folder


@dataclass(frozen=True)
class ArmStatus:
    """How many of one arm's distinct runs on one task are finished."""

    task: str
    arm: str
    done: int
    total: int


@dataclass(frozen=True)
class Failure:
    """A stored error: how many chunks and unfinished runs it stopped."""

    message: str
    chunks: int
    runs: int


@dataclass(frozen=True)
class Status:
    """What a results folder holds.

    Attributes:
        question: of the study.
        done: distinct runs of the study that are finished.
        total: its distinct runs.
        arms: the same by task and arm.
        failures: errors of chunks that are still to do; a rerun tries them again.
        damaged: record files that cannot be read.
        set_aside: damaged files that were moved away before.
        others: finished runs of another form of the study, which are kept.
        is_reported: whether `results.parquet` holds every finished run of the study.
        is_searching: whether these are runs of trials, from which [tune] has not yet
            chosen the settings of the study's own.
    """

    question: str
    done: int
    total: int
    arms: tuple[ArmStatus, ...]
    failures: tuple[Failure, ...]
    damaged: tuple[Path, ...]
    set_aside: int
    others: int
    is_reported: bool
    is_searching: bool


def status_of(folder: Path) -> Status:
    """Look through a results folder.

    Raises:
        RecordError: it holds no study, or one of another schema.
    """
    manifest = read_manifest(folder)
    damaged = damaged_files(folder)
    paths = set(records_folder(folder).glob("*.parquet")) - set(damaged)
    finished = {key for path in paths for key in keys_in(path)}
    keys_of: dict[tuple[str, str], set[str]] = {}
    columns = read_runs(folder, ["task", "arm", "key"]).to_pydict()
    for task, arm, key in zip(*columns.values(), strict=True):
        keys_of.setdefault((task, arm), set()).add(key)
    keys = set(columns["key"])
    chunks: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for error in read_errors(folder):
        left = keys.intersection(error["keys"]) - finished
        if left:
            chunks[error["error"]] += 1
            runs[error["error"]] += len(left)
    return Status(
        question=manifest["study"]["question"],
        done=len(keys & finished),
        total=len(keys),
        arms=tuple(
            ArmStatus(task, arm, len(own & finished), len(own))
            for (task, arm), own in keys_of.items()
        ),
        failures=tuple(Failure(text, chunks[text], runs[text]) for text in chunks),
        damaged=tuple(damaged),
        set_aside=len(list((folder / "damaged").glob("*.parquet"))),
        others=len(finished - keys),
        is_reported=keys & finished <= read_keys(folder / RESULTS),
        is_searching=manifest["study"].get("tune") is not None
        and not manifest.get("tuning"),
    )

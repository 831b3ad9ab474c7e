"""A session's folder: what it is of, its runs, and the tables that reports read.

`session.json` holds the session, `session/KEY.json` each run that was begun, with what
names it once it is finished. From these `runs.parquet`, `manifest.json` and
`results.parquet` are written anew as runs end, and whenever a session begins or ends,
so that a folder can be read at any time, whatever was killed. Only one process writes
them at once.
"""

from __future__ import annotations

import functools
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from hitl_sim import __version__
from hitl_sim.energy import DeviceProfile
from hitl_sim.output import write_bytes
from hitl_sim.record import LABEL_SCHEMA, SCHEMA
from hitl_sim.session.claim import Claim
from hitl_sim.session.desk import Crowd
from hitl_sim.session.error import SessionError
from hitl_sim.session.profile import measured_profile
from hitl_sim.session.withdrawal import withdrawal_note
from hitl_sim.study.analysis_plan import lock_plan
from hitl_sim.study.folder import SESSION, write_results, write_runs
from hitl_sim.study.made_by import made_by
from hitl_sim.study.store import (
    records_folder,
    table_bytes,
    write_json,
)

_LIBRARIES = ("numpy", "jax", "jaxlib", "flax", "torch")
PILOTED = (
    "The target was fixed by the control's own runs, so the control always reaches it; "
    "a run of role 'pilot' would fix it beforehand."
)
UNLABELLED = (
    "No run says how many given labels it learned from, so what labels cost changes "
    "nothing."
)
KIND_OF_LABELS = "labelling"
"""Kind of arms that ask for labels, whose time prices those that must be bought."""
OWN_LOOP = "own_loop"
"""Kind of arms that ask nobody."""
ROLES = ("control", "pilot", "null", "arm")


def read_session(out: Path) -> dict[str, Any] | None:
    """Read what session a folder is of; None where it is of none.

    Raises:
        SessionError: the file cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads((out / SESSION).read_text())
    except FileNotFoundError:
        return None
    except (OSError, json.JSONDecodeError) as error:
        raise SessionError(
            f"{str(out / SESSION)!r} cannot be read ({error})."
        ) from error
    return found


def run_file(out: Path, key: str) -> Path:
    """Return the file that names a run."""
    return out / "session" / f"{key}.json"


def claim_of(out: Path, name: str) -> Claim:
    """Return the claim on a run, or on the folder's tables."""
    return Claim(out / "session" / f"{name}.lock")


def recorded_keys(out: Path) -> set[str]:
    """Return the keys of finished runs; a record is there whole, or not at all."""
    return {path.stem for path in records_folder(out).glob("*.parquet")}


def read_run_files(out: Path, session: str) -> list[dict[str, Any]]:
    """Read the runs of a folder that were begun by a session of this identity."""
    paths = [(path, path.stat()) for path in (out / "session").glob("*.json")]
    runs = [_read_run(path, (stat.st_ino, stat.st_mtime_ns)) for path, stat in paths]
    return sorted((run for run in runs if run["session"] == session), key=_place)


@functools.lru_cache(maxsize=100_000)
def _read_run(path: Path, version: tuple[int, int]) -> dict[str, Any]:
    """Read a run's file, once for each time that it was written."""
    del version
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _place(run: Mapping[str, Any]) -> tuple[int, str, int]:
    return ROLES.index(run["role"]), run["arm"], run["replicate"]


def write_answers(out: Path, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep every answer of a run, in the form that a recording has."""
    from hitl_sim.participants.answers import FIELDS  # noqa: PLC0415 - loads scipy

    if not rows:
        return
    fields = {**FIELDS, "source": pa.string(), "round": pa.int64()}
    columns = {
        name: pa.array([row.get(name) for row in rows], kind)
        for name, kind in fields.items()
    }
    words = {"origin": f"session, run {key}", "notes": ""}
    table = pa.table(columns).replace_schema_metadata(words)
    write_bytes(out / "answers" / f"{key}.parquet", table_bytes(table))


def publish(out: Path, session: Mapping[str, Any], base: DeviceProfile) -> None:
    """Write what a report reads, of all runs that there are by now.

    Args:
        out: the folder.
        session: of the folder: `identity`, `study`, `populations` and `parameters` of
            the crowd, `hash`.
        base: device that stands where nothing was measured.
    """
    with claim_of(out, "tables"):
        runs = read_run_files(out, session["hash"])
        finished = recorded_keys(out)
        if not any(run["key"] in finished for run in runs):
            return
        measured = [
            json.loads((out / "sidecar" / f"{run['key']}.json").read_text())
            for run in runs
            if run["key"] in finished
        ]
        profile = measured_profile(base, measured)
        manifest = _manifest(out, session, runs, measured, profile)
        write_runs(out, _runs_table(runs, session, finished), manifest)
        write_results(out)


def _manifest(
    out: Path,
    session: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    measured: Sequence[Mapping[str, Any]],
    profile: DeviceProfile,
) -> dict[str, Any]:
    study = dict(session["study"])
    notes = [study["note"]] if study["note"] else []
    if not any(run["role"] == "pilot" for run in runs):
        notes.append(PILOTED)
    if not any(run["pool_labels"] for run in runs):
        notes.append(UNLABELLED)
    if note := withdrawal_note(out):
        notes.append(note)
    asked = [run["asked"] for run in runs if run["asked"]]
    kinds = sorted({kind for one in asked for kind in one["feedback"]})
    crowd = session["crowd"]
    task = str(session["task"])
    return {
        "schema": SCHEMA,
        "study": study | {"note": " ".join(notes)},
        "profile": msgspec.to_builtins(profile),
        "tasks": {
            task: {
                "source": "a training loop of one's own",
                "content_hash": session["base"],
                "classes": [],
                "class_counts": [],
            }
        },
        "populations": {crowd.name: crowd.described(kinds)} if kinds else {},
        "groups": [],
        "units": {
            line["unit"]: _unit(line["phase"])
            for run in measured
            for line in run["units"]
        },
        "environment": environment(),
        "made_by": made_by(),
    }


def _unit(phase: str) -> dict[str, Any]:
    """Describe a unit of work of which nobody counted the operations."""
    counts = {"flops": {}, "matrix_flops": {}, "bytes_moved": 0.0, "num_kernels": 0.0}
    return {"phase": phase, "is_counted": False, **counts}


def _runs_table(
    runs: Sequence[Mapping[str, Any]],
    session: Mapping[str, Any],
    finished: set[str],
) -> pa.Table:
    """Name every run that was begun, the control's once more where it is the pilot."""
    asked: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        if run["asked"]:
            asked.setdefault(run["condition"], run["asked"])
    labels = [_label(run, session, asked.get(run["condition"])) for run in runs]
    rows = [
        {"key": run["key"]} | label for run, label in zip(runs, labels, strict=True)
    ]
    has_pilot = any(r["role"] == "pilot" and r["key"] in finished for r in runs)
    if not has_pilot:
        rows += [
            row | {"role": "pilot", "condition": f"{row['condition']}p"}
            for row in rows
            if row["role"] == "control"
        ]
    schema = pa.schema([("key", pa.string()), *LABEL_SCHEMA])
    return pa.Table.from_pylist(rows, schema=schema)


def _label(
    run: Mapping[str, Any],
    session: Mapping[str, Any],
    asked: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Name a run as `LABEL_SCHEMA` has it."""
    kinds = list(asked["feedback"]) if asked else []
    kind = KIND_OF_LABELS if kinds == ["label"] else "_and_".join(kinds) or OWN_LOOP
    crowd = session["crowd"]
    parameters: dict[str, Any] = {}
    if asked:
        parameters = {
            "population": crowd.name,
            **parameters_of(crowd),
            "feedback": ", ".join(kinds),
            "people": asked["people"],
            "asks": asked["asks"],
        }
    return {
        "task": session["task"],
        "arm": run["arm"],
        "role": run["role"],
        "kind": kind,
        "population": crowd.name if asked else None,
        "settings": "{}",
        "parameters": json.dumps(parameters, sort_keys=True),
        "condition": run["condition"],
        "base": session["base"],
    }


def parameters_of(crowd: Crowd) -> dict[str, Any]:
    """Return what was set of a crowd; of real people the name of their recording."""
    real = {} if crowd.source == "simulated" else {"recording": crowd.name}
    return crowd.parameters() | real


def environment() -> dict[str, Any]:
    """Say what ran: versions of what is loaded, and the machine's kind."""
    found: dict[str, Any] = {
        "hitl_sim": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    for name in _LIBRARIES:
        if name in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found


def fix_plan(out: Path, study: Mapping[str, Any]) -> None:
    """Keep what the session fixes before its first record; see `analysis_plan`."""
    lock_plan(out, study, len(recorded_keys(out)))


def write_session(out: Path, tables: Mapping[str, Any]) -> None:
    """Keep what the folder is of."""
    write_json(out / SESSION, tables, is_sorted=False)

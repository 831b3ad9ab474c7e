"""Records on disk: one immutable Parquet file per chunk, written by atomic replace."""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hitl_sim import __version__
from hitl_sim.output import write_bytes

SCHEMA = 1
"""Version of the record's columns; part of every key."""
RECORD_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("replicate", pa.int64()),
        ("outcome", pa.string()),
        ("step", pa.list_(pa.int64())),
        ("fit_step", pa.list_(pa.int64())),
        ("validation_accuracy", pa.list_(pa.float32())),
        ("test_accuracy", pa.list_(pa.float32())),
        ("work_unit", pa.list_(pa.string())),
        ("work_phase", pa.list_(pa.string())),
        ("work_standing", pa.list_(pa.string())),
        ("work_count", pa.list_(pa.list_(pa.int64()))),
        ("asked", pa.list_(pa.int64())),
        ("answered", pa.list_(pa.int64())),
        ("worked_s", pa.list_(pa.float64())),
        ("paid_s", pa.list_(pa.float64())),
        ("wait_s", pa.list_(pa.float64())),
        ("elapsed_s", pa.list_(pa.float64())),
        ("requester_s", pa.float64()),
        ("pool_labels", pa.int64()),
        ("validation_labels", pa.int64()),
        ("answer_accuracy", pa.float32()),
        ("kept_clean_frac", pa.float32()),
        ("train_items", pa.int64()),
        ("label_accuracy", pa.float32()),
    ],
    metadata={"hitl_sim_schema": str(SCHEMA)},
)
"""Columns of a record: counts, human seconds and outcomes, and nothing with a price."""

REPLAY_SCHEMA = pa.schema(
    [
        ("replayed", pa.int64()),
        ("modelled", pa.int64()),
        ("untimed", pa.int64()),
        ("left_out", pa.int64()),
    ]
)
"""Columns of records whose answers were replayed: answers (or skips) from the recording
and from fitted people, recorded ones with a fitted time, and questions not asked."""

LABEL_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("arm", pa.string()),
        ("role", pa.string()),
        ("kind", pa.string()),
        ("population", pa.string()),
        ("settings", pa.string()),
        ("dials", pa.string()),
        ("condition", pa.string()),
        ("base", pa.string()),
    ]
)
"""Columns that a study adds to its records: names, which may change under a key."""


_SCHEMA_FILE = "schema.json"
_STALE_S = 3600.0
"""Age at which a half-written file is nobody's; a write takes well under a second."""


class RecordError(RuntimeError):
    """A results folder that cannot be used as it is; the message names the path."""


class DamagedFileError(RecordError):
    """A record file that cannot be read.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, reason: object) -> None:
        """Name the file and what is wrong with it."""
        why = " ".join(str(reason).split())
        super().__init__(
            f"Record file {str(path)!r} cannot be read ({why}). `hitl-sim run` sets "
            "it aside and computes its runs again."
        )
        self.path = path


def write_json(path: Path, tables: Any) -> None:
    """Write plain tables as JSON, keys sorted, by atomic replace."""
    text = json.dumps(tables, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, by atomic replace; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    write_bytes(path, sink.getvalue().to_pybytes())


def check_folder(out: Path) -> None:
    """Make the results folder, see that it can be written, and tidy it.

    What a killed writer left half written is removed once it is too old to belong to
    another runner of the same folder.

    Raises:
        RecordError: it cannot be made or written, or holds records of another schema.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise RecordError(
            f"`out` must be a folder that can be written, got {str(out)!r}: "
            f"{error.strerror}."
        ) from error
    check_schema(out)
    write_json(out / _SCHEMA_FILE, {"schema": SCHEMA, "hitl_sim": __version__})
    for left in records_folder(out).glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()


def check_schema(out: Path) -> None:
    """See that a folder's records have this version's columns.

    Raises:
        RecordError: another version of hitl_sim made them; nothing was touched.
    """
    path = out / _SCHEMA_FILE
    try:
        made = json.loads(path.read_text())
    except FileNotFoundError:
        return
    except (OSError, json.JSONDecodeError) as error:
        raise RecordError(f"{str(path)!r} cannot be read ({error}).") from error
    _check_version(made.get("schema"), str(out), made.get("hitl_sim"))


def _check_version(schema: object, where: str, version: object) -> None:
    if schema == SCHEMA:
        return
    is_newer = isinstance(schema, int) and schema > SCHEMA
    advice = "upgrade hitl_sim" if is_newer else "run into another folder"
    raise RecordError(
        f"Records in {where!r} must have schema {SCHEMA}, got {schema!r}"
        f"{f' of hitl_sim {version}' if version else ''}: {advice}. Nothing was "
        "touched."
    )


def records_folder(out: Path) -> Path:
    """Folder of the record files."""
    return out / "records"


def record_file(out: Path, chunk_id: str) -> Path:
    """File of one chunk's records."""
    return records_folder(out) / f"{chunk_id}.parquet"


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read one file of records, or some columns of it.

    Raises:
        DamagedFileError: it cannot be read.
        RecordError: its columns are those of another schema.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            there = file.schema_arrow.names
            more = [name for name in REPLAY_SCHEMA.names if name in there]
            names = columns or [*RECORD_SCHEMA.names, *more]
            metadata = file.schema_arrow.metadata or {}
            schema = metadata.get(b"hitl_sim_schema", b"none").decode()
            is_ours = schema == str(SCHEMA)
            table = file.read(columns=names) if is_ours else RECORD_SCHEMA.empty_table()
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(path, error) from error
    if not is_ours:
        _check_version(int(schema) if schema.isdigit() else None, str(path), None)
    if is_ours and table.schema.names != names:
        raise DamagedFileError(path, "its columns are others")
    return table


def read_records(out: Path) -> pa.Table:
    """Read every finished record of a folder.

    Raises:
        DamagedFileError: a file cannot be read; its name is given.
        RecordError: a file has another schema.
    """
    check_schema(out)
    tables = [_read(path) for path in sorted(records_folder(out).glob("*.parquet"))]
    if not tables:
        return RECORD_SCHEMA.empty_table()
    return pa.concat_tables(tables, promote_options="default")


def finished_keys(out: Path) -> set[str]:
    """Keys of the records that a folder holds.

    Raises:
        DamagedFileError: a file cannot be read; its name is given.
        RecordError: a file has another schema.
    """
    check_schema(out)
    return {
        key for path in records_folder(out).glob("*.parquet") for key in keys_in(path)
    }


def keys_in(path: Path) -> list[str]:
    """Keys in one file of records, in its order.

    Raises:
        DamagedFileError: it cannot be read.
        RecordError: it has another schema.
    """
    keys: list[str] = _read(path, ["key"]).column("key").to_pylist()
    return keys


def damaged_files(out: Path) -> list[Path]:
    """Record files that cannot be read to their end."""
    found = []
    for path in sorted(records_folder(out).glob("*.parquet")):
        try:
            _read(path)
        except DamagedFileError:
            found.append(path)
    return found


def set_aside(out: Path, paths: Iterable[Path]) -> list[Path]:
    """Move damaged record files to `damaged/`, where nobody reads them.

    Returns:
        Where they are now; a file that was moved there before keeps its name.
    """
    moved = []
    for path in paths:
        target = out / "damaged" / path.name
        target.parent.mkdir(exist_ok=True)
        number = 0
        while target.exists():
            number += 1
            target = target.with_name(f"{path.stem}.{number}{path.suffix}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, target)
            moved.append(target)
    return moved


def write_records(out: Path, chunk_id: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write one chunk's records."""
    path, schema = record_file(out, chunk_id), RECORD_SCHEMA
    for field in REPLAY_SCHEMA if rows and "replayed" in rows[0] else ():
        schema = schema.append(field)
    write_table(path, pa.Table.from_pylist(list(rows), schema=schema))
    return path


def write_error(out: Path, chunk_id: str, error: Mapping[str, Any]) -> Path:
    """Store a chunk's failure; a rerun tries it again."""
    path = out / "errors" / f"{chunk_id}.json"
    write_json(path, error)
    return path


def read_errors(out: Path) -> list[dict[str, Any]]:
    """Failures that are stored, with the chunk of each."""
    found = []
    for path in sorted((out / "errors").glob("*.json")):
        with contextlib.suppress(OSError, json.JSONDecodeError):
            found.append({"chunk": path.stem} | json.loads(path.read_text()))
    return found


def clear_error(out: Path, chunk_id: str) -> None:
    """Forget a failure once the chunk has succeeded."""
    (out / "errors" / f"{chunk_id}.json").unlink(missing_ok=True)


def join_labels(
    records: pa.Table, labels: Iterable[tuple[str, Mapping[str, Any]]]
) -> pa.Table:
    """Give records the names that one study has for them, in the study's order.

    Args:
        records: finished records, in any order.
        labels: key and values of `LABEL_SCHEMA` of each run, in the study's order;
            those without a record are left out, and a key may come more than once.

    Returns:
        A table of `LABEL_SCHEMA` and `RECORD_SCHEMA` columns, and of `REPLAY_SCHEMA`
        where any answers were replayed.
    """
    position: dict[str, int] = {}
    for i, key in enumerate(records.column("key").to_pylist()):
        position.setdefault(key, i)
    found = [(position[key], dict(names)) for key, names in labels if key in position]
    rows = records.take(pa.array([row for row, _ in found], pa.int64()))
    named = pa.Table.from_pylist([names for _, names in found], LABEL_SCHEMA)
    for field in (*RECORD_SCHEMA, *REPLAY_SCHEMA):
        if field.name in rows.column_names:
            named = named.append_column(field, rows.column(field.name))
    return named

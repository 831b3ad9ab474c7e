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
    ]
)
"""Columns of a record: counts, human seconds and outcomes, and nothing with a price."""

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


_STALE_S = 3600.0
"""Age at which a half-written file is nobody's; a write takes well under a second."""


class RecordError(RuntimeError):
    """A results folder that cannot be used as it is; the message names the path."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: elsewhere first, then an atomic replace."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, tables: Any) -> None:
    """Write plain tables as JSON, keys sorted, by atomic replace."""
    text = json.dumps(tables, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, by atomic replace; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", store_schema=True)
    write_bytes(path, sink.getvalue().to_pybytes())


def check_folder(out: Path) -> None:
    """Make the results folder, see that it can be written, and tidy it.

    What a killed writer left half written is removed once it is too old to belong to
    another runner of the same folder.

    Raises:
        RecordError: it cannot be made or written.
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
    for left in records_folder(out).glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()


def records_folder(out: Path) -> Path:
    """Folder of the record files."""
    return out / "records"


def read_records(out: Path) -> pa.Table:
    """Read every finished record of a folder.

    Raises:
        RecordError: a file is damaged; its name is given.
    """
    tables = []
    for path in sorted(records_folder(out).glob("*.parquet")):
        try:
            tables.append(pq.read_table(path, schema=RECORD_SCHEMA))
        except (pa.ArrowInvalid, OSError) as error:
            raise RecordError(
                f"Record file {str(path)!r} cannot be read ({error}); remove it and "
                "run the study again."
            ) from error
    if not tables:
        return RECORD_SCHEMA.empty_table()
    return pa.concat_tables(tables)


def finished_keys(out: Path) -> set[str]:
    """Keys of the records that a folder holds."""
    return set(read_records(out).column("key").to_pylist())


def write_records(out: Path, chunk_id: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write one chunk's records."""
    path = records_folder(out) / f"{chunk_id}.parquet"
    write_table(path, pa.Table.from_pylist(list(rows), schema=RECORD_SCHEMA))
    return path


def write_error(out: Path, chunk_id: str, error: Mapping[str, Any]) -> Path:
    """Store a chunk's failure; a rerun tries it again."""
    path = out / "errors" / f"{chunk_id}.json"
    write_json(path, error)
    return path


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
        A table of `LABEL_SCHEMA` and `RECORD_SCHEMA` columns.
    """
    position: dict[str, int] = {}
    for i, key in enumerate(records.column("key").to_pylist()):
        position.setdefault(key, i)
    found = [(position[key], dict(names)) for key, names in labels if key in position]
    rows = records.take(pa.array([row for row, _ in found], pa.int64()))
    named = pa.Table.from_pylist([names for _, names in found], LABEL_SCHEMA)
    for name in RECORD_SCHEMA.names:
        named = named.append_column(RECORD_SCHEMA.field(name), rows.column(name))
    return named

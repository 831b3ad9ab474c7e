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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hitl_sim import __version__
from hitl_sim.output import write_bytes
from hitl_sim.record import RECORD_SCHEMA, REPLAY_SCHEMA, SCHEMA, RecordError

_SCHEMA_FILE = "schema.json"
_STALE_S = 3600.0
"""Age at which a half-written file is nobody's; a write takes well under a second."""


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


def write_json(path: Path, tables: Any, *, is_sorted: bool = True) -> None:
    """Write plain tables as JSON by atomic replace, keys sorted or in their order."""
    text = json.dumps(tables, indent=1, sort_keys=is_sorted, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, by atomic replace; equal tables give equal bytes."""
    write_bytes(path, table_bytes(table))


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


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


def read_made(out: Path, name: str) -> Any:
    """Read a JSON file that a run leaves in its folder.

    Raises:
        RecordError: there is none, or the folder is of another schema.
    """
    check_schema(out)
    try:
        return json.loads((out / name).read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise RecordError(
            f"{str(out)!r} must be a folder that `hitl-sim run` made: no {name} in it "
            "can be read."
        ) from error


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


def read_record(path: Path, key: str) -> pa.Table | None:
    """Read one record of a file; None where it does not hold it.

    Returns:
        A table of one row.

    Raises:
        DamagedFileError: the file cannot be read.
        RecordError: it has another schema.
    """
    keys = keys_in(path)
    return _read(path).take([keys.index(key)]) if key in keys else None


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


def write_error(
    out: Path, chunk_id: str, keys: Sequence[str], message: str, trace: str
) -> None:
    """Store a chunk's failure; a rerun tries it again."""
    error = {"keys": keys, "error": message, "traceback": trace}
    write_json(out / "errors" / f"{chunk_id}.json", error)


def stuck_file(out: Path, chunk_id: str) -> Path:
    """Where the stacks of a worker that hung on a chunk are kept."""
    return out / "errors" / f"{chunk_id}.stuck"


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


def join_labels(records: pa.Table, runs: pa.Table) -> pa.Table:
    """Give records the names that one study has for them, in the study's order.

    Args:
        records: finished records, in any order.
        runs: `key`, `LABEL_SCHEMA` and swept values of each run, in the study's order;
            those without a record are left out, and a key may come more than once.

    Returns:
        A table of the columns of `runs` and of `RECORD_SCHEMA`, and of `REPLAY_SCHEMA`
        where any answers were replayed.
    """
    place = pc.index_in(runs.column("key"), value_set=records.column("key"))
    is_there = pc.is_valid(place)
    named = runs.filter(is_there).drop_columns(["key"])
    rows = records.take(place.filter(is_there))
    for field in (*RECORD_SCHEMA, *REPLAY_SCHEMA):
        if field.name in rows.column_names:
            named = named.append_column(field, rows.column(field.name))
    return named.combine_chunks()

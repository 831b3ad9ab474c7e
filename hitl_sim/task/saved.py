"""A data set in Arrow: a file, or a folder as Hugging Face's `datasets` saves it.

Such a folder holds one split: `state.json` lists its files, each a stream of Arrow, and
the schema says in its own words which columns are classes and which are pictures. All
of it is read by pyarrow alone.

References:
    Lhoest et al. (2021), Datasets: a community library for natural language processing,
    EMNLP 2021 system demonstrations; `Dataset.save_to_disk` of datasets 4.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = (".arrow", ".feather")
"""Names of files that end so are Arrow."""
STATE = "state.json"
"""File that makes a folder a saved split."""
SPLITS = "dataset_dict.json"
"""File that makes a folder one of several splits."""
_WORDS = b"huggingface"
"""Where a schema says what its columns are."""


def is_saved(path: Path) -> bool:
    """Return whether a folder was saved as a data set, of one split or of several."""
    return (path / STATE).is_file() or (path / SPLITS).is_file()


def read_arrow(path: Path) -> "pa.Table":
    """Read a file or a folder of Arrow.

    Raises:
        ValueError: the folder holds several splits, or its list of files is none.
        OSError: a file is not there, or damaged, as Arrow tells it.
    """
    import pyarrow as pa  # noqa: PLC0415

    if path.is_dir():
        return pa.concat_tables([_read_file(file) for file in _files(path)])
    return _read_file(path)


def with_class_names(table: "pa.Table", path: Path) -> "pa.Table":
    """Write classes that the schema names by their names.

    Raises:
        ValueError: a label is no class that the schema names.
    """
    for name, told in features_of(table.schema).items():
        names = told.get("names")
        if told.get("_type") == "ClassLabel" and isinstance(names, list):
            place = table.column_names.index(name)
            column = _named(table.column(name), [str(one) for one in names], path, name)
            table = table.set_column(place, name, column)
    return table


def read_schema(path: Path) -> "pa.Schema":
    """Read what the columns of a data set are, and nothing of what is in them.

    Raises:
        ValueError: as `read_arrow`.
        OSError: as `read_arrow`.
    """
    from pyarrow import parquet  # noqa: PLC0415

    if path.is_dir():
        return _read_schema(_files(path)[0])
    return _read_schema(path) if path.suffix in ARROW else parquet.read_schema(path)


def features_of(schema: "pa.Schema") -> dict[str, Mapping[str, Any]]:
    """Return what a schema says of its columns, by name; nothing where it is silent."""
    metadata = schema.metadata or {}
    try:
        told = json.loads(metadata.get(_WORDS, b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(told, Mapping):
        return {}
    return {
        str(name): one
        for name, one in told.items()
        if isinstance(one, Mapping) and name in schema.names
    }


def picture_column(schema: "pa.Schema") -> str | None:
    """Return the first column of pictures, None where there is none."""
    found = (n for n, one in features_of(schema).items() if one.get("_type") == "Image")
    return next(found, None)


def _files(path: Path) -> list[Path]:
    """List the files of a saved split."""
    if not (path / STATE).is_file():
        given = _json(path / SPLITS).get("splits", [])
        splits = ", ".join(repr(str(path / str(split))) for split in given)
        raise ValueError(
            f"{path}: must be one split of a data set, got several. Give one of "
            f"{splits or 'its folders'}."
        )
    try:
        names = [str(one["filename"]) for one in _json(path / STATE)["_data_files"]]
    except (KeyError, TypeError):
        names = []
    if not names or any(Path(name).name != name for name in names):
        raise ValueError(
            f"{path / STATE}: must list files of its folder as `_data_files`, got "
            f"{names}."
        )
    return [path / name for name in names]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: must be JSON, got: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: must be a table of JSON, got {found!r}.")
    return found


def _read_file(path: Path) -> "pa.Table":
    """Read a file of Arrow."""
    import pyarrow as pa  # noqa: PLC0415

    with pa.memory_map(str(path)) as source:
        return _opened(source).read_all()


def _read_schema(path: Path) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    with pa.memory_map(str(path)) as source:
        return _opened(source).schema


def _opened(source: "pa.NativeFile") -> Any:
    """Open Arrow in either form, that of a file or that of a stream."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source)


def _named(
    column: "pa.ChunkedArray", names: list[str], path: Path, name: str
) -> "pa.ChunkedArray":
    """Write numbers of classes as their names; -1, which is no class, as missing."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    known = pc.if_else(
        pc.greater_equal(column, 0), column, pa.scalar(None, column.type)
    )
    if (most := pc.max(known).as_py()) is not None and most >= len(names):
        raise ValueError(
            f"{path}, column {name!r}: must be -1 to {len(names) - 1}, one of the "
            f"{len(names)} classes that the file names, got {most}."
        )
    return pc.take(pa.array(names), known)

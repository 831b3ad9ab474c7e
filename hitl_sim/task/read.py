"""A table as its file has it, once its header and its delimiter have been looked at."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hitl_sim.delimiter import find_delimiter
from hitl_sim.task.option import TaskOptions
from hitl_sim.text_value import is_number

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Formats of a table; but for .parquet, each may be packed with gzip."""
DEFAULT_LABEL_COLUMN = "label"
_HEAD_BYTES = 65_536
_COMMA_NUMBER = r"^\s*[+-]?\d+(,\d+)?([eE][+-]?\d+)?\s*$"
_MORE_MISSING = ["None", "<NA>"]
"""Marks that the parser does not know as missing numbers by itself."""


class FileTable(NamedTuple):
    """What a file holds.

    Attributes:
        table: its columns.
        notes: what was found about its form.
    """

    table: "pa.Table"
    notes: tuple[str, ...] = ()


def format_of(path: Path) -> str | None:
    """Return the suffix that names a table's format, None where there is none."""
    name = path.name.lower()
    plain = name.removesuffix(".gz")
    suffix = Path(plain).suffix
    is_packed = name != plain
    known = suffix in SUFFIXES and not (is_packed and suffix == ".parquet")
    return suffix if known else None


def read_table(path: Path, options: TaskOptions) -> FileTable:
    """Read the whole table; ids as they are written, so that 007 stays 007.

    Args:
        path: a file of a format in `SUFFIXES`.
        options: which columns are no numbers.

    Raises:
        ValueError: the file cannot be read, or its header is missing, repeated or
            incomplete.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import json, parquet  # noqa: PLC0415

    suffix = format_of(path)
    try:
        if suffix == ".parquet":
            found = FileTable(parquet.read_table(path))
        elif suffix == ".jsonl":
            _head(path)
            found = FileTable(json.read_json(path))
        else:
            found = _read_text(path, options, "\t" if suffix == ".tsv" else ",")
        found.table.column_names  # noqa: B018 - a name that is no UTF-8 is found here
    except (pa.ArrowException, UnicodeError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())  # a parser quotes lines of the file
        raise ValueError(
            f"{path}: must be a readable {suffix} table in UTF-8, got: {reason}"
        ) from None
    _check_header(found.table.column_names, options, path)
    _check_repeated(found.table, path)
    return found


def _read_text(path: Path, options: TaskOptions, usual: str) -> FileTable:
    """Read delimited text, by the delimiter and the decimal mark that it has."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    delimiter = find_delimiter(_head(path), usual)
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    ids = options.item_column
    as_written = {} if ids is None else {ids: pa.string()}
    missing = [*csv.ConvertOptions().null_values, *_MORE_MISSING]

    def read(decimal_point: str) -> "pa.Table":
        converting = csv.ConvertOptions(
            column_types=as_written, decimal_point=decimal_point, null_values=missing
        )
        return csv.read_csv(path, parse_options=parsing, convert_options=converting)

    table, notes = read("."), []
    if delimiter != usual:
        notes.append(f"cells are separated by {delimiter!r}, not by {usual!r}")
    if _has_decimal_comma(table, options):
        table = read(",")
        notes.append("numbers have a decimal comma")
    return FileTable(table, tuple(notes))


def _has_decimal_comma(table: "pa.Table", options: TaskOptions) -> bool:
    """Whether a column of numbers was read as text for its decimal commas alone."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if options.text_column is not None:
        return False
    beside = (options.item_column, options.label_column or DEFAULT_LABEL_COLUMN)
    # a name may come twice, which is refused later
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in beside or not pa.types.is_string(column.type):
            continue
        given = column.filter(
            compute.not_equal(compute.utf8_trim_whitespace(column), "")
        )
        is_number = compute.match_substring_regex(given, _COMMA_NUMBER)
        has_comma = compute.match_substring(given, ",")
        if compute.all(is_number).as_py() and compute.any(has_comma).as_py():
            return True
    return False


def _head(path: Path) -> str:
    """Return the first lines; refuse zero bytes, as UTF-16 has and UTF-8 has not."""
    is_packed = path.suffix.lower() == ".gz"
    with gzip.open(path) if is_packed else path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"\0" in head:
        raise ValueError(
            f"{path}: must be text in UTF-8, got byte 0x00 at position "
            f"{head.index(0)}, as in UTF-16. Save the file as UTF-8."
        )
    text = head.decode("utf-8-sig", errors="replace")
    # the last line may have been cut
    return text if len(head) < _HEAD_BYTES else text.rpartition("\n")[0]


def _check_header(names: Sequence[str], options: TaskOptions, path: Path) -> None:
    """Refuse a table whose first line does not name its columns."""
    label = options.label_column or DEFAULT_LABEL_COLUMN
    numbers = [name for name in names if is_number(name)]
    is_counted = numbers == [str(k) for k in range(len(numbers))]
    if label not in names and 2 * len(numbers) > len(names) and not is_counted:
        shown = ", ".join(map(repr, numbers[:3]))
        raise ValueError(
            f"{path}: must begin with the names of its columns, got a line of numbers "
            f"({shown}{', ...' if len(numbers) > 3 else ''}). Write a header above it."
        )
    repeated = {n for n in names if names.count(n) > 1}
    if repeated:
        raise ValueError(
            f"{path}: must have different column names, got {sorted(repeated)[0]!r} "
            "more than once."
        )
    if "" in names:
        raise ValueError(
            f"{path}: must have a name for every column, got none for column "
            f"{names.index('')} (counted from 0). Name it, or leave it out: a table "
            "written with its row numbers has such a column."
        )


def _check_repeated(table: "pa.Table", path: Path) -> None:
    """Refuse a header that comes again as a row, as when files are put together."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    names = table.column_names
    equal: Callable[[Any, Any], Any] = compute.equal
    # a column with its own name in it is none of numbers
    if len(names) < 2 or not all(
        pa.types.is_string(table.column(name).type) for name in names
    ):
        return
    is_header = equal(table.column(names[0]), names[0])
    for name in names[1:]:
        is_header = compute.and_(is_header, equal(table.column(name), name))
    row = compute.index(is_header, value=True).as_py()
    if row >= 0:
        raise ValueError(
            f"{path}: must name its columns once, got the header again in row {row} "
            "(counted from 0, without the header). Leave that line out."
        )

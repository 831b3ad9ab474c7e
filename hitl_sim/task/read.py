"""A table as its file has it, once its header and its delimiter have been looked at."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hitl_sim.table.missing import SPELLINGS
from hitl_sim.table.spelling import is_number
from hitl_sim.task.option import TaskOptions
from hitl_sim.task.saved import ARROW, is_saved, read_arrow, with_class_names

if TYPE_CHECKING:
    import pyarrow as pa

BINARY = (".parquet", *ARROW)
"""Formats whose schema can say what a column is."""
SUFFIXES = (".csv", ".tsv", ".jsonl", *BINARY)
"""Formats of a table; those of text may be packed with gzip."""
DEFAULT_LABEL_COLUMN = "label"


class FileTable(NamedTuple):
    """What a file holds.

    Attributes:
        table: its columns.
        notes: what was found about its form.
    """

    table: "pa.Table"
    notes: tuple[str, ...] = ()


def format_of(path: Path) -> str | None:
    """Return the suffix that names a table's format, None where there is none.

    A folder that was saved as a data set is as a file of Arrow.
    """
    if is_saved(path):
        return ARROW[0]
    name = path.name.lower()
    plain = name.removesuffix(".gz")
    suffix = Path(plain).suffix
    is_packed = name != plain
    known = suffix in SUFFIXES and not (is_packed and suffix in BINARY)
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

    from hitl_sim.table.text_file import read_utf8  # noqa: PLC0415

    suffix = format_of(path)
    try:
        if suffix == ".parquet":
            found = FileTable(with_class_names(parquet.read_table(path), path))
        elif suffix in ARROW:
            found = FileTable(with_class_names(read_arrow(path), path))
        elif suffix == ".jsonl":
            found = FileTable(json.read_json(pa.BufferReader(read_utf8(path))))
        else:
            found = _read_text(path, options, "\t" if suffix == ".tsv" else ",")
        found.table.column_names  # noqa: B018 - a name that is no UTF-8 is found here
    except (pa.ArrowException, UnicodeError, OSError) as error:
        reason = " ".join(str(error).split())  # a parser quotes lines of the file
        raise ValueError(
            f"{path}: must be a readable {suffix} table in UTF-8, got: {reason}"
        ) from None
    if suffix not in (*BINARY, ".jsonl"):
        _check_first_line(found.table, options, path)
    _check_names(found.table.column_names, path)
    _check_repeated(found.table, path)
    return found


def _read_text(path: Path, options: TaskOptions, usual: str) -> FileTable:
    """Read delimited text, by the delimiter and the decimal mark that it has."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    from hitl_sim.table.text_file import read_delimited  # noqa: PLC0415

    raw, delimiter = read_delimited(path, usual)
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    head = csv.open_csv(pa.BufferReader(raw), parse_options=parsing)
    names = {name: name.strip() for name in head.schema.names}
    ids = [name for name, bare in names.items() if bare == options.item_column]
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(ids, pa.string()), null_values=list(SPELLINGS)
    )
    table = csv.read_csv(
        pa.BufferReader(raw), parse_options=parsing, convert_options=converting
    )
    table = table.rename_columns([names[name] for name in table.column_names])
    notes = []
    if delimiter != usual:
        notes.append(f"cells are separated by {delimiter!r}, not by {usual!r}")
    table, read = _with_numbers(table, delimiter, options)
    if read:
        notes.append("numbers have a decimal comma")
    return FileTable(table, tuple(notes))


def _with_numbers(
    table: "pa.Table", delimiter: str, options: TaskOptions
) -> tuple["pa.Table", list[str]]:
    """Turn columns that are text for their decimal commas alone into numbers."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    from hitl_sim.table.text_column import is_empty, with_points  # noqa: PLC0415

    if options.text_column is not None:
        return table, []
    label = options.label_column or DEFAULT_LABEL_COLUMN
    # a name may come twice, which is refused later
    names = [n for n in dict.fromkeys(table.column_names) if n != options.item_column]
    features = [name for name in names if name != label]
    table, read = with_points(table, names, delimiter, measured=features)
    for name in read:
        column = table.column(name)
        given = compute.if_else(is_empty(column), pa.scalar(None, pa.string()), column)
        bare = compute.replace_substring_regex(given, r"^\s*\+?|\s*$", "")
        number = table.column_names.index(name)
        table = table.set_column(number, name, bare.cast(pa.float64()))
    return table, read


def _check_first_line(table: "pa.Table", options: TaskOptions, path: Path) -> None:
    """Refuse a table whose first line does not name its columns."""
    from hitl_sim.table.header import is_row  # noqa: PLC0415

    names = table.column_names
    is_counted = names == [str(k) for k in range(len(names))]
    is_known = (options.label_column or DEFAULT_LABEL_COLUMN) in names
    if is_known or is_counted or not is_row(table):
        return
    numbers = [name for name in names if is_number(name)]
    shown = numbers or names
    raise ValueError(
        f"{path}: must begin with the names of its columns, got a line of "
        f"{'numbers' if numbers else 'values'} ({', '.join(map(repr, shown[:3]))}"
        f"{', ...' if len(shown) > 3 else ''}). Write a header above it."
    )


def _check_names(names: Sequence[str], path: Path) -> None:
    """Refuse a header that names two columns alike, or one not at all."""
    repeated = {n for n in names if names.count(n) > 1}
    if repeated:
        raise ValueError(
            f"{path}: must have different column names, got {sorted(repeated)[0]!r} "
            "more than once."
        )
    if "" in names:
        raise ValueError(
            f"{path}: must have a name for every column, got none for column "
            f"{names.index('') + 1} (counted from 1). Name it, or leave it out: a "
            "table written with its row numbers has such a column."
        )


def _check_repeated(table: "pa.Table", path: Path) -> None:
    """Refuse a header that comes again as a row, as when files are put together."""
    from hitl_sim.table.header import find_again  # noqa: PLC0415

    row = find_again(table)
    if row is not None:
        raise ValueError(
            f"{path}: must name its columns once, got the header again in row "
            f"{row + 1} (counted from 1, without the header). Leave that line out."
        )

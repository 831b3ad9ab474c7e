"""Import answers from whichever file: CSV, TSV, Parquet, or the export of a tool."""

import csv
import functools
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv, parquet

from hitl_sim.participants.answers import FIELDS, Answers, is_written_here
from hitl_sim.participants.cleaning.clean import PLAIN, Layout, clean, refuse_question
from hitl_sim.participants.cleaning.column import Place, flags_of
from hitl_sim.participants.cleaning.unit import ANSWER
from hitl_sim.participants.format.document import looks_like_json
from hitl_sim.participants.format.registry import read_export
from hitl_sim.participants.reading.survey import EXPORTED, Sheet, recognise
from hitl_sim.table.header import find_again, is_row
from hitl_sim.table.text_column import with_points
from hitl_sim.table.text_file import read_delimited

SUFFIXES = (".csv", ".tsv", ".parquet")


def read_answers(path: Path, layout: Layout = PLAIN) -> Answers:
    """Import a table of answers.

    .csv, .tsv (each may be packed with gzip) or .parquet.

    Raises:
        ValueError: the file cannot be read, lacks a column, or holds what cannot be
            meant; names the row and the column.
    """
    table, place, notes = read_table(path)
    if table.num_rows == 0:
        raise ValueError(f"{path}: must hold answers, got no row.")
    if place.line_of is not None:
        known = [*layout.columns.values(), *EXPORTED]
        check_header(table, table.column_names if layout.wide else known, place)
    table, place, layout, done, _ = recognise(Sheet(table, place, layout))
    notes += done
    name = layout.columns.get("seconds", "")
    if name.endswith("_ms") and layout.seconds_per_unit == 1.0:
        # the column calls them milliseconds, and nobody else does
        notes.append(
            f"column {name!r} is read in seconds; for milliseconds --time-unit-s .001."
        )
    has_marks = not is_written_here(table)
    if not has_marks:
        # what the import that wrote it found
        notes = [*table.schema.metadata[b"notes"].decode().splitlines(), *notes]
        if "unit" not in table.column_names or not table["unit"].drop_null():
            # who imported it was asked
            layout = replace(layout, seconds_per=layout.seconds_per or ANSWER)
    found = clean(table, layout, place, has_marks=has_marks)
    return replace(found, notes=tuple(dict.fromkeys([*notes, *found.notes])))


def read_table(path: Path) -> tuple[pa.Table, Place, list[str]]:
    """Read a table as it is: .csv, .tsv (each may be packed) or .parquet.

    Returns:
        The table, its place for messages, and notes on how it was read.

    Raises:
        ValueError: the file cannot be read.
    """
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in SUFFIXES or (suffix == ".parquet" and path.suffix != suffix):
        allowed = ", ".join(SUFFIXES)
        raise ValueError(f"{path}: must end in {allowed} or .json, got {path.name!r}.")
    if not path.is_file():
        raise ValueError(f"{path}: must be a file, got nothing there.")
    try:
        if suffix == ".parquet":
            return parquet.read_table(path), Place(str(path)), []
        return read_text(path, "\t" if suffix == ".tsv" else ",")
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: must be readable as {suffix}: {error}.") from None


_JSON = (".json", ".jsonl", ".ndjson")


def import_answers(path: Path, layout: Layout, question: str | None = None) -> Answers:
    """Import a table by its suffix, or the export of a tool by its content.

    A question is named where tasks ask several; tables have one.

    Raises:
        ValueError: as `read_answers` and `read_export`.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in SUFFIXES or (
        suffix not in _JSON and not (path.exists() and looks_like_json(path))
    ):
        refuse_question(question)
        return read_answers(path, layout)
    return read_export(path, layout, question)


def parse_pairs(option: str, texts: Sequence[str]) -> Mapping[str, str]:
    """Read options written as NAME=VALUE.

    Raises:
        ValueError: there is no "=" in one, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ValueError(f"`{option}` must be NAME=VALUE, got {text!r}.")
        if name in found:
            raise ValueError(f"`{option}` must name {name!r} once, got it twice.")
        found[name] = value
    return found


def read_text(path: Path, usual: str) -> tuple[pa.Table, Place, list[str]]:
    """Read texts as texts: what is a number is settled column by column.

    Args:
        path: .csv or .tsv, perhaps packed.
        usual: what separates columns by the file's suffix.

    Returns:
        The table, its place for messages, and notes on how it was read.

    Raises:
        ValueError: it is empty, not UTF-8, or a row has another width than the header.
    """
    raw, delimiter = read_delimited(path, usual)
    if not raw.strip():
        raise ValueError(f"{path}: must hold answers, got an empty file.")
    _check_encoding(path, raw)
    place = Place(str(path), functools.partial(_line_of, raw, delimiter))
    table = _parse(raw, delimiter, place)
    notes = []
    if delimiter != usual:
        notes.append(f"columns are separated by {_shown(delimiter)}.")
    table, read = with_points(table, list(dict.fromkeys(table.column_names)), delimiter)
    if read:
        shown = ", ".join(map(repr, read))
        notes.append(f"commas are read as decimal commas in column {shown}.")
    # spreadsheets leave rows of nothing below a table
    cells = [pc.equal(pc.utf8_trim_whitespace(column), "") for column in table.columns]
    empty = np.all([np.ones(table.num_rows, bool), *map(flags_of, cells)], axis=0)
    rows = np.nonzero(~empty)[0]
    if rows.size < table.num_rows:
        notes.append(f"{table.num_rows - rows.size} rows of empty cells are left out.")
        table = table.take(pa.array(rows))
        place = place.take(rows)
    return table, place, notes


def check_header(table: pa.Table, known: Sequence[str], place: Place) -> None:
    """Refuse a header that is a row of answers, comes twice, or repeats a name.

    `known` are names that the caller knows to be columns.

    Raises:
        ValueError: the first line looks like a row of answers, a later one like the
            header (names the line), or two columns have one name.
    """
    header = table.column_names
    if not {*FIELDS, *known} & set(header) and is_row(table):
        shown = ",".join(header)
        raise ValueError(
            f"{place.origin}, line 1: must name the columns, got {shown[:80]!r}, which "
            "looks like a row of answers. Put a line with their names above it, as "
            "annotator,item,answer."
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise ValueError(f"{place.origin}: column {repeated[0]!r} must be there once.")
    row = find_again(table)
    if row is not None:
        raise ValueError(
            f"{place.origin}, {place.where(row)}: must hold an answer, got the header "
            f"repeated ({','.join(header)[:80]!r}). Take the line out."
        )


def _shown(delimiter: str) -> str:
    return "tabs" if delimiter == "\t" else repr(delimiter)


def _check_encoding(path: Path, raw: bytes) -> None:
    try:
        str(raw, "utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, place = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise ValueError(
            f"{path}, line {line}, byte {place} of it: must "
            f"be text in UTF-8, got 0x{raw[error.start]:02x}. Save the file as UTF-8."
        ) from None


def _line_of(raw: bytes, delimiter: str, row: int) -> int:
    """Return the line of the file in which a row begins; cells may hold line breaks."""
    text = io.StringIO(str(raw, "utf-8-sig"), newline="")
    reader, count, line = csv.reader(text, delimiter=delimiter), -2, 1
    try:
        for record in reader:
            count += bool(record)
            if count == row:
                return line
            line = reader.line_num + 1
    except csv.Error:  # a cell too long for this reader: no break within a cell
        return row + 2
    return line


def _parse(raw: bytes, delimiter: str, place: Place) -> pa.Table:
    ragged: list[ValueError] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        number = (row.number or 2) - 2
        ragged.append(
            ValueError(
                f"{place.origin}, {place.where(number)}: must have "
                f"{row.expected_columns} columns as the header has, got "
                f"{row.actual_columns}, separated by {_shown(delimiter)}."
            )
        )
        return "skip"

    parsing = arrow_csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
    )
    header = arrow_csv.open_csv(pa.BufferReader(raw), parse_options=parsing)
    names = [name.strip() for name in header.schema.names]
    ragged.clear()
    table = arrow_csv.read_csv(
        pa.BufferReader(raw),
        read_options=arrow_csv.ReadOptions(use_threads=False),
        parse_options=parsing,
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header.schema.names, pa.string()),
            strings_can_be_null=False,
        ),
    )
    if ragged:
        raise ragged[0]
    table = table.rename_columns(names)
    if len(names) == 1:
        raise ValueError(
            f"{place.origin}: must have columns that ',', ';', '|' or tabs separate, "
            f"got one column {names[0][:80]!r}."
        )
    # spreadsheets leave empty columns behind, R writes numbers of rows
    named = [number for number, name in enumerate(names) if name]
    return table if is_row(table) else table.select(named)

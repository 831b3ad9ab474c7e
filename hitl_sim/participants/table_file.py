"""Import answers from CSV, TSV and Parquet files, and from frames of crowd-kit."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from hitl_sim.participants.answers import FIELDS, Answers, is_written_here
from hitl_sim.participants.clean import PLAIN, Layout, clean, columns_of
from hitl_sim.participants.column import Place, blank_marks
from hitl_sim.participants.export import EXPORTED, Sheet, recognise
from hitl_sim.participants.text_file import check_header, read_text

SUFFIXES = (".csv", ".tsv", ".parquet")


def read_answers(path: Path, layout: Layout = PLAIN) -> Answers:
    """Import a table of answers.

    .csv, .tsv (each may be packed with gzip) or .parquet.

    Raises:
        ValueError: the file cannot be read, lacks a column, or holds what cannot be
            meant; names the row and the column.
    """
    table, place, notes = _read(path)
    if table.num_rows == 0:
        raise ValueError(f"{path}: must hold answers, got no row.")
    if place.line_of is not None:
        known = [*layout.columns.values(), *EXPORTED]
        check_header(table, table.column_names if layout.wide else known, place)
    sheet = recognise(
        Sheet(table, place, layout.columns, layout.seconds_per_unit), layout.wide
    )
    meant = replace(
        layout, columns=sheet.columns, seconds_per_unit=sheet.seconds_per_unit
    )
    table, place = sheet.table, sheet.place
    notes += [*sheet.notes, *_doubtful_unit(meant)]
    if not is_written_here(table):
        table, more = without_marks(table, meant, place)
        notes += more
    found = clean(table, meant, place)
    return Answers(found.table, found.origin, (*notes, *found.notes))


def _read(path: Path) -> tuple[pa.Table, Place, list[str]]:
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


def _doubtful_unit(layout: Layout) -> list[str]:
    """Note times that their column calls milliseconds and nobody else does."""
    name = layout.columns.get("seconds", "")
    if not name.endswith("_ms") or layout.seconds_per_unit != 1.0:
        return []
    return [f"column {name!r} is read in seconds; for milliseconds --time-unit-s .001."]


def without_marks(
    table: pa.Table, layout: Layout, place: Place
) -> tuple[pa.Table, list[str]]:
    """Turn marks of missing values into missing ones, in the columns that count.

    Returns:
        The table, and notes that count the marks.

    Raises:
        ValueError: a person or an item is marked as missing; names the row.
    """
    notes = []
    for field_, name in columns_of(table, layout, place).items():
        is_class = layout.keep_na and FIELDS[field_] == pa.string()
        if is_class:
            continue
        column, more = blank_marks(table.column(name), field_, name, place)
        table = table.set_column(table.column_names.index(name), name, column)
        notes += more
    return table, notes

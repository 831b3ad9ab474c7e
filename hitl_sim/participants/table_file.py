"""Import answers from CSV, TSV and Parquet files, and from frames of crowd-kit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from hitl_sim.participants.answers import (
    FIELDS,
    KINDS,
    Answers,
    is_written_here,
)
from hitl_sim.participants.clean import clean, columns_of
from hitl_sim.participants.column import Place, blank_marks
from hitl_sim.participants.export import EXPORTED, Sheet, recognise
from hitl_sim.participants.text_file import check_header, read_text

SUFFIXES = (".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Layout:
    """What the columns of a file mean.

    Attributes:
        columns: what the file calls a column of `FIELDS`, where it is another name.
        kind: kind of all answers, where the file has no such column.
        rename: what the file calls an answer or gold, and what it shall be called.
        keep: other columns to keep; they are dropped otherwise, texts above all.
        seconds_per_unit: seconds in a unit of the file's times; .001 for milliseconds.
        confidence_max: largest confidence of the file's scale; 100 for percent.
        salt: of the pseudonyms; None draws one that nobody knows.
        is_pseudonymous: whether annotators are renamed; False keeps the file's names.
        keep_na: whether NA, NaN, null ... of a text file name a class; they mean that
            a value is missing otherwise.
        wide: where a person has one row for all items, the columns of a field by item,
            as "answer={item}_Q1" or "{item}.answer".
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    keep: Sequence[str] = ()
    seconds_per_unit: float = 1.0
    confidence_max: float = 1.0
    salt: bytes | None = None
    is_pseudonymous: bool = True
    keep_na: bool = False
    wide: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist, and scales that turn numbers around."""
        if self.kind is not None and self.kind not in KINDS:
            allowed = ", ".join(map(repr, KINDS))
            raise ValueError(f"`kind` must be one of {allowed}, got {self.kind!r}.")
        for name in ("seconds_per_unit", "confidence_max"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ValueError(f"`{name}` must be finite and > 0, got {value:g}.")


def read_answers(path: Path, layout: Layout = Layout()) -> Answers:
    """Import a table of answers.

    Args:
        path: .csv, .tsv (each may be packed with gzip) or .parquet.
        layout: what its columns mean.

    Returns:
        The answers.

    Raises:
        ValueError: the file cannot be read, lacks a column, or holds what cannot be
            meant; names the row and the column.
    """
    table, place, notes = _read(path)
    if table.num_rows == 0:
        raise ValueError(f"{path}: must hold answers, got no row.")
    if place.line_of is not None:
        known = [*layout.columns.values(), *layout.keep, *EXPORTED]
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

    Args:
        table: as a file has it.
        layout: what its columns mean, and whether marks name a class.
        place: the file.

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

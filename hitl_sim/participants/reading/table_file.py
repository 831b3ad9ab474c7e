"""Import answers from whichever file: CSV, TSV, Parquet, or the export of a tool."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from hitl_sim.participants.answers import Answers, is_written_here
from hitl_sim.participants.cleaning.clean import (
    PLAIN,
    Layout,
    clean,
    refuse_question,
)
from hitl_sim.participants.cleaning.column import Place
from hitl_sim.participants.format.document import looks_like_json
from hitl_sim.participants.format.registry import read_export
from hitl_sim.participants.reading.survey import EXPORTED, Sheet, recognise
from hitl_sim.participants.reading.text_file import check_header, read_text

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
    table, place, layout, done = recognise(Sheet(table, place, layout))
    notes += [*done, *_doubtful_unit(layout)]
    has_marks = not is_written_here(table)
    if not has_marks:
        # what the import that wrote it found
        notes = [*table.schema.metadata[b"notes"].decode().splitlines(), *notes]
    found = clean(table, layout, place, has_marks=has_marks)
    return replace(found, notes=tuple(dict.fromkeys([*notes, *found.notes])))


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


_JSON = (".json", ".jsonl", ".ndjson")


def import_answers(path: Path, layout: Layout, question: str | None = None) -> Answers:
    """Import a table by its suffix, or the export of a tool by its content.

    A question is named where tasks ask several; tables have one.

    Raises:
        ValueError: as `read_answers` and `read_export`.
    """
    if _is_export(path):
        return read_export(path, layout, question)
    refuse_question(question)
    return read_answers(path, layout)


def _is_export(path: Path) -> bool:
    """Whether a file is JSON; what is named as a table is a table."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in SUFFIXES:
        return False
    return suffix in _JSON or (path.exists() and looks_like_json(path))


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

"""Import answers from CSV, TSV and Parquet files, and from frames of crowd-kit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from hitl_sim.participants.answers import KINDS, LABEL, PREFERENCE, Answers
from hitl_sim.participants.clean import clean
from hitl_sim.participants.column import Place

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
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    keep: Sequence[str] = ()
    seconds_per_unit: float = 1.0
    confidence_max: float = 1.0
    salt: bytes | None = None
    is_pseudonymous: bool = True

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist, and scales that turn numbers around."""
        if self.kind is not None and self.kind not in KINDS:
            allowed = ", ".join(map(repr, KINDS))
            raise ValueError(f"`kind` must be one of {allowed}, got {self.kind!r}.")
        for name in ("seconds_per_unit", "confidence_max"):
            value = getattr(self, name)
            if not value > 0.0:
                raise ValueError(f"`{name}` must be > 0, got {value}.")


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
    table = _read(path)
    if table.num_rows == 0:
        raise ValueError(f"{path}: must hold answers, got no row.")
    return clean(table, layout, Place(str(path)))


def from_frame(
    frame: Any,
    gold: Any = None,
    layout: Layout = Layout(),
) -> Answers:
    """Import a frame of crowd-kit: task, worker and label; or left, right and label.

    Args:
        frame: pandas frame; in a comparison `label` repeats `left` or `right`.
        gold: pandas series of right labels by task, if there are any.
        layout: as for a file; by default columns have crowd-kit's names.

    Returns:
        The answers.

    Raises:
        ValueError: as `read_answers`.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    names = {"annotator": "worker", "item": "task", "answer": "label"}
    kind = layout.kind
    if {"left", "right"} <= set(table.column_names):
        table, kind = _compared(table), PREFERENCE
        names = {
            "annotator": "worker",
            "first_object": "left",
            "second_object": "right",
        }
    if gold is not None:
        right = dict(zip(gold.index, gold.array, strict=True))
        tasks = table.column(names.get("item", "item")).to_pylist()
        table = table.append_column("gold", pa.array([right.get(t) for t in tasks]))
    renamed = {k: v for k, v in names.items() if v in table.column_names}
    meant = Layout(
        **{
            **vars(layout),
            "columns": renamed | dict(layout.columns),
            "kind": kind or LABEL,
        }
    )
    return clean(table, meant, Place("frame"))


def _compared(table: pa.Table) -> pa.Table:
    """Say of each comparison whether its first or second object was preferred."""
    place, answers = Place("frame"), []
    columns = (table.column(name).to_pylist() for name in ("left", "right", "label"))
    rows = list(zip(*columns, strict=True))
    for row, (left, right, label) in enumerate(rows):
        if label not in (left, right, None):
            raise place.refuse(row, "label", f"{left!r} or {right!r}", label)
        answers.append(
            None if label is None else "first" if label == left else "second"
        )
    item = pa.array([f"{left}|{right}" for left, right, _ in rows])
    kept = table.drop_columns(["label"])
    return kept.append_column("answer", pa.array(answers)).append_column("item", item)


def _read(path: Path) -> pa.Table:
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in SUFFIXES or (suffix == ".parquet" and path.suffix != suffix):
        allowed = ", ".join(SUFFIXES)
        raise ValueError(f"{path}: must end in {allowed} or .json, got {path.name!r}.")
    if not path.is_file():
        raise ValueError(f"{path}: must be a file, got nothing there.")
    try:
        if suffix == ".parquet":
            return parquet.read_table(path)
        return _read_text(path, "\t" if suffix == ".tsv" else ",")
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: must be readable as {suffix}: {error}.") from None


def _read_text(path: Path, delimiter: str) -> pa.Table:
    """Read texts as texts: what is a number is settled column by column."""
    with pa.input_stream(path) as stream:
        raw = stream.read()
    if not raw.strip():
        raise ValueError(f"{path}: must hold answers, got an empty file.")
    _check_encoding(path, raw, delimiter)
    ragged: list[str] = []

    def refuse(row: csv.InvalidRow) -> str:
        ragged.append(
            f"{path}, row {(row.number or 2) - 1}: must have {row.expected_columns} "
            f"columns as the header has, got {row.actual_columns}."
        )
        return "skip"

    parsing = csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
    )
    header = csv.open_csv(pa.BufferReader(raw), parse_options=parsing).schema.names
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise ValueError(f"{path}: column {repeated[0]!r} must be there once.")
    ragged.clear()
    table = csv.read_csv(
        pa.BufferReader(raw),
        read_options=csv.ReadOptions(use_threads=False),
        parse_options=parsing,
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    if ragged:
        raise ValueError(ragged[0])
    return table


def _check_encoding(path: Path, raw: bytes, delimiter: str) -> None:
    try:
        str(raw, "utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        row = before.count(b"\n")
        column = before[before.rfind(b"\n") + 1 :].count(delimiter.encode()) + 1
        raise ValueError(
            f"{path}, row {row}, column number {column}: must be text in UTF-8, got "
            f"byte 0x{raw[error.start]:02x}. Save the file as UTF-8."
        ) from None

"""The one table of answers that every import ends in, on disk and as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from hitl_sim.participants.record import Floats, Ints, Record, places
from hitl_sim.table.spelling import is_number

LABEL, RATING, PREFERENCE, MARKS = "label", "rating", "preference", "marks"
KINDS = (LABEL, RATING, PREFERENCE, MARKS)
"""Kinds of answer: one of several options, a level of a scale, the better of two
objects (`PREFERENCES`), numbers of the marked parts of an item with blanks between."""

PREFERENCES = ("first", "tie", "second")
NOTHING = "none"
"""Answer of marks where a person marked no part; an empty one is a skip."""

FIELDS: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "annotator": pa.string(),
        "item": pa.string(),
        "kind": pa.string(),
        "answer": pa.string(),
        "gold": pa.string(),
        "order": pa.int64(),
        "started": pa.float64(),
        "seconds": pa.float64(),
        "unit": pa.string(),
        "confidence": pa.float64(),
        "is_repeat": pa.bool_(),
        "size": pa.float64(),
        "parts": pa.int64(),
        "first_object": pa.string(),
        "second_object": pa.string(),
    }
)
"""Columns of the table. `annotator`, `item` and `kind` are always there; an `answer`
that is null was skipped; `started` is in seconds since 1970; `confidence` is a share;
`is_repeat` marks later looks of a person at an item. `unit` names the page or form that
`seconds` are of, where several answers of a person stand on one: they share them
equally. The last four belong to items:
their length, how many parts they have, and the two objects that a preference compares.
"""


@dataclass(frozen=True)
class Answers:
    """Answers of real people as they were imported, one row per answer.

    Attributes:
        table: columns of `FIELDS`.
        origin: words: where it comes from.
        notes: what was found and survived on import, in words that name rows.
    """

    table: pa.Table
    origin: str
    notes: tuple[str, ...] = ()

    @property
    def num_rows(self) -> int:
        """Number of answers and skips."""
        return int(self.table.num_rows)

    def has(self, field: str) -> bool:
        """Whether a column holds anything."""
        column = self.table.column(field)
        return bool(column.null_count < len(column))

    def numbers(self, field: str) -> Floats:
        """Return a column of numbers, nan where there is none."""
        column = self.table.column(field).cast(pa.float64())
        values: Floats = column.to_numpy(zero_copy_only=False)
        return values

    def codes(self, field: str) -> tuple[Ints, list[str]]:
        """Number the texts of a column by first appearance, -1 where there is none."""
        return encode(self.table.column(field))

    def rows(self, chosen: NDArray[np.bool_]) -> "Answers":
        """Keep some rows."""
        return Answers(self.table.filter(pa.array(chosen)), self.origin, self.notes)

    def write(self, path: Path) -> None:
        """Write the table as Parquet, with its origin and notes."""
        words = {"origin": self.origin, "notes": "\n".join(self.notes)}
        parquet.write_table(self.table.replace_schema_metadata(words), path)


def is_written_here(table: pa.Table) -> bool:
    """Whether a table was written by `Answers.write`, so that its texts are meant."""
    words = table.schema.metadata or {}
    return b"origin" in words and b"notes" in words


def check_out(path: Path, suffix: str = ".parquet") -> None:
    """Refuse a file that cannot be written, before any work is done.

    Raises:
        ValueError: it does not end in the suffix, or its folder is not there.
    """
    if path.suffix != suffix or not path.parent.is_dir():
        raise ValueError(
            f"`out` must end in {suffix}, in a folder that is there, got {str(path)!r}."
        )


def encode(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Number the texts of a column by first appearance, -1 where there is none.

    So a person's number does not depend on the salt of their pseudonym.
    """
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return index.astype(np.int64), encoded.dictionary.to_pylist()


def kinds_of(answers: Answers) -> tuple[str, ...]:
    """Return the kinds that a table holds, the most frequent first."""
    codes, names = answers.codes("kind")
    count = np.bincount(codes)
    return tuple(names[k] for k in np.argsort(-count, kind="stable"))


def options_of(answers: Answers, kind: str) -> tuple[str, ...]:
    """Return the options of a kind, in the order in which a record numbers them.

    Labels are sorted by name, numbers by size; golds count too.
    """
    if kind == PREFERENCE:
        return PREFERENCES
    if kind == MARKS:
        return ("left", "marked")
    codes, names = answers.codes("kind")
    rows = codes == names.index(kind)
    found: set[str] = set()
    for field in ("answer", "gold"):
        value, texts = answers.codes(field)
        found |= {texts[v] for v in np.unique(value[rows]) if v >= 0}
    return tuple(sorted(found, key=_sort_key))


def to_record(answers: Answers, kind: str) -> Record:
    """Number the answers of one kind.

    Returns:
        The record, sorted by person and work; truth is -1 where there is no gold.

    Raises:
        ValueError: the table holds no such answer, or but one option.
    """
    codes, names = answers.codes("kind")
    if kind not in names:
        held = ", ".join(names)
        raise ValueError(f"`kind` must be one of {held}, got {kind!r}.")
    rows = codes == names.index(kind)
    part = answers.rows(rows)
    options = options_of(part, kind)
    if len(options) < 2:
        raise ValueError(
            f"{answers.origin}: answers must name two options or more, got {options}."
        )
    person, _ = part.codes("annotator")
    item, items = part.codes("item")
    order = np.lexsort((_place_in_work(part), person))
    size = _by_item(part, item, "size")
    typical = float(np.nanmedian(size)) if np.isfinite(size).any() else 1.0
    size = np.where(np.isfinite(size) & (size > 0), size, typical)
    seconds, unit, unit_size = (column[rows] for column in _seconds(answers))
    is_shared = bool(unit_size.max() > 1)
    marks = num_parts = None
    if kind == MARKS:
        num_parts = np.nan_to_num(_by_item(part, item, "parts")).astype(np.int64)
        marks = _marks(part, int(num_parts.max(initial=1)))[order]
    gold = np.full(len(items), -1)
    if kind != MARKS:
        encoded = _codes_of(part, "gold", options, kind)
        gold[item[encoded >= 0]] = encoded[encoded >= 0]
    return Record(
        name=part.origin,
        num_options=len(options),
        person=person[order],
        item=item[order],
        occasion=_occasions(part, person, item)[order],
        answer=_codes_of(part, "answer", options, kind)[order],
        truth=gold,
        size=size / (typical or 1.0),
        is_ordered=part.has("order") or part.has("started"),
        seconds=seconds[order] if np.isfinite(seconds).any() else None,
        unit=unit[order] if is_shared else None,
        unit_size=unit_size[order] if is_shared else None,
        objects=_objects(part, item) if kind == PREFERENCE else None,
        marks=marks,
        num_parts=num_parts,
    )


def _seconds(answers: Answers) -> tuple[Floats, Ints, Ints]:
    """Return seconds of each answer, its unit and how many answers share that, `[L]`.

    A row without a unit is a unit of its own.
    """
    seconds, (unit, names) = answers.numbers("seconds"), answers.codes("unit")
    row = np.arange(unit.size)
    if not names:
        return seconds, row, np.ones_like(row)
    person, people = answers.codes("annotator")
    whose = np.where(unit < 0, row + len(people) * len(names), 0)
    whose += np.where(unit < 0, 0, person * len(names) + unit)
    unit = np.unique(whose, return_inverse=True)[1].astype(np.int64)
    size = np.bincount(unit)[unit]
    # some files state a unit's seconds in one of its rows
    total = np.full(size.size, np.nan)
    known = np.isfinite(seconds)
    total[unit[known]] = seconds[known]
    return total[unit] / size, unit, size


def _sort_key(text: str) -> tuple[int, float, str]:
    return (0, float(text), text) if is_number(text) else (1, 0.0, text)


def _place_in_work(part: Answers) -> Floats:
    for field in ("order", "started"):
        if part.has(field):
            return np.nan_to_num(part.numbers(field), nan=np.inf)
    return np.arange(part.num_rows, dtype=float)


def _codes_of(part: Answers, field: str, options: tuple[str, ...], kind: str) -> Ints:
    codes, texts = part.codes(field)
    if kind == MARKS:
        return np.where(codes >= 0, 0, -1)
    place = {option: number for number, option in enumerate(options)}
    to = np.array([*(place[text] for text in texts), -1])
    return np.asarray(to[codes], np.int64)


def _by_item(part: Answers, item: Ints, field: str) -> Floats:
    values = part.numbers(field)
    found = np.full(int(item.max()) + 1, np.nan)
    known = np.isfinite(values)
    found[item[known]] = values[known]
    return found


def _occasions(part: Answers, person: Ints, item: Ints) -> Ints:
    """Count the looks of every person at every item, in the order of work."""
    repeat = np.nan_to_num(part.numbers("is_repeat")).astype(np.int64)
    if not repeat.any():
        return repeat
    cell = np.unique(person * (int(item.max()) + 1) + item, return_inverse=True)[1]
    order = np.lexsort((_place_in_work(part), repeat))
    occasion = np.empty_like(order)
    occasion[order] = places(cell[order])
    return occasion


def _objects(part: Answers, item: Ints) -> Ints | None:
    """Number what preferences compare, `[N, 2]`; None where some do not say."""
    encoded = [part.codes(field) for field in ("first_object", "second_object")]
    if any((codes < 0).any() for codes, _ in encoded):
        return None
    names = dict.fromkeys(name for _, texts in encoded for name in texts)
    place = {name: number for number, name in enumerate(names)}
    objects = np.zeros((int(item.max()) + 1, 2), np.int64)
    for side, (codes, texts) in enumerate(encoded):
        objects[item, side] = np.array([place[name] for name in texts])[codes]
    return objects


def _marks(part: Answers, most_parts: int) -> NDArray[np.bool_]:
    codes, texts = part.codes("answer")
    by_text = np.zeros((len(texts) + 1, most_parts), bool)
    for number, text in enumerate(texts):
        if text != NOTHING:
            by_text[number, [int(place) for place in text.split()]] = True
    return by_text[codes]

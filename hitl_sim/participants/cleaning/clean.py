"""From the columns of any file to the one table of answers, refusing what cannot be."""

import dataclasses
import hashlib
import math
import secrets
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hitl_sim.participants.answers import (
    FIELDS,
    KINDS,
    LABEL,
    MARKS,
    NOTHING,
    PREFERENCE,
    PREFERENCES,
    RATING,
    Answers,
    encode,
)
from hitl_sim.participants.cleaning import oddity
from hitl_sim.participants.cleaning.column import (
    MAX_SECONDS,
    Place,
    as_flags,
    as_moments,
    as_numbers,
    as_text,
    as_whole,
    blank_marks,
    find_two,
    flags_of,
    list_names,
    mapped,
    readable,
)
from hitl_sim.participants.cleaning.unit import SECONDS_PER, settle_units
from hitl_sim.participants.record import Floats, Ints
from hitl_sim.table import spelling
from oracles.parameter import check_choice

Columns = dict[str, pa.ChunkedArray]

_NEEDED = ("annotator", "item", "answer")
_LENGTH = 12
"""Hexadecimal digits of a pseudonym: 48 bits keep a million people apart but for two in
a thousand imports."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the columns of a file mean.

    Attributes:
        columns: what the file calls a column of `FIELDS`, where it is another name.
        kind: kind of all answers, where the file has no such column.
        rename: what the file calls an answer or gold, and what it shall be called.
        seconds_per_unit: seconds in a unit of the file's times; .001 for milliseconds.
        confidence_max: largest confidence of the file's scale; 100 for percent.
        salt: of the pseudonyms; None draws one that nobody knows.
        is_pseudonymous: whether annotators are renamed; False keeps the file's names.
        keep_na: whether NA, NaN, null ... of a text file name a class; they mean that
            a value is missing otherwise.
        seconds_per: what a row's seconds are of, one of `SECONDS_PER`; None asks
            where neighbours share them and no column names the unit.
        wide: where a person has one row for all items, the columns of a field by item,
            as "answer={item}_Q1" or "{item}.answer".
    """

    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    kind: str | None = None
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)
    seconds_per_unit: float = 1.0
    confidence_max: float = 1.0
    salt: bytes | None = None
    is_pseudonymous: bool = True
    keep_na: bool = False
    seconds_per: str | None = None
    wide: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist, and scales that turn numbers around."""
        if self.kind is not None:
            check_choice("kind", self.kind, KINDS)
        if self.seconds_per is not None:
            check_choice("--seconds-per", self.seconds_per, SECONDS_PER)
        for name in ("seconds_per_unit", "confidence_max"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ValueError(f"`{name}` must be finite and > 0, got {value:g}.")


PLAIN = Layout()
"""A file whose columns are called as in `FIELDS`."""


def clean(
    table: pa.Table, layout: Layout, place: Place, *, has_marks: bool = False
) -> Answers:
    """Bring a table into the form of `FIELDS`.

    Where it `has_marks`, texts such as NA say that a value is missing.

    Returns:
        The answers, with notes on what was survived.

    Raises:
        ValueError: a column is missing or holds what cannot be meant; names both the
            row and the column.
    """
    names = columns_of(table, layout, place)
    place = dataclasses.replace(place, names=names)
    found = {field: table.column(name) for field, name in names.items()}
    notes = _blank_marks(found, layout, place) if has_marks else []
    for field, column in found.items():
        found[field] = readable(column, field, place, layout.seconds_per_unit)
    columns = {
        field: _parse(field, found[field], layout, place)
        if field in found
        else pa.chunked_array([pa.nulls(table.num_rows, kind)])
        for field, kind in FIELDS.items()
    }
    columns["kind"] = pc.fill_null(columns["kind"], layout.kind or LABEL)
    known = flags_of(pc.is_in(columns["kind"], pa.array(KINDS)))
    must = f"one of {', '.join(KINDS)}"
    place.refuse_any(~known, "kind", must, columns["kind"])
    for field in ("annotator", "item"):
        nothing = flags_of(columns[field].is_null())
        place.refuse_any(nothing, field, "filled", pc.fill_null(columns[field], ""))
    notes += [*oddity.cut_blanks(found, place), *_name_options(columns, layout, place)]
    for field in ("annotator", "item", "first_object", "second_object"):
        ids = spelling.whole_numbers(encode(columns[field])[1])
        columns[field] = mapped(columns[field], ids)
    _check_answers(columns, place)
    _check_item(columns, "gold", place)
    notes += [*oddity.odd_texts(columns, place), *oddity.look_alikes(columns, place)]
    is_copy = _look_twice(columns, place)
    if is_copy.any():
        notes.append(
            f"{int(is_copy.sum())} rows repeat another row in every column and are "
            f"dropped, the first {place.where(int(is_copy.argmax()))}."
        )
    spare = [name for name in table.column_names if name not in names.values()]
    if spare:
        notes.append(
            f"columns that nothing asked for were dropped: {list_names(spare)}."
        )
    if is_copy.any():
        columns = {
            n: column.filter(pa.array(~is_copy)) for n, column in columns.items()
        }
        place = place.take(np.nonzero(~is_copy)[0])
    columns["unit"], shared = settle_units(columns, layout.seconds_per, place)
    notes += shared
    if layout.is_pseudonymous:
        columns["annotator"] = _renamed_people(columns["annotator"], layout.salt)
    cleaned = pa.table(columns).combine_chunks()
    return Answers(cleaned, place.origin, tuple(notes))


def refuse_question(question: str | None) -> None:
    """Refuse the choice of a question, where a table has but one.

    Raises:
        ValueError: one is named.
    """
    if question is not None:
        raise ValueError(
            f"`--question` must be left out for a table, got {question!r}. A table has "
            "the answers to one question."
        )


def columns_of(table: pa.Table, layout: Layout, place: Place) -> dict[str, str]:
    """Find the file's column behind each field that it has.

    Raises:
        ValueError: a column that is needed or named is not there.
    """
    there = table.column_names
    listed = list_names(there)
    for field, name in layout.columns.items():
        if field not in FIELDS:
            allowed = ", ".join(FIELDS)
            raise ValueError(f"`columns` must name one of {allowed}, got {field!r}.")
        if name not in there:
            raise ValueError(
                f"{place.origin}: column {name!r} must be there for `{field}`, got "
                f"columns {listed}."
            )
    names = {field: field for field in FIELDS if field in there} | dict(layout.columns)
    if names.get("unit") in [n for field, n in names.items() if field != "unit"]:
        # a column of that name which the user gave another meaning
        del names["unit"]
    for field in _NEEDED:
        if field not in names:
            raise ValueError(
                f"{place.origin}: column {field!r} must be there, got columns "
                f"{listed}. Name the column that holds it: --column {field}=NAME; or, "
                "where a person has one row for all items, the columns of each item: "
                "--wide 'answer={item}.answer'."
            )
    return names


def _blank_marks(columns: Columns, layout: Layout, place: Place) -> list[str]:
    """Turn marks of missing values into missing ones, where they name no class."""
    notes = []
    for field, column in columns.items():
        if not layout.keep_na or FIELDS[field] != pa.string():
            columns[field], more = blank_marks(column, field, place)
            notes += more
    return notes


def _parse(
    field: str, column: pa.ChunkedArray, layout: Layout, place: Place
) -> pa.ChunkedArray:
    if field == "seconds":
        high = MAX_SECONDS / layout.seconds_per_unit
        unit = "s" if layout.seconds_per_unit == 1.0 else ""
        numbers = as_numbers(column, field, place, 0.0, high, unit)
        return pc.multiply(numbers, layout.seconds_per_unit)
    if field == "confidence":
        numbers = as_numbers(column, field, place, 0.0, layout.confidence_max)
        return pc.divide(numbers, layout.confidence_max)
    if field == "size":
        return as_numbers(column, field, place, 0.0, np.inf)
    if field in ("order", "parts"):
        return as_whole(column, field, place)
    if field == "started":
        return as_moments(column, field, place)
    if field == "is_repeat":
        return as_flags(column, field, place)
    return as_text(column)


def _name_options(columns: Columns, layout: Layout, place: Place) -> list[str]:
    """Give each option its name: numbers by their value, others as the user says."""
    texts = {t for field in ("answer", "gold") for t in encode(columns[field])[1]}
    options = spelling.identities(sorted(texts))
    ways = spelling.several_ways(options)
    said = {spelling.canonical(old): new for old, new in layout.rename.items()}
    said.update(layout.rename)
    named = {
        text: said.get(text, said.get(option, option))
        for text, option in options.items()
    }
    for field in ("answer", "gold"):
        columns[field] = mapped(columns[field], named)
    if not ways:
        return []
    shown = " and ".join(map(repr, ways[0]))
    return [
        f"{len(ways)} options are written in several ways in column "
        f"{place.names['answer']!r} or as gold, the first as {shown}: they are read as "
        f"{options[ways[0][0]]!r}."
    ]


def _renamed_people(column: pa.ChunkedArray, salt: bytes | None) -> pa.ChunkedArray:
    """Hash what people are called: without a salt it is lost who is behind a hash."""
    codes, names = encode(column)
    key = hashlib.sha256(secrets.token_bytes(16) if salt is None else salt).digest()
    hashed = (hashlib.blake2b(name.encode(), key=key).hexdigest() for name in names)
    new = pa.array([f"p{digest[:_LENGTH]}" for digest in hashed])
    return pa.chunked_array([new.take(pa.array(codes))])


def _check_answers(columns: Columns, place: Place) -> None:
    """Refuse answers that their kind cannot have."""
    answer = columns["answer"]
    of = {k: flags_of(pc.equal(columns["kind"], k)) for k in KINDS}
    allowed = pc.or_(pc.is_in(answer, pa.array(PREFERENCES)), pc.is_null(answer))
    must = f"one of {', '.join(PREFERENCES)} (rename answers where it is not)"
    place.refuse_any(of[PREFERENCE] & ~flags_of(allowed), "answer", must, answer)
    for field in ("first_object", "second_object"):
        _check_item(columns, field, place)
    if of[RATING].any():
        rated = pc.if_else(pa.array(of[RATING]), answer, pa.scalar(None, pa.string()))
        as_numbers(rated, "answer", place, -1e9, 1e9)
    if of[MARKS].any():
        _check_marks(columns, of[MARKS], place)


def _check_marks(columns: Columns, is_marks: np.ndarray, place: Place) -> None:
    if columns["parts"].filter(pa.array(is_marks)).null_count:
        raise ValueError(
            f"{place.origin}: column 'parts' must say how many parts each marked "
            "item has, got rows without."
        )
    _check_item(columns, "parts", place)
    parts = columns["parts"].to_pylist()
    answers = columns["answer"].to_pylist()
    for row in np.nonzero(is_marks)[0]:
        given = answers[row] or NOTHING
        marked = [] if given == NOTHING else given.split()
        if not all(m.isdigit() and int(m) < parts[row] for m in marked):
            must = f"{NOTHING!r} or numbers from 0 to {parts[row] - 1} with blanks"
            raise place.refuse(int(row), "answer", must, answers[row])


def _things(columns: Columns) -> Ints:
    """Number what is asked about: one item may be both labelled and rated."""
    return encode(columns["item"])[0] * len(KINDS) + encode(columns["kind"])[0]


def _check_item(columns: Columns, field: str, place: Place) -> None:
    """Refuse two values of an item where it can have but one."""
    value, texts = encode(columns[field].cast(pa.string()))
    known = np.nonzero(value >= 0)[0]
    found = find_two(value[known], _things(columns)[known])
    if found is not None:
        row, early = known[list(found)].tolist()
        what = columns["item"][row].as_py()
        must = f"{texts[value[early]]!r} as in {place.where(early)} for item {what!r}"
        raise place.refuse(row, field, must, texts[value[row]])


def _look_twice(columns: Columns, place: Place) -> NDArray[np.bool_]:
    """Tell second looks from first, and return which rows are there twice."""
    person, people = encode(columns["annotator"])
    cell = _things(columns) * len(people) + person
    _, inverse, count = np.unique(cell, return_inverse=True, return_counts=True)
    again = np.nonzero(count[inverse] > 1)[0]
    is_copy = np.zeros(cell.size, bool)
    part = pa.table(columns).take(pa.array(again)).columns
    content = np.stack([encode(column.cast(pa.string()))[0] for column in part])
    first = np.unique(content, axis=1, return_index=True)[1]
    is_copy[np.delete(again, first)] = True
    columns["is_repeat"] = _repeats(columns, cell, again[~is_copy[again]], place)
    return is_copy


def _repeats(
    columns: Columns, cell: Ints, looks: Ints, place: Place
) -> pa.ChunkedArray:
    """Say which rows are later looks of a person at an item."""
    is_repeat = flags_of(pc.fill_null(columns["is_repeat"], False)).copy()
    when: Floats = np.zeros(cell.size)
    for field in ("order", "started"):
        if columns[field].null_count == 0:
            when = columns[field].cast(pa.float64()).to_numpy(zero_copy_only=False)
    row = looks[np.lexsort((when[looks], is_repeat[looks], cell[looks]))]
    same = cell[row][1:] == cell[row][:-1]
    undecided = same & (when[row][1:] == when[row][:-1])
    undecided &= is_repeat[row][1:] == is_repeat[row][:-1]
    if undecided.any():
        at = int(undecided.argmax())
        early, late = sorted((int(row[at]), int(row[at + 1])))
        must = (
            f"answered once by an annotator, or `order`, `started` or `is_repeat` must "
            f"say which came first; {place.where(early)} has the same annotator "
            "and item"
        )
        raise place.refuse(late, "item", must, columns["item"][late].as_py())
    is_repeat[row[1:][same]] = True
    return pa.chunked_array([pa.array(is_repeat)])

"""From the columns of any file to the one table of answers, refusing what cannot be."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

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
from hitl_sim.participants.column import (
    MAX_SECONDS,
    Place,
    as_flags,
    as_moments,
    as_numbers,
    as_text,
    as_whole,
    list_names,
    mapped,
    readable,
)
from hitl_sim.participants.oddity import cut_blanks, look_alikes, odd_texts
from hitl_sim.participants.record import Ints
from hitl_sim.table.spelling import (
    canonical,
    identities,
    several_ways,
    whole_numbers,
)

_LENGTH = 12


def new_salt() -> bytes:
    """Draw a salt that is kept nowhere: who is behind a pseudonym is then lost."""
    return secrets.token_bytes(16)


def pseudonyms(names: Iterable[str], salt: bytes) -> list[str]:
    """Hash names with a salt.

    Args:
        names: what people are called.
        salt: the same one gives the same pseudonyms, so that two files can be joined.

    Returns:
        "p" and twelve hexadecimal digits for each; 48 bits keep a million people apart
        but for two in a thousand imports.
    """
    return [f"p{_digest(name, salt)}" for name in names]


def _digest(name: str, salt: bytes) -> str:
    hashed = hashlib.blake2b(name.encode(), key=hashlib.sha256(salt).digest())
    return hashed.hexdigest()[:_LENGTH]


if TYPE_CHECKING:
    from hitl_sim.participants.table_file import Layout

_NEEDED = ("annotator", "item", "answer")


def clean(table: pa.Table, layout: "Layout", place: Place) -> Answers:
    """Bring a table into the form of `FIELDS`.

    Args:
        table: as it was read.
        layout: what its columns mean.
        place: the file, for messages.

    Returns:
        The answers, with notes on what was survived.

    Raises:
        ValueError: a column is missing or holds what cannot be meant; names both the
            row and the column.
    """
    names = columns_of(table, layout, place)
    unit_s = layout.seconds_per_unit
    found = {
        field: readable(table.column(name), field, name, place, unit_s)
        for field, name in names.items()
    }
    rows = table.num_rows
    columns: dict[str, pa.ChunkedArray] = {}
    for field, kind in FIELDS.items():
        if field in found:
            columns[field] = _parse(field, found[field], names[field], layout, place)
        else:
            columns[field] = pa.chunked_array([pa.nulls(rows, kind)])
    columns["kind"] = _kinds(columns["kind"], names.get("kind", "kind"), layout, place)
    for field in ("annotator", "item"):
        _check_filled(columns[field], names[field], place)
    notes = [*cut_blanks(found, names, place), *_name_options(columns, names, layout)]
    for field in ("annotator", "item", "first_object", "second_object"):
        ids = whole_numbers(encode(columns[field])[1])
        columns[field] = mapped(columns[field], ids)
    _check_answers(columns, names, place)
    _check_item(columns, "gold", names, place)
    notes += [*odd_texts(columns, names, place), *look_alikes(columns, names, place)]
    kept = {name: table.column(name) for name in layout.keep}
    columns, kept, more = _look_twice(columns, kept, names, place)
    if layout.is_pseudonymous:
        columns["annotator"] = _renamed_people(columns["annotator"], layout.salt)
    return Answers(
        pa.table({**columns, **kept}).combine_chunks(),
        place.origin,
        (*notes, *more, *_dropped(table, names, layout)),
    )


def columns_of(table: pa.Table, layout: "Layout", place: Place) -> dict[str, str]:
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
    for name in layout.keep:
        if name not in there:
            raise ValueError(
                f"{place.origin}: column {name!r} must be there to be kept, got "
                f"columns {listed}."
            )
    names = {field: field for field in FIELDS if field in there} | dict(layout.columns)
    for field in _NEEDED:
        if field not in names:
            raise ValueError(
                f"{place.origin}: column {field!r} must be there, got columns "
                f"{listed}. Name the column that holds it: --column {field}=NAME; or, "
                "where a person has one row for all items, the columns of each item: "
                "--wide 'answer={item}.answer'."
            )
    return names


def _parse(
    field: str, column: pa.ChunkedArray, name: str, layout: "Layout", place: Place
) -> pa.ChunkedArray:
    if field == "seconds":
        high = MAX_SECONDS / layout.seconds_per_unit
        unit = "s" if layout.seconds_per_unit == 1.0 else ""
        numbers = as_numbers(column, name, place, 0.0, high, unit)
        return pc.multiply(numbers, layout.seconds_per_unit)
    if field == "confidence":
        numbers = as_numbers(column, name, place, 0.0, layout.confidence_max)
        return pc.divide(numbers, layout.confidence_max)
    if field == "size":
        return as_numbers(column, name, place, 0.0, np.inf)
    if field in ("order", "parts"):
        return as_whole(column, name, place)
    if field == "started":
        return as_moments(column, name, place)
    if field == "is_repeat":
        return as_flags(column, name, place)
    return as_text(column)


def _kinds(
    column: pa.ChunkedArray, name: str, layout: "Layout", place: Place
) -> pa.ChunkedArray:
    filled = pc.fill_null(column, layout.kind or LABEL)
    known = pc.is_in(filled, pa.array(KINDS)).to_numpy(zero_copy_only=False)
    if not known.all():
        row = int((~known).argmax())
        raise place.refuse(row, name, f"one of {', '.join(KINDS)}", filled[row].as_py())
    return filled


def _check_filled(column: pa.ChunkedArray, name: str, place: Place) -> None:
    if column.null_count:
        row = int(column.is_null().to_numpy(zero_copy_only=False).argmax())
        raise place.refuse(row, name, "filled", "")


def _name_options(
    columns: dict[str, pa.ChunkedArray], names: dict[str, str], layout: "Layout"
) -> list[str]:
    """Give each option its name: numbers by their value, others as the user says."""
    texts = {t for field in ("answer", "gold") for t in encode(columns[field])[1]}
    options = identities(sorted(texts))
    ways = several_ways(options)
    notes = []
    if ways:
        shown = " and ".join(map(repr, ways[0]))
        notes.append(
            f"{len(ways)} options are written in several ways in column "
            f"{names['answer']!r} or as gold, the first as {shown}: they are read as "
            f"{options[ways[0][0]]!r}."
        )
    said = {canonical(old): new for old, new in layout.rename.items()}
    said.update(layout.rename)
    named = {
        text: said.get(text, said.get(option, option))
        for text, option in options.items()
    }
    for field in ("answer", "gold"):
        columns[field] = mapped(columns[field], named)
    return notes


def _renamed_people(column: pa.ChunkedArray, salt: bytes | None) -> pa.ChunkedArray:
    codes, names = encode(column)
    new = pa.array(pseudonyms(names, salt if salt is not None else new_salt()))
    return pa.chunked_array([new.take(pa.array(codes))])


def _check_answers(
    columns: dict[str, pa.ChunkedArray], names: dict[str, str], place: Place
) -> None:
    """Refuse answers that their kind cannot have."""
    kind = columns["kind"]
    of = {k: pc.equal(kind, k).to_numpy(zero_copy_only=False) for k in KINDS}
    answer = columns["answer"]
    if of[PREFERENCE].any():
        allowed = pc.or_(pc.is_in(answer, pa.array(PREFERENCES)), pc.is_null(answer))
        bad = of[PREFERENCE] & ~allowed.to_numpy(zero_copy_only=False)
        if bad.any():
            row = int(bad.argmax())
            must = f"one of {', '.join(PREFERENCES)} (rename answers where it is not)"
            raise place.refuse(row, names["answer"], must, answer[row].as_py())
    for field in ("first_object", "second_object"):
        _check_item(columns, field, names, place)
    if of[RATING].any():
        rated = pc.if_else(pa.array(of[RATING]), answer, pa.scalar(None, pa.string()))
        as_numbers(rated, names["answer"], place, -1e9, 1e9)
    if of[MARKS].any():
        _check_marks(columns, of[MARKS], names, place)


def _check_marks(
    columns: dict[str, pa.ChunkedArray],
    is_marks: NDArray[np.bool_],
    names: dict[str, str],
    place: Place,
) -> None:
    if columns["parts"].filter(pa.array(is_marks)).null_count:
        raise ValueError(
            f"{place.origin}: column 'parts' must say how many parts each marked item "
            "has, got rows without."
        )
    _check_item(columns, "parts", names, place)
    parts = columns["parts"].to_pylist()
    answers = columns["answer"].to_pylist()
    for row in np.nonzero(is_marks)[0]:
        given = answers[row] or NOTHING
        marked = [] if given == NOTHING else given.split()
        if not all(m.isdigit() and int(m) < parts[row] for m in marked):
            must = f"{NOTHING!r} or numbers from 0 to {parts[row] - 1} with blanks"
            raise place.refuse(int(row), names["answer"], must, answers[row])


def _check_item(
    columns: dict[str, pa.ChunkedArray], field: str, names: dict[str, str], place: Place
) -> None:
    """Refuse two values of an item where it can have but one."""
    column = columns[field].cast(pa.string())
    value, texts = encode(column)
    known = np.nonzero(value >= 0)[0]
    if not known.size:
        return
    # Golds belong to a question: one item may be both labelled and rated.
    item, _ = encode(columns["item"])
    kind, _ = encode(columns["kind"])
    thing = item * len(KINDS) + kind
    first = np.full(int(thing.max()) + 1, -1)
    first[thing[known][::-1]] = known[::-1]
    differs = value[known] != value[first[thing[known]]]
    if differs.any():
        row = int(known[differs.argmax()])
        before = int(first[thing[row]])
        what = columns["item"][row].as_py()
        must = f"{texts[value[before]]!r} as in {place.where(before)} for item {what!r}"
        raise place.refuse(row, names.get(field, field), must, texts[value[row]])


def _look_twice(
    columns: dict[str, pa.ChunkedArray],
    kept: dict[str, pa.ChunkedArray],
    names: dict[str, str],
    place: Place,
) -> tuple[dict[str, pa.ChunkedArray], dict[str, pa.ChunkedArray], list[str]]:
    """Drop rows that are there twice, and tell second looks from first."""
    cell = _cells(columns)
    _, inverse, count = np.unique(cell, return_inverse=True, return_counts=True)
    again = np.nonzero(count[inverse] > 1)[0]
    rows = cell.size
    is_copy = np.zeros(rows, bool)
    seen: dict[tuple[object, ...], int] = {}
    part = pa.table(columns).take(pa.array(again)).to_pylist()
    for row, values in zip(again.tolist(), part, strict=True):
        content = tuple(values.values())
        is_copy[row] = content in seen
        seen.setdefault(content, row)
    notes = []
    if is_copy.any():
        row = int(is_copy.argmax())
        notes.append(
            f"{int(is_copy.sum())} rows repeat another row in every column and are "
            f"dropped, the first {place.where(row)}."
        )
    looks = again[~is_copy[again]]
    columns["is_repeat"] = _repeats(columns, cell, looks, names, place)
    if is_copy.any():
        chosen = pa.array(~is_copy)
        columns = {name: column.filter(chosen) for name, column in columns.items()}
        kept = {name: column.filter(chosen) for name, column in kept.items()}
    return columns, kept, notes


def _cells(columns: dict[str, pa.ChunkedArray]) -> Ints:
    """Number person, item and kind together."""
    person, people = encode(columns["annotator"])
    item, _ = encode(columns["item"])
    kind, _ = encode(columns["kind"])
    return (item * len(people) + person) * len(KINDS) + kind


def _repeats(
    columns: dict[str, pa.ChunkedArray],
    cell: Ints,
    looks: Ints,
    names: dict[str, str],
    place: Place,
) -> pa.ChunkedArray:
    """Say which rows are later looks of a person at an item."""
    given = pc.fill_null(columns["is_repeat"], False).to_numpy(zero_copy_only=False)
    is_repeat = given.astype(bool).copy()
    _, group, count = np.unique(cell[looks], return_inverse=True, return_counts=True)
    open_ = looks[count[group] > 1]
    if not open_.size:
        return pa.chunked_array([pa.array(is_repeat)])
    place_of = np.zeros(cell.size)
    for field in ("started", "order"):
        if columns[field].null_count == 0:
            place_of = columns[field].cast(pa.float64()).to_numpy(zero_copy_only=False)
            break
    key = np.lexsort((place_of[open_], is_repeat[open_], cell[open_]))
    row = open_[key]
    same = cell[row][1:] == cell[row][:-1]
    undecided = same & (place_of[row][1:] == place_of[row][:-1])
    undecided &= is_repeat[row][1:] == is_repeat[row][:-1]
    if undecided.any():
        at = int(undecided.argmax())
        early, late = sorted((int(row[at]), int(row[at + 1])))
        must = (
            f"answered once by an annotator, or `order`, `started` or `is_repeat` must "
            f"say which came first; {place.where(early)} has the same annotator and "
            "item"
        )
        got = columns["item"][late].as_py()
        raise place.refuse(late, names["item"], must, got)
    is_repeat[row[1:][same]] = True
    return pa.chunked_array([pa.array(is_repeat)])


def _dropped(table: pa.Table, names: dict[str, str], layout: "Layout") -> list[str]:
    used = {*names.values(), *layout.keep}
    spare = [name for name in table.column_names if name not in used]
    if not spare:
        return []
    return [f"columns that nothing asked for were dropped: {list_names(spare)}."]

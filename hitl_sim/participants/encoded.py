"""From the table of answers to numbers: one record of one kind."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hitl_sim.participants.answers import (
    MARKS,
    NOTHING,
    PREFERENCE,
    PREFERENCES,
    Answers,
)
from hitl_sim.participants.record import Floats, Ints, Record
from hitl_sim.table.spelling import is_number


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
    part = answers.rows(codes == names.index(kind))
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
    seconds = part.numbers("seconds")
    record = Record(
        name=part.origin,
        num_options=len(options),
        person=person[order],
        item=item[order],
        occasion=_occasions(part, person, item)[order],
        answer=_coded(part, "answer", options, kind)[order],
        half=np.zeros(person.size, np.int64),
        truth=_gold(part, item, options, kind, len(items)),
        level=np.zeros(len(items), np.int64),
        size=size / (typical or 1.0),
        split="not split",
        is_ordered=part.has("order") or part.has("started"),
        seconds=seconds[order] if np.isfinite(seconds).any() else None,
    )
    if kind == PREFERENCE:
        return replace(record, objects=_objects(part, item))
    if kind == MARKS:
        num_parts = np.nan_to_num(_by_item(part, item, "parts")).astype(np.int64)
        marks = _marks(part, int(num_parts.max(initial=1)))[order]
        return replace(record, marks=marks, num_parts=num_parts)
    return record


def _sort_key(text: str) -> tuple[int, float, str]:
    return (0, float(text), text) if is_number(text) else (1, 0.0, text)


def _place_in_work(part: Answers) -> Floats:
    for field in ("order", "started"):
        if part.has(field):
            return np.nan_to_num(part.numbers(field), nan=np.inf)
    return np.arange(part.num_rows, dtype=float)


def _coded(part: Answers, field: str, options: tuple[str, ...], kind: str) -> Ints:
    codes, texts = part.codes(field)
    if kind == MARKS:
        return np.where(codes >= 0, 0, -1)
    place = {option: number for number, option in enumerate(options)}
    to = np.array([*(place[text] for text in texts), -1])
    return np.asarray(to[codes], np.int64)


def _gold(
    part: Answers, item: Ints, options: tuple[str, ...], kind: str, num_items: int
) -> Ints:
    gold = np.full(num_items, -1)
    if kind == MARKS:
        return gold
    coded = _coded(part, "gold", options, kind)
    gold[item[coded >= 0]] = coded[coded >= 0]
    return gold


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
    cell = person * (int(item.max()) + 1) + item
    order = np.lexsort((_place_in_work(part), repeat, cell))
    is_new = np.concatenate([[True], np.diff(cell[order]) != 0])
    start = np.maximum.accumulate(np.where(is_new, np.arange(cell.size), 0))
    occasion = np.empty(cell.size, np.int64)
    occasion[order] = np.arange(cell.size) - start
    return occasion


def _objects(part: Answers, item: Ints) -> Ints | None:
    """Number what preferences compare, `[N, 2]`; None where some do not say."""
    coded = [part.codes(field) for field in ("first_object", "second_object")]
    if any((codes < 0).any() for codes, _ in coded):
        return None
    names = dict.fromkeys(name for _, texts in coded for name in texts)
    place = {name: number for number, name in enumerate(names)}
    objects = np.zeros((int(item.max()) + 1, 2), np.int64)
    for side, (codes, texts) in enumerate(coded):
        objects[item, side] = np.array([place[name] for name in texts])[codes]
    return objects


def _marks(part: Answers, most_parts: int) -> NDArray[np.bool_]:
    codes, texts = part.codes("answer")
    by_text = np.zeros((len(texts) + 1, most_parts), bool)
    for number, text in enumerate(texts):
        if text != NOTHING:
            by_text[number, [int(place) for place in text.split()]] = True
    return by_text[codes]

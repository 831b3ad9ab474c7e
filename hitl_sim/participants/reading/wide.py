"""From one row a person to one row an answer: tables with columns for every item."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hitl_sim.participants.answers import FIELDS
from hitl_sim.participants.cleaning.column import Place, flags_of
from hitl_sim.table.text_column import is_empty

_ITEM = "{item}"


Blocks = Mapping[str, Mapping[str, str]]
"""By what stands in the place of the item, or of the round: the wide column behind each
column of the long table."""


def blocks_of(patterns: Sequence[str], names: Sequence[str], place: Place) -> Blocks:
    """Find the columns of every item by patterns such as `{item}.answer`.

    Args:
        patterns: FIELD=PATTERN, or a pattern that says one field's name beside
            `{item}`. A column that several fit belongs to the longest.
        names: columns of the wide table.
        place: the file.

    Returns:
        A block for each item that has an answer, in the order of the columns.

    Raises:
        ValueError: a pattern lacks `{item}`, names no field, or fits no column.
    """
    by_field = dict(map(_split_pattern, patterns))
    fits = {
        field: re.compile(re.escape(pattern).replace(re.escape(_ITEM), "(?P<item>.+?)"))
        for field, pattern in by_field.items()
    }
    longest = sorted(by_field, key=lambda field: -len(by_field[field]))
    found: dict[str, dict[str, str]] = {}
    for name in names:
        tried = ((field, fits[field].fullmatch(name)) for field in longest)
        field, fit = next((each for each in tried if each[1]), ("", None))
        if fit:
            found.setdefault(fit["item"], {})[field] = name
    for field, pattern in by_field.items():
        if not any(field in columns for columns in found.values()):
            raise ValueError(
                f"`wide` must fit columns of {place.origin}, got {pattern!r}, which "
                "fits none."
            )
    return {item: columns for item, columns in found.items() if "answer" in columns}


def _split_pattern(text: str) -> tuple[str, str]:
    field, equals, pattern = text.partition("=")
    if not equals:
        pattern = text
        words = re.split(r"[^a-z_]+", text.replace(_ITEM, " "))
        said = [word for word in FIELDS if word in words]
        field = said[0] if len(said) == 1 else ""
    if field not in FIELDS or pattern.count(_ITEM) != 1:
        raise ValueError(
            "`wide` must be FIELD=PATTERN with {item} once in it, as "
            f"'answer={{item}}_Q1' or '{{item}}.answer', got {text!r}."
        )
    return field, pattern


def lengthen(
    table: pa.Table,
    blocks: Blocks,
    place: Place,
    label: str = "item",
    telling: Sequence[str] = ("answer", "seconds", "confidence", "started"),
) -> tuple[pa.Table, Place, list[str]]:
    """Turn a row a person into a row for each block that the person was asked.

    Args:
        table: the wide table, `P` rows.
        blocks: `B` items or rounds, each with its columns.
        place: the file.
        label: column for what stands in the place of the item, unless blocks have it.
        telling: columns of blocks of which one at least is filled where somebody was
            asked; what is known of an item is filled for all.

    Returns:
        The long table, sorted by person and block, with all columns that belong to no
        block, and `unit`, the row that each comes from; the place that names rows and
        columns of the wide table; and a note on blocks that are empty for a person,
        whom nobody asked then.
    """
    num_people, num_blocks = table.num_rows, len(blocks)
    fields = list(dict.fromkeys(field for of in blocks.values() for field in of))
    index = np.arange(num_people * num_blocks).reshape(num_blocks, -1).T.ravel()
    long = {field: _stacked(table, blocks, field).take(index) for field in fields}
    is_asked = np.zeros(index.size, bool)
    for field in fields:
        if field in telling:
            is_asked |= filled(long[field])
    block_of, person = index // max(num_people, 1), index % max(num_people, 1)
    block_of, person = block_of[is_asked], person[is_asked]
    columns = {name: column.filter(pa.array(is_asked)) for name, column in long.items()}
    if label not in columns:
        items = pa.array(list(blocks), pa.string())
        columns[label] = pa.chunked_array([items.take(pa.array(block_of))])
    if "unit" not in table.column_names and "unit" not in columns:
        columns["unit"] = pa.chunked_array([pa.array(person + 1).cast(pa.string())])
    used = {name for of in blocks.values() for name in of.values()}
    for name in table.column_names:
        if name not in used and name not in columns:
            columns[name] = table.column(name).take(pa.array(person))

    columns_of = list(blocks.values())

    def name_of(row: int, column: str) -> str:
        return columns_of[int(block_of[row])].get(column, column)

    moved = replace(place.take(person), name_of=name_of)
    notes = [
        f"one row a person: {num_people} people and {num_blocks} items or rounds in "
        "columns."
    ]
    if not is_asked.all():
        notes.append(
            f"{int((~is_asked).sum())} of {index.size} times a person has neither an "
            "answer nor a time for an item: taken for not asked."
        )
    return pa.table(columns), moved, notes


def _stacked(table: pa.Table, blocks: Blocks, field: str) -> pa.ChunkedArray:
    """Put the columns of one field below each other."""
    there = [of.get(field) for of in blocks.values()]
    kinds = {table.column(name).type for name in there if name is not None}
    kind = kinds.pop() if len(kinds) == 1 else pa.string()
    nothing = pa.chunked_array([pa.nulls(table.num_rows, kind)])
    columns = [nothing if n is None else table.column(n).cast(kind) for n in there]
    return pa.chunked_array([c for column in columns for c in column.chunks], kind)


def filled(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Say which cells hold something else than blanks and marks of missing values."""
    there = pc.is_valid(column)
    if pa.types.is_string(column.type):
        there = pc.and_(there, pc.invert(pc.fill_null(is_empty(column), True)))
    return flags_of(there)

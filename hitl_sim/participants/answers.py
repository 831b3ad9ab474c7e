"""The one table of answers that every import ends in, and how it is kept on disk."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from hitl_sim.participants.record import Floats, Ints

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
`is_repeat` marks later looks of a person at an item. The last four belong to items:
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
        return self._codes[field]

    @functools.cached_property
    def _codes(self) -> Mapping[str, tuple[Ints, list[str]]]:
        texts = (name for name, kind in FIELDS.items() if kind == pa.string())
        return {name: encode(self.table.column(name)) for name in texts}

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


def check_table_out(path: Path) -> None:
    """Refuse a file that no table can be written to, before any work is done.

    Raises:
        ValueError: it does not end in .parquet, or its folder is not there.
    """
    if path.suffix != ".parquet" or not path.parent.is_dir():
        raise ValueError(
            f"`out` must end in .parquet, in a folder that is there, got {str(path)!r}."
        )


def encode(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Number the texts of a column by first appearance, -1 where there is none.

    So a person's number does not depend on the salt of their pseudonym.
    """
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return index.astype(np.int64), coded.dictionary.to_pylist()

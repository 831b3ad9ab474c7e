"""A machine's answers to all items of a data set, and how sure it is of each."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from hitl_sim.participants.cleaning.clean import PLAIN, Layout, clean
from hitl_sim.participants.cleaning.column import list_names
from hitl_sim.participants.reading.table_file import check_header, read_table
from hitl_sim.participants.record import Floats

_COLUMNS = ("item", "answer", "label", "confidence")


@dataclass(frozen=True)
class MachineFile:
    """What a machine says of every item of a data set, `N` of them.

    Attributes:
        origin: the file.
        item: ids, each once.
        label: labels of the data set: the machine's answers, or others.
        right: `[N]` how likely each label is right, as the machine has it.
    """

    origin: str
    item: list[str]
    label: list[str]
    right: Floats


def read_machine(path: Path, layout: Layout = PLAIN) -> MachineFile:
    """Read a table with a row for each item: `item`, `answer`, and what is predicted.

    The machine's answer is right with probability `confidence`, 1 without that column.
    Labels of the data set that are not the machine's own stand in a column `label`:
    one that the machine gives too is right with its confidence, another with the rest.

    Args:
        path: .csv, .tsv (each may be packed with gzip) or .parquet.
        layout: names of answers, and the confidence of what is certain.

    Raises:
        ValueError: the file cannot be read, lacks a column, has an item twice or a
            cell that is empty or out of range; names the column and the row or item.
    """
    table, place, _ = read_table(path)
    if place.line_of is not None:
        check_header(table, _COLUMNS, place)
    there = [name for name in _COLUMNS if name in table.column_names]
    for name in ("item", "answer"):
        if name not in there:
            got = list_names(table.column_names)
            raise ValueError(f"{path}: column {name!r} must be there, got {got}.")
    if len(there) == 2:
        raise ValueError(
            f"{path}: column 'confidence' or 'label' must be there, got "
            f"{list_names(table.column_names)}. Neither says which labels may be wrong."
        )
    table = table.select(there)
    table = table.append_column("annotator", pa.array(["machine"] * table.num_rows))
    # a label is to an item what gold is: it has one
    columns = {"gold": "label"} if "label" in there else {}
    layout = dataclasses.replace(
        layout, columns=columns, kind=None, wide=(), is_pseudonymous=False
    )
    found = clean(table, layout, place, has_marks=True).table.to_pydict()
    label = found["gold" if columns else "answer"]
    sure = found["confidence"] if "confidence" in there else [1.0] * len(label)
    for what, values in (
        ("an answer", found["answer"]),
        ("a label", label),
        ("a confidence", sure),
    ):
        if None in values:
            item = found["item"][values.index(None)]
            raise ValueError(f"{path}: item {item!r} must have {what}, got none.")
    agrees = [a == b for a, b in zip(label, found["answer"], strict=True)]
    certain = np.array(sure, np.float64)
    right = np.where(agrees, certain, 1.0 - certain)
    return MachineFile(str(path), found["item"], label, right)

"""Whether the first line of a text table is its header, and the only one."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.table.missing import is_missing
from hitl_sim.table.spelling import is_number

_MARK = "\ufeff"
"""Byte order mark, which a file brings along that was put behind another."""


def is_row(table: pa.Table) -> bool:
    """Whether the names of columns look like a row of values.

    So they do where a word among them is a value of its own column, or where all are
    numbers, missing, or such values.
    """
    is_data = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_text = pa.types.is_string(column.type)
        is_value = is_text and bool(pc.any(pc.equal(column, name)).as_py())
        is_plain = is_missing(name) or is_number(name)
        if is_value and not is_plain:
            return True
        is_data.append(is_value or is_plain)
    return all(is_data)


def find_again(table: pa.Table) -> int | None:
    """Find the header among the rows, as when files are put together.

    Returns:
        The first row that holds the names of all columns, in any order; None for none.
    """
    names = table.column_names
    # a column with a name in it is none of numbers
    if len(names) < 2 or not all(pa.types.is_string(c.type) for c in table.columns):
        return None
    said = pa.array([*names, *(_MARK + name for name in names)])
    # functions of UTF-8 would refuse other bytes, which have a message of their own
    trimmed = [pc.ascii_trim_whitespace(column) for column in table.columns]
    is_header = np.ones(table.num_rows, bool)
    for column in trimmed:
        is_header &= pc.is_in(column, said).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(is_header):
        cells = (column[int(row)].as_py().removeprefix(_MARK) for column in trimmed)
        if sorted(cells) == sorted(names):
            return int(row)
    return None

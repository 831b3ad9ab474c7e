"""Whose seconds a row states: its answer's, or those of a form with several answers.

Many exports repeat the time of a whole form in each of its rows. Read as times of
answers, they make people as many times slower as the form has rows.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hitl_sim.participants.answers import encode
from hitl_sim.participants.cleaning.column import Place, find_two
from hitl_sim.participants.record import Floats, Ints

Columns = dict[str, pa.ChunkedArray]

ANSWER, FORM = "answer", "form"
SECONDS_PER = (ANSWER, FORM)
"""What a row's seconds may be of: its answer, or a form whose rows all state them."""

_LEAST_PAIRS = 20
_SUSPECT = 0.3
"""Neighbours with equal seconds beyond chance, as a share of what chance leaves, from
which on the user is asked. Forms of two rows show a half; people who answer in few
whole seconds, each at an own pace, a fifth."""


class _Neighbours(NamedTuple):
    """Rows of a person that follow each other.

    Attributes:
        order: `[L]` rows with a time, by person and work.
        is_same: `[L]` whether each has the person, seconds and start of the one before.
        is_next: `[L]` whether each has the person of the one before.
    """

    order: Ints
    is_same: NDArray[np.bool_]
    is_next: NDArray[np.bool_]


def settle_units(
    columns: Columns, seconds_per: str | None, place: Place
) -> tuple[pa.ChunkedArray, list[str]]:
    """Say which rows share their seconds.

    Args:
        columns: of `FIELDS`.
        seconds_per: one of `SECONDS_PER`; None asks where it cannot be told.
        place: the file.

    Returns:
        The column `unit`, and a note where seconds are shared.

    Raises:
        ValueError: seconds look shared and nobody said by whom, rows of a unit state
            different ones, or what was said cannot be.
    """
    unit = columns["unit"]
    seconds = columns["seconds"].to_numpy(zero_copy_only=False).astype(float)
    if unit.null_count < len(unit):
        if seconds_per == ANSWER:
            raise ValueError(
                f"`--seconds-per` must be left out where column "
                f"{place.names['unit']!r} names the form, got {ANSWER!r}."
            )
        _check_seconds(columns, seconds, place)
        return unit, _note(columns["annotator"], unit, seconds)
    if seconds_per == ANSWER or not np.isfinite(seconds).any():
        return unit, []
    near = _neighbours(columns, seconds)
    if seconds_per == FORM:
        unit = _forms(near, len(unit))
        notes = _note(columns["annotator"], unit, seconds)
        if not notes:
            raise ValueError(
                f"{place.origin}: `--seconds-per` must be {ANSWER!r} where no two rows "
                f"of a person that follow each other have the same seconds, got "
                f"{FORM!r}."
            )
        return unit, notes
    _ask(near, seconds, place)
    return unit, []


def _neighbours(columns: Columns, seconds: Floats) -> _Neighbours:
    person = encode(columns["annotator"])[0]
    started = columns["started"].to_numpy(zero_copy_only=False).astype(float)
    place = np.arange(seconds.size, dtype=float)
    for field in ("order", "started"):
        if columns[field].null_count == 0:
            place = columns[field].to_numpy(zero_copy_only=False).astype(float)
            break
    order = np.lexsort((np.arange(seconds.size), place, person))
    order = order[np.isfinite(seconds[order])]
    is_next = np.zeros(order.size, bool)
    is_next[1:] = person[order][1:] == person[order][:-1]
    is_same = is_next.copy()
    is_same[1:] &= seconds[order][1:] == seconds[order][:-1]
    begun = np.nan_to_num(started[order], nan=-1.0)
    is_same[1:] &= begun[1:] == begun[:-1]
    return _Neighbours(order, is_same, is_next)


def _forms(near: _Neighbours, num_rows: int) -> pa.ChunkedArray:
    """Name the runs of rows that look like one form."""
    names = np.full(num_rows, -1)
    names[near.order] = np.cumsum(~near.is_same)
    texts = [None if name < 0 else f"form {name}" for name in names]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _ask(near: _Neighbours, seconds: Floats, place: Place) -> None:
    """Refuse seconds of which it cannot be told whose they are."""
    pairs = int(near.is_next.sum())
    if pairs < _LEAST_PAIRS:
        return
    share = near.is_same.sum() / pairs
    _, count = np.unique(seconds[near.order], return_counts=True)
    chance = float(np.square(count / count.sum()).sum())
    if share - chance <= _SUSPECT * (1.0 - chance):
        return
    at = int(near.is_same.argmax())
    first, second = sorted(int(row) for row in near.order[at - 1 : at + 1])
    raise ValueError(
        f"{place.origin}, column {place.names['seconds']!r}: must say whose time it "
        f"is, got the same time in {share:.0%} of rows that follow another of the same "
        f"person, as {seconds[first]:g} s in {place.where(first)} and "
        f"{place.where(second)}. If it is the time of a form with several answers: "
        "--column unit=NAME, of a column that names the form, or --seconds-per "
        f"{FORM}. "
        f"If each answer took as long: --seconds-per {ANSWER}."
    )


def _check_seconds(columns: Columns, seconds: Floats, place: Place) -> None:
    """Refuse two times of one unit."""
    unit, person = (encode(columns[field])[0] for field in ("unit", "annotator"))
    known = np.nonzero(np.isfinite(seconds) & (unit >= 0))[0]
    whose = person[known] * (int(unit.max()) + 1) + unit[known]
    found = find_two(seconds[known], whose)
    if found is not None:
        row, early = known[list(found)].tolist()
        what = columns["unit"][row].as_py()
        must = f"{seconds[early]:g} s as in {place.where(early)} of unit {what!r}"
        raise place.refuse(row, "seconds", must, seconds[row])


def _note(
    annotator: pa.ChunkedArray, unit: pa.ChunkedArray, seconds: Floats
) -> list[str]:
    """Say how many units there are, if one has several answers."""
    code = encode(unit)[0]
    whose = encode(annotator)[0] * (int(code.max()) + 1) + code
    timed = np.unique(whose[np.isfinite(seconds) & (code >= 0)])
    count = np.unique(whose[np.isin(whose, timed) & (code >= 0)], return_counts=True)[1]
    if not count.size or count.max() < 2:
        return []
    return [
        f"seconds are those of {count.size:,} forms of {np.median(count):g} answers "
        f"(median; at most {count.max()}), which share them equally."
    ]

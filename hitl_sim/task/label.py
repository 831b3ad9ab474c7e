"""Labels as they are written, and the classes that they are."""

from collections import Counter

import numpy as np
from jaxtyping import Int

from hitl_sim.table.alike import find_alike, several_labels
from hitl_sim.table.missing import is_missing
from hitl_sim.table.spelling import identities, is_number, several_ways
from hitl_sim.task.check import encode_labels


def read_labels(
    labels: np.ndarray, where: str
) -> tuple[Int[np.ndarray, " items"], tuple[str, ...], tuple[str, ...]]:
    """Turn labels into 0 to K - 1 and class names, and say what looks odd.

    A number, or a truth value, is the same class however it is written, and with
    whatever blanks around it.

    Args:
        labels: `[M]`; whole numbers that are 0 to K - 1, booleans, or strings.
        where: the file and field, for messages.

    Returns:
        `[M]` int32 labels, `K` names, and notes.

    Raises:
        ValueError: a label is missing, or several labels stand in one; or as
            `encode_labels`.
    """
    if labels.dtype.kind != "U" or labels.ndim != 1:
        return *encode_labels(labels, where), ()
    stripped = np.char.strip(labels)
    counts = Counter(stripped.tolist())
    _check_missing(stripped, counts, where)
    _check_single(stripped, counts, where)
    plain = identities(sorted(counts))
    codes, names = encode_labels(np.array([plain[text] for text in stripped]), where)
    return codes, names, (*_cut(labels), *_merged(plain), *_alike(names))


def _cut(labels: np.ndarray) -> list[str]:
    """Say where blanks around labels were all that told two of them apart."""
    found = set(labels.tolist())
    num_cut = len(found) - len({text.strip() for text in found})
    if not num_cut:
        return []
    return [
        f"blanks around labels are cut: without them {num_cut} of {len(found)} labels "
        "are the same class as another"
    ]


def _check_missing(labels: np.ndarray, counts: Counter[str], where: str) -> None:
    marks = sorted(text for text in counts if is_missing(text))
    if not marks:
        return
    rows = np.flatnonzero(np.isin(labels, marks))
    raise ValueError(
        f"{where}: must name a class in every row, got {str(labels[rows[0]])!r} in row "
        f"{rows[0] + 1} (counted from 1; {len(rows)} without a label in all). Leave "
        "those rows out of the file, or give a class of this name another one."
    )


def _check_single(labels: np.ndarray, counts: Counter[str], where: str) -> None:
    found = several_labels(counts)
    if found is None:
        return
    name, mark = found
    row = int(np.flatnonzero(labels == name)[0])
    raise ValueError(
        f"{where}: must be one label per item, got {name!r} in row {row + 1} (counted "
        f"from 1; {counts[name]} such rows), which reads as labels with {mark!r} "
        "between them. Keep one of them in each row, or write the class with another "
        "sign."
    )


def _merged(plain: dict[str, str]) -> list[str]:
    """Say which spellings became one class."""
    return [
        f"the labels {', '.join(map(repr, texts))} are one "
        f"{'number' if is_number(plain[texts[0]]) else 'truth value'}, and one class"
        for texts in sorted(several_ways(plain))
    ]


def _alike(names: tuple[str, ...]) -> list[str]:
    return [
        f"the classes {', '.join(map(repr, group))} differ only in {what}, and are "
        "kept apart"
        for what, group in find_alike(names, is_option=True)
    ]

"""Labels as they are written, and the classes that they are."""

from collections import Counter

import numpy as np
from jaxtyping import Int

from hitl_sim.task.check import encode_labels
from hitl_sim.text_value import is_missing, look_alikes, plain_number, several_labels


def read_labels(
    labels: np.ndarray, where: str
) -> tuple[Int[np.ndarray, " items"], tuple[str, ...], tuple[str, ...]]:
    """Turn labels into 0 to K - 1 and class names, and say what looks odd.

    A number is the same class however it is written.

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
    counts = Counter(labels.tolist())
    _check_missing(labels, counts, where)
    _check_single(labels, counts, where)
    plain = {text: plain_number(text) for text in counts}
    codes, names = encode_labels(np.array([plain[text] for text in labels]), where)
    return codes, names, (*_merged(plain), *_alike(names))


def _check_missing(labels: np.ndarray, counts: Counter[str], where: str) -> None:
    marks = sorted(text for text in counts if is_missing(text))
    if not marks:
        return
    rows = np.flatnonzero(np.isin(labels, marks))
    raise ValueError(
        f"{where}: must name a class in every row, got {str(labels[rows[0]])!r} in row "
        f"{rows[0]} (counted from 0; {len(rows)} without a label in all). Leave those "
        "rows out of the file, or give a class of this name another one."
    )


def _check_single(labels: np.ndarray, counts: Counter[str], where: str) -> None:
    found = several_labels(counts)
    if found is None:
        return
    name, mark = found
    row = int(np.flatnonzero(labels == name)[0])
    raise ValueError(
        f"{where}: must be one label per item, got {name!r} in row {row} (counted from "
        f"0; {counts[name]} such rows), which reads as labels with {mark!r} between "
        "them. Keep one of them in each row, or write the class with another sign."
    )


def _merged(plain: dict[str, str]) -> list[str]:
    """Say which spellings became one class."""
    spellings: dict[str, list[str]] = {}
    for text, name in plain.items():
        spellings.setdefault(name, []).append(text)
    return [
        f"the labels {', '.join(map(repr, sorted(texts)))} are one number, and one "
        "class"
        for _, texts in sorted(spellings.items())
        if len(texts) > 1
    ]


def _alike(names: tuple[str, ...]) -> list[str]:
    return [
        f"the classes {', '.join(map(repr, group))} differ only in case, blanks or "
        "Unicode form, and are kept apart"
        for group in look_alikes(names)
    ]

"""Numbers that are to be predicted, as they are written, on one scale."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hitl_sim.table.spelling import is_number
from hitl_sim.task.data import RawTask


class Numbers(NamedTuple):
    """The numbers of a task, one of each item.

    Attributes:
        values: `[M]`, mean 0 and standard deviation 1 over the items.
        scale: mean and standard deviation that they had before.
    """

    values: Float[np.ndarray, " items"]
    scale: tuple[float, float]

    @property
    def words(self) -> str:
        """What was done to them, as the end of a source."""
        mean, spread = self.scale
        return (
            "the number that is asked for in standard deviations from its mean (mean "
            f"{mean:.6g}, standard deviation {spread:.6g})"
        )


def read_numbers(labels: np.ndarray, where: str) -> Numbers:
    """Put the numbers of a task on the scale of its items.

    Args:
        labels: `[M]`; numbers, or texts that are some.
        where: the file and field, for messages.

    Raises:
        ValueError: one is missing, infinite or no number, or all are the same; the
            message names the first one's row (counted from 1).
    """
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: must be one number per item, got an array of shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind == "U":
        labels = _parsed([str(text).strip() for text in labels], where)
    if labels.dtype.kind not in "fiu":
        raise ValueError(
            f"{where}: must be numbers where `problem` is 'regression', got type "
            f"{labels.dtype}."
        )
    values = labels.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(
            f"{where}: must have a finite number in every row, got {values[bad[0]]} in "
            f"row {bad[0] + 1} (counted from 1; {bad.size} such rows in all). Leave "
            "those rows out of the file."
        )
    mean, spread = float(values.mean()), float(values.std())
    if not spread > 0.0:
        raise ValueError(
            f"{where}: must have at least two different numbers, got {values[0]:g} in "
            f"all {values.size} rows."
        )
    return Numbers((values - mean) / spread, (mean, spread))


def _parsed(texts: Sequence[str], where: str) -> Float[np.ndarray, " items"]:
    odd = [(row, text) for row, text in enumerate(texts) if not is_number(text)]
    if odd:
        row, text = odd[0]
        raise ValueError(
            f"{where}: must be numbers where `problem` is 'regression', got {text!r} "
            f"in row {row + 1} (counted from 1; {len(odd)} such rows in all)."
        )
    return np.array([float(text) for text in texts])


def of_numbers(task: RawTask, numbers: Numbers | None) -> RawTask:
    """Say of a task that numbers are asked for, where they are."""
    if numbers is None:
        return task
    source = f"{task.source.rstrip('.')}; {numbers.words}"
    return task._replace(source=source, problem="regression", scale=numbers.scale)

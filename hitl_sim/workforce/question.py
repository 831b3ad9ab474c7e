"""What a team is asked in one round, and how long each answer takes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Round(NamedTuple):
    """One round of questions: order x person, `T` queue positions and `A` people.

    Attributes:
        seconds: `[T, A]` time that each answer takes, s; ignored where nothing is
            asked.
        is_asked: `[T, A]` whether the position holds a question.
        is_answered: `[T, A]` whether the question gets an answer; a question that is
            asked and not answered costs its time and counts as abandoned.
    """

    seconds: npt.ArrayLike
    is_asked: npt.ArrayLike
    is_answered: npt.ArrayLike


class Queue(NamedTuple):
    """What one person works through in one round, in order.

    Attributes:
        seconds: time of each question that is asked, s.
        is_answered: whether each of them gets an answer.
    """

    seconds: list[float]
    is_answered: list[bool]


def split_round(index: int, work: Round, num_people: int) -> list[Queue]:
    """Check one round, which messages name by its index, and hand each person a queue.

    Returns:
        `A` queues, without the positions where nothing is asked.

    Raises:
        ValueError: the shapes differ from each other or from the team, a time is
            negative or not finite, or something is answered that was not asked.
    """
    seconds = np.asarray(work.seconds, dtype=np.float64)
    is_asked = np.asarray(work.is_asked, dtype=bool)
    is_answered = np.asarray(work.is_answered, dtype=bool)
    for name, array in (("is_asked", is_asked), ("is_answered", is_answered)):
        if array.shape != seconds.shape:
            raise ValueError(
                f"`rounds[{index}].{name}` must be of shape {seconds.shape}, as"
                f" `seconds` is, got {array.shape}."
            )
    if seconds.ndim != 2 or seconds.shape[1] != num_people:
        raise ValueError(
            f"`rounds[{index}].seconds` must be of shape [T, {num_people}], one column"
            f" per person of the team, got {seconds.shape}."
        )
    times = seconds[is_asked]
    is_wrong = ~(np.isfinite(times) & (times >= 0))
    if is_wrong.any():
        raise ValueError(
            f"`rounds[{index}].seconds` must be finite and >= 0 s where something is"
            f" asked, got {times[is_wrong][0]}."
        )
    if (is_answered & ~is_asked).any():
        raise ValueError(
            f"`rounds[{index}].is_answered` must be False where nothing is asked, got"
            f" {int((is_answered & ~is_asked).sum())} answers to nothing."
        )
    return [
        Queue(seconds[asked, a].tolist(), is_answered[asked, a].tolist())
        for a, asked in enumerate(is_asked.T)
    ]

"""How long people will spend on the answers that are left, by those that were given.

Whole people are resampled, twice. Once for who could have been seen: few people tell
little of all. Once for who comes next, for the rest is done by some people again, of
whom a few do most. Answers are then drawn among theirs. So people who answer much count
for much, and answers of one person move together. No working days are read, and nothing
is known of practice. What was under way when the last answer came in is not seen: where
people have given few answers each, those are the slow ones, and hours come out too low.

References:
    Davison, A. C. and Hinkley, D. V. (1997), Bootstrap Methods and their Application,
    Cambridge University Press, 3.8: groups are resampled whole.
"""

import numpy as np

from hitl_sim.array import FloatArray
from hitl_sim.workforce.progress import Log, check_log


def draw_remaining_s(
    log: Log, answers: int, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Draw the time that people will spend on further answers, `[draws]`, s.

    Args:
        log: answers that were given; those of projects that share their people tell
            more together.
        answers: number of answers that are left; >= 1.
        draws: how often.
        rng: of the draws.

    Raises:
        ValueError: nothing is left, or see `check_log`.
    """
    check_log(log)
    if answers < 1:
        raise ValueError(f"`answers` must be >= 1, got {answers}.")
    _, person = np.unique(log.person, return_inverse=True)
    seconds = log.seconds[np.argsort(person, kind="stable")]
    num = np.bincount(person)
    begin = np.cumsum(num) - num
    spent = np.empty(draws)
    for draw in range(draws):
        could_be_seen = rng.integers(0, num.size, num.size)
        come = could_be_seen[rng.integers(0, num.size, num.size)]
        until = np.cumsum(num[come])
        whose = rng.integers(0, until[-1], answers)
        who = come[np.searchsorted(until, whose, side="right")]
        spent[draw] = seconds[begin[who] + rng.integers(0, num[who])].sum()
    return spent


def interval_of(draws: FloatArray, level: float) -> tuple[float, float]:
    """Return between which of the draws the next one is, with a probability.

    Between the i-th and the j-th of n alike draws another is with (j - i) / (n + 1).

    Raises:
        ValueError: there are too few draws for that.
    """
    tail = round((1.0 - level) / 2.0 * (draws.size + 1))
    if tail < 1:
        raise ValueError(
            f"`level` must be <= 1 - 2 / (draws + 1) with {draws.size} draws, got "
            f"{level:g}."
        )
    ordered = np.sort(draws)
    return float(ordered[tail - 1]), float(ordered[draws.size - tail])

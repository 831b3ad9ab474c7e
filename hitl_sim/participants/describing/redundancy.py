"""What asking more people buys, recorded and predicted by simulated crowds.

It is the curve of `oracles.agreement` on rows: the curves of hundreds of halves of a
crowd are needed, so answers stand in `[N, S]` slots instead of one column a person, and
Dawid-Skene keeps one shape per set.
"""

from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.participants.record import Floats, Ints, Record, first_answers, places
from oracles.agreement.redundancy import METHODS, draw_curve

MIN_ITEMS = 30


def slots(record: Record, values: Ints | None = None) -> tuple[Ints, Ints]:
    """Lay the values of rows out by item, -1 where an item has fewer rows.

    The values `[L]` are the answers if None.

    Returns:
        `[M, S]` values of the items that have any, and `[M]` these items.
    """
    values = record.answer if values is None else values
    place = places(record.item)
    laid = np.full((record.num_items, int(place.max(initial=0)) + 1), -1, np.int64)
    laid[record.item, place] = values
    items = np.unique(record.item)
    return laid[items], items


def curve(
    rng: np.random.Generator,
    record: Record,
    method: str,
    sizes: tuple[int, ...],
    num_draws: int,
) -> Floats:
    """Return the accuracy of labels aggregated from m people per item.

    Each size is judged on all items with that many answers; a tie counts as the chance
    that a random choice among the tied is right.

    Args:
        rng: draws the people of every item.
        record: answers, all of them given and with a known truth.
        method: "majority" or "dawid_skene" (20 EM steps on all drawn answers).
        sizes: people per item.
        num_draws: draws averaged over.

    Returns:
        One accuracy per size; nan with fewer than 30 items that have enough answers.
    """
    given, items = slots(record)
    people, _ = slots(record, record.person)
    truth, shape = record.truth[items], shape_of(record)
    return draw_curve(
        rng, given, people, truth, sizes, method, num_draws, shape, MIN_ITEMS
    )


def shape_of(record: Record) -> tuple[int, int, int]:
    """Return options, people (a power of two: halves share a program) and items."""
    most = 1 << max(record.num_people - 1, 1).bit_length()
    return record.num_options, most, record.num_items


_CURVE_DRAWS = 12


@dataclass(frozen=True)
class CurvePoint:
    """What redundancy buys with people who were held out.

    Attributes:
        method: "majority" or "dawid_skene".
        size: people per item.
        real: accuracy with the real people.
        simulated: mean over simulated crowds.
        low: 2.5 % quantile over crowds.
        high: 97.5 % quantile.
    """

    method: str
    size: int
    real: float
    simulated: float
    low: float
    high: float


def with_sizes(record: Record) -> Record:
    """Choose the sizes of the redundancy curve that the items allow."""
    depth = int(np.quantile(np.bincount(record.item), 0.25))
    sizes = tuple(size for size in (1, 3, 5, 10) if size <= depth)
    return replace(record, sizes=sizes)


def predict_curve(
    rng: np.random.Generator, held: Record, crowds: list[Record]
) -> list[CurvePoint]:
    """Hold the redundancy curve of real people against those of simulated crowds."""
    found = []
    for method in METHODS:
        real = curve(rng, first_answers(held), method, held.sizes, _CURVE_DRAWS)
        drawn = np.array(
            [curve(rng, first_answers(c), method, held.sizes, 2) for c in crowds]
        )
        low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
        found += [
            CurvePoint(method, size, *map(float, values))
            for size, *values in zip(
                held.sizes, real, drawn.mean(axis=0), low, high, strict=True
            )
        ]
    return found

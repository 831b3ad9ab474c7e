"""Do simulated crowds behave like recorded people? One table, statistic by statistic.

    python experiments/people/posterior_predictive.py --data DIR [--seed 0]

For every recorded set under DIR a crowd, tuned on one half (`populations.toml`),
answers what the recorded people were asked, and both are described by the same
statistics on the other half. Writes `posterior_predictive.md` beside this file; a set
that is absent is skipped, with the reason.
"""

import argparse
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
from crowd import load_crowd
from described import describe
from recorded import READERS, RecordedSet, take_half
from simulate import simulate
from table import Curve, SetResult, write_markdown

from hitl_sim.participants.describing.redundancy import curve
from hitl_sim.participants.describing.statistic import Table
from hitl_sim.participants.record import select
from hitl_sim.participants.validating.compare import (
    NUM_HALVINGS,
    Line,
    compare,
    halve_distances,
)
from oracles.agreement import one_coin_answers

NUM_CROWDS = 20
NUM_CURVE_CROWDS = 10
NUM_CURVE_DRAWS = 40


def one_coin(rng: np.random.Generator, record: RecordedSet) -> RecordedSet:
    """Let independent people of the same accuracies answer instead."""
    answers = np.full((record.num_items, record.num_people), -1)
    answers[record.item, record.person] = record.answer
    drawn = one_coin_answers(rng, answers, record.truth, record.num_options)
    return replace(record, answer=drawn[record.item, record.person])


def compare_set(
    record: RecordedSet,
    seed: int,
    num_crowds: int = NUM_CROWDS,
    num_halvings: int = NUM_HALVINGS,
    num_curve_draws: int = NUM_CURVE_DRAWS,
) -> SetResult:
    """Compare one recorded set with its tuned crowd.

    Args:
        record: the whole recorded set.
        seed: seeds crowds, halves and draws.
        num_crowds: simulated crowds that are averaged.
        num_halvings: random halvings of the recorded people.
        num_curve_draws: draws of people behind every redundancy curve.
    """
    crowd = load_crowd(record.name)
    rng = np.random.default_rng((seed, zlib.crc32(record.name.encode())))
    part = take_half(record, 1)
    real = describe(part, rng)
    halves = halve_distances(part, rng, num_halvings, describe)
    crowds = [simulate(crowd, record, 1000 * seed + turn) for turn in range(num_crowds)]
    tables = [describe(take_half(drawn, 1), rng) for drawn in crowds]
    tuned_on = describe(take_half(record, 0), rng)
    return SetResult(
        name=record.name,
        num_people=part.num_people,
        num_items=part.num_items,
        num_answers=int((part.answer >= 0).sum()),
        split=record.split,
        lines=compare(real, tables, halves, tuned_on),
        control=_control(rng, record, real, halves, tuned_on),
        curves=_curves(rng, record, crowds[:NUM_CURVE_CROWDS], num_curve_draws),
    )


def _control(
    rng: np.random.Generator,
    record: RecordedSet,
    real: Table,
    halves: dict[str, float],
    tuned_on: Table,
) -> list[Line]:
    """Return how independent one-coin people do: what shared error is worth.

    They have the recorded accuracies, but no times and no second looks, so only the
    statistics of first answers are theirs.
    """
    if record.is_consensus:
        return []
    plain = replace(_first_looks(record), seconds=None, deadline_s=None, marks=None)
    drawn = [one_coin(rng, plain) for _ in range(NUM_CURVE_CROWDS)]
    tables = [describe(take_half(one, 1), rng) for one in drawn]
    kept = {name: found for name, found in real.items() if name in tables[0]}
    return compare(kept, tables, halves, tuned_on)


def _curves(
    rng: np.random.Generator,
    record: RecordedSet,
    crowds: list[RecordedSet],
    num_draws: int,
) -> list[Curve]:
    """Return what redundancy buys on the whole set: real, simulated, one-coin."""
    if not record.sizes:
        return []
    whole = _first_looks(record)
    coins = [one_coin(rng, whole) for _ in crowds]
    found = []
    for method in ("majority", "dawid_skene"):

        def accuracy(of: list[RecordedSet], method: str = method) -> list[float]:
            draws = max(num_draws // len(of), 1)
            curves = [curve(rng, one, method, record.sizes, draws) for one in of]
            return [float(value) for value in np.mean(curves, axis=0)]

        found.append(
            Curve(
                method=method,
                sizes=record.sizes,
                real=accuracy([whole]),
                simulated=accuracy([_first_looks(one) for one in crowds]),
                one_coin=accuracy(coins),
            )
        )
    return found


def _first_looks(record: RecordedSet) -> RecordedSet:
    return select(record, (record.occasion == 0) & (record.answer >= 0))


def main() -> None:
    """Compare every set that is there and write what was found."""
    here = Path(__file__)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=here.with_suffix(".md"))
    parser.add_argument("--sets", nargs="*", help="some of the sets")
    given = parser.parse_args()
    results, skipped = [], {}
    for name in given.sets or READERS:
        try:
            record = READERS[name](given.data)
        except FileNotFoundError as error:
            skipped[name] = f"{Path(error.filename).name} is absent"
            print(f"{name}: skipped, {skipped[name]}", file=sys.stderr)
            continue
        result = compare_set(record, given.seed)
        results.append(result)
        print(f"{name}: {result.num_passed} of {result.num_scored} pass", flush=True)
        # A process can hold but so many programs, and no set needs another's.
        jax.clear_caches()
    write_markdown(
        given.out, results, skipped, given.seed, NUM_CROWDS, NUM_HALVINGS, given.sets
    )


if __name__ == "__main__":
    main()

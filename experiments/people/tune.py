"""Search for the numbers of a crowd on the half of a set that is not scored.

    python experiments/people/tune.py --data DIR [--seed 1] [--rounds 6] [SET ...]

From the numbers in `populations.toml`, which are set by hand, every number in turn is
moved up and down; a move is kept when the simulated crowds come closer to the recorded
people. The yardstick is that of the table, the seeds are others. What is found is
written back, to three digits.
"""

import argparse
import time
import tomllib
from pathlib import Path

import numpy as np
from crowd import POPULATIONS, Crowd, load_crowd
from described import describe
from recorded import READERS, RecordedSet, take_half
from simulate import simulate

from hitl_sim.participants.describing.statistic import Table
from hitl_sim.participants.validating.compare import compare, halve_distances

NUM_CROWDS = 4
NUM_HALVINGS = 60
# Beyond this many limits a miss is a miss: the search does not chase one statistic.
FAR = 3.0
FIRST_STEP = 0.3
SHARES = {
    "own",
    "shared",
    "lapse",
    "spammer",
    "spammer_lapse",
    "poor",
    "odd",
    "partner",
    "memory",
    "pause",
    "slow",
    "mark_shared",
}
POSITIVE = {
    "spread",
    "drift",
    "practice",
    "practice_power",
    "band",
    "mark_skew",
    "evidence",
    "log_discrimination",
    "taste",
    "class_bias",
}


class Search:
    """The distance of crowds from the recorded people of one set's first half."""

    def __init__(self, record: RecordedSet, seed: int) -> None:
        """Measure the recorded people once."""
        self.record, self.seed = record, seed
        half = take_half(record, 0)
        rng = np.random.default_rng(seed)
        self.real: Table = describe(half, rng)
        self.halves = halve_distances(half, rng, NUM_HALVINGS, describe)

    def loss(self, crowd: Crowd) -> float:
        """Return the mean squared distance in limits, each at most `FAR` squared."""
        tables = []
        for turn in range(NUM_CROWDS):
            drawn = simulate(crowd, self.record, 10_000 + 100 * self.seed + turn)
            rng = np.random.default_rng(turn)
            tables.append(describe(take_half(drawn, 0), rng, 4, 1))
        lines = compare(self.real, tables, self.halves, self.real)
        off = np.array([line.distance for line in lines if line.is_scored])
        return float(np.square(np.minimum(off, FAR)).mean())


def moved(crowd: Crowd, name: str, place: int | None, step: float) -> Crowd:
    """Move one number by a step: shares on the logit, scales on the log scale."""
    value = getattr(crowd, name)
    if place is not None:
        values = list(value)
        values[place] += 2.0 * step
        return crowd.with_number(name, tuple(values))
    if name in SHARES:
        share = min(max(value, 1e-4), 1.0 - 1e-4)
        logit = np.log(share / (1.0 - share)) + 2.0 * step
        return crowd.with_number(name, float(1.0 / (1.0 + np.exp(-logit))))
    if name in POSITIVE or name.endswith("_spread"):
        return crowd.with_number(name, float(max(value, 1e-3) * np.exp(step)))
    return crowd.with_number(name, value + step)


def search(
    record: RecordedSet, crowd: Crowd, names: list[str], rounds: int, seed: int
) -> Crowd:
    """Improve a crowd by `rounds` passes over its numbers."""
    target = Search(record, seed)
    best = target.loss(crowd)
    moves = [
        (name, place)
        for name in names
        for place in (
            range(len(getattr(crowd, name))) if name == "level_difficulty" else [None]
        )
    ]
    steps = dict.fromkeys(moves, FIRST_STEP)
    for turn in range(rounds):
        began = time.monotonic()
        for move in moves:
            for sign in (1, -1):
                trial = moved(crowd, *move, sign * abs(steps[move]))
                loss = target.loss(trial)
                if loss < best:
                    crowd, best = trial, loss
                    steps[move] *= 1.4
                    break
            else:
                steps[move] *= 0.5
        took = time.monotonic() - began
        print(f"{record.name}, pass {turn + 1}: {best:.3f} in {took:.0f} s", flush=True)
    return crowd


def write(name: str, crowd: Crowd, names: list[str], source: str) -> None:
    """Write the numbers of one set back, leaving the others as they are."""
    tables = tomllib.loads(POPULATIONS.read_text())
    numbers = {key: _rounded(getattr(crowd, key)) for key in names}
    tables[name] = {"source": source, **numbers}
    lines = [HEADER]
    for title, table in tables.items():
        lines += ["", f'["{title}"]']
        lines += [f"{key} = {_quoted(value)}" for key, value in table.items()]
    POPULATIONS.write_text("\n".join(lines) + "\n")


HEADER = """\
# Crowds tuned to recorded sets. Numbers are hyper-parameters: utilities, log seconds,
# probabilities and shares as `Crowd` in crowd.py names them; no answer is copied."""


def _rounded(value: float | tuple[float, ...]) -> float | list[float]:
    if isinstance(value, tuple):
        return [float(f"{v:.3g}") for v in value]
    return float(f"{value:.3g}")


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def main() -> None:
    """Tune the sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help="sets to tune; all if none is named")
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="numbers to move; all if not given")
    parser.add_argument("--rounds", type=int, default=6, help="passes over the numbers")
    given = parser.parse_args()
    for name in given.sets or READERS:
        record = READERS[name](given.data)
        table = tomllib.loads(POPULATIONS.read_text())[name]
        names = [key for key in table if key != "source"]
        # Without second looks nothing shows what of a person's noise persists.
        free = [key for key in names if key != "own" or record.occasion.any()]
        free = [key for key in free if not given.only or key in given.only]
        crowd = search(record, load_crowd(name), free, given.rounds, given.seed)
        source = f"tuned on half of {name} by hand and tune.py; split: {record.split}"
        write(name, crowd, names, source)


if __name__ == "__main__":
    main()

"""What tells simulated people from the real ones they were fitted to?

    python experiments/people/what_tells.py --data DIR [--sets NAME ...] [--seed 100]

Half of the people of a set are fitted, and the people of the file that the fit writes
answer what these same people were asked. Each summary of a whole person that the
classifier looks at is told for both, with its importance in a random forest and the
Kolmogorov-Smirnov distance. The other half of the people is left alone, for a check of
what was changed after looking. What came of it: `what_tells.md`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from many_splits import SIZES, cut_people, read_sets
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier

from hitl_sim.cache import keep_programs
from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import populations_of
from hitl_sim.participants.record import Record
from hitl_sim.participants.validating.compare import summarise_people, two_sample_test
from hitl_sim.participants.validating.synthetic import simulate_population

TIMED = ("sentiment_sp timed", "recidivism_df", "cifar10s")
NUM_CROWDS = 6


def name_features(record: Record) -> list[str]:
    """Name the columns of `summarise_people`."""
    names = ["errors", "agreement with others"]
    names += [f"use of option {option}" for option in range(record.num_options)]
    if record.is_ordered:
        names += ["errors in a row", "answers in a row"]
    if record.seconds is not None:
        names += ["mean log seconds", "sd of log seconds", "10 % of log seconds"]
        names += ["90 % of log seconds", "log seconds of errors"]
        if record.is_ordered:
            names += ["trend of log seconds", "lag 1 of log seconds"]
    return names


def tell(real: Record, crowds: list[Record]) -> Iterator[str]:
    """Yield a line per summary, the most important first."""
    _, rows = summarise_people(real)
    drawn = np.concatenate([summarise_people(crowd)[1] for crowd in crowds])
    rows, drawn = np.nan_to_num(rows), np.nan_to_num(drawn)
    is_real = np.arange(len(rows) + len(drawn)) < len(rows)
    forest = RandomForestClassifier(
        150, min_samples_leaf=3, class_weight="balanced", random_state=0
    ).fit(np.concatenate([rows, drawn]), is_real)
    names = name_features(real)
    for place in np.argsort(-forest.feature_importances_):
        first, second = rows[:, place], drawn[:, place]
        yield (
            f"| {names[place]} | {forest.feature_importances_[place]:.2f} "
            f"| {ks_2samp(first, second).statistic:.2f} "
            f"| {first.mean():.2f} ({first.std():.2f}) "
            f"| {second.mean():.2f} ({second.std():.2f}) |"
        )


def main() -> None:
    """Print a table of each set and each way to draw people."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--sets", nargs="*", default=TIMED, choices=SIZES)
    parser.add_argument("--seed", type=int, default=100, help="of the halves")
    given = parser.parse_args()
    keep_programs()
    for name, record in read_sets(given.data, given.sets):
        fitted, _ = cut_people(record, given.seed)
        options = tuple(map(str, range(record.num_options)))
        fit = fit_record(fitted, "label", options, seed=0)
        is_timed = fit.timing is not None
        for way, population in populations_of(fit).items():
            crowds = [
                simulate_population(5000 + turn, population, fitted, is_timed=is_timed)
                for turn in range(NUM_CROWDS)
            ]
            area = two_sample_test(fitted, crowds, 0, 0, 0).auc
            print(f"\n{name}, {way}: area {area:.3f}\n")
            print("| summary | importance | distance | real | simulated |")
            print("| --- | --- | --- | --- | --- |")
            print("\n".join(tell(fitted, crowds)), flush=True)


if __name__ == "__main__":
    main()

"""What do policies that were chosen in simulation lose with real people?

    python experiments/people/sim_to_real.py --data DIR [--cuts 5] [--sets NAME ...]

Fits a third of the people to half of the items of each set with real features: texts of
sentiment and entailment, pictures of CIFAR-10. Plays the same policies (strategy x
redundancy x aggregation) on the other people's recorded answers to the other items and
on simulated people; a policy is worth the accuracy of the classifier that its labels
train, all at one budget. Writes `sim_to_real.md` beside this file. A set that is absent
is skipped, with the reason.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import jax
import numpy as np
from features import FEATURES, read_features
from held_out import plain
from recorded import READERS

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import NORMAL, populations_of
from hitl_sim.participants.record import Record, first_answers
from hitl_sim.participants.validating.policy import (
    Judgement,
    Transfer,
    compare_policies,
    find_depth,
    interval,
    redraw,
)
from hitl_sim.participants.validating.predict import Halves, alternate, cut
from hitl_sim.participants.validating.synthetic import simulate_population

OUT = Path(__file__).with_suffix(".md")
NUM_CROWDS = 12
NUM_RESAMPLES = 2000
HEADINGS = (
    "set",
    "policies",
    "regret",
    "regret at random",
    "rank correlation",
    "real with real",
    "gap",
)


def hold_most_people(record: Record, seed: int, groups: int = 3) -> Halves:
    """Cut people one to `groups` - 1, and items in halves, both held out.

    Where policies are to be played on people held out alone, these must leave every
    item enough answers: so few people are fitted and many held out. People are cut
    within groups of like workload, items within classes.

    Args:
        record: the whole set.
        seed: of the cut.
        groups: one of so many people is fitted; >= 2.
    """
    rng = np.random.default_rng(seed)
    work = np.bincount(record.person, minlength=record.num_people)
    order = np.lexsort((rng.random(work.size), work))
    lots = np.tile(np.arange(groups), (-(-work.size // groups), 1))
    is_held = np.empty(work.size, np.int64)
    is_held[order] = rng.permuted(lots, axis=1).ravel()[: work.size] > 0
    half_of_item = alternate(rng, record.truth.astype(float))
    return cut(record, is_held, half_of_item)


def play_cuts(record: Record, features: np.ndarray, num_cuts: int) -> list[Transfer]:
    """Play the same policies in every cut: those that all of them allow.

    Args:
        record: labels whose truth is known.
        features: `[N, D]` of the items.
        num_cuts: cuts; each seeds its fit, crowds and plays too.
    """
    cuts = [hold_most_people(record, seed) for seed in range(num_cuts)]
    depth = min(find_depth(first_answers(cut.held)) for cut in cuts)
    found = []
    for seed, halves in enumerate(cuts):
        found.append(_play_cut(record, halves, features, seed, depth))
        # A process can hold but so many programs, and every cut has its own.
        jax.clear_caches()
    return found


def _play_cut(
    record: Record, halves: Halves, features: np.ndarray, seed: int, depth: int
) -> Transfer:
    held = first_answers(halves.held)
    options = tuple(map(str, range(record.num_options)))
    fit = fit_record(halves.fitted, LABEL, options, seed=seed)
    population = populations_of(fit)[NORMAL]
    crowds = [
        simulate_population(1000 * seed + turn, population, held, is_timed=False)
        for turn in range(NUM_CROWDS)
    ]
    return compare_policies(held, crowds, seed, features[halves.old_items], depth=depth)


def summarise(name: str, cuts: list[Transfer]) -> str:
    """Return a row of means over cuts, with intervals of resampled cuts and plays."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(NUM_RESAMPLES):
        chosen = [cuts[place] for place in rng.integers(0, len(cuts), len(cuts))]
        plays = [redraw(rng, c.real_plays, c.simulated_plays) for c in chosen]
        drawn.append(np.nanmean(plays, axis=0))
    by_lot = np.mean([cut.real.max() - cut.real.mean() for cut in cuts])
    ceiling = np.nanmean([cut.ceiling for cut in cuts])
    regret, rank, gap = (
        f"{np.nanmean([getattr(cut.estimate, part) for cut in cuts]):.{digits}f} "
        f"({low:.{digits}f} to {high:.{digits}f})"
        for part, digits, (low, high) in zip(
            Judgement._fields,
            (3, 2, 3),
            map(interval, zip(*drawn, strict=True)),
            strict=True,
        )
    )
    cells = [name, len(cuts[0].names), regret, f"{by_lot:.3f}", rank]
    return _row([*cells, f"{ceiling:.2f}", gap])


def list_cuts(name: str, cuts: list[Transfer]) -> list[str]:
    """Return what every cut said, and what each policy is worth."""
    lines = [
        "",
        f"## {name}",
        "",
        _row(("cut", "chosen in simulation", "best with real people", "regret")),
        "| --- | --- | --- | --- |",
        *[
            _row((number, cut.chosen, cut.best, f"{cut.estimate.regret:.3f}"))
            for number, cut in enumerate(cuts)
        ],
        "",
        _row(("policy", "real", "simulated")),
        "| --- | --- | --- |",
    ]
    real, simulated = (
        np.mean([getattr(cut, part) for cut in cuts], axis=0)
        for part in ("real", "simulated")
    )
    return lines + [
        _row((policy, f"{ours:.3f}", f"{theirs:.3f}"))
        for policy, ours, theirs in zip(cuts[0].names, real, simulated, strict=True)
    ]


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def write_page(path: Path, num_cuts: int, told: list[str]) -> None:
    """Write the page: rows of the table, then what each cut said."""
    page = [
        "# What do policies that were chosen in simulation lose with real people?",
        "",
        "Written by `python experiments/people/sim_to_real.py --data DIR --cuts "
        f"{num_cuts}`, DIR being the recorded data; do not edit.",
        "",
        f"Means over {num_cuts} cuts. In each a third of the people is fitted, on "
        "half of the items; the other people's recorded answers to the other items "
        "and simulated people's answers to the same questions are given to the same "
        "policies. A policy asks so many people an item, all of them or the last two "
        "only where the others differ, and joins their answers; what the budget of two "
        "answers an item does not reach is not labelled. Its worth is the accuracy, on "
        "all items held out, of a classifier of the items' real features that its "
        "labels train. Regret: what the policy chosen in simulation loses with real "
        "people, against the best of all; beside it, what a policy at random loses. "
        "Rank "
        "correlation: of worths, simulated with real; beside it, of real people with "
        "themselves on two halves of the items, which hold half as much. Gap: mean "
        "absolute difference of worths. Intervals are 95 % of resampled cuts and "
        "plays; cuts share people, so they are too narrow for people at large.",
        "",
        _row(HEADINGS),
        "| --- " * len(HEADINGS) + "|",
        *told,
    ]
    path.write_text("\n".join(page) + "\n", encoding="utf-8")


def main() -> None:
    """Play policies on every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--cuts", type=int, default=5, help="cuts of people and items")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sets", nargs="*", default=list(FEATURES))
    given = parser.parse_args()
    rows, pages = [], []
    for name in given.sets:
        try:
            record = plain(READERS[name](given.data))
            features = read_features(given.data, name)
        except FileNotFoundError as error:
            absent = f"skipped, {Path(error.filename).name} absent"
            rows.append(_row((name, absent, *[""] * (len(HEADINGS) - 2))))
            print(rows[-1], file=sys.stderr)
            continue
        cuts = play_cuts(record, features, given.cuts)
        rows.append(summarise(name, cuts))
        pages += list_cuts(name, cuts)
        print(rows[-1], flush=True)
        write_page(given.out, given.cuts, [*rows, *pages])


if __name__ == "__main__":
    main()

"""Can simulated people be told from real ones? Over many halvings of the people.

    python experiments/people/told_apart.py --data DIR [--splits 50] [--sets NAME ...]

Every split fits one half of the people and items and draws ten simulated people for
each of the others, who are asked the same; a classifier is to tell them from the real
ones. One half may be unlike the other by chance, which one split cannot know: so areas
under the curve are averaged over splits, beside those for random halves of real people
and for independent people of the real ones' accuracies ("one coin"), whom the test must
find. The same splits say whether what redundancy buys with simulated people lies where
it does with real ones. Writes `told_apart.md` beside this file; `--parts FOLDER` keeps
every split, and goes on from what is there.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from held_out import plain
from recorded import READERS, read_bluebirds

from hitl_sim.participants.describing.redundancy import predict_curve, with_sizes
from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import populations_of
from hitl_sim.participants.record import Record
from hitl_sim.participants.validating.compare import two_sample_test
from hitl_sim.participants.validating.predict import cut_in_halves
from hitl_sim.participants.validating.synthetic import simulate_population
from oracles.agreement import one_coin_answers

OUT = Path(__file__).with_suffix(".md")
SETS = (
    "rte_snow",
    "sentiment_sp",
    "sentiment_sp timed",
    "cifar10s",
    "recidivism_df",
    "sst_rationales",
)
TOLD = 10
"""Simulated people beside each real one."""
ROOM = 0.05
"""How far above the control's area, and .5, simulated people's may lie."""
FOUND = 0.8
"""Least area that one-coin people must have, or the test has no power."""


def split_once(record: Record, seed: int) -> dict[str, Any]:
    """Fit one half, and hold simulated people against the other."""
    halves = cut_in_halves(record, seed)
    options = tuple(map(str, range(record.num_options)))
    fit = fit_record(halves.fitted, "label", options, seed=seed)
    held = with_sizes(halves.held)
    if fit.timing is None:
        held = replace(held, seconds=None)
    found: dict[str, Any] = {}
    for way, population in populations_of(fit).items():
        crowds = [
            simulate_population(
                TOLD * seed + turn, population, held, is_timed=fit.timing is not None
            )
            for turn in range(TOLD)
        ]
        test = two_sample_test(held, crowds, seed)
        rng = np.random.default_rng(seed)
        points = predict_curve(rng, held, [with_sizes(crowd) for crowd in crowds])
        found[way] = {
            "auc": test.auc,
            "real": test.real,
            "curve": {
                f"{p.method} of {p.size}": [p.real, p.simulated]
                for p in points
                if np.isfinite(p.real) and np.isfinite(p.simulated)
            },
        }
    coins = [
        one_coin(np.random.default_rng((seed, turn)), held) for turn in range(TOLD)
    ]
    found["one coin"] = {"auc": two_sample_test(held, coins, seed).auc}
    return found


def one_coin(rng: np.random.Generator, record: Record) -> Record:
    """Let independent people of the same accuracies answer, at times of anybody."""
    answers = np.full((record.num_items, record.num_people), -1)
    answers[record.item, record.person] = record.answer
    drawn = one_coin_answers(rng, answers, record.truth, record.num_options)
    seconds = None if record.seconds is None else rng.permutation(record.seconds)
    answer = drawn[record.item, record.person]
    return replace(record, answer=answer, seconds=seconds)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean over splits and its 95 % interval; splits share people."""
    mean = float(np.mean(values))
    half = 1.96 * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return mean, mean - half, mean + half


def verdict(auc: Sequence[float], real: Sequence[float], coin: float) -> str:
    """Say whether simulated people can be told from real ones."""
    control, (mean, _, high) = float(np.mean(real)), interval(auc)
    if abs(control - 0.5) > ROOM:
        return f"control {control:.2f}: not asked"
    if coin < FOUND:
        return f"one coin is found with {coin:.2f} alone: no power"
    bar = max(0.5, control) + ROOM
    return "not told apart" if mean <= bar and high <= bar + ROOM else "told apart"


def outside(parts: Sequence[Mapping[str, Any]], way: str) -> tuple[int, list[str]]:
    """Return how many points of the curve there are, and those off in all splits.

    The band of simulated less real is simultaneous over points: its width is the 95 %
    quantile over splits of the largest standardised distance from their mean.
    """
    names = set.intersection(*(set(part[way]["curve"]) for part in parts))
    if not names or len(parts) < 3:
        return 0, []
    ordered = sorted(names)
    pairs = np.array([[part[way]["curve"][n] for n in ordered] for part in parts])
    gap = pairs[:, :, 1] - pairs[:, :, 0]
    mean, sd = gap.mean(axis=0), np.maximum(gap.std(axis=0, ddof=1), 1e-9)
    wide = np.quantile(np.abs((gap - mean) / sd).max(axis=1), 0.95)
    return len(ordered), [
        f"{name.replace('dawid_skene', 'Dawid-Skene')} {off:+.3f}"
        for name, off, width in zip(ordered, mean, wide * sd, strict=True)
        if abs(off) > width
    ]


def tell(name: str, parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return a row of the table for each way of drawing people."""
    coin = float(np.mean([part["one coin"]["auc"] for part in parts]))
    for way in [key for key in parts[0] if key != "one coin"]:
        auc = [part[way]["auc"] for part in parts]
        real = [part[way]["real"] for part in parts]
        mean, low, high = interval(auc)
        points, off = outside(parts, way)
        band = f"{points - len(off)} of {points}" + (
            f"; off: {', '.join(off)}" * bool(off)
        )
        said = verdict(auc, real, coin)
        yield (
            f"| {name} | {way} | {len(parts)} | {mean:.2f} ({low:.2f} to {high:.2f}) "
            f"| {np.mean(real):.2f} | {coin:.2f} | {said} | {band} |"
        )


def write_page(rows: Sequence[str], out: Path, splits: int) -> None:
    """Write the page."""
    lines = [
        "# Can simulated people be told from real ones?",
        "",
        "Written by `python experiments/people/told_apart.py --data DIR"
        f" --splits {splits}`.",
        "",
        "In each split half of the people and items were fitted; of the others, ten"
        " simulated people for each real one were asked the same: of the file that the"
        " fit writes, by a *normal* law or *resampled* around groups of people. Area"
        " under the curve of a classifier that looks at whole people, mean over splits"
        " with its 95 % interval (splits share people: others may lie farther off); .5"
        " is chance. *Real halves* is the same test between random halves of the real"
        " people, *one coin* with independent people of the real ones' accuracies, at"
        " times drawn from everybody's. Not told apart: the mean is at most max(.5,"
        f" real halves) + {ROOM:g}, its upper end at most {ROOM:g} more. Redundancy:"
        " points of the majority and Dawid-Skene curves at which simulated less real"
        " lies in a band around 0 that holds 95 % of splits at all points at once.",
        "",
        "| set | people | splits | area | real halves | one coin | verdict"
        " | redundancy in the band |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Split every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--parts", type=Path, help="folder that keeps finished splits")
    parser.add_argument("--sets", nargs="*", default=SETS, help="some of the sets")
    given = parser.parse_args()
    if given.splits < 2:
        parser.error(f"--splits must be at least 2, got {given.splits}.")
    rows = []
    for name in given.sets:
        try:
            record = plain({**READERS, "bluebirds": read_bluebirds}[name](given.data))
        except FileNotFoundError as error:
            print(f"{name}: skipped, {Path(error.filename).name} absent.", flush=True)
            continue
        parts = []
        for seed in range(given.splits):
            began = time.monotonic()
            parts.append(_kept(given.parts, name, seed, record))
            took = time.monotonic() - began
            print(
                f"{name}, split {seed + 1} of {given.splits}: {took:.0f} s", flush=True
            )
        # A process can hold but so many programs, and no set needs another's.
        jax.clear_caches()
        rows += tell(name, parts)
        write_page(rows, given.out, given.splits)


def _kept(
    folder: Path | None, name: str, seed: int, record: Record
) -> Mapping[str, Any]:
    """Return a split that was kept, or make and keep it."""
    if folder is None:
        return split_once(record, seed)
    path = folder / f"{name.replace(' ', '_')}_{seed}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(split_once(record, seed)), encoding="utf-8")
        draft.replace(path)
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()

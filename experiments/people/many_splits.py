"""Are simulated people like real ones whom nobody fitted? Over many splits of people.

    python experiments/people/many_splits.py --data DIR --parts FOLDER [--splits 200]
        [--sets NAME ...]
    python experiments/people/many_splits.py --smoke

Every split fits one half of the people with the file that studies use, and has as many
simulated people answer what the other half was asked: the same items, in the same
numbers. One split cannot know whether its halves are unlike by chance; what is told is
of all of them. Three things are held against the real people:

- every statistic, by the test of equivalence whose margins were fixed beforehand;
- what redundancy buys, in a band over splits that holds at all sizes at once;
- whole persons: can a classifier tell ten simulated ones from a real one? Real people
  in halves, simulated ones of two crowds, and independent people of the real ones'
  accuracies, whom it must find, stand beside it.

Writes `many_splits.md` and its figure beside this file. `FOLDER` keeps every split, and
a later run goes on from what is there; sets take turns, so a run that is stopped has
told something of each. `--smoke` runs two splits of made-up people.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from held_out import plain
from many_splits_page import tell, write_page
from recorded import READERS, read_bluebirds
from told_apart import one_coin

from hitl_sim.participants.describing.redundancy import curve
from hitl_sim.participants.describing.statistic import describe
from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import populations_of
from hitl_sim.participants.record import Record, first_answers, renumber, select
from hitl_sim.participants.validating.compare import two_sample_test
from hitl_sim.participants.validating.predict import alternate
from hitl_sim.participants.validating.synthetic import simulate_population
from oracles.agreement.redundancy import METHODS

OUT = Path(__file__).with_suffix(".md")
SIZES: Mapping[str, tuple[int, ...]] = {
    "rte_snow": (1, 2, 3, 4, 5),
    "sentiment_sp timed": (1, 2, 3, 5, 7, 10),
    "cifar10s": (1, 2, 3),
    "recidivism_df": (1, 2, 3),
    "sst_rationales": (1, 2, 3),
    "sentiment_sp": (1, 2, 3),
    "bluebirds": (1, 2, 3, 5, 7, 10),
}
"""People per item that redundancy is asked for: half of the median answers of an item,
as everybody's, at most; fixed before any split."""
TOLD, DESCRIBED = 10, 3
"""Simulated people beside each real one for the classifier; crowds of which statistics
are averaged."""
CLASSIFIED = 50
"""Splits that the classifier and the statistics see; the band has all of them."""
_REAL_DRAWS, _DRAWS = 12, 2
_HALVES = 2


def cut_people(record: Record, seed: int) -> tuple[Record, Record]:
    """Cut people at random within pairs of like workload; items are shared."""
    rng = np.random.default_rng(seed)
    half = alternate(rng, record.work.astype(float))[record.person]
    return renumber(select(record, half == 0)), renumber(select(record, half == 1))


def split_once(
    record: Record, sizes: tuple[int, ...], seed: int, *, is_whole: bool = True
) -> dict[str, Any]:
    """Fit one half of the people, and hold simulated people against the other.

    Args:
        record: everybody's answers.
        sizes: people per item that redundancy is asked for.
        seed: of the cut, the fit and the crowds.
        is_whole: whether the classifier and the statistics are asked too.
    """
    fitted, held = cut_people(record, seed)
    options = tuple(map(str, range(record.num_options)))
    fit = fit_record(fitted, "label", options, seed=seed)
    held = replace(held, sizes=sizes)
    if fit.timing is None:
        held = replace(held, seconds=None)
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {"real": _tell_crowds(rng, [held], _REAL_DRAWS, is_whole)}
    for turn, (way, population) in enumerate(populations_of(fit).items()):
        is_timed = fit.timing is not None
        crowds = [
            simulate_population(TOLD * seed + one, population, held, is_timed=is_timed)
            for one in range(TOLD)
        ]
        found[way] = _tell_crowds(rng, crowds, _DRAWS, is_whole)
        if is_whole:
            halves = 0 if turn else _HALVES
            test = two_sample_test(held, crowds, seed, halves, 0)
            found[way] |= {"auc": test.auc, "among": test.simulated}
            found["real"] |= {} if turn else {"auc": test.real}
    if is_whole:
        coins = [
            one_coin(np.random.default_rng((seed, turn)), held) for turn in range(TOLD)
        ]
        found["one coin"] = {"auc": two_sample_test(held, coins, seed, 0, 0).auc}
    return found


def _tell_crowds(
    rng: np.random.Generator, crowds: Sequence[Record], num_draws: int, is_whole: bool
) -> dict[str, Any]:
    """Return curves of crowds, and statistics of the first few, on their scales."""
    found: dict[str, Any] = {"curve": {}}
    for method in METHODS:
        sizes = crowds[0].sizes
        drawn = [curve(rng, first_answers(c), method, sizes, num_draws) for c in crowds]
        mean = np.mean(drawn, axis=0)
        named = zip(sizes, mean, strict=True)
        found["curve"] |= {f"{method} of {m}": v for m, v in named if np.isfinite(v)}
    if is_whole:
        tables = [describe(crowd, rng) for crowd in crowds[:DESCRIBED]]
        names = set.intersection(*(set(table) for table in tables))
        found["statistic"] = {
            name: [
                tables[0][name].scale,
                float(np.mean([table[name].place for table in tables])),
            ]
            for name in sorted(names)
        }
    return found


def made_up(num_people: int = 44, num_items: int = 36) -> Record:
    """Let people of unlike skill answer two thirds of unlike items, for the smoke."""
    rng = np.random.default_rng(0)
    person, item = np.nonzero(rng.random((num_people, num_items)) < 2.0 / 3.0)
    lead = rng.normal(1.5, 0.7, num_people)[person] - rng.normal(size=num_items)[item]
    is_right = rng.random(item.size) < 1.0 / (1.0 + np.exp(-lead))
    truth = rng.integers(0, 2, num_items)
    return Record(
        name="made up",
        num_options=2,
        person=person,
        item=item,
        occasion=0 * person,
        answer=np.where(is_right, truth[item], 1 - truth[item]),
        truth=truth,
        size=np.ones(num_items),
    )


def read_sets(data: Path, names: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """Yield the sets that are there."""
    readers = {**READERS, "bluebirds": read_bluebirds}
    for name in names:
        try:
            yield name, plain(readers[name](data))
        except FileNotFoundError as error:
            print(f"{name}: skipped, {Path(error.filename).name} absent.", flush=True)


def run(
    records: Mapping[str, Record],
    sizes: Mapping[str, tuple[int, ...]],
    splits: int,
    folder: Path,
    out: Path,
) -> None:
    """Split every set, sets taking turns, and write the page after each round."""
    parts: dict[str, list[Mapping[str, Any]]] = {name: [] for name in records}
    for seed in range(splits):
        for name, record in records.items():
            began = time.monotonic()
            path = folder / f"{name.replace(' ', '_')}_{seed}.json"
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                is_whole = seed < CLASSIFIED
                found = split_once(record, sizes[name], seed, is_whole=is_whole)
                draft = path.with_suffix(".draft")
                draft.write_text(json.dumps(found), encoding="utf-8")
                draft.replace(path)
            parts[name].append(json.loads(path.read_text(encoding="utf-8")))
            took = time.monotonic() - began
            print(f"{name}, split {seed + 1} of {splits}: {took:.0f} s", flush=True)
        if seed:
            write_page(out, [tell(name, part) for name, part in parts.items()])


def main() -> None:
    """Split every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the recorded sets")
    parser.add_argument("--parts", type=Path, help="folder that keeps finished splits")
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sets", nargs="*", default=tuple(SIZES), choices=SIZES)
    parser.add_argument("--smoke", action="store_true", help="the quick form")
    given = parser.parse_args()
    if given.splits < 2:
        parser.error(f"--splits must be at least 2, got {given.splits}.")
    if given.smoke:
        with TemporaryDirectory() as folder:
            out = Path(folder) / OUT.name if given.out == OUT else given.out
            run({"made up": made_up()}, {"made up": (1, 3)}, 2, Path(folder), out)
            print(out.read_text(encoding="utf-8"))
        return
    if given.data is None or given.parts is None:
        parser.error("--data and --parts must be given, or --smoke.")
    records = dict(read_sets(given.data, given.sets))
    run(records, SIZES, given.splits, given.parts, given.out)


if __name__ == "__main__":
    main()

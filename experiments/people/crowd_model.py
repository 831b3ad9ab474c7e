"""How much of a study's answer hangs on the model of the crowd?

    python experiments/people/crowd_model.py --data DIR [--out results/crowd_model]

Fits the people of cifar10s, writes them beside `crowd_model.toml`, and lets four crowds
of the same accuracy label the same pools: the named population, the fit's means and
spreads alone, the fitted crowd by a normal law, and the fitted crowd around groups of
its people. Writes `crowd_model.md` beside this file: energy ratio, hours and break-even
training of each, side by side.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from held_out import plain
from recorded import read_cifar10s

import hitl_sim as hs
from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.fit import CrowdFit, fit_record
from hitl_sim.participants.fitting.model_file import RESAMPLED, write_population

HERE = Path(__file__)
STUDY, PAGE = HERE.with_suffix(".toml"), HERE.with_suffix(".md")
CITATION = "Collins, Bhatt, Weller (2022), HCOMP"
FITTED, APART = "fitted", "apart"
ALONE = ("skill_spread", "shared_error", "lapse", "seconds", "pace_spread", "spread")
"""What a population knew before it knew how traits go together."""
SAID = {
    "typical": "the named population",
    f"people.toml:{APART}": "means and spreads of the fit",
    f"people.toml:{FITTED}": "fitted, by a normal law",
    f"people.toml:{FITTED}{RESAMPLED}": "fitted, around groups of people",
}
J_PER_KWH = 3.6e6


def write_people(folder: Path, fit: CrowdFit) -> None:
    """Write the fitted crowd, and its means and spreads alone, as one file."""
    path = folder / "people.toml"
    write_population(path, FITTED, fit, CITATION)
    lines = [f"\n[{APART}]", 'summary = "Means and spreads alone."']
    lines.append(f'status = {{ {LABEL} = "calibrated (on {CITATION})" }}')
    lines.append('based_on = "typical"')
    for name in ALONE:
        value = fit.number(name).value
        lines.append(
            f"{name}.{LABEL} = {{ value = {value:.5g}, "
            f'status = "calibrated", source = "{CITATION}" }}'
        )
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def break_even_kwh(people_j: float, ratio: float) -> float:
    """Return the size of training from which people pay, kWh; inf where never."""
    return people_j / (1.0 - ratio) / J_PER_KWH if ratio < 1.0 else float("inf")


def rows(results: hs.Results) -> Iterator[dict[str, Any]]:
    """Lay out arms with people: ratio, hours and break-even training of each crowd."""
    for row in results.summary().to_pylist():
        if row["crowd.population"] is None:
            continue
        people_j = row["bill_j"] - row["device_j"]
        low, mid, high = (row[f"ratio{end}"] for end in ("_low", "", "_high"))
        yield {
            "arm": row["arm"].replace("dawid_skene", "Dawid-Skene").replace("_", " "),
            "accuracy": row["crowd.accuracy"],
            "crowd": SAID[Path(row["crowd.population"]).name],
            "ratio": (mid, low, high),
            "hours": row["people_h"],
            "kwh": tuple(break_even_kwh(people_j, r) for r in (mid, low, high)),
        }


def tell(found: list[dict[str, Any]]) -> Iterator[str]:
    """Return a row of the table for each arm, accuracy and crowd."""
    for row in sorted(found, key=lambda r: (r["arm"], r["accuracy"])):
        (mid, low, high), (size, least, most) = row["ratio"], row["kwh"]
        ends = [
            f"{v:.2g}" if v < float("inf") else "never" for v in (size, least, most)
        ]
        yield (
            f"| {row['arm']} | {row['accuracy']:g} "
            f"| {row['crowd']} | {mid:.3f} ({low:.3f} to {high:.3f}) "
            f"| {row['hours']:.2f} | {ends[0]} ({ends[1]} to {ends[2]}) |"
        )


def spans(found: list[dict[str, Any]]) -> Iterator[str]:
    """Say, for each arm and accuracy, how far crowds are apart."""
    for arm in dict.fromkeys(row["arm"] for row in found):
        for accuracy in (0.75, 0.85):
            same = [r for r in found if (r["arm"], r["accuracy"]) == (arm, accuracy)]
            ratios = [row["ratio"][0] for row in same]
            hours = [row["hours"] for row in same]
            yield (
                f"- {arm}, accuracy {accuracy:g}: the energy ratio "
                f"lies between {min(ratios):.3f} and {max(ratios):.3f}, hours of "
                f"people between {min(hours):.2f} and {max(hours):.2f}."
            )


def write_page(found: list[dict[str, Any]], replicates: int, seed: int) -> None:
    """Write the page."""
    lines = [
        "# How much of an answer hangs on the model of the crowd?",
        "",
        "Written by `python experiments/people/crowd_model.py --data DIR`"
        f" ({replicates} replicates, seed {seed}). Intervals are 95 %, over"
        " replicates.",
        "",
        "Four crowds of the same accuracy label 240 of 300 digits of which two labels"
        " in five are wrong. The energy ratio is joules to the control's target,"
        " choosing included, over the control's; hours are those of people per run that"
        " reached it. Break-even training is H / (1 - ratio), H the joules of people's"
        " workstations and of waiting: training that takes more than so many kWh would"
        " pay these people back, if no more of them were needed for it. Its interval is"
        " the ratio's. The fitted people took a median of 32 s for a picture and stated"
        " how sure they were; those of the named population give a label alone, and are"
        " quicker.",
        "",
        *spans(found),
        "",
        "| arm | accuracy | crowd | energy ratio | hours | break-even training, kWh |",
        "| --- | --- | --- | --- | --- | --- |",
        *tell(found),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Fit, run and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--out", type=Path, default=Path("results/crowd_model"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    record = plain(read_cifar10s(given.data))
    options = tuple(map(str, range(record.num_options)))
    write_people(given.out, fit_record(record, LABEL, options))
    study_file = given.out / STUDY.name
    shutil.copy(STUDY, study_file)
    study = hs.load(study_file)
    results = study.run(given.out / "study")
    write_page(list(rows(results)), study.spec.replicates, study.spec.seed)


if __name__ == "__main__":
    main()

"""Does a described loop of active learning cost what it was metered at?

    python experiments/loop_energy.py

Nenno (2024), "Potentials and limitations of active learning", Weizenbaum Journal of
the Digital Society 4(1), doi:10.34669/WI.WJDS/4.1.3, fine-tuned XLM-RoBERTa again and
again from its pretrained weights: on 1 % of a pool of texts, then on 50, 100 or 250
more, each chosen by a scoring of all that were left. `loop_energy.csv` has what
CodeCarbon metered of 34 loops (fits and scorings), and of one fit on each whole pool:
sums of what the author published beside the paper, of all loops that choose by a score.
Four of them name their texts 10k_Newsarticles; their full fit is taken to be that of
NewsTopic, which has as many texts. The other 30 are counted apart.

Each loop is described as a workload: texts of 512 tokens and three epochs. Batch and
device divide out. Nothing is fitted: the bill says what the loop takes beside the fit
on the whole pool, and so did the meter. The bill holds if the two differ by less than a
tenth. Writes `loop_energy.md` beside this file.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.report.table import Table, to_markdown
from hitl_sim.workload import bill, convert

HERE = Path(__file__).parent
MARGIN = 0.1
"""By how much bill and meter may differ."""
EPOCHS, SEQUENCE = 3, 512
MATCHED = "10k_Newsarticles"
"""Texts whose full fit is published under another name."""


@dataclass(frozen=True)
class Loop:
    """A loop as it was metered.

    Attributes:
        data: name of the texts.
        strategy: by which texts were chosen.
        step: texts that a scoring adds.
        initial: texts of the first fit.
        pool: texts to choose from.
        rounds: fits, each of which was followed by a scoring.
        loop_wh: energy of all fits and scorings, Wh.
        full_wh: energy of one fit on the pool, Wh.
    """

    data: str
    strategy: str
    step: int
    initial: int
    pool: int
    rounds: int
    loop_wh: float
    full_wh: float

    @property
    def metered(self) -> float:
        """Return the loop's energy over that of a fit on the pool."""
        return self.loop_wh / self.full_wh

    def billed(self, scored_after_last: bool = True) -> float:
        """Return the same by the bill of its description."""
        workload = {
            "name": f"{self.data}, {self.strategy}, {self.step} at a time",
            "model": {
                "kind": "named",
                "name": "xlm-roberta-base-classifier",
                "sequence": SEQUENCE,
            },
            "data": {"items": self.pool},
            "training": {"epochs": EPOCHS},
            "selection": {
                "rounds": self.rounds,
                "initial": self.initial,
                "per_round": self.step,
                "scored": "rest",
                "scored_after_last": scored_after_last,
            },
            "device": {"name": "a100"},
        }
        return bill(convert(workload)).over_whole


def load_loops() -> list[Loop]:
    """Read what was metered."""
    with (HERE / "loop_energy.csv").open(encoding="utf-8") as file:
        return [
            Loop(
                row["data"],
                row["strategy"],
                *(int(row[name]) for name in ("step", "initial", "pool", "rounds")),
                float(row["loop_wh"]),
                float(row["full_wh"]),
            )
            for row in csv.DictReader(file)
        ]


def holds(loop: Loop) -> bool:
    """Return whether the bill is right within the margin."""
    return abs(loop.billed() / loop.metered - 1.0) <= MARGIN


def write_page(loops: Sequence[Loop]) -> str:
    """Return the page."""
    rows = [
        (
            loop.data,
            loop.strategy,
            str(loop.step),
            f"{loop.pool:,}",
            str(loop.rounds),
            f"{loop.loop_wh:,.1f}",
            f"{loop.metered:.3f}",
            f"{loop.billed():.3f}",
            f"{100 * (loop.billed() / loop.metered - 1):+.1f} %",
        )
        for loop in loops
    ]
    headings = (
        *("texts", "chosen by", "a step", "pool", "fits", "metered, Wh"),
        *("loop over full fit", "billed", "off by"),
    )
    right = sum(holds(loop) for loop in loops)
    alike = [loop for loop in loops if loop.data != MATCHED]
    missed = [loop for loop in loops if not holds(loop)]
    largest = max(loop.loop_wh for loop in missed) if missed else 0.0
    above = [loop for loop in loops if loop.loop_wh > largest]
    dear = max(abs(loop.billed() / loop.metered - 1) for loop in above)
    offs = sorted(loop.billed() / loop.metered - 1 for loop in loops)
    lines = [
        "# Does a described loop of active learning cost what it was metered at?",
        "",
        "Written by `python experiments/loop_energy.py`; see there for how.",
        "",
        f"The bill is right within {100 * MARGIN:.0f} % for {right} of {len(loops)}"
        f" loops, without anything fitted: {100 * offs[0]:+.1f} % to"
        f" {100 * offs[-1]:+.1f} % off, {100 * offs[len(offs) // 2]:+.1f} % in the"
        f" middle. Of the {len(alike)} whose full fit is published under the same name"
        f" it is right for {sum(holds(loop) for loop in alike)}.",
        "",
        f"The {len(missed)} that it misses took {largest:.0f} Wh at most, in fits of"
        f" seconds. Of the {len(above)} loops that took more, none is off by more than"
        f" {100 * dear:.1f} %.",
        "",
        *to_markdown(Table(headings, rows)),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the page and write it."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    page = write_page(load_loops())
    print(page)
    (HERE / "loop_energy.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

"""How long a million answers take: read, checked, fitted.

    python experiments/benchmarks/participants.py [--rows 1000000]

Writes a file of made-up answers to a temporary folder, imports it, takes stock and fits
the core model: crowd numbers and everybody's skill. Prints seconds of each step.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from hitl_sim.participants.answers import to_record
from hitl_sim.participants.describing.inventory import take_stock
from hitl_sim.participants.fitting.quality import fit_quality
from hitl_sim.participants.reading.table_file import read_answers

NUM_PEOPLE, PER_ITEM, NUM_OPTIONS = 2000, 10, 2


def make_table(num_rows: int, seed: int = 0) -> pa.Table:
    """Make answers of people of unlike accuracy, with gold and times."""
    rng = np.random.default_rng(seed)
    num_items = num_rows // PER_ITEM
    item = np.repeat(np.arange(num_items), PER_ITEM)
    start = rng.integers(0, NUM_PEOPLE, num_items)
    step = rng.integers(1, NUM_PEOPLE // PER_ITEM, num_items)
    turn = np.tile(np.arange(PER_ITEM), num_items)
    person = (start[item] + step[item] * turn) % NUM_PEOPLE
    skill = 1.5 + 0.6 * rng.standard_normal(NUM_PEOPLE)
    lead = skill[person] - rng.normal(0.0, 1.0, num_items)[item]
    right = rng.logistic(size=item.size) < lead
    gold = rng.integers(0, NUM_OPTIONS, num_items)[item]
    return pa.table(
        {
            "annotator": np.char.add("w", person.astype(str)),
            "item": np.char.add("i", item.astype(str)),
            "answer": np.where(right, gold, 1 - gold),
            "gold": gold,
            "seconds": rng.lognormal(2.0, 0.5, item.size),
        }
    )


def main() -> None:
    """Time every step and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        csv.write_csv(make_table(given.rows), path)
        began = time.monotonic()
        answers = read_answers(path)
        took["read_s"] = time.monotonic() - began
        take_stock(answers)
        took["check_s"] = time.monotonic() - began - took["read_s"]
        fit_quality(to_record(answers, "label"), "label")
    took["total_s"] = time.monotonic() - began
    took["fit_s"] = took["total_s"] - took["read_s"] - took["check_s"]
    print(json.dumps({"rows": given.rows, **took}, indent=1))


if __name__ == "__main__":
    main()

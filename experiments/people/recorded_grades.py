"""Recorded ratings, marks and preferences of real people, in their own kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from recorded import (
    RecordedSet,
    base_record,
    in_order,
    read_convincing,
    read_rationales,
    read_rows,
)

from hitl_sim.participants.answers import MARKS, PREFERENCE, RATING

NUM_BINS = 10


def read_truthfulness(data: Path) -> RecordedSet:
    """Read judgements of six levels of truth, of the statements judged by experts."""
    rows = read_rows(data / "truthfulness_s6" / "answers.csv.gz")
    rows = [row for row in rows if row["source"] == "Politifact"]
    for row in rows:
        row["gold"] = str(int(float(row["gold"])))
    levels = [str(level) for level in range(6)]
    record = base_record("truthfulness_s6", rows, "gold", levels, "at random")
    return in_order(record, [float(row["position"]) for row in rows])


def read_probabilities(data: Path) -> RecordedSet:
    """Read stated probabilities as tenths; what happened is the first or the last."""
    rows = read_rows(data / "recidivism_df" / "trials.csv.gz")
    rows = [row for row in rows if row["is_check"] == "0"]
    for row in rows:
        tenth = int(float(row["probability"]) / 100.0 * NUM_BINS)
        row["answer"] = str(min(tenth, NUM_BINS - 1))
        row["gold"] = str(int(float(row["gold"])) * (NUM_BINS - 1))
    levels = [str(level) for level in range(NUM_BINS)]
    record = base_record("recidivism_df", rows, "gold", levels, "at random")
    return in_order(record, [float(row["trial"]) for row in rows])


def read_marks(data: Path) -> RecordedSet:
    """Read the words that people marked."""
    return replace(read_rationales(data), seconds=None)


GRADE_READERS: Mapping[str, tuple[str, Callable[[Path], RecordedSet]]] = (
    MappingProxyType(
        {
            "truthfulness_s6 judgements": (RATING, read_truthfulness),
            "recidivism_df probabilities": (RATING, read_probabilities),
            "sst_rationales marks": (MARKS, read_marks),
            "ukp_convincing preferences": (PREFERENCE, read_convincing),
        }
    )
)
"""Kind and reader of each set."""

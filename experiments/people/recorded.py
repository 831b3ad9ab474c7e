"""Recorded answers of real people, one row per answer, read from a folder of sets.

Every set is cut once in two parts, `half` 0 to tune a crowd on and 1 to score it on.
Where people and items allow it both are others in the second part.
"""

import csv
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hitl_sim.participants.record import (
    Floats,
    Ints,
    Record,
    components,
    renumber,
    select,
)

Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RecordedSet(Record):
    """A recorded set, and what is known of it beside its answers.

    Attributes:
        half: `[L]` 0 to tune on, 1 to score on.
        level: `[N]` known condition of the item, 0 if there is but one.
        split: words: what differs between the two halves.
        deadline_s: limit after which an answer is lost, s.
        is_consensus: whether the truth is the plurality of the answers themselves.
    """

    by_row: ClassVar = (*Record.by_row, "half")
    by_item: ClassVar = (*Record.by_item, "level")

    half: Ints
    level: Ints
    split: str
    deadline_s: float | None = None
    is_consensus: bool = False


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a gzipped file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(values: Iterable[str]) -> tuple[list[str], Ints]:
    names, index = np.unique(np.array(list(values)), return_inverse=True)
    return names.tolist(), index.astype(np.int64)


def _first(index: Ints, values: Sequence[float] | Ints | Floats) -> NDArray[np.generic]:
    """Return the value at the first row of every item."""
    return np.asarray(values)[np.unique(index, return_index=True)[1]]


def base_record(
    name: str, rows: Sequence[Row], gold: str, options: Sequence[str], split: str
) -> RecordedSet:
    """Read what all sets share: one condition, one size, first looks."""
    _, person = _number(row["annotator"] for row in rows)
    _, item = _number(row["item"] for row in rows)
    code = {option: place for place, option in enumerate(options)}
    truth = _first(item, [code[row[gold]] for row in rows]).astype(np.int64)
    return RecordedSet(
        name=name,
        num_options=len(options),
        person=person,
        item=item,
        occasion=np.zeros(len(rows), np.int64),
        answer=np.array([code.get(row["answer"], -1) for row in rows]),
        half=item % 2,
        truth=truth,
        level=np.zeros(truth.size, np.int64),
        size=np.ones(truth.size),
        split=split,
    )


def take_half(record: RecordedSet, half: int) -> RecordedSet:
    """Return one half of a set, its people and items numbered anew."""
    return renumber(select(record, record.half == half))


def in_order(record: RecordedSet, place: Sequence[float] | Floats) -> RecordedSet:
    """Sort rows by person and place in the person's work."""
    order = np.lexsort((np.asarray(place), record.person))
    kept = {name: getattr(record, name) for name in record.by_row}
    return replace(
        record, **{name: v[order] for name, v in kept.items() if v is not None}
    )


def consensus(item: Ints, answer: Ints, num_items: int, options: Sequence[int]) -> Ints:
    """Return the option most answers name among `options`, -1 where two lead."""
    cell = item[answer >= 0] * 3 + answer[answer >= 0]
    counts = np.bincount(cell, minlength=num_items * 3).reshape(-1, 3)[:, options]
    ordered = np.sort(counts, axis=1)
    leader = np.asarray(options)[counts.argmax(axis=1)]
    return np.where(ordered[:, -1] > ordered[:, -2], leader, -1)


def read_cifar10s(data: Path) -> RecordedSet:
    """Read pictures of ten classes, 27 answers a person, two of them second looks."""
    rows = read_rows(data / "cifar10s" / "trials.csv.gz")
    classes = sorted({row["gold"] for row in rows})
    record = base_record(
        "cifar10s", rows, "gold", classes, "other pictures, other people"
    )
    _, batch = _number(row["batch"] for row in rows)
    record = replace(
        record,
        occasion=np.array([int(row["is_repeat"]) for row in rows]),
        half=batch % 2,
        sizes=(1, 3, 5),
        is_ordered=True,
        seconds=np.array([float(row["rt_s"]) for row in rows]),
    )
    return in_order(record, [float(row["trial_index"]) for row in rows])


def read_model_vs_human(data: Path, experiment: str) -> RecordedSet:
    """Read one laboratory experiment: 16 classes, an answer within 1.5 s."""
    rows = read_rows(data / "model_vs_human" / "trials.csv.gz")
    rows = [row for row in rows if row["experiment"] == experiment]
    classes = sorted({row["gold"] for row in rows})
    name = f"model_vs_human {experiment}"
    record = base_record(name, rows, "gold", classes, "other pictures, the same people")
    _, level = _number(row["condition"] for row in rows)
    seconds = [float(row["rt_s"]) if row["answer"] else np.nan for row in rows]
    by_level = _first(record.item, level).astype(np.int64)
    # Every other picture of each condition.
    turn = np.argsort(np.argsort(by_level, kind="stable")) % 2
    record = replace(
        record,
        level=by_level,
        half=turn[record.item],
        sizes=(1, 3, 5) if record.num_people >= 5 else (1, 3),
        is_ordered=True,
        seconds=np.array(seconds),
        deadline_s=1.5,
    )
    return in_order(record, [float(row["trial"]) for row in rows])


def read_sentiment(data: Path) -> RecordedSet:
    """Read the untimed sentiment labels of 203 people."""
    rows = read_rows(data / "sentiment_sp" / "sp_answers.csv.gz")
    split = "other sentences, the same people"
    record = base_record("sentiment_sp", rows, "gold", ("0", "1"), split)
    record = replace(record, sizes=(1, 3, 5))
    return in_order(record, np.arange(len(rows), dtype=float))


def read_sentiment_timed(data: Path) -> RecordedSet:
    """Read the timed sentiment labels of 143 people, and the lengths of sentences."""
    rows = read_rows(data / "sentiment_sp" / "sp_amt_answers.csv.gz")
    split = "other sentences, the same people"
    record = base_record("sentiment_sp timed", rows, "gold", ("0", "1"), split)
    texts = read_rows(data / "sentiment_sp" / "sentences.csv.gz")
    words = {row["item"]: float(len(row["text"].split())) for row in texts}
    size = _first(record.item, [words[row["item"]] for row in rows]).astype(float)
    # Whole seconds are recorded: 0 stands for less than half a second.
    seconds = np.array([max(float(row["rt_s"]), 0.5) for row in rows])
    record = replace(
        record, size=size / np.median(size), sizes=(1, 3, 5, 10), seconds=seconds
    )
    return in_order(record, np.arange(len(rows), dtype=float))


def read_rte(data: Path) -> RecordedSet:
    """Read entailment labels: 10 people for each of 800 pairs of texts."""
    rows = read_rows(data / "rte_snow" / "answers.csv.gz")
    split = "other texts (work units of 20), the same people"
    record = base_record("rte_snow", rows, "gold", ("0", "1"), split)
    _, hit = _number(row["hit"] for row in rows)
    record = replace(record, half=hit % 2, sizes=(1, 3, 5, 10))
    return in_order(record, np.arange(len(rows), dtype=float))


def read_recidivism(data: Path) -> RecordedSet:
    """Read stated probabilities as two choices: over 50 % or not (none says 50)."""
    rows = read_rows(data / "recidivism_df" / "trials.csv.gz")
    rows = [row for row in rows if row["is_check"] == "0"]
    for row in rows:
        row["answer"] = str(int(float(row["probability"]) > 50.0))
        row["gold"] = str(int(float(row["gold"])))
    split = "other people, the same cases"
    record = base_record("recidivism_df", rows, "gold", ("0", "1"), split)
    record = replace(
        record,
        half=record.person % 2,
        sizes=(1, 3, 5),
        is_ordered=True,
        seconds=np.array([float(row["rt_s"]) for row in rows]),
    )
    return in_order(record, [float(row["trial"]) for row in rows])


def read_rationales(data: Path) -> RecordedSet:
    """Read sentiment labels with the words that each person marked."""
    rows = read_rows(data / "sst_rationales" / "sst_before_exclusions.csv.gz")
    options = ("negative", "positive", "no sentiment")
    record = base_record(
        "sst_rationales", rows, "gold", options, "other sentences, other people"
    )
    words = [len(row["sentence"].split()) for row in rows]
    num_parts = _first(record.item, words).astype(np.int64)
    marks = np.zeros((len(rows), max(words)), bool)
    for line, row in enumerate(rows):
        for token in row["rationale_tokens"].split():
            marks[line, int(token)] = True
    record = replace(
        record,
        half=components(record.person, record.item) % 2,
        size=num_parts / np.median(num_parts),
        sizes=(1, 3, 5),
        marks=marks,
        num_parts=num_parts,
    )
    return in_order(record, np.arange(len(rows), dtype=float))


def read_convincing(data: Path) -> RecordedSet:
    """Read preferences between two arguments; the truth is their plurality."""
    rows = read_rows(data / "ukp_convincing" / "votes.csv.gz")
    for row in rows:
        row["item"], row["gold"] = f"{row['topic']}:{row['pair']}", "a1"
    record = base_record(
        "ukp_convincing",
        rows,
        "gold",
        ("a1", "equal", "a2"),
        "other topics, people overlap",
    )
    _, unit = _number(row["assignment"] for row in rows)
    _, topic = _number(row["topic"] for row in rows)
    pairs = _first(record.item, np.arange(len(rows))).astype(np.int64)
    both = [
        f"{rows[line]['topic']}:{arg}"
        for line in pairs
        for arg in rows[line]["pair"].split("_")
    ]
    unit_size = np.bincount(unit)[unit]
    seconds = np.array([_elapsed(row["accept"], row["submit"]) for row in rows])
    record = replace(
        record,
        half=topic % 2,
        truth=consensus(record.item, record.answer, record.num_items, (0, 2)),
        is_ordered=True,
        seconds=seconds / unit_size,
        unit=unit,
        unit_size=unit_size,
        objects=_number(both)[1].reshape(-1, 2),
        is_consensus=True,
    )
    return in_order(
        record, [datetime.fromisoformat(row["submit"]).timestamp() for row in rows]
    )


def _elapsed(start: str, end: str) -> float:
    span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(span.total_seconds(), 1.0)


def read_bluebirds(data: Path) -> RecordedSet:
    """Read pictures of two birds: 39 people for each of 108."""
    rows = read_rows(data / "bluebirds" / "answers.csv.gz")
    record = base_record("bluebirds", rows, "gold", ("0", "1"), "other pictures")
    record = replace(record, sizes=(1, 3, 5, 10))
    return in_order(record, np.arange(len(rows), dtype=float))


def read_items(path: Path) -> list[str]:
    """Return the names of a set's items, in the order of their numbers."""
    return _number(row["item"] for row in read_rows(path))[0]


READERS: Mapping[str, Callable[[Path], RecordedSet]] = MappingProxyType(
    {
        "cifar10s": read_cifar10s,
        "model_vs_human sketch": lambda data: read_model_vs_human(data, "sketch"),
        "model_vs_human contrast": lambda data: read_model_vs_human(data, "contrast"),
        "sentiment_sp": read_sentiment,
        "sentiment_sp timed": read_sentiment_timed,
        "rte_snow": read_rte,
        "recidivism_df": read_recidivism,
        "sst_rationales": read_rationales,
        "ukp_convincing": read_convincing,
    }
)

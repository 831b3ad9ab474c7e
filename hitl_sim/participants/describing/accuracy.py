"""How accurate the labels of a data set are: few were checked, a machine saw all."""

from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.chance.prediction_powered import (
    MIN_PEOPLE,
    MIN_REAL,
    Powered,
    powered_mean,
)
from hitl_sim.participants.answers import LABEL, Answers
from hitl_sim.participants.reading.machine_file import MachineFile
from hitl_sim.table.spelling import identities


@dataclass(frozen=True)
class Assessment:
    """The accuracy of a data set's labels.

    Attributes:
        accuracy: share of labels that are right, by real answers and a machine's.
        by_gold: whether labels were held against gold, and not what people answered.
    """

    accuracy: Powered
    by_gold: bool


def assess(answers: Answers, machine: MachineFile) -> Assessment:
    """Hold the labels of a data set against real answers to some of its items.

    A label is right where it is the item's gold; where answers have no gold, as often
    as people answer the same. Skips are left out.

    Args:
        answers: real ones, of kind label; with gold, items without are left out.
        machine: labels of all items, and how likely each is right.

    Raises:
        ValueError: an item is not in the machine's file, or there are fewer than
            `MIN_REAL` real answers or `MIN_PEOPLE` people.
    """
    table, by_gold = answers.table, answers.has("gold")
    field = "gold" if by_gold else "answer"
    rows = [
        row
        for row in table.select(["annotator", "item", "kind", field]).to_pylist()
        if row["kind"] == LABEL and row[field] is not None
    ]
    if by_gold:
        rows = list({row["item"]: row for row in rows}.values())
    place = {item: row for row, item in enumerate(machine.item)}
    strange = [row["item"] for row in rows if row["item"] not in place]
    if strange:
        raise ValueError(
            f"{answers.origin}: every item must be in {machine.origin}, got"
            f" {strange[0]!r}, which is not ({len(set(strange))} items in all)."
        )
    what = "items with gold" if by_gold else f"answers of kind {LABEL!r}"
    if len(rows) < MIN_REAL:
        raise ValueError(
            f"`answers` must hold at least {MIN_REAL} {what}, got {len(rows)}."
        )
    people = [row["annotator"] for row in rows]
    if not by_gold and len(set(people)) < MIN_PEOPLE:
        raise ValueError(
            f"`answers` must be of at least {MIN_PEOPLE} people, got"
            f" {len(set(people))}: fewer do not tell how much people differ."
        )
    item = np.array([place[row["item"]] for row in rows])
    same = identities({*machine.label, *(row[field] for row in rows)})
    is_right = [
        same[machine.label[at]] == same[row[field]]
        for at, row in zip(item.tolist(), rows, strict=True)
    ]
    found = powered_mean(
        np.array(is_right, np.float64),
        machine.right[item],
        machine.right,
        item=item,
        person=None if by_gold else np.array(people),
        is_share=True,
    )
    return Assessment(found, by_gold)

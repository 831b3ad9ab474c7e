"""What a record is: its columns, the version of their schema, and the one error.

A record holds counts, human seconds and outcomes of one run, and nothing with a price.
Everything that writes, reads or bills records takes their columns from here.
"""

import pyarrow as pa

SCHEMA = 2
"""Version of the record's columns; part of every key."""


class RecordError(ValueError):
    """Records, or a folder of them, that cannot be used as they are."""


RECORD_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("replicate", pa.int64()),
        ("outcome", pa.string()),
        ("step", pa.list_(pa.int64())),
        ("fit_step", pa.list_(pa.int64())),
        ("validation_accuracy", pa.list_(pa.float32())),
        ("test_accuracy", pa.list_(pa.float32())),
        ("work_unit", pa.list_(pa.string())),
        ("work_phase", pa.list_(pa.string())),
        ("work_purpose", pa.list_(pa.string())),
        ("work_count", pa.list_(pa.list_(pa.int64()))),
        ("asked", pa.list_(pa.int64())),
        ("answered", pa.list_(pa.int64())),
        ("worked_s", pa.list_(pa.float64())),
        ("paid_s", pa.list_(pa.float64())),
        ("wait_s", pa.list_(pa.float64())),
        ("elapsed_s", pa.list_(pa.float64())),
        ("requester_s", pa.float64()),
        ("pool_labels", pa.int64()),
        ("validation_labels", pa.int64()),
        ("answer_accuracy", pa.float32()),
        ("kept_clean_frac", pa.float32()),
        ("train_items", pa.int64()),
        ("label_accuracy", pa.float32()),
    ],
    metadata={"hitl_sim_schema": str(SCHEMA)},
)
"""Columns of a record: counts, human seconds and outcomes, and nothing with a price."""

REPLAY_SCHEMA = pa.schema(
    [
        ("replayed", pa.int64()),
        ("modelled", pa.int64()),
        ("untimed", pa.int64()),
        ("left_out", pa.int64()),
    ]
)
"""Columns of records whose answers were replayed: answers (or skips) from the recording
and from fitted people, recorded ones with a fitted time, and questions not asked."""

LABEL_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("arm", pa.string()),
        ("role", pa.string()),
        ("kind", pa.string()),
        ("population", pa.string()),
        ("settings", pa.string()),
        ("parameters", pa.string()),
        ("condition", pa.string()),
        ("base", pa.string()),
    ]
)
"""Columns that a study adds to its records: names, which may change under a key."""

COLUMN_WORDS = {
    "task": "Name of the task.",
    "arm": "Name of the arm.",
    "role": "control, pilot, null, untuned (the control), arm, or trial of a search.",
    "kind": "Kind of the arm.",
    "population": "Who answers; null where nobody is asked.",
    "settings": "Swept fields and their values, JSON.",
    "parameters": "Parameters of the crowd, JSON.",
    "condition": "Hash of everything but the replicate.",
    "base": "Hash of what an arm shares with its control and pilot.",
    "key": "Hash of everything that the run's numbers follow from.",
    "replicate": "Number of the replicate: runs of one number share split and start.",
    "outcome": "ok, or why the run failed.",
    "step": "Training steps done, by checkpoint.",
    "fit_step": "Steps of them that made the weights in use, by checkpoint.",
    "validation_accuracy": "Metric on the validation set, by checkpoint.",
    "test_accuracy": "Metric on the test set, by checkpoint; no method sees it.",
    "work_unit": "Names of the units of device work.",
    "work_phase": "pretrain, train, choose, score, embed, evaluate or tune, by unit.",
    "work_purpose": "protocol (billed) or instrument (the experimenter's), by unit.",
    "work_count": "Units done up to each checkpoint, by unit.",
    "asked": "Questions asked, by checkpoint.",
    "answered": "Questions answered, by checkpoint.",
    "worked_s": "Seconds that people spent on answers, by checkpoint.",
    "paid_s": "Seconds that people are paid for, by checkpoint.",
    "wait_s": "Seconds that the device waited for people, by checkpoint.",
    "elapsed_s": "Seconds on the people's clock, by checkpoint.",
    "requester_s": "Seconds of the requester's own work.",
    "pool_labels": "Given labels of the pool that the arm used.",
    "validation_labels": "Labels of the validation set.",
    "answer_accuracy": "Share of answers that are right; null where none is.",
    "kept_clean_frac": "Share of what was kept that is not spoilt.",
    "train_items": "Items that were trained on.",
    "label_accuracy": "Share of labels trained on that are right.",
    "replayed": "Answers that come from the recording.",
    "modelled": "Answers that come from people fitted to the recording.",
    "untimed": "Recorded answers whose time is a fitted one.",
    "left_out": "Questions that were not asked, for nobody was recorded on them.",
}
"""What each column of results is, for those who read them elsewhere."""

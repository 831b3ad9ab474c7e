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

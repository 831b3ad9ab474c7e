"""Columns of Parquet are read by what their type says, or refused by name and type."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers


def read(folder, layout=Layout(), **columns):  # noqa: B008
    plain = {"annotator": ["p", "p"], "item": ["a", "b"], "answer": ["x", "y"]}
    path = folder / "answers.parquet"
    parquet.write_table(pa.table(plain | columns), path)
    return read_answers(path, layout)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_duration_says_its_unit(tmp_path, unit):
    spans = pa.array([dt.timedelta(seconds=2), None], pa.duration(unit))
    np.testing.assert_array_equal(
        read(tmp_path, seconds=spans).numbers("seconds"), [2.0, np.nan]
    )


def test_a_duration_and_a_unit_of_time_contradict(tmp_path):
    spans = pa.array([2, 3], pa.duration("ms"))
    with pytest.raises(ValueError, match=r"left out where .* has type duration\[ms\]"):
        read(tmp_path, Layout(seconds_per_unit=1e-3), seconds=spans)


@pytest.mark.parametrize("text", ["0 days 00:01:02.500000", "00:01:02.5", "0:01:02.5"])
def test_times_written_as_clocks_are_seconds(tmp_path, text):
    found = read(tmp_path, seconds=[text, "1 days 00:00:00"]).numbers("seconds")
    np.testing.assert_array_equal(found, [62.5, 86400.0])


@pytest.mark.parametrize(
    "given",
    [
        pa.array([1.5, 2.0], pa.float32()),
        pa.array([Decimal("1.50"), Decimal("2.00")]),
        pa.array(["1.5", "2"]).dictionary_encode(),
        pa.array(["+1.5", "2e0"], pa.large_string()),
    ],
    ids=lambda array: str(array.type),
)
def test_numbers_of_every_type_are_times(tmp_path, given):
    found = read(tmp_path, seconds=given).numbers("seconds")
    np.testing.assert_array_equal(found, [1.5, 2.0])


MOMENT = dt.datetime(1970, 1, 2, 0, 0, 1)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (pa.array([MOMENT, None], pa.timestamp("s")), 86401.0),
        (pa.array([MOMENT, None], pa.timestamp("ns")), 86401.0),
        (pa.array([86401000000001, None], pa.timestamp("ns")), 86401.0),
        (pa.array([MOMENT, None], pa.timestamp("ms", "Europe/Berlin")), 86401.0),
        (pa.array([MOMENT.date(), None], pa.date32()), 86400.0),
        (pa.array([MOMENT.date(), None], pa.date64()), 86400.0),
    ],
    ids=str,
)
def test_moments_and_dates_are_seconds_since_1970(tmp_path, given, seconds):
    assert read(tmp_path, started=given).numbers("started")[0] == seconds


def test_a_date_may_name_an_item(tmp_path):
    days = pa.array([dt.date(2024, 5, 1), dt.date(2024, 5, 2)])
    found = read(tmp_path, item=days).table.column("item").to_pylist()
    assert found == ["2024-05-01", "2024-05-02"]


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("answer", pa.array([["x"], ["y", "z"]]), "list<"),
        ("answer", pa.array([{"a": 1}, {"a": 2}]), "struct<"),
        (
            "answer",
            pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
            "map<",
        ),
        ("answer", pa.array([b"x", b"y"]), "binary"),
        ("gold", pa.array([b"xx", b"yy"], pa.binary(2)), r"fixed_size_binary\[2\]"),
        ("answer", pa.array([1, 2], pa.duration("s")), r"duration\[s\]"),
        ("seconds", pa.array([dt.time(0, 0, 2), None]), r"time64\[us\]"),
        ("seconds", pa.array([True, False]), "bool"),
        ("seconds", pa.array([MOMENT, MOMENT]), r"timestamp\[us\]"),
        ("started", pa.array([1, 2], pa.duration("s")), r"duration\[s\]"),
        ("is_repeat", pa.array([MOMENT, MOMENT]), r"timestamp\[us\]"),
        ("annotator", pa.array([["p"], ["q"]]), "list<"),
    ],
)
def test_a_type_that_cannot_be_meant_is_named_with_its_column(
    tmp_path, field, given, said
):
    with pytest.raises(ValueError, match=f"column '{field}' must hold .* type {said}"):
        read(tmp_path, **{field: given})

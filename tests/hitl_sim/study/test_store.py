import os

import pyarrow as pa
import pytest

from hitl_sim.record import LABEL_SCHEMA, RECORD_SCHEMA, RecordError
from hitl_sim.study import store


def row(key):
    return dict.fromkeys(RECORD_SCHEMA.names) | {
        "key": key,
        "replicate": 0,
        "outcome": "ok",
        "step": [1, 2],
        "work_count": [[1, 2], [3, 4]],
    }


def test_records_come_back_as_written(tmp_path):
    store.write_records(tmp_path, "one", [row("a"), row("b")])
    table = store.read_records(tmp_path)
    assert table.column("key").to_pylist() == ["a", "b"]
    assert table.column("work_count").to_pylist()[1] == [[1, 2], [3, 4]]
    assert table.column("answer_accuracy").to_pylist() == [None, None]


def test_equal_records_have_equal_bytes(tmp_path):
    paths = [store.write_records(tmp_path / n, "c", [row("a")]) for n in "xy"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_half_written_file_is_never_read(tmp_path):
    store.write_records(tmp_path, "one", [row("a")])
    (tmp_path / "records" / ".two.part").write_bytes(b"PAR1")
    assert store.finished_keys(tmp_path) == {"a"}


def test_a_damaged_file_is_named(tmp_path):
    path = store.write_records(tmp_path, "one", [row("a")])
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(RecordError, match=r"one\.parquet' cannot be read .* aside"):
        store.read_records(tmp_path)


@pytest.mark.parametrize("position", range(0, 4000, 400))
def test_a_changed_byte_is_found_or_changes_no_record(tmp_path, position):
    path = store.write_records(tmp_path, "one", [row("a"), row("b")])
    before = store.read_records(tmp_path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 0xFF
    path.write_bytes(data)
    if not store.damaged_files(tmp_path):
        assert store.read_records(tmp_path).equals(before)
        return
    with pytest.raises(RecordError, match=path.name) as caught:
        store.read_records(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RecordError, match=r"`out` must be a folder .*file/sub"):
        store.check_folder(blocked / "sub")


def runs(*keys_and_arms):
    label = dict.fromkeys(LABEL_SCHEMA.names, "x")
    rows = [{"key": key, **label, "arm": arm} for key, arm in keys_and_arms]
    return pa.Table.from_pylist(rows, pa.schema([("key", pa.string()), *LABEL_SCHEMA]))


def test_names_are_joined_in_the_studys_order():
    records = pa.Table.from_pylist([row("b"), row("a")], RECORD_SCHEMA)
    table = store.join_labels(records, runs(("a", "A"), ("b", "B"), ("c", "C")))
    assert table.column("arm").to_pylist() == ["A", "B"]
    assert table.column("key").to_pylist() == ["a", "b"]


def test_a_record_that_two_arms_share_gets_both_names():
    records = pa.Table.from_pylist([row("a")], RECORD_SCHEMA)
    table = store.join_labels(records, runs(("a", "one"), ("a", "other")))
    assert table.column("arm").to_pylist() == ["one", "other"]
    assert table.column("key").to_pylist() == ["a", "a"]


def test_an_empty_folder_has_no_records(tmp_path):
    assert store.finished_keys(tmp_path) == set()
    assert store.join_labels(store.read_records(tmp_path), runs()).num_rows == 0


def test_what_a_killed_writer_left_is_removed_when_it_is_nobodys(tmp_path):
    records = tmp_path / "records"
    records.mkdir()
    old, new = records / ".old.part", records / ".new.part"
    for path in (old, new):
        path.write_bytes(b"PAR1")
    os.utime(old, (0, 0))
    store.check_folder(tmp_path)
    assert not old.exists()
    assert new.exists()

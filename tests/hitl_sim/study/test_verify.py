"""Records computed once more have the bytes that they had."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hitl_sim.record import RECORD_SCHEMA, RecordError
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import convert
from hitl_sim.study.store import write_table
from hitl_sim.study.verify import verify_record, verify_study

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def whole(tmp_path_factory, smoke):
    """Control and one arm with two crowds, run once."""
    out = tmp_path_factory.mktemp("whole")
    run_study(convert(smoke | {"arm": [smoke["arm"][0], smoke["arm"][3]]}), out, 1)
    return out


def test_a_second_computation_has_the_same_bytes(whole):
    found = verify_study(whole, 3, 1)
    assert (found.files, found.unlike, found.strange) == (3, (), 0)
    assert found.total == len(list((whole / "records").glob("*.parquet")))


def test_a_record_that_was_changed_is_found(whole, tmp_path):
    out = tmp_path / "changed"
    shutil.copytree(whole, out)
    path = sorted((out / "records").glob("*.parquet"))[0]
    table = pq.read_table(path, schema=RECORD_SCHEMA)
    column = pa.array([x + 1 for x in table.column("requester_s").to_pylist()])
    place = table.schema.get_field_index("requester_s")
    changed = table.set_column(place, table.schema.field(place), column)
    write_table(path, changed)
    assert verify_study(out, 100, 1).unlike == (path.name,)


def key_in(path):
    """Return the key of a run that is neither the first nor the last of its file."""
    return pq.read_table(path).column("key")[2].as_py()


def test_one_record_computed_again_alone_has_the_same_bytes(whole):
    path = sorted((whole / "records").glob("*.parquet"))[-1]
    found = verify_record(whole, key_in(path))
    assert (found.is_same, found.unlike, found.file) == (True, (), path.name)
    row = next(r for r in load_study(whole)[1].to_pylist() if r["key"] == found.key)
    assert (found.arm, found.replicate) == (row["arm"], row["replicate"])


def test_a_record_whose_value_was_changed_is_named_with_its_column(whole, tmp_path):
    out = tmp_path / "changed"
    shutil.copytree(whole, out)
    path = sorted((out / "records").glob("*.parquet"))[0]
    table = pq.read_table(path, schema=RECORD_SCHEMA)
    place = table.schema.get_field_index("worked_s")
    moved = [[x + 1 for x in row] for row in table.column("worked_s").to_pylist()]
    column = pa.array(moved, table.schema.field(place).type)
    write_table(path, table.set_column(place, table.schema.field(place), column))
    found = verify_record(out, key_in(path))
    assert (found.is_same, found.unlike) == (False, ("worked_s",))


def test_a_key_of_no_finished_run_is_refused(whole, tables, tmp_path):
    with pytest.raises(ValueError, match=r"`record` must be .* got 'abc': column"):
        verify_record(whole, "abc")
    out = tmp_path / "part"
    shutil.copytree(whole, out)
    path = sorted((out / "records").glob("*.parquet"))[0]
    key = key_in(path)
    path.unlink()
    with pytest.raises(ValueError, match="that run is not finished"):
        verify_record(out, key)


def test_bytes_of_another_environment_are_not_compared(whole, tmp_path):
    out = tmp_path / "other"
    shutil.copytree(whole, out)
    for path in (out / "groups").glob("*.json"):
        group = json.loads(path.read_text())
        group["environment"]["jaxlib"] = "0.0.1"
        path.write_text(json.dumps(group))
    with pytest.raises(RecordError, match=r"jaxlib was '0\.0\.1' and is"):
        verify_study(out, 1, 1)

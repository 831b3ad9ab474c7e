"""Lanes are measured and written into the study, never chosen in silence."""

import tomllib
from pathlib import Path

import pytest

from hitl_sim.study.spec import SpecError, convert, load_spec
from hitl_sim.study.tune import GroupTimes, Tuning, tune_study, write_vmap_size

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"


def test_the_quickest_for_the_whole_study_is_best_and_fewer_of_equals():
    often = GroupTimes("a", 90, (2.0, 1.0, 1.0))
    seldom = GroupTimes("b", 10, (1.0, 2.0, 2.0))
    found = Tuning("cpu", (1, 2, 4), (often, seldom))
    assert found.study_s == (190.0, 110.0, 110.0)
    assert found.best == 2


def test_every_program_is_timed_with_lanes_that_divide_the_width(tables):
    tables["dispatch_size"], tables["replicates"] = 6, 2
    tables["arm"] = [arm for arm in tables["arm"] if arm["kind"] == "whole_pool"][:1]
    tables.pop("axis", None)
    seen = []
    found = tune_study(convert(tables), lambda *step: seen.append(step))
    assert found.options == (1, 2)
    assert [group.runs for group in found.groups] == [4]  # two runs, two of the pilot
    assert all(seconds > 0 for group in found.groups for seconds in group.run_s)
    assert seen == [(0, 1), (1, 1)]


@pytest.mark.parametrize(
    "before", ["", "vmap_size = 1\n", "vmap_size = 2  # measured\n"]
)
def test_lanes_are_written_and_nothing_else_changes(tmp_path, before):
    file = tmp_path / "study.toml"
    text = before + SMOKE.read_text()
    file.write_text(text)
    write_vmap_size(file, 4)
    assert tomllib.loads(file.read_text()) == tomllib.loads(text) | {"vmap_size": 4}
    kept = [line for line in text.splitlines() if not line.startswith("vmap_size")]
    now = [
        line
        for line in file.read_text().splitlines()
        if not line.startswith("vmap_size")
    ]
    assert now == kept
    assert load_spec(file).vmap_size == 4


def test_lanes_are_written_behind_a_byte_order_mark(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(SMOKE.read_text(), encoding="utf-8-sig")
    write_vmap_size(file, 4)
    assert load_spec(file).vmap_size == 4
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "\ufeff" not in file.read_text(encoding="utf-8-sig")


def test_a_file_where_lanes_find_no_place_is_left_as_it_is(tmp_path):
    file = tmp_path / "study.toml"
    text = 'question = """\n[not a table]\n"""\nseed = 1\n'
    file.write_text(text)
    with pytest.raises(SpecError, match="`vmap_size` must find a place"):
        write_vmap_size(file, 4)
    assert file.read_text() == text


def test_lanes_divide_the_width(tables):
    tables["dispatch_size"], tables["vmap_size"] = 6, 4
    with pytest.raises(
        SpecError, match=r"`vmap_size` must divide `dispatch_size` \(6\), got 4"
    ):
        convert(tables)

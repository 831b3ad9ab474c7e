import sys
from types import ModuleType

import pytest

from hitl_sim import part
from oracles.part import PartError


@part.strategy()
def own(shape):
    return shape


def test_a_part_that_a_study_brings_is_found_by_the_name_it_has_there():
    assert part.find("strategy", "mine", {"mine": own}) is own


def test_what_a_study_brings_is_among_what_is_allowed():
    with pytest.raises(PartError, match=r"must be one of .*'margin'.*'mine', got 'me'"):
        part.find("strategy", "me", {"mine": own})


def test_a_wrong_name_is_told_by_the_field_that_it_was_written_in():
    with pytest.raises(PartError, match=r"`arm\.aggregate` must be one of 'dawid_sk"):
        part.find("aggregation", "majorty", None, "arm.aggregate")


def test_a_part_of_another_kind_is_refused():
    with pytest.raises(PartError, match=r"`part\.mine` must be of kind 'network'"):
        part.find("network", "mine", {"mine": own})


def test_a_file_of_a_kinds_package_is_a_part_by_its_name(tmp_path, monkeypatch):
    package = ModuleType("shelf")
    package.__path__ = [str(tmp_path)]
    (tmp_path / "dull.py").write_text(
        "from oracles import part\n\n\n@part.strategy()\ndef dull(shape):\n    pass\n"
    )
    (tmp_path / "helper.py").write_text("from shelf.dull import dull\n")
    monkeypatch.setitem(sys.modules, "shelf", package)
    monkeypatch.setattr(part, "PACKAGES", {"strategy": "shelf"})
    part.builtin.cache_clear()
    try:
        assert list(part.builtin("strategy")) == ["dull"]
        with pytest.raises(PartError, match="`strategy` must be one of 'dull', got"):
            part.find("strategy", "keen")
    finally:
        part.builtin.cache_clear()

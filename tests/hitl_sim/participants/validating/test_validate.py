"""A validation from end to end, on a crowd of known traits."""

import numpy as np
import pytest
from known_crowd import answer_design, make_design

from hitl_sim.participants.fitting.model_file import NORMAL, PEOPLE
from hitl_sim.participants.record import Record
from hitl_sim.participants.validating.validate import validate_record
from hitl_sim.report.validation import to_markdown, verdict, write_validation


@pytest.fixture(scope="module")
def found():
    record, *_ = answer_design(make_design(48, 240, 20, 0))
    named = Record(**{**vars(record), "name": "a<b>|c"})
    return validate_record(named, ("no", "yes"), num_crowds=4, num_halvings=20)


@pytest.mark.slow
def test_a_crowd_of_the_model_is_foretold_better_than_by_any_rival(found):
    verdicts = {(gain.where, gain.rival): gain.verdict for gain in found.gains}
    assert len(verdicts) == 6
    assert "loss" not in verdicts.values()
    assert verdicts["other people, other items", "one coin"] == "gain"
    assert verdicts["cells", "one coin"] == "gain"


@pytest.mark.slow
def test_its_statistics_and_its_people_are_like_the_real_ones(found):
    assert list(found.crowds) == [NORMAL, PEOPLE]
    for check in found.crowds.values():
        counts = check.count()
        # what the fit itself leaves open is in no interval, and it saw 24 people
        assert counts["equivalent"] > 6 > counts["different"]
        assert check.two_sample.low < 0.75


@pytest.mark.slow
def test_a_quick_look_leaves_out_cells_and_policies():
    record, *_ = answer_design(make_design(48, 120, 12, 0))
    told = []
    found = validate_record(record, ("no", "yes"), show=told.append, is_quick=True)
    assert {gain.where for gain in found.gains} == {"other people, other items"}
    assert all(check.transfer is None for check in found.crowds.values())
    assert found.is_quick
    assert not any("cells" in one for one in told)


@pytest.mark.slow
def test_the_page_says_it_in_words_and_escapes_names(found, tmp_path):
    page = "\n".join(to_markdown(found))
    assert "a&lt;b&gt;\\|c" in page
    assert all(sentence in page for sentence in verdict(found))
    write_validation(tmp_path, found)
    assert (tmp_path / "validation.png").stat().st_size > 10_000
    assert (tmp_path / "validation.md").read_text().startswith("# Simulated against")


def test_items_without_gold_are_refused_before_any_work():
    record, *_ = answer_design(make_design(repeats=0))
    blind = Record(**{**vars(record), "truth": np.full(record.num_items, -1)})
    with pytest.raises(ValueError, match="must have gold"):
        validate_record(blind, ("no", "yes"))


def test_too_few_people_are_refused_before_any_work():
    record, *_ = answer_design(make_design(4, 60, 3, 0))
    with pytest.raises(ValueError, match="3 people, got 2"):
        validate_record(record, ("no", "yes"))

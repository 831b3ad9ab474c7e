"""Nulls beside a badly tuned control: what the two forms are, and what one says."""

import msgspec
import pytest
import tuned_zoo

from hitl_sim.study.spec import load_spec

STUDY = tuned_zoo.HERE / "tuned_zoo.toml"
BEST = 0.03


@pytest.fixture(scope="module")
def spec():
    return load_spec(STUDY)


def test_untuned_the_control_has_a_quarter_of_the_rate_and_people_have_it(spec):
    untuned = tuned_zoo.without_tune(spec, BEST)
    assert untuned.tune is None
    rates = {arm.name: arm.training for arm in untuned.arm}
    assert untuned.training.learning_rate == pytest.approx(BEST / 4)
    for name in ("control", "copy", "random_half"):
        assert rates[name] == {}
    for name in ("rated_all", "ranked_all", "verified_one", "rated_half"):
        assert rates[name] == {"learning_rate": BEST}


def test_tuned_nobody_has_a_rate_of_their_own_and_the_search_may_find_it(spec):
    tuned = tuned_zoo.with_tune(spec, BEST)
    assert all(arm.training == {} for arm in tuned.arm)
    assert tuned.training.learning_rate == pytest.approx(BEST / 4)
    (space,) = tuned.tune.space
    assert space.field == tuned_zoo.RATE
    assert space.low < BEST / 4 < BEST < space.high


@pytest.mark.study
def test_without_tuning_people_seem_to_save_and_the_first_line_warns(spec, tmp_path):
    arms = tuple(a for a in spec.arm if a.name in ("control", "copy", "ranked_all"))
    spec = msgspec.structs.replace(spec, arm=arms, axis=())
    untuned = tuned_zoo.look(tuned_zoo.without_tune(spec, BEST), tmp_path / "u", 0)
    assert all(seen.is_flagged for seen in untuned.values())
    assert untuned["clean ranked_all"].rho < 0.8
    tuned = tuned_zoo.look(tuned_zoo.with_tune(spec, BEST), tmp_path / "t", 0)
    assert not any(seen.is_flagged for seen in tuned.values())
    # the same settings are found for what is the control by another name
    assert tuned["clean ranked_all"].rho == pytest.approx(1.0)


def test_the_page_says_which_nulls_are_sound(spec):
    def study(pays, finite):
        names = ("clean rated_all", "clean ranked_all")
        return dict.fromkeys(names, tuned_zoo.Seen(pays, finite, True, 0.5))

    bad, good = [study(True, False)] * 20, [study(False, False)] * 20
    page = tuned_zoo.write_page(spec, BEST, {"untuned": bad, "tuned": good})
    assert "- clean rated_all: yes and yes" in page
    page = tuned_zoo.write_page(spec, BEST, {"untuned": good, "tuned": bad})
    assert "- clean rated_all: NO and yes" in page

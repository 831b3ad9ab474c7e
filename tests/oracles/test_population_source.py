import pytest

from oracles import FEEDBACK, POPULATIONS, describe_population


@pytest.mark.parametrize("name", list(POPULATIONS))
def test_every_number_says_what_it_is_and_where_it_comes_from(name):
    for number in POPULATIONS[name].numbers:
        assert number.status in ("calibrated", "assumed")
        assert len(number.source) >= 8
        assert number.unit
        assert number.kind in (*FEEDBACK, "all")


@pytest.mark.parametrize("name", list(POPULATIONS))
def test_every_kind_has_a_standing_and_one_number_per_trait(name):
    source = POPULATIONS[name]
    assert set(source.status) == set(FEEDBACK)
    for kind, standing in source.status.items():
        assert standing.split()[0] in ("validated", "calibrated", "assumed")
        traits = [n.name for n in source.numbers if n.kind in (kind, "all")]
        assert len(traits) == len(set(traits))
        assert {"seconds", "lapse", "repeatability", "shared_error"} <= set(traits)


def test_the_named_populations_are_there():
    assert list(POPULATIONS) == [
        "perfect",
        "careful",
        "typical",
        "careless",
        "spammer",
        "lab",
        "paid_crowd",
        "expert",
        "adversary",
        "llm_judge",
    ]


def test_an_unknown_population_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"must be one of 'perfect', .* got 'saint'"):
        describe_population("saint")


def test_a_population_is_described_by_its_own_numbers():
    assert describe_population("typical").values("label")["accuracy"] == 0.84
    assert describe_population("typical").values("relevance")["accuracy"] == 0.83

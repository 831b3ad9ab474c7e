import tomllib
from importlib import resources

import pytest

from oracles import FEEDBACK, POPULATIONS, describe_population
from oracles.parameter import PARAMETERS


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
    for kind, evidence in source.status.items():
        assert evidence.split()[0] in ("validated", "calibrated", "assumed")
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


def test_every_value_in_the_shipped_file_has_a_source_or_says_assumed():
    text = resources.files("oracles").joinpath("data/populations.toml").read_text()
    found = list(numbers_in(tomllib.loads(text)))
    assert len(found) > 100
    for where, number in found:
        assert set(number) == {"value", "unit", "status", "source"}, where
        assert number["status"] in ("calibrated", "assumed"), where
        # what is calibrated says on what: a set, a study or a number of its own
        is_named = any(c.isupper() or c.isdigit() or c == "_" for c in number["source"])
        assert is_named or number["status"] == "assumed", where
        assert PARAMETERS[where.split(".")[1]].range.holds(number["value"]), where


def numbers_in(tables, where=""):
    """Walk to the tables that hold a value; whatever else is a number is found too."""
    for name, inner in tables.items():
        path = f"{where}.{name}".lstrip(".")
        if isinstance(inner, dict) and "value" in inner:
            yield path, inner
        elif isinstance(inner, dict):
            yield from numbers_in(inner, path)
        else:
            assert isinstance(inner, str), f"{path} is a number without a source"


@pytest.mark.parametrize("name", list(POPULATIONS))
def test_nothing_is_called_validated_that_no_test_validates(name):
    for evidence in POPULATIONS[name].status.values():
        assert not evidence.startswith("validated")


def test_a_calibrated_standing_rests_on_calibrated_numbers():
    for source in POPULATIONS.values():
        for kind, evidence in source.status.items():
            if not evidence.startswith("calibrated"):
                continue
            status = {n.name: n.status for n in source.numbers if n.kind == kind}
            everywhere = {n.name: n.status for n in source.numbers if n.kind == "all"}
            assert (everywhere | status)["accuracy"] == "calibrated"
            assert (everywhere | status)["seconds"] == "calibrated"

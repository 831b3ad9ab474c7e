import pytest

from oracles import part
from oracles.part import PartError


@part.strategy(version=2, params={"temperature": 1.0})
def bald(shape, *, members=5, depth):
    """Score by disagreement.

    More of it.
    """
    return shape, members, depth


def test_a_part_tells_what_it_is():
    assert (bald.kind, bald.name, bald.version) == ("strategy", "bald", 2)
    assert bald.summary == "Score by disagreement."
    assert dict(bald.params) == {"temperature": 1.0}
    assert list(bald.options) == ["members", "depth"]


def test_a_part_is_still_its_factory():
    assert bald(3, members=1, depth=2) == (3, 1, 2)


def test_options_are_completed_by_their_defaults():
    assert bald.with_options({"depth": 2}) == {"members": 5, "depth": 2}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 2, "depth": 1}, r"`options\.width` is no option .*'members', 'dep"),
        ({}, r"`options\.depth` must be given for strategy 'bald'"),
    ],
)
def test_wrong_options_are_refused_by_name(given, message):
    with pytest.raises(PartError, match=message):
        bald.with_options(given)


def test_an_unknown_param_is_refused_by_name():
    with pytest.raises(PartError, match=r"`params\.heat` is no param .*'temperature'"):
        bald.with_params({"heat": 1.0})
    assert bald.with_params({"temperature": 2.0}) == {"temperature": 2.0}


@pytest.mark.parametrize("version", [0, "1", 1.5])
def test_a_version_is_a_whole_number(version):
    with pytest.raises(PartError, match="`version` must be a whole number >= 1"):
        part.network(version=version)


def test_the_default_of_a_param_is_a_number():
    with pytest.raises(PartError, match=r"`params\.rate` must be a number.*None"):
        part.network(params={"rate": None})

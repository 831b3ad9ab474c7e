"""What the record of each kind says of it is so."""

import jax
import numpy as np
import pytest

from hitl_sim.participants.answers import KINDS as RECORDED
from oracles import build_population, sample_annotators
from oracles.feedback import KINDS
from oracles.populations import KINDS as NAMES

KEY = jax.random.key(12)


def test_the_kinds_are_the_files_of_their_package():
    assert tuple(KINDS) == NAMES
    assert set(NAMES) == {
        "difficulty",
        "importance",
        "label",
        "marks",
        "number",
        "preference",
        "relevance",
        "verification",
    }


def test_verification_alone_shares_what_people_see_with_another_kind():
    spaces = {name: kind.space for name, kind in KINDS.items()}
    assert spaces.pop("verification") == spaces["label"]
    assert len(set(spaces.values())) == len(spaces)


@pytest.mark.parametrize("name", KINDS)
def test_answers_are_options_marks_or_rankings_as_the_record_says(name, make_query):
    kind = KINDS[name]
    options = kind.num_options(5, 6)
    params = sample_annotators(KEY, build_population("typical", name, options), 2)
    query = make_query(30, 2, options)
    query = query._replace(suggestion=query.truth if kind.is_check else None)
    start = kind.oracle.init(KEY, params)
    given = np.asarray(jax.jit(kind.oracle.answer)(KEY, params, start, query)[1].answer)
    if kind.answer in ("option", "number"):
        assert given.shape == (30, 2)
        assert (given.dtype.kind == "f") == (kind.answer == "number")
    elif kind.answer == "marks":
        assert given.shape == (30, 2, options)
        assert set(given.ravel()) == {0, 1}
    else:
        assert (np.sort(given, axis=2) == np.arange(options)).all()


@pytest.mark.parametrize("name", KINDS)
def test_recorded_answers_of_a_kind_are_of_a_kind_that_is_imported(name):
    assert KINDS[name].recorded_as in (*RECORDED, None)
    assert KINDS[name].recorded_as is None or KINDS[name].answer != "ranking"

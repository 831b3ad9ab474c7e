from functools import cache

import pytest

from hitl_sim.study.compatibility import check_compatibility
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.task import load_task

DIGITS = {"source": "digits"}
WORDS = {"source": "docstrings", "num_features": 64}
TOKENS = WORDS | {"representation": "tokens", "length": 12}
SIZES = {"pool": 200, "validation": 50, "test": 50}
CONTROL = {"name": "control", "kind": "whole_pool", "role": "control"}


@cache
def info_of(**options):
    return load_task(**options)[0]


def study_of(tables, task, network, *arms):
    changes = {
        "task": {"mine": task | SIZES},
        "network": network,
        "arm": [CONTROL, *arms],
    }
    tables.pop("axis", None)
    return convert(tables | changes)


@pytest.fixture
def check(tables):
    def each_condition(task, network, *arms):
        for condition in expand(study_of(tables, task, network, *arms)):
            check_compatibility(condition, info_of(**task))

    return each_condition


def test_a_plan_checks_before_any_work(tables):
    with pytest.raises(SpecError, match=r"'cnn', 'linear', 'mlp' .* got 'text_cnn'"):
        build_plan(study_of(tables, DIGITS, {"kind": "text_cnn"}))


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        (DIGITS, ("linear", "mlp", "cnn")),
        (WORDS, ("linear", "mlp")),
        (TOKENS, ("text_cnn", "transformer")),
    ],
)
def test_a_network_is_taken_exactly_where_it_can_read_the_task(check, task, kinds):
    for kind in ("linear", "mlp", "cnn", "text_cnn", "transformer"):
        if kind in kinds:
            check(task, {"kind": kind})
            continue
        with pytest.raises(SpecError, match=rf"`network.kind` .*'mine'.* got '{kind}'"):
            check(task, {"kind": kind})


def test_filters_wider_than_a_text_are_refused(check):
    with pytest.raises(SpecError, match=r"`network.widths` .* 12 words .* got 13"):
        check(TOKENS, {"kind": "text_cnn", "widths": [2, 13]})


def test_heads_that_do_not_divide_a_words_vector_are_refused(check):
    message = r"`network.heads` must divide `network.embedding` \(10\), got 4"
    with pytest.raises(SpecError, match=message):
        check(TOKENS, {"kind": "transformer", "embedding": 10})


@pytest.mark.parametrize("arm", ["importance", "machine_importance"])
@pytest.mark.parametrize(("task", "kind"), [(DIGITS, "cnn"), (TOKENS, "transformer")])
def test_features_are_taken_away_from_no_image_or_text(check, arm, task, kind):
    with pytest.raises(SpecError, match=f"the arm 'mine', .* got '{kind}'"):
        check(task, {"kind": kind}, {"name": "mine", "kind": arm})


@pytest.mark.parametrize("arm", ["importance", "machine_importance"])
def test_gradients_are_penalised_by_pixels_and_never_by_ids(check, arm):
    penalised = {"name": "mine", "kind": arm, "use": "penalty", "penalty": 1.0}
    check(DIGITS, {"kind": "cnn"}, penalised)
    with pytest.raises(SpecError, match=r"the arm 'mine', .* got 'text_cnn'"):
        check(TOKENS, {"kind": "text_cnn"}, penalised)


@pytest.mark.parametrize(
    "arm",
    [
        {"kind": "relevance", "questions": 20},
        {"kind": "machine_share", "score": "duplicate"},
    ],
)
def test_ids_of_words_are_not_compared_as_numbers(check, arm):
    with pytest.raises(SpecError, match=r"`task.mine.representation` .*'by_likeness'"):
        check(TOKENS, {"kind": "text_cnn"}, arm | {"name": "by_likeness"})

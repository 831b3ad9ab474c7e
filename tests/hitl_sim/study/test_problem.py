"""What a task asks for decides what a study of it may use."""

from functools import cache

import pytest

from hitl_sim.study.compatibility import check_compatibility
from hitl_sim.study.grid import expand
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.task import load_task

SIZES = {"pool": 200, "validation": 50, "test": 50}
CONTROL = {"name": "control", "kind": "whole_pool", "role": "control"}
HESSIAN = {
    "optimiser": "fixed_hessian",
    "batch": "all",
    "l2": 1.0,
    "checkpoints": 12,
    "steps_per_checkpoint": 2,
}
NUMBERS = {
    "name": "numbers",
    "kind": "labelling",
    "feedback": "number",
    "strategy": "random",
    "aggregate": "mean",
    "rounds": 2,
    "questions": 4,
}


@cache
def info_of(source):
    return load_task(source)[0]


@pytest.fixture
def check(tables):
    def each_condition(*arms, source="diabetes", task=None, **changes):
        tables.pop("axis", None)
        own = {"source": source, **SIZES, **(task or {})}
        changes = {
            "task": {"mine": own},
            "network": {"kind": "mlp"},
            "target": {"metric": "rmse_score"},
            "arm": [CONTROL, *arms],
        } | changes
        for condition in expand(convert(tables | changes)):
            check_compatibility(condition, info_of(source))

    return each_condition


def test_arms_that_need_no_classes_can_be_had(check):
    check(
        NUMBERS,
        NUMBERS | {"name": "middle", "aggregate": "median"},
        {"name": "half", "kind": "random_share"},
        {"name": "fit", "kind": "machine_share", "score": "grand"},
        {"name": "ranked", "kind": "importance"},
        {"name": "by_proxy", "kind": "machine_importance"},
        {
            "name": "pruned",
            "kind": "whole_pool",
            "role": "arm",
            "method": [{"kind": "quantise", "form": "post_training"}],
        },
    )


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        (
            {"name": "a", "kind": "relevance", "questions": 5},
            r"`arm.kind` must be one of 'importance', .* for task 'mine' of "
            r"regression, got 'relevance'",
        ),
        (
            {"name": "a", "kind": "machine_share", "score": "el2n"},
            r"`arm.score` must be 'loss', 'grand' or 'duplicate' .* got 'el2n'",
        ),
        (
            NUMBERS | {"feedback": "class"},
            "`arm.feedback` must be 'number' for task 'mine' of regression",
        ),
        (
            NUMBERS | {"strategy": "margin"},
            "`arm.strategy` must be one of 'random', 'variance' for .* got 'margin'",
        ),
        (
            NUMBERS | {"aggregate": "majority"},
            "`arm.aggregate` must be one of 'mean', 'median' for .* got 'majority'",
        ),
        (NUMBERS | {"suggest": True}, "`arm.suggest` must be false where"),
        (NUMBERS | {"none_of_these": True}, "`arm.none_of_these` must be false where"),
    ],
)
def test_an_arm_that_asks_for_classes_is_refused_in_one_line(check, arm, words):
    with pytest.raises(SpecError, match=words) as caught:
        check(arm)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"target": {"metric": "accuracy"}},
            "`target.metric` must be one of 'mae_score', 'rmse_score' for task 'mine'",
        ),
        (
            {"training": HESSIAN, "network": {"kind": "linear"}},
            "`training.optimiser` must be one of 'adam', 'sgd' for task 'mine' of reg",
        ),
        (
            {"task": {"validation_by": "lab"}},
            "`task.mine.validation_by` must be 'gold' where numbers are asked for",
        ),
    ],
)
def test_what_is_of_classes_is_refused_by_its_field(check, changes, words):
    with pytest.raises(SpecError, match=words):
        check(**changes)


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        (NUMBERS, "`arm.feedback` must be 'class' for task 'mine' of classification"),
        (
            {"name": "a", "kind": "labelling", "aggregate": "mean", "rounds": 2},
            "`arm.aggregate` must be one of 'dawid_skene', .* got 'mean'",
        ),
    ],
)
def test_numbers_are_not_asked_of_classes(check, arm, words):
    with pytest.raises(SpecError, match=words):
        check(arm, source="digits", target={"metric": "accuracy"})


def test_a_study_of_classes_has_the_keys_that_it_had(tables):
    tables["arm"] = [CONTROL, {"name": "asked", "kind": "labelling", "rounds": 2}]
    tables.pop("axis", None)
    for condition in expand(convert(tables)):
        resolved = condition.resolved("0")
        assert "problem" not in resolved["task"]
        assert "feedback" not in resolved["arm"]

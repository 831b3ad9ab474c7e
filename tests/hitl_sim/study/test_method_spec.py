import msgspec
import pytest

from hitl_sim.learn.efficiency.fine_tune import FineTuneMethod
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.efficiency.quantise import QuantiseMethod
from hitl_sim.learn.efficiency.split import SplitMethod
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import SpecError, convert

TUNE = {"kind": "fine_tune", "steps": 20}
CUT = {"kind": "prune", "form": "structured", "share": 0.5, "after": 2}
AFTER = {"kind": "quantise", "form": "post_training"}
SPLIT = {"kind": "split", "after": 1, "bits": 4}


def _study(*methods, arm=None, prices=None, **changes):
    own = arm or {"kind": "whole_pool", "role": "arm"}
    is_tuned = any(method.get("kind") == "fine_tune" for method in methods)
    billed = {"pretraining_cost": "sunk"} if is_tuned else {}
    tables = {
        "question": "q",
        "seed": 1,
        "replicates": 2,
        "smallest_effect": 0.1,
        "device": "laptop-cpu",
        "task": {"d": {"source": "digits", "pool": 200, "validation": 50, "test": 50}},
        "training": {"checkpoints": 12},
        "prices": {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}
        | billed,
        "arm": [
            {"name": "control", "kind": "whole_pool", "role": "control"},
            {"name": "own", **own, "method": list(methods)},
        ],
    }
    tables["prices"] |= prices or {}
    return convert(tables | changes)


def test_any_arm_carries_methods():
    arm = {"kind": "relevance", "questions": 50}
    assert _study(SPLIT, arm=arm).arm[1].method == (SplitMethod(after=1, bits=4),)


def test_a_share_of_the_classes_is_at_least_two_of_them():
    found = [FineTuneMethod(steps=1, classes=c).num_classes(10) for c in (0.3, 0.01)]
    assert found == [3, 2]


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            {"kind": "squeeze"},
            "must be one of 'fine_tune', 'prune', 'quantise', 'split'",
        ),
        ({**SPLIT, "bits": 17}, "bits` must be int <= 16, got 17"),
        ({**TUNE, "train": "first"}, "`arm.1..method.0..train` must be one of 'all'"),
        ({**TUNE, "width": 1}, "Allowed: classes, rank, steps, train"),
        ({**TUNE, "rank": 4}, "`arm.method.rank` must be left out unless"),
        ({**CUT, "share": 1.0}, "share` must be float < 1.0, got 1.0"),
        ({**CUT, "after": 12}, "`arm.method.after` must be < 12"),
        ({**CUT, "until": 5}, "`arm.method.until` must be given exactly where"),
        (
            {**CUT, "form": "gradual", "until": 2},
            "`arm.method.until` must be > `arm.method.after` .2., got 2",
        ),
        ({**AFTER, "multiplier": "drum4"}, "`arm.method.multiplier` must be given"),
        (
            {**AFTER, "form": "approximate", "multiplier": "abacus"},
            "`multiplier` must be one of .*'mitchell'.* got 'abacus'",
        ),
    ],
)
def test_a_method_that_cannot_be_is_refused_by_field_and_value(method, message):
    with pytest.raises(SpecError, match=message):
        _study(method)


def test_a_method_comes_once():
    with pytest.raises(SpecError, match="must be unique, got 'prune' twice"):
        _study(CUT, CUT)


@pytest.mark.parametrize("other", [CUT, {**AFTER, "form": "aware"}])
def test_adapters_stand_beside_no_method_that_undoes_them(other):
    with pytest.raises(SpecError, match="adapters"):
        _study({**TUNE, "train": "low_rank"}, other)


def test_an_arm_of_the_whole_pool_differs_by_a_method_or_is_a_control():
    with pytest.raises(SpecError, match=r"`arm.role` must be 'arm' for exactly those"):
        _study()
    with pytest.raises(SpecError, match=r"`arm.role` must be 'arm' for exactly those"):
        _study(CUT, arm={"kind": "whole_pool", "role": "null"})


def test_rounds_that_start_afresh_carry_no_method():
    arm = {"kind": "labelling", "rounds": 2, "refit": "scratch"}
    with pytest.raises(SpecError, match=r"`arm.refit` must be 'warm' with a method"):
        _study(CUT, arm=arm)


def test_what_pretraining_costs_is_said_exactly_where_there_is_any():
    with pytest.raises(SpecError, match=r"`prices.pretraining_cost` must be given"):
        _study(TUNE, prices={"pretraining_cost": None})
    with pytest.raises(SpecError, match=r"`prices.pretraining_cost` must be given"):
        _study(CUT, prices={"pretraining_cost": "sunk"})


def test_pretraining_needs_items_outside_the_split():
    task = {"source": "digits", "pool": 1500, "validation": 150, "test": 100}
    with pytest.raises(SpecError, match="must leave at least 100 of the source's 1797"):
        build_plan(_study(TUNE, task={"d": task}))


def test_units_go_only_where_there_are_units():
    with pytest.raises(SpecError, match=r"`network.kind` must have units that can go"):
        build_plan(_study(CUT, network={"kind": "linear"}))


def test_a_method_is_a_part_of_the_key_and_of_the_program():
    one, other = (
        next(c for c in expand(_study({**CUT, "share": s})) if c.arm.name == "own")
        for s in (0.5, 0.25)
    )
    assert one.resolved("data") != other.resolved("data")
    assert one.static("data") != other.static("data")


def test_how_pretraining_is_billed_is_no_part_of_the_key():
    one, other = (
        next(c for c in expand(_study(TUNE, prices=p)) if c.arm.name == "own")
        for p in ({"pretraining_cost": "sunk"}, {"pretraining_cost": "full"})
    )
    assert one.resolved("data") == other.resolved("data")


def test_an_arm_without_methods_has_the_key_that_it_had_before_there_were_any():
    control = next(c for c in expand(_study(CUT)) if c.role == "arm")
    assert "method" in control.resolved("data")["arm"]
    plain = next(c for c in expand(_study(CUT)) if c.role == "pilot")
    assert plain.resolved("data")["arm"] == {"kind": "whole_pool"}


def test_methods_are_plain_tables_in_a_study_that_is_written_down():
    methods = _study(TUNE, CUT, AFTER).arm[1].method
    kinds = (FineTuneMethod, PruneMethod, QuantiseMethod)
    assert [type(method) for method in methods] == list(kinds)
    assert msgspec.to_builtins(methods)[1]["kind"] == "prune"


def test_rounds_choose_by_the_network_in_float32_or_not_at_all():
    arm = {"kind": "labelling", "rounds": 2, "refit": "warm"}
    _study(AFTER, arm=arm)
    with pytest.raises(
        SpecError, match=r"`arm.method.form` must be 'post_training' in"
    ):
        _study({**AFTER, "form": "aware"}, arm=arm)


def test_a_pretrained_network_reads_all_features():
    arm = {"kind": "importance", "feedback": "ranking", "use": "select", "share": 0.5}
    with pytest.raises(
        SpecError, match=r"`arm.use` must be 'penalty' with a method of"
    ):
        _study(TUNE, arm=arm)


def test_a_network_is_split_between_two_of_its_layers():
    build_plan(_study(SPLIT))
    with pytest.raises(SpecError, match=r"`arm.method.after` must be < 2, the layers"):
        build_plan(_study({**SPLIT, "after": 2}, network={"hidden": [8]}))
    with pytest.raises(
        SpecError, match=r"`network.kind` must be one of 'linear', 'mlp"
    ):
        build_plan(_study(SPLIT, network={"kind": "cnn"}))


def test_what_is_rounded_in_each_layer_is_not_rounded_between_two():
    with pytest.raises(SpecError, match="must not be 'split' beside 'quantise'"):
        _study(SPLIT, AFTER)


def _swept(*methods, **axis):
    return expand(_study(*methods, axis=[axis]))


def test_an_axis_over_a_method_is_a_program_of_each_value():
    field = "arm.method.prune.share"
    found = [
        c for c in _swept(CUT, field=field, values=[0.25, 0.5]) if c.arm.name == "own"
    ]
    assert [c.arm.method[0].share for c in found] == [0.25, 0.5]
    assert [c.settings for c in found] == [{field: 0.25}, {field: 0.5}]
    assert found[0].static("data") != found[1].static("data")


def test_an_axis_over_a_method_leaves_arms_without_it_alone():
    found = _swept(CUT, field="arm.method.prune.after", values=[2, 3])
    assert sum(c.arm.name == "control" and c.role == "arm" for c in found) == 0
    assert sum(c.role in ("control", "pilot") for c in found) == 2
    assert sum(c.arm.name == "own" for c in found) == 2


def test_an_axis_over_a_method_that_no_arm_has_is_refused():
    with pytest.raises(SpecError, match=r"`axis.field` must be a field of \[arm\]"):
        _swept(CUT, field="arm.method.quantise.form", values=["aware", "post_training"])


def test_a_swept_value_that_a_method_cannot_have_is_refused():
    with pytest.raises(SpecError, match="`axis` leads to a value that is refused"):
        _swept(CUT, field="arm.method.prune.after", values=[2, 12])

import msgspec
import pytest

from hitl_sim.learn.lever.fine_tune import FineTuneLever
from hitl_sim.learn.lever.prune import PruneLever
from hitl_sim.learn.lever.quantise import QuantiseLever
from hitl_sim.learn.lever.split import SplitLever
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import SpecError, convert

TUNE = {"kind": "fine_tune", "steps": 20}
CUT = {"kind": "prune", "form": "structured", "share": 0.5, "after": 2}
AFTER = {"kind": "quantise", "form": "post_training"}
SPLIT = {"kind": "split", "after": 1, "bits": 4}


def _study(*levers, arm=None, prices=None, **changes):
    own = arm or {"kind": "whole_pool", "role": "arm"}
    is_tuned = any(lever.get("kind") == "fine_tune" for lever in levers)
    billed = {"pretraining": "sunk"} if is_tuned else {}
    tables = {
        "question": "q",
        "seed": 1,
        "replicates": 2,
        "smallest_effect": 0.1,
        "device": "laptop-cpu",
        "task": {"d": {"source": "digits", "pool": 200, "validation": 50, "test": 50}},
        "training": {"checkpoints": 12},
        "prices": {"boundary": "workstation", "label_standing": "sunk"} | billed,
        "arm": [
            {"name": "control", "kind": "whole_pool", "role": "control"},
            {"name": "own", **own, "lever": list(levers)},
        ],
    }
    tables["prices"] |= prices or {}
    return convert(tables | changes)


def test_any_arm_carries_levers():
    arm = {"kind": "relevance", "questions": 50}
    assert _study(SPLIT, arm=arm).arm[1].lever == (SplitLever(after=1, bits=4),)


def test_a_share_of_the_classes_is_at_least_two_of_them():
    found = [FineTuneLever(steps=1, classes=c).num_classes(10) for c in (0.3, 0.01)]
    assert found == [3, 2]


@pytest.mark.parametrize(
    ("lever", "message"),
    [
        (
            {"kind": "squeeze"},
            "must be one of 'fine_tune', 'prune', 'quantise', 'split'",
        ),
        ({**SPLIT, "bits": 17}, "bits` must be int <= 16, got 17"),
        ({**TUNE, "train": "first"}, "`arm.1..lever.0..train` must be one of 'all'"),
        ({**TUNE, "width": 1}, "Allowed: classes, rank, steps, train"),
        ({**TUNE, "rank": 4}, "`arm.lever.rank` must be left out unless"),
        ({**CUT, "share": 1.0}, "share` must be float < 1.0, got 1.0"),
        ({**CUT, "after": 12}, "`arm.lever.after` must be < 12"),
        ({**CUT, "until": 5}, "`arm.lever.until` must be given exactly where"),
        (
            {**CUT, "form": "gradual", "until": 2},
            "`arm.lever.until` must be > `arm.lever.after` .2., got 2",
        ),
        ({**AFTER, "multiplier": "drum4"}, "`arm.lever.multiplier` must be given"),
        (
            {**AFTER, "form": "approximate", "multiplier": "abacus"},
            "`multiplier` must be one of .*'mitchell'.* got 'abacus'",
        ),
    ],
)
def test_a_lever_that_cannot_be_is_refused_by_field_and_value(lever, message):
    with pytest.raises(SpecError, match=message):
        _study(lever)


def test_a_lever_comes_once():
    with pytest.raises(SpecError, match="must be unique, got 'prune' twice"):
        _study(CUT, CUT)


@pytest.mark.parametrize("other", [CUT, {**AFTER, "form": "aware"}])
def test_adapters_stand_beside_no_lever_that_undoes_them(other):
    with pytest.raises(SpecError, match="adapters"):
        _study({**TUNE, "train": "low_rank"}, other)


def test_an_arm_of_the_whole_pool_differs_by_a_lever_or_is_a_control():
    with pytest.raises(SpecError, match=r"`arm.role` must be 'arm' for exactly those"):
        _study()
    with pytest.raises(SpecError, match=r"`arm.role` must be 'arm' for exactly those"):
        _study(CUT, arm={"kind": "whole_pool", "role": "null"})


def test_rounds_that_start_afresh_carry_no_lever():
    arm = {"kind": "labelling", "rounds": 2, "refit": "scratch"}
    with pytest.raises(SpecError, match=r"`arm.refit` must be 'warm' with a lever"):
        _study(CUT, arm=arm)


def test_what_pretraining_costs_is_said_exactly_where_there_is_any():
    with pytest.raises(SpecError, match=r"`prices.pretraining` must be given"):
        _study(TUNE, prices={"pretraining": None})
    with pytest.raises(SpecError, match=r"`prices.pretraining` must be given"):
        _study(CUT, prices={"pretraining": "sunk"})


def test_pretraining_needs_items_outside_the_split():
    task = {"source": "digits", "pool": 1500, "validation": 150, "test": 100}
    with pytest.raises(SpecError, match="must leave at least 100 of the source's 1797"):
        build_plan(_study(TUNE, task={"d": task}))


def test_units_go_only_where_there_are_units():
    with pytest.raises(SpecError, match=r"`network.kind` must have units that can go"):
        build_plan(_study(CUT, network={"kind": "linear"}))


def test_a_lever_is_a_part_of_the_key_and_of_the_program():
    one, other = (
        next(c for c in expand(_study({**CUT, "share": s})) if c.arm.name == "own")
        for s in (0.5, 0.25)
    )
    assert one.resolved("data") != other.resolved("data")
    assert one.static("data") != other.static("data")


def test_how_pretraining_is_billed_is_no_part_of_the_key():
    one, other = (
        next(c for c in expand(_study(TUNE, prices=p)) if c.arm.name == "own")
        for p in ({"pretraining": "sunk"}, {"pretraining": "full"})
    )
    assert one.resolved("data") == other.resolved("data")


def test_an_arm_without_levers_has_the_key_that_it_had_before_there_were_any():
    control = next(c for c in expand(_study(CUT)) if c.role == "arm")
    assert "lever" in control.resolved("data")["arm"]
    plain = next(c for c in expand(_study(CUT)) if c.role == "pilot")
    assert plain.resolved("data")["arm"] == {"kind": "whole_pool"}


def test_levers_are_plain_tables_in_a_study_that_is_written_down():
    levers = _study(TUNE, CUT, AFTER).arm[1].lever
    kinds = (FineTuneLever, PruneLever, QuantiseLever)
    assert [type(lever) for lever in levers] == list(kinds)
    assert msgspec.to_builtins(levers)[1]["kind"] == "prune"


def test_rounds_choose_by_the_network_in_float32_or_not_at_all():
    arm = {"kind": "labelling", "rounds": 2, "refit": "warm"}
    _study(AFTER, arm=arm)
    with pytest.raises(SpecError, match=r"`arm.lever.form` must be 'post_training' in"):
        _study({**AFTER, "form": "aware"}, arm=arm)


def test_a_pretrained_network_reads_all_features():
    arm = {"kind": "importance", "feedback": "ranking", "use": "select", "share": 0.5}
    with pytest.raises(SpecError, match=r"`arm.use` must be 'penalty' with a lever of"):
        _study(TUNE, arm=arm)


def test_a_network_is_split_between_two_of_its_layers():
    build_plan(_study(SPLIT))
    with pytest.raises(SpecError, match=r"`arm.lever.after` must be < 2, the layers"):
        build_plan(_study({**SPLIT, "after": 2}, network={"hidden": [8]}))
    with pytest.raises(
        SpecError, match=r"`network.kind` must be one of 'linear', 'mlp"
    ):
        build_plan(_study(SPLIT, network={"kind": "cnn"}))


def test_what_is_rounded_in_each_layer_is_not_rounded_between_two():
    with pytest.raises(SpecError, match="must not be 'split' beside 'quantise'"):
        _study(SPLIT, AFTER)


def _swept(*levers, **axis):
    return expand(_study(*levers, axis=[axis]))


def test_an_axis_over_a_lever_is_a_program_of_each_value():
    field = "arm.lever.prune.share"
    found = [
        c for c in _swept(CUT, field=field, values=[0.25, 0.5]) if c.arm.name == "own"
    ]
    assert [c.arm.lever[0].share for c in found] == [0.25, 0.5]
    assert [c.settings for c in found] == [{field: 0.25}, {field: 0.5}]
    assert found[0].static("data") != found[1].static("data")


def test_an_axis_over_a_lever_leaves_arms_without_it_alone():
    found = _swept(CUT, field="arm.lever.prune.after", values=[2, 3])
    assert sum(c.arm.name == "control" and c.role == "arm" for c in found) == 0
    assert sum(c.role in ("control", "pilot") for c in found) == 2
    assert sum(c.arm.name == "own" for c in found) == 2


def test_an_axis_over_a_lever_that_no_arm_has_is_refused():
    with pytest.raises(SpecError, match=r"`axis.field` must be a field of \[arm\]"):
        _swept(CUT, field="arm.lever.quantise.form", values=["aware", "post_training"])


def test_a_swept_value_that_a_lever_cannot_have_is_refused():
    with pytest.raises(SpecError, match="`axis` leads to a value that is refused"):
        _swept(CUT, field="arm.lever.prune.after", values=[2, 12])

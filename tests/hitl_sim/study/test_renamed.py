"""A former name is refused with the one that stands in its place."""

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.renamed import RENAMED, RENAMED_COMMANDS
from hitl_sim.study.spec import SpecError, convert
from oracles.parameter import FORMER_NAMES, PARAMETERS, check_parameter


def put(tables, path, value):
    """Write a value at a path of a study's tables, into every arm."""
    *above, name = path.split(".")
    if above == ["arm"]:
        for arm in tables["arm"]:
            arm[name] = value
    else:
        (tables.setdefault(above[0], {}) if above else tables)[name] = value


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_former_field_is_refused_with_its_new_name(tables, old, new):
    put(tables, old, {"size": 3})
    with pytest.raises(SpecError, match=rf"^`{old}` must be called `{new}`, got "):
        convert(tables)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("crew.size", "workforce.size"),
        ("lanes", "vmap_size"),
        ("width", "dispatch_size"),
        ("prices.label_standing", "prices.label_cost"),
        ("prices.pretraining", "prices.pretraining_cost"),
        ("crowd.habit", "crowd.response_repetition"),
        ("crowd.own_spread", "crowd.within_spread"),
        ("crowd.skill_own", "crowd.skill_within"),
        ("arm.lever.prune.share", "arm.method.prune.share"),
        ("crowd.pull", "crowd.automation_bias"),
    ],
)
def test_a_former_field_is_refused_where_it_is_swept_or_left_out(tables, old, new):
    tables["axis"] = [{"field": old, "values": [1, 2]}]
    with pytest.raises(SpecError, match=rf"^`axis.field` must be called `{new}`"):
        convert(tables)
    tables["axis"], tables["exclude"] = [], [{old: 1}]
    with pytest.raises(SpecError, match=rf"^`exclude` must be called `{new}`"):
        convert(tables)


def test_every_new_name_is_a_field(tables):
    for new in RENAMED.values():
        put(tables, new, object())
        with pytest.raises(SpecError) as refused:
            convert(tables)
        assert "is not a field" not in str(refused.value)


@pytest.mark.parametrize(("old", "new"), FORMER_NAMES.items())
def test_a_former_parameter_of_a_crowd_is_refused_with_its_new_name(old, new):
    assert new in PARAMETERS
    with pytest.raises(ValueError, match=rf"^`{old}` must be called `{new}`, got 0.5"):
        check_parameter(old, 0.5)


@pytest.mark.parametrize(("old", "new"), RENAMED_COMMANDS.items())
def test_a_former_command_is_refused_with_its_new_name(old, new):
    found = CliRunner().invoke(app, [old, "anything"])
    assert found.exit_code == 2
    assert f"`{old}` must be called `{new}`" in found.output
    assert CliRunner().invoke(app, [new, "--help"]).exit_code == 0

"""Arms own everything: whoever handles one never asks which it is."""

import re
from pathlib import Path

import pytest
from msgspec import structs

import hitl_sim
from hitl_sim.learn.intervention import Arm, Surroundings
from hitl_sim.part import builtin

SOURCES = Path(hitl_sim.__file__).parent
HOME = SOURCES / "learn" / "intervention"
KINDS = tuple(builtin("intervention"))
ASKS_WHICH = re.compile(
    # a named arm, a test of its class, or of its kind
    r"\b[A-Z]\w*[a-z]Arm\b|isinstance\([^)]*\barm\b|match .*\barm\b|arm\.kind ==",
)


def arm_of(kind, **fields):
    table = builtin("intervention")[kind].factory.table
    own = {"role": "control"} if kind == "whole_pool" else {}
    return table(name="one", **own, **fields)


def test_nothing_outside_an_arms_file_asks_which_arm_it_is():
    found = [
        f"{file.relative_to(SOURCES)}:{number}: {line.strip()}"
        for file in SOURCES.rglob("*.py")
        if HOME not in file.parents
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if ASKS_WHICH.search(line)
    ]
    assert found == []


def test_every_file_of_an_intervention_is_found_by_its_name():
    files = {f.stem for f in HOME.glob("*.py") if "= built_in(" in f.read_text()}
    assert set(KINDS) == files
    assert len(KINDS) >= 8


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_those_who_ask_people_say_whom_and_what(kind, program):
    arm = arm_of(kind)
    asks = arm.question is not None
    assert asks == ("people" in arm.__struct_fields__)
    assert asks == (arm.asked_in(program) > 0)


@pytest.mark.parametrize(
    "kind",
    # what people say to given labels was never recorded, whatever they may answer
    [
        kind
        for kind in KINDS
        if "none_of_these" in arm_of(kind).__struct_fields__ and kind != "verification"
    ],
)
def test_recorded_people_who_named_a_class_could_not_name_none(kind):
    arm = arm_of(kind)
    named = {"repair": "correct"} if "repair" in arm.__struct_fields__ else {}
    structs.replace(arm, **named).check_replayed()
    with pytest.raises(ValueError, match=r"`arm\.none_of_these` must be false"):
        structs.replace(arm, none_of_these=True, **named).check_replayed()


@pytest.mark.parametrize("kind", KINDS)
def test_an_arm_fits_surroundings_that_are_usual(kind):
    arm_of(kind).check(Surroundings(3, 32, 60, 10))


def test_an_arm_that_builds_nothing_says_so(program):
    class Unbuilt(Arm, frozen=True, tag="unbuilt"):
        """Nobody wrote it."""

    with pytest.raises(NotImplementedError, match="Unbuilt must be an intervention"):
        Unbuilt(name="one").build(program)

"""The table of parameters: one row is all that the rest of the house reads."""

import subprocess
import sys

import pytest

from oracles.parameter import PARAMETERS, Range, check_parameter
from oracles.populations import KINDS

NEW_ROW = """
from types import MappingProxyType
from oracles import parameter
row = parameter.Parameter(parameter.SPREAD, "how cross people are", is_optional=True)
parameter.PARAMETERS = MappingProxyType({**parameter.PARAMETERS, "mood": row})
parameter.OPTIONAL = (*parameter.OPTIONAL, "mood")

import io, sys
import jax, msgspec
from rich.console import Console
from hitl_sim.report.terminal.people import print_crowds
from hitl_sim.study.spec import CrowdSpec
from oracles import LABEL, build_population, sample_annotators

crowd = msgspec.convert({"mood": 0.5}, CrowdSpec)
print(crowd.parameters)
people = sample_annotators(
    jax.random.key(0), build_population(sys.argv[1], "label", 3, **crowd.parameters), 2
)
print(people.extra["mood"].tolist())
LABEL.check(people)
print(build_population(sys.argv[1], "label", 3).extra["mood"])
page = io.StringIO()
print_crowds(Console(file=page, width=200))
print("how cross people are" in page.getvalue())
try:
    msgspec.convert({"mood": -0.5}, CrowdSpec)
except msgspec.ValidationError as error:
    print(error)
"""


def test_a_row_alone_makes_a_parameter_of_studies_files_and_people(tmp_path):
    path = tmp_path / "people.toml"
    number = '{ value = 0.25, status = "assumed", source = "a guess" }'
    path.write_text(
        '[cross]\nsummary = "Cross."\nbased_on = "typical"\n'
        f"[cross.mood]\nall = {number}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", NEW_ROW, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "{'mood': 0.5}",
        "[0.5, 0.5]",
        "0.25",
        "True",
        "Expected `float` >= 0.0 - at `$.mood`",
    ]


def test_the_table_is_read_without_jax():
    code = "import sys, oracles.populations; print('jax' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_row_names_kinds_and_parameters_that_there_are(name):
    row = PARAMETERS[name]
    assert set(row.kinds) <= set(KINDS)
    assert row.needs is None or row.needs in PARAMETERS


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "words"),
    [
        (Range(0.0, 1.0), 1.0, 1.1, "in [0, 1]"),
        (Range(0.0, is_open=True, unit="s"), 0.1, 0.0, "> 0 s"),
        (Range(0.0), 0.0, -0.1, ">= 0"),
        (Range(), -5.0, 1e39, "finite"),
    ],
)
def test_a_range_says_what_it_holds(allowed, inside, outside, words):
    assert allowed.holds(inside)
    assert not allowed.holds(outside)
    assert str(allowed) == words


def test_a_number_out_of_range_is_refused_by_name_range_and_value():
    with pytest.raises(ValueError, match=r"`lapse` must be in \[0, 1\], got 2"):
        check_parameter("lapse", 2.0)
    with pytest.raises(ValueError, match="`mood` is not a number of a population"):
        check_parameter("mood", 0.0)

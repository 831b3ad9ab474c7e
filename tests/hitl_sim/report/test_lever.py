import dataclasses
import io

import pytest
from rich.console import Console

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.lever import tabulate_levers
from hitl_sim.analysis.standing import Standing
from hitl_sim.report.lever import print_levers
from hitl_sim.report.lever_sign import tell_signs

WHOLE = {"kind": "whole_pool", "role": "arm"}
MASK = {"kind": "prune", "form": "masked", "share": 0.5, "after": 3}
ROUGH = {"kind": "quantise", "form": "approximate", "multiplier": "mitchell"}
TUNE = {"kind": "fine_tune", "steps": 100}
ARMS = [
    {"name": "people", "kind": "relevance", "questions": 300, "lever": []},
    {"name": "masked", **WHOLE, "lever": [MASK]},
    {"name": "rough", **WHOLE, "lever": [ROUGH]},
    {"name": "tuned", **WHOLE, "lever": [TUNE]},
    {"name": "both", **WHOLE, "lever": [MASK, ROUGH]},
]


@pytest.fixture(scope="module")
def table(synthetic, analysed):
    ratios = {"masked": 1.3, "rough": 1.1, "tuned": 0.6, "both": 1.5}
    arms = [synthetic.Arm(name, ratio) for name, ratio in ratios.items()]
    result = analysed([*arms, synthetic.relevance(0.6, name="people")], sd=0.05)
    result = dataclasses.replace(result, study={"arm": ARMS})
    (found,) = tabulate_levers(result, price_units(result.work, result.profile))
    return found


def _standing(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    return Standing(
        "digits", "tuned", ratio["tuned"], ratio["tuned"], ratio["rough"], 2.0
    )


def _printed(table, *, is_metered=False):
    text = io.StringIO()
    console = Console(file=text, width=100)
    print_levers(console, [table], [_standing(table)], is_metered=is_metered)
    return text.getvalue()


def test_every_number_of_an_arm_says_how_it_is_known(table):
    lines = _printed(table).splitlines()
    (rough,) = (line for line in lines if line.startswith(" rough ") and "/12" in line)
    assert "counted" in rough
    below = lines[lines.index(rough) + 1]
    assert below.split() == ["modelled", "modelled", "hypothetical"]


def test_what_was_measured_has_a_column_of_its_own(table):
    modelled, measured = _printed(table), _printed(table, is_metered=True)
    assert "device, modelled" in modelled
    assert "device, measured" not in modelled
    assert "device, measured" in measured
    assert "device, modelled" not in measured


def test_combined_levers_stand_beside_product_and_sum(table):
    text = _printed(table)
    lines = text[text.index("do savings add up?") :].splitlines()
    assert any("combined" in line and "product of" in line for line in lines)
    assert any(line.startswith(" both = masked") for line in lines)


def test_each_lever_alone_is_held_against_its_published_sign(table):
    masked, rough, paper, tuned = tell_signs(table, [_standing(table)])
    assert "masks save no operations, as published" in masked
    assert rough.startswith("rough: a query takes 1.00 of the control's joules")
    assert "saves on paper alone" in paper
    assert "saves per run" in tuned
    assert tuned.endswith("as published.")


def test_a_sign_that_does_not_appear_comes_with_a_reason(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    never = Standing("digits", "tuned", *[ratio["rough"]] * 3, float("inf"))
    tuned = tell_signs(table, [never])[-1]
    assert "is not shown to save per run" in tuned
    assert "against what is published; published savings are of larger" in tuned

import dataclasses
import io
import re

import pytest
from rich.console import Console

from hitl_sim.analysis.lever import Serving, clock_policies, tabulate_levers
from hitl_sim.analysis.standing import Standing
from hitl_sim.energy import load_profile
from hitl_sim.energy.link import load_link
from hitl_sim.report.lever import print_levers
from hitl_sim.report.lever_sign import tell_signs

WHOLE = {"kind": "whole_pool", "role": "arm"}
MASK = {"kind": "prune", "form": "masked", "share": 0.5, "after": 3}
ROUGH = {"kind": "quantise", "form": "approximate", "multiplier": "mitchell"}
TUNE = {
    "kind": "fine_tune",
    "steps": 100,
    "classes": 0.5,
    "train": "all",
    "rank": None,
}
WIDE = {**TUNE, "classes": 1.0}
LAST = {**WIDE, "train": "last"}
ARMS = [
    {"name": "people", "kind": "relevance", "questions": 300, "lever": []},
    {"name": "masked", **WHOLE, "lever": [MASK]},
    {"name": "rough", **WHOLE, "lever": [ROUGH]},
    {"name": "tuned", **WHOLE, "lever": [TUNE]},
    {"name": "both", **WHOLE, "lever": [MASK, ROUGH]},
    {"name": "wide", **WHOLE, "lever": [WIDE]},
    {"name": "last", **WHOLE, "lever": [LAST]},
]


@pytest.fixture(scope="module")
def table(synthetic, analysed):
    ratios = {
        "masked": 1.3,
        "rough": 1.1,
        "tuned": 0.6,
        "both": 1.5,
        "wide": 0.5,
        "last": 1.4,
    }
    arms = [synthetic.Arm(name, ratio) for name, ratio in ratios.items()]
    result = analysed([*arms, synthetic.relevance(0.6, name="people")], sd=0.05)
    result = dataclasses.replace(result, study={"arm": ARMS})
    server, link = load_profile("server-cpu"), load_link("wifi")
    serving = Serving(result.profile, server, link, "wifi")
    (found,) = tabulate_levers(result, serving, clock_policies(1.1, 0.7))
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
    assert below.split() == ["modelled", "assumed", "hypothetical"]


def test_what_was_measured_has_a_column_of_its_own(table):
    modelled, measured = (
        _printed(table, is_metered=known).partition("counted: by the program")[0]
        for known in (False, True)
    )
    assert "device, modelled" in modelled
    assert "measured" not in modelled
    assert "measured" in measured


def test_a_clock_is_modelled_beside_whatever_was_measured(table):
    """Its cells stand one column further on; the device's own are left empty."""
    lines = _printed(table, is_metered=True).splitlines()
    head = next(
        i for i, line in enumerate(lines) if line.endswith("training to the target")
    )
    rows = {
        line.split()[0]: line for line in lines[head + 4 : head + 40] if line.split()
    }
    own, clocked = (
        rows[name].split("counted")[1].split() for name in ("masked", "clock_free")
    )
    assert own[0] != "-"
    assert clocked[0] == "-"
    assert clocked[1] != "-"


def test_combined_levers_stand_beside_product_and_sum(table):
    text = _printed(table)
    lines = text[text.index("do savings add up?") :].splitlines()
    assert any("combined" in line and "product of" in line for line in lines)
    assert any(line.startswith(" both = masked") for line in lines)


def _signs(table, *standings):
    """Sentences by the arms that they are about."""
    told = tell_signs(table, standings)
    return {line.partition(":")[0]: line for line in told}, told


def test_each_lever_alone_is_held_against_its_published_sign(table):
    by_arm, told = _signs(table, _standing(table))
    assert "masks save no operations, as published" in by_arm["masked"]
    rounded, paper = (line for line in told if line.startswith("rough:"))
    assert "a query takes 1.00 of the control's joules" in rounded
    assert "with the bytes that they move" in rounded
    assert "saves on paper alone" in paper
    assert "saves per run" in by_arm["tuned"]
    assert by_arm["tuned"].endswith("as published.")
    free, bound = by_arm["clock_free"], by_arm["clock_in_time"]
    assert "saved 8.7 to 23.1 % of training, as published." in free
    assert bound.endswith("what a deadline leaves of it, as published.")
    assert "capped boards saved more than 25 %, against what is" in by_arm["power_cap"]


def test_pretraining_that_pays_back_at_once_says_what_it_took_and_saved(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    cheap = Standing("digits", "tuned", *[ratio["wide"]] * 3, 1.0)
    told = _signs(table, cheap)[0]["tuned"]
    assert "is not shown to lose" in told
    assert "pretraining takes 0.00 of the control's joules and saves" in told


def test_a_sign_that_does_not_appear_comes_with_what_an_arm_shows_of_why(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    never = Standing("digits", "tuned", *[ratio["rough"]] * 3, float("inf"))
    better = Standing("digits", "wide", *[ratio["wide"]] * 3, 1.0)
    (alone, _), (shown, _) = _signs(table, never), _signs(table, never, better)
    for told in (alone["tuned"], shown["tuned"]):
        assert "is not shown to save per run" in told
        assert "against what is published" in told
    assert alone["tuned"].endswith("no arm here tells why.")
    assert shown["tuned"].endswith("it is the classes left out that cost.")
    worse = Standing("digits", "wide", *[ratio["rough"]] * 3, 1.0)
    unmended = _signs(table, never, worse)[0]["tuned"]
    assert unmended.endswith("the classes left out are not all of the reason.")


def test_a_part_of_the_weights_is_held_against_all_of_them(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    last = Standing("digits", "last", *[ratio["last"]] * 3, float("inf"))
    better = Standing("digits", "wide", *[ratio["wide"]] * 3, 1.0)
    told = _signs(table, last, better)[0]["last"]
    assert "all weights together (wide) save per run" in told
    assert _signs(table, last)[0]["last"].endswith("no arm here tells why.")


def test_a_chip_s_joules_are_told_by_operations_and_levels(table):
    text = _printed(table)
    lines = text[text.index("where a chip's joules of training go") :].splitlines()
    head = next(line for line in lines if "dram" in line).split()
    assert head[-4:] == ["register", "l1", "l2", "dram"]
    control = next(line for line in lines if line.startswith(" control"))
    shares = [float(share) for share in re.findall(r"([\d.]+) %", control)]
    assert len(shares) == 5
    assert sum(shares) == pytest.approx(100.0, abs=0.3)

import dataclasses
import io
import math
import re

import msgspec
import numpy as np
import pytest
from rich.console import Console

from hitl_sim.analysis.efficiency.clock import clock_policies
from hitl_sim.analysis.efficiency.pretraining import PretrainingCase
from hitl_sim.analysis.efficiency.serve import Serving
from hitl_sim.analysis.efficiency.tabulate import tabulate_methods
from hitl_sim.energy import load_profile
from hitl_sim.energy.memory import ModelShape
from hitl_sim.energy.split_inference import load_link
from hitl_sim.report.method_sign import tell_signs
from hitl_sim.report.number import digits
from hitl_sim.report.terminal.method import print_methods

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
    {"name": "people", "kind": "relevance", "questions": 300, "method": []},
    {"name": "masked", **WHOLE, "method": [MASK]},
    {"name": "rough", **WHOLE, "method": [ROUGH]},
    {"name": "tuned", **WHOLE, "method": [TUNE]},
    {"name": "both", **WHOLE, "method": [MASK, ROUGH]},
    {"name": "wide", **WHOLE, "method": [WIDE]},
    {"name": "last", **WHOLE, "method": [LAST]},
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
    (found,) = tabulate_methods(result, serving, clock_policies(1.1, 0.7))
    return found


def _standing(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    return PretrainingCase(
        "digits", "tuned", ratio["tuned"], ratio["tuned"], ratio["rough"], 2.0
    )


def _printed(table, *, is_metered=False):
    text = io.StringIO()
    console = Console(file=text, width=100)
    print_methods(console, [table], [_standing(table)], is_metered=is_metered)
    return text.getvalue()


def test_the_best_without_and_with_people_open_a_task(table):
    opening, _, _ = _printed(table).partition("the arms and what they carry")
    told = " ".join(opening.split())
    for has_people, words in ((False, "without people"), (True, "with people")):
        own = [row for row in table.rows if row.finding.has_people == has_people]
        best = min(own, key=lambda row: row.finding.ratio.value)
        saved = f"{100 * (1 - best.finding.ratio.value):.0f} % ["
        assert f"{words} {best.name} saves {saved}" in told
        assert f"(best of {len(own)})" in told


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


def test_combined_methods_stand_beside_product_and_sum(table):
    text = _printed(table)
    lines = text[text.index("do savings add up?") :].splitlines()
    assert any("combined" in line and "product of" in line for line in lines)
    assert any(line.startswith(" both = masked") for line in lines)


def _signs(table, *cases):
    """First sentences by the arms that they are about, and all."""
    told = tell_signs(table, cases)
    return {line.partition(":")[0]: line for line in reversed(told)}, told


def test_each_method_alone_is_held_against_its_published_sign(table):
    by_arm, told = _signs(table, _standing(table))
    assert "masks save no operations, as published" in by_arm["masked"]
    rounded, paper = (line for line in told if line.startswith("rough:"))
    assert "a query takes 1.00 of the control's joules" in rounded
    assert "with the bytes that they move" in rounded
    assert "is on paper alone" in paper
    assert "saves per run" in by_arm["tuned"]
    assert by_arm["tuned"].endswith("as published.")
    training = next(line for line in told if "23.1 %" in line)
    assert training.startswith("clock_free: ")
    assert training.endswith(
        "calibrated to these figures, so that it is no test of them."
    )
    (capped,) = (line for line in told if "found 25 % or more" in line)
    assert capped.startswith("power_cap: ")
    assert capped.endswith("against what is published.")
    assert by_arm["clock_in_time"].endswith("what a deadline leaves of the saving.")


def _anything(estimate):
    return dataclasses.replace(estimate, low=-math.inf, high=math.inf)


def test_with_intervals_that_hold_anything_nothing_is_as_published(table):
    """But for counts of operations, which are exact."""
    rows = tuple(
        dataclasses.replace(
            row,
            finding=dataclasses.replace(
                row.finding, ratio=_anything(row.finding.ratio)
            ),
            use=dataclasses.replace(row.use, beside_ends=(-math.inf, math.inf)),
        )
        for row in table.rows
    )
    profile = _with_int8(table.profile, 4.0)
    open_ = dataclasses.replace(table, rows=rows, profile=profile)
    ratio = {row.finding.arm: row.finding.ratio for row in rows}
    any_ = PretrainingCase("digits", "tuned", *[ratio["tuned"]] * 3, 2.0)
    told = tell_signs(open_, [any_])
    claims = [line for line in told if "as published" in line]
    assert all("masks save no operations" in line for line in claims)
    assert not any("against what is published" in line for line in told)
    assert sum("too uncertain" in line for line in told) >= 3


def _with_int8(profile, gain):
    """Return a device whose int8 is so many times as fast as float32, or unknown."""
    single = profile.peak_flop_per_s["float32"]
    peaks = {k: v for k, v in profile.peak_flop_per_s.items() if k != "int8"}
    if gain is not None:
        ends = {n: getattr(single, n) * gain for n in ("value", "low", "high")}
        peaks["int8"] = msgspec.structs.replace(single, **ends)
    return msgspec.structs.replace(profile, peak_flop_per_s=peaks)


LESS, MORE = (0.3, 0.6), (1.02, 1.2)


@pytest.mark.parametrize(
    ("gain", "is_int8", "ends", "said"),
    [
        (None, True, MORE, "is not known (profile laptop-cpu has no peak of int8"),
        (16.0, True, LESS, "int8 takes less where the device multiplies it 16.0 times"),
        (16.0, True, MORE, "int8 takes as much or more where the device multiplies it"),
        (16.0, False, MORE, "multiplies the whole numbers in float32, so that no"),
        (1.0, True, MORE, "multiplies it no faster than float32, as published"),
        (1.0, True, LESS, "no faster than float32, against what is published"),
        (1.0, True, (0.9, 1.1), "too uncertain to be compared with what is published"),
    ],
)
def test_what_int8_takes_is_held_against_what_the_device_is_known_to_do(
    table, gain, is_int8, ends, said
):
    changes = {"beside_ends": ends, "is_int8": is_int8}
    rows = tuple(
        dataclasses.replace(row, use=dataclasses.replace(row.use, **changes))
        for row in table.rows
        if row.finding.arm == "rough"
    )
    profile = _with_int8(table.profile, gain)
    told = tell_signs(dataclasses.replace(table, rows=rows, profile=profile), [])[0]
    assert said in told
    is_seen = is_int8 and (gain, ends) in ((16.0, LESS), (1.0, MORE))
    assert ("as published" in told) == is_seen


def test_pretraining_that_pays_back_at_once_says_what_it_took_and_saved(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    cheap = PretrainingCase("digits", "tuned", *[ratio["wide"]] * 3, 1.0)
    told = _signs(table, cheap)[0]["tuned"]
    assert "still saves where this run alone pays" in told
    assert "against what is published" in told
    assert "pretraining takes 0.00 of the control's joules and saves" in told


def test_what_the_runs_leave_open_is_neither_as_published_nor_against_it(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    narrow = ratio["wide"]
    open_ = dataclasses.replace(narrow, low=0.9, high=1.1)
    for sunk, full in ((open_, ratio["rough"]), (narrow, open_)):
        found = PretrainingCase("digits", "tuned", sunk, sunk, full, 2.0)
        told = _signs(table, found)[0]["tuned"]
        assert "too uncertain to be compared with what is published" in told
        assert "against what is published" not in told


def test_a_sign_that_does_not_appear_comes_with_what_an_arm_shows_of_why(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    never = PretrainingCase("digits", "tuned", *[ratio["rough"]] * 3, float("inf"))
    better = PretrainingCase("digits", "wide", *[ratio["wide"]] * 3, 1.0)
    (alone, _), (shown, _) = _signs(table, never), _signs(table, never, better)
    for told in (alone["tuned"], shown["tuned"]):
        assert "does not save per run" in told
        assert "against what is published" in told
    assert alone["tuned"].endswith("no arm here tells why.")
    assert shown["tuned"].endswith("it is the classes left out that cost.")
    worse = PretrainingCase("digits", "wide", *[ratio["rough"]] * 3, 1.0)
    unmended = _signs(table, never, worse)[0]["tuned"]
    assert unmended.endswith("whether the classes left out cost cannot be told.")


def test_a_part_of_the_weights_is_held_against_all_of_them(table):
    ratio = {row.finding.arm: row.finding.ratio for row in table.rows}
    last = PretrainingCase("digits", "last", *[ratio["last"]] * 3, float("inf"))
    better = PretrainingCase("digits", "wide", *[ratio["wide"]] * 3, 1.0)
    told = _signs(table, last, better)[0]["last"]
    assert "all weights together (wide) take" in told
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


def test_the_batch_of_a_query_is_told(table):
    assert "in use, in batches as held-out items were" in _printed(table)
    for batch, words in ((1, "by itself"), (297, "in batches of 297")):
        asked = dataclasses.replace(table, query_batch=batch)
        assert f"one query of the network in use, {words}" in _printed(asked)


def test_the_memory_claim_is_answered_where_sizes_were_counted(table):
    shape = ModelShape(np.array([[1, 64, 256], [1, 256, 10]]), num_kept=266)
    text = " ".join(_printed(dataclasses.replace(table, shape=shape)).split())
    assert "bytes of the control's network" in text
    stored = 64 * 256 + 2560 + 4 * (266 + 266)
    assert f"{digits(stored / (8 * (64 * 256 + 2560 + 266)))} and" in text
    assert "1/8 of float64's bytes and 1/4 of float32's" in text
    assert "A query in int8 moves 0.152 of float64's bytes" in text
    # dynamic rounding reads and writes inputs once more: nothing is saved in a batch
    assert re.search(r"and 1\.2\d of float32's in a batch of 512", text)
    assert "bytes of the control's network" not in _printed(table)


def test_the_clock_model_stands_beside_figures_that_nothing_was_fitted_to(table):
    text = " ".join(_printed(table).split())
    assert "the clock model beside published sweeps" in text
    assert "Constants were chosen from 1 of these 7 figures. Of the other 6" in text

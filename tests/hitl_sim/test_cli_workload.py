"""Commands about described trainings, as a user types them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app

SHIPPED = Path(__file__).parents[2] / "experiments" / "workloads"
WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def call(*args):
    result = CliRunner().invoke(app, [str(a) for a in args], env=WIDE)
    return result.exit_code, re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def flat(text):
    return " ".join(text.split())


def test_a_footprint_tells_its_lines_and_what_they_rest_on():
    code, text = call(
        *("footprint", "--gpu", "h100", "--count", 8, "--hours", 240, "--region", "SE")
    )
    assert code == 0
    assert "1,920 device-hours of h100, 10.0 days on all devices together" in flat(text)
    assert "960 kWh [480, 1,344]" in text
    assert "watts: 500 W [250, 700] (modelled analytic)" in flat(text)
    assert "Green Algorithms gives 2.07 MWh and 73.0 kgCO2e" in flat(text)
    # nobody published what making this board emitted
    assert "Manufacture is" not in text


def test_a_life_of_answers_is_told_apart():
    life = ("--queries", 1e9, "--query-tokens", 1000)
    code, text = call(
        *("footprint", "--params", 7e9, "--tokens", 1e12, "--gpu", "a100"),
        *("--region", "US", *life),
    )
    assert code == 0
    assert "4.2e+22 FLOP in bfloat16" in text
    assert "Answers in the model's life" in text
    assert "Manufacture is 2.11 % of the emissions" in flat(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu", "nope", "--hours", 3), "`--gpu` must be one of 'laptop-cpu'"),
        (("--hours", 3, "--region", "XX"), "`--region` must be 'WORLD' or"),
        (("--hours", 3, "--carbon", -1), "must hold finite numbers with 0 <= low"),
        (("--hours", 3, "--pue", 0.9), "`--pue` must be >= 1, got 0.9"),
        (("--hours", 3, "--host", -1), "`--host` must be finite and >= 0, got -1"),
        (("--hours", 3, "--rent", -1), "`--rent` must be finite and >= 0, got -1"),
        (("--hours", 3, "--params", 3), "`--params` must be given exactly where"),
        (
            ("--flop", 1e20, "--utilisation", 1.2),
            "`--utilisation` must be > 0 and at most 1, got 1.2",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message):
    code, text = call("footprint", *options)
    assert code == 2
    assert message in text
    assert text.count("\n") == 1


def test_a_bill_tells_operations_phases_lines_and_what_was_published():
    if not SHIPPED.is_dir():
        pytest.skip("workloads stand only in a checkout")
    code, text = call("bill", SHIPPED / "llama-2-7b.toml")
    assert code == 0
    told = flat(text)
    assert "44.5 % of the peak" in told
    assert "1.166 times 6 N D: attention adds 16.6 %" in told
    assert "Of the energy 67.3 % modelled analytic and 32.7 % assumed" in told
    assert "Here 82.1 MWh [40.3, 115]: the interval holds it" in told


def test_a_bad_workload_is_refused_in_one_line(tmp_path):
    path = tmp_path / "bad.toml"
    lines = ['name = "bad"', "[model]", 'kind = "parameters"', "parameters = 1e9"]
    lines += ["[data]", "items = 10", "[device]", 'name = "a100"', "utilisation = 2"]
    path.write_text("\n".join(lines))
    code, text = call("bill", path)
    assert code == 2
    assert text == "error: `device.utilisation` must be > 0 and at most 1, got 2.\n"


def test_a_projection_needs_a_study_and_a_workload(tmp_path):
    bert = SHIPPED / "bert-base.toml"
    code, text = call("project", tmp_path, "--onto", bert)
    assert code == 2
    assert "must be a folder that `hitl-sim run` made" in text
    code, text = call("project", tmp_path, "--onto", tmp_path / "none.toml")
    assert code == 2
    assert "Workload file must be readable" in text

import io

from rich.console import Console

from hitl_sim.energy import load_profile
from hitl_sim.energy.meters import RaplBackend, SelfTest, measure_command
from hitl_sim.energy.meters.selftest import Trial
from hitl_sim.report.terminal.energy import print_measurement, print_selftest


def printed(function, *arguments):
    console = Console(width=300, record=True, file=io.StringIO())
    function(console, *arguments)
    return console.export_text()


def test_a_measurement_prints_gross_idle_and_marginal(tmp_path):
    nothing = [RaplBackend(tmp_path / "none")]
    profile = load_profile("laptop-cpu")
    result = measure_command(
        ["my", "work"], backends=nothing, profile=profile, run=lambda argv: 0
    )
    text = printed(print_measurement, result)
    assert "my work" in text
    assert "Nothing was measured" in text
    assert "gross" in text
    assert text.count("modelled analytic") == 2
    assert "assumed" in text


def test_nothing_measured_prints_reasons_and_no_number(tmp_path):
    nothing = [RaplBackend(tmp_path / "none")]
    result = measure_command(["x"], backends=nothing, run=lambda argv: 0)
    text = printed(print_measurement, result)
    assert "no counters under" in text.replace("\n", " ")
    assert " J " not in text


def test_a_self_test_that_failed_says_not_to_trust():
    trials = (Trial("host/gpu0", "it works", "failed", "12 [W]"),)
    text = printed(print_selftest, SelfTest((), trials))
    assert "1 failed: do not trust" in text
    assert "12 [W]" in text


def test_a_self_test_without_counters_says_so():
    trials = (Trial("arithmetic", "it adds", "passed", ""),)
    assert "no counter here" in printed(print_selftest, SelfTest((), trials))

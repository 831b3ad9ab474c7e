import io

import pytest
from rich.console import Console

from hitl_sim.energy import Kind, Quantity, Scope, load_profile, unavailable
from hitl_sim.energy.repeat import Repeated
from hitl_sim.report.terminal.energy import print_audit, print_calibration
from hitl_sim.study.audited import Audit, AuditedRun, Verdict
from hitl_sim.study.calibration import Calibration, UnitResult

COST = Repeated(2e-5, 1.9e-5, 2.1e-5, 5)


def text_of(show, *args):
    out = io.StringIO()
    show(Console(file=out, width=200), *args)
    return out.getvalue()


def calibration(**changes):
    fields = {
        "profile": load_profile("laptop-cpu"),
        "results": (
            UnitResult("train:8", "alone", COST, None, True, 0, ""),
            UnitResult(
                "score:8", "alone", COST, COST, False, 2, "it had 50 % of its core"
            ),
        ),
        "skipped": (),
        "no_joules": "no meter",
        "elapsed_s": 12.0,
        "is_interrupted": False,
    }
    return Calibration(**fields | changes)


def test_a_calibration_says_what_is_wide_modelled_and_disturbed():
    text = text_of(print_calibration, calibration(), "mine.toml")
    train, score = (
        next(line for line in text.splitlines() if name in line)
        for name in ("train:8", "score:8")
    )
    assert "20.0 µs [19.0, 21.0]" in train
    assert "modelled" in train
    assert "(wide)" not in train
    assert "(wide)" in score
    assert "20.0 µJ" in score
    assert "used this machine in 2 of 10 windows (it had 50 % of its core)" in text
    assert "none could be measured: no meter" in text
    assert "hitl-sim report DIR --device mine.toml" in text


def test_an_interrupted_calibration_names_what_is_missing():
    found = calibration(skipped=("x (saturated)",), is_interrupted=True, no_joules="")
    text = text_of(print_calibration, found, "mine.toml")
    assert "Interrupted" in text
    assert "not measured: x (saturated)" in text
    assert "Joules are modelled" not in text


def seconds(value):
    return Quantity(
        value, "s", Kind.MEASURED_COUNTER, Scope.DEVICE_TIME, (value, value), "clock"
    )


@pytest.fixture
def audit():
    none = unavailable("J", Scope.PACKAGE, "no meter")
    runs = tuple(
        AuditedRun("digits", arm, 0, seconds(0.9), measured, 0.1, none, none, is_same)
        for arm, measured, is_same in (
            ("control", 1.0, True),
            ("control", 0.8, True),
            ("relevance", 1.8, False),
        )
    )
    ratio = Quantity(
        0.75, "1", Kind.MEASURED_COUNTER, Scope.CONSTANT, (0.5, 1.0), "runs"
    )
    verdict = Verdict(ratio, Repeated(0.75, 0.6, 0.9, 3))
    lost = Verdict(unavailable("1", Scope.CONSTANT, "no meter"), None)
    return Audit("mine@0", runs, verdict, lost, False)


def test_an_audit_shows_each_arm_and_both_intervals(audit):
    text = text_of(print_audit, audit)
    control, relevance = (
        next(line for line in text.splitlines() if arm in line)
        for arm in ("control", "relevance")
    )
    assert "1.00" in control.split("│")[-2]
    assert "0.50" in relevance.split("│")[-2]
    assert "0.750 [0.500, 1.00] (measured counter)" in text
    assert "the sample of runs alone [0.600, 0.900]" in text
    assert "joules: billed ÷ measured is unavailable: no meter" in text
    assert "2 of 3 reruns learned what their record says" in text

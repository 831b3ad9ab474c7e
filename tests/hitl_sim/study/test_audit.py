import json
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from hitl_sim.energy import Kind, Quantity, Scope, load_profile
from hitl_sim.energy.profile import Constant, MeasuredCost
from hitl_sim.record import RecordError
from hitl_sim.report.terminal.energy import print_audit
from hitl_sim.study import audit
from hitl_sim.study.audit import audit_study, draw_runs
from hitl_sim.study.calibration import DISTURBED
from hitl_sim.study.metered import RunSample, TimingSample
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import convert

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"
UNIT_S = 1e-6


def rows(**arms):
    return [
        {"key": f"{arm}{i}", "task": "digits", "arm": arm}
        for arm, number in arms.items()
        for i in range(number)
    ]


def test_arms_are_drawn_in_turn_and_a_run_once():
    drawn = draw_runs(rows(a=10, b=2, c=10) + rows(a=10), 9, 0)
    arms = [row["arm"] for row in drawn]
    assert (arms.count("a"), arms.count("b"), arms.count("c")) == (4, 2, 3)
    assert len({row["key"] for row in drawn}) == 9


def test_the_draw_is_fixed_by_the_seed_and_ends_with_the_runs():
    whole = rows(a=8, b=8)
    assert draw_runs(whole, 4, 3) == draw_runs(whole, 4, 3)
    assert draw_runs(whole, 4, 3) != draw_runs(whole, 4, 4)
    assert len(draw_runs(whole, 99, 3)) == 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The smoke study without people: quick, and with all that an audit reads."""
    tables = tomllib.loads(SMOKE.read_text())
    tables["arm"] = tables["arm"][:3]
    del tables["axis"]
    out = tmp_path_factory.mktemp("audited")
    assert run_study(convert(tables), out, 2).num_failed == 0
    return out


@pytest.fixture
def profile(folder):
    """A device on which each unit takes a microsecond, known to 10 %."""
    units = load_study(folder)[2]["units"]
    cost = MeasuredCost(
        Constant(UNIT_S, 0.9 * UNIT_S, 1.1 * UNIT_S, "measured_counter", "a clock")
    )
    base = load_profile("laptop-cpu")
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    return type(base)(**fields | {"unit": dict.fromkeys(units, cost)})


@pytest.fixture
def machine(fake, monkeypatch, folder):
    """A machine that takes twice what is billed, and 0.5 s for the simulation."""
    _, table, _ = load_study(folder)
    records = {row["key"]: row for row in table.to_pylist()}
    power_w = 20.0

    def time_run(run, window_s):
        record = records[run.key]
        billed_s = UNIT_S * sum(count[-1] for count in record["work_count"])
        whole_s = 2.0 * billed_s + 0.5
        joules = Quantity(
            4 * whole_s * power_w,
            "J",
            Kind.MEASURED_COUNTER,
            Scope.PACKAGE,
            (4 * whole_s * power_w, 4 * whole_s * power_w),
            "counter",
            of="host/package0",
        )
        whole = TimingSample(4, 4 * whole_s, (joules.to_json(),), 1.0)
        aside = TimingSample(2, 1.0, (), 1.0)
        return RunSample(whole, aside, tuple(record["validation_accuracy"]))

    answers = {"time_run": time_run}
    monkeypatch.setattr(fake.FakeExecutor, "answers", answers)
    monkeypatch.setattr(audit, "LocalExecutor", fake.FakeExecutor)
    return answers


@pytest.mark.study
def test_billed_over_measured_leaves_the_simulation_out(machine, folder, profile):
    found = audit_study(folder, 8, profile)
    assert len(found.runs) == 8
    assert {run.arm for run in found.runs} == {
        "control",
        "control_again",
        "random_half",
    }
    assert found.seconds.ratio.value == pytest.approx(0.5)
    # all runs agree, so that only the profile's constants are uncertain
    assert found.seconds.sample.low == pytest.approx(0.5)
    low, high = found.seconds.ratio.interval
    assert 0.45 <= low < 0.47
    assert 0.53 < high <= 0.55
    assert all(run.is_same_curve for run in found.runs)
    assert all(run.aside_s == pytest.approx(0.5) for run in found.runs)


@pytest.mark.study
def test_joules_are_compared_where_they_were_measured(machine, folder, profile):
    found = audit_study(folder, 4, profile)
    run = found.runs[0]
    assert run.measured_j.value == pytest.approx(20.0 * run.measured_s)
    assert found.joules.ratio.kind is Kind.MODELLED_ANALYTIC
    timed = machine["time_run"]

    def without_meter(run, window_s):
        seen = timed(run, window_s)
        return seen._replace(whole=seen.whole._replace(gross=()))

    machine["time_run"] = without_meter
    found = audit_study(folder, 4, profile)
    assert found.joules.sample is None
    assert found.joules.ratio.value is None
    assert found.joules.ratio.reason.startswith("no energy counter")
    assert found.seconds.ratio.value == pytest.approx(0.5)


@pytest.mark.study
def test_runs_that_differ_widen_the_sample(machine, folder, profile):
    timed, factors = machine["time_run"], iter([1.0, 2.0, 3.0, 1.5])

    def uneven(run, window_s):
        seen = timed(run, window_s)
        seconds = seen.whole.seconds * next(factors)
        return seen._replace(whole=seen.whole._replace(seconds=seconds))

    machine["time_run"] = uneven
    found = audit_study(folder, 4, profile)
    sample = found.seconds.sample
    assert sample.high / sample.low > 2
    assert found.seconds.ratio.interval[0] <= sample.low


@pytest.mark.study
def test_a_rerun_that_learned_something_else_is_seen(machine, folder, profile):
    timed = machine["time_run"]
    machine["time_run"] = lambda run, window_s: timed(run, window_s)._replace(
        validation_accuracy=(0.0,) * 12
    )
    assert not any(run.is_same_curve for run in audit_study(folder, 3, profile).runs)


def disturb(machine, numbers):
    """Let other programs run during some of the calls, which then take 3 times."""
    timed, number = machine["time_run"], iter(range(99))

    def time_run(run, window_s):
        seen = timed(run, window_s)
        if next(number) not in numbers:
            return seen
        whole = seen.whole._replace(seconds=3 * seen.whole.seconds, other_cores=1.5)
        return seen._replace(whole=whole)

    machine["time_run"] = time_run


@pytest.mark.study
def test_a_disturbed_run_is_repeated_until_the_machine_is_quiet(
    machine, folder, profile
):
    disturb(machine, {0, 1, 2, 5})
    found = audit_study(folder, 4, profile)
    assert found.seconds.ratio.value == pytest.approx(0.5)
    assert found.is_evidence
    assert (found.num_disturbed, found.disturbance) == (0, "")


@pytest.mark.study
def test_runs_that_were_never_quiet_are_left_out_and_named(machine, folder, profile):
    disturb(machine, {0, 1, 2, 3})
    found = audit_study(folder, 4, profile)
    assert found.seconds.ratio.value == pytest.approx(0.5)
    assert found.is_evidence
    assert found.disturbance == (
        "The machine was disturbed in 1 of 4 runs, 4 times each (other programs kept"
        " 1.5 cores busy); they are left out."
    )


@pytest.mark.study
def test_the_ratio_of_a_disturbed_machine_is_no_evidence(machine, folder, profile):
    disturb(machine, range(99))
    found = audit_study(folder, 4, profile)
    assert found.seconds.ratio.value < 0.4
    assert not found.is_evidence
    assert "the ratio is no evidence" in found.disturbance
    kept = json.loads(found.write(folder).read_text())
    assert kept["is_evidence"] is False
    assert kept["disturbance"] == found.disturbance
    console = Console(record=True, width=400)
    print_audit(console, found)
    assert f"no evidence: {found.disturbance}" in console.export_text()


@pytest.mark.study
def test_a_profile_of_a_disturbed_machine_is_no_evidence(machine, folder, profile):
    noisy = Constant(
        UNIT_S, UNIT_S, UNIT_S, "measured_counter", f"9 windows ({DISTURBED} in 2)"
    )
    first = next(iter(profile.unit))
    units = {**profile.unit, first: MeasuredCost(noisy)}
    fields = {name: getattr(profile, name) for name in profile.__struct_fields__}
    found = audit_study(folder, 4, type(profile)(**fields | {"unit": units}))
    assert found.disturbed_units == (first,)
    assert not found.is_evidence
    assert "1 of the units here" in found.disturbance


@pytest.mark.study
def test_what_the_profile_did_not_measure_is_told(machine, folder, profile):
    assert audit_study(folder, 4, profile).ruled_frac == 0.0
    found = audit_study(folder, 4, load_profile("laptop-cpu"))
    assert found.ruled_frac == 1.0
    console = Console(record=True, width=400)
    print_audit(console, found)
    assert "100 % of the billed seconds are of units" in console.export_text()


@pytest.mark.study
def test_an_interruption_keeps_the_runs_that_were_done(machine, folder, profile):
    timed, number = machine["time_run"], iter(range(9))

    def interrupted(run, window_s):
        if next(number) == 4:
            raise KeyboardInterrupt
        return timed(run, window_s)

    machine["time_run"] = interrupted
    found = audit_study(folder, 8, profile)
    assert found.is_interrupted
    assert len(found.runs) == 4
    number = iter([4])
    with pytest.raises(RuntimeError, match="must see 3 runs"):
        audit_study(folder, 8, profile)


@pytest.mark.study
def test_too_few_runs_are_refused(folder, profile, tmp_path):
    with pytest.raises(ValueError, match="`n` must be >= 3, got 2"):
        audit_study(folder, 2, profile)
    with pytest.raises(RecordError, match=r"no study\.json"):
        audit_study(tmp_path, 3, profile)


@pytest.mark.study
def test_a_real_audit_takes_as_long_as_the_work_and_leaves_records_alone(folder):
    """Only its order is tested: billed by a model of a laptop, within a decade."""
    before = {p.name: p.read_bytes() for p in (folder / "records").iterdir()}
    found = audit_study(folder, 3, load_profile("laptop-cpu"))
    assert all(run.is_same_curve for run in found.runs)
    assert 0.1 < found.seconds.ratio.value < 10.0
    path = found.write(folder)
    assert len(json.loads(path.read_text())["runs"]) == 3
    assert before == {p.name: p.read_bytes() for p in (folder / "records").iterdir()}

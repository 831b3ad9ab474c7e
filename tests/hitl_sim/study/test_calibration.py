import itertools

import pytest

from hitl_sim.energy import Kind, Quantity, Scope, load_profile
from hitl_sim.study import sampling
from hitl_sim.study.calibration import (
    DISTURBED,
    calibrate,
    conditions_of,
    grid_specs,
)
from hitl_sim.study.sampling import Effort
from hitl_sim.study.spec import SpecError, convert

BASE = load_profile("server-cpu")


def joules(value):
    return Quantity(
        value,
        "J",
        Kind.MEASURED_COUNTER,
        Scope.PACKAGE,
        (0.98 * value, 1.02 * value),
        "rapl counter of host/package0",
        of="host/package0",
    ).to_json()


@pytest.fixture
def machine(fake, monkeypatch):
    """A machine on which a step takes 10 µs alone; each test changes what it needs."""
    jitter = itertools.cycle([0.99, 1.0, 1.01])

    def time_unit(condition, name, pass_s, window_s, vmap_size=1, barrier=None):
        unit_s = (1e-5 if name == fake.STEP.name else 1e-7) * next(jitter)
        slower = 1.2 if barrier is not None else 1.0
        return fake.sample(unit_s * slower, window_s, vmap_size=vmap_size)

    answers = {
        "list_units": lambda conditions: fake.bench(conditions[0]),
        "measure_idle": lambda duration_s: (),
        "time_unit": time_unit,
    }
    monkeypatch.setattr(fake.FakeExecutor, "answers", answers)
    monkeypatch.setattr(fake.FakeExecutor, "asked", [])
    monkeypatch.setattr(sampling, "LocalExecutor", fake.FakeExecutor)
    return answers


@pytest.fixture(scope="module")
def conditions():
    return conditions_of(grid_specs(["8"], [16]))


def found_of(result, name, regime):
    return next(r for r in result.results if (r.name, r.regime) == (name, regime))


def test_measured_seconds_stand_in_the_profile_and_joules_stay_modelled(
    fake, machine, conditions
):
    result = calibrate(conditions, BASE, "mine", 2)
    cost = result.profile.unit_cost(fake.STEP)
    assert cost.seconds.value == pytest.approx(1e-5, rel=0.01)
    assert cost.seconds.kind is Kind.MEASURED_COUNTER
    assert cost.joules.kind is Kind.MODELLED_ANALYTIC
    low, high = cost.joules.interval
    assert low > 1e-5 * BASE.launch_w.low * 0.9
    assert high < 1e-5 * BASE.active_w.high * 1.1
    assert result.no_joules.startswith("no energy counter")
    assert result.skipped == ()


def test_units_nobody_measured_keep_the_base_profiles_rule(fake, machine, conditions):
    result = calibrate(conditions, BASE, "mine", 2)
    other = fake.WorkUnit("other", "train", {"float32": 1e9}, 1e6, 10)
    assert result.profile.unit_cost(other).seconds.kind is Kind.MODELLED_ANALYTIC
    assert result.profile.unit_cost(other).seconds.value == pytest.approx(
        BASE.unit_cost(other).seconds.value
    )


def test_a_filled_processor_shares_its_seconds_among_its_cores(
    fake, machine, conditions
):
    result = calibrate(conditions, BASE, "mine", 4)
    full = result.profile.unit[fake.STEP.name].saturated.seconds
    assert full.value == pytest.approx(1.2e-5 / 4, rel=0.01)
    barriers = [
        args[-1]
        for function, args in fake.FakeExecutor.asked
        if function == "time_unit" and len(args) == 6
    ]
    assert {barrier.rank for barrier in barriers} == {0, 1, 2, 3}
    assert len({barrier.folder for barrier in barriers}) == len(barriers) / 4


def test_an_accelerator_is_filled_by_lanes_of_one_program(fake, machine, conditions):
    machine["list_units"] = lambda given: fake.bench(given[0], "gpu")
    result = calibrate(conditions, load_profile("h100"), "mine", 4)
    full = result.profile.unit[fake.STEP.name].saturated.seconds
    assert full.value == pytest.approx(1e-5 / 128, rel=0.01)


def test_joules_are_measured_where_a_meter_covers_the_scope(fake, machine, conditions):
    timed = machine["time_unit"]

    def metered(*args):
        seen = timed(*args)
        return seen._replace(gross=(joules(150.0 * seen.seconds),))

    def idle(duration_s):
        watts = Quantity.from_json(joules(40.0)).to_json() | {"unit": "W"}
        return (watts,)

    machine["time_unit"], machine["measure_idle"] = metered, idle
    result = calibrate(conditions, BASE, "mine", 2)
    cost = result.profile.unit_cost(fake.STEP)
    assert cost.joules.value == pytest.approx(150.0 * 1e-5, rel=0.01)
    assert cost.joules.kind is Kind.MEASURED_COUNTER
    # repeats agree to 1 %, but the counter's gain stays
    low, high = cost.joules.interval
    assert (high - low) / cost.joules.value > 0.038
    full = result.profile.unit[fake.STEP.name].saturated.joules
    assert full.value == pytest.approx(150.0 * 1.2e-5 / 2, rel=0.01)
    assert result.profile.idle_power.value == 40.0
    assert result.profile.idle_power.kind is Kind.MEASURED_COUNTER
    assert result.no_joules == ""


def test_a_unit_is_sampled_until_its_interval_is_tight(fake, machine, conditions):
    jitter = itertools.cycle([0.8, 1.0, 1.25, 1.1])
    machine["time_unit"] = lambda c, name, p, window_s, *_: fake.sample(
        1e-5 * (next(jitter) if name == fake.STEP.name else 1.0), window_s
    )
    result = calibrate(conditions, BASE, "mine", 1)
    wide, tight = (
        found_of(result, unit.name, "alone") for unit in (fake.STEP, fake.SCORE)
    )
    assert wide.seconds.num_repeats > 20 > tight.seconds.num_repeats == 5
    assert wide.is_tight
    assert wide.seconds.precision <= 0.05


def test_the_time_cap_leaves_wide_intervals_and_says_so(fake, machine, conditions):
    jitter = itertools.cycle([0.5, 1.0, 2.0])
    machine["time_unit"] = lambda c, n, p, window_s, *_: fake.sample(
        1e-5 * next(jitter), window_s
    )
    result = calibrate(conditions, BASE, "mine", 1, Effort(limit_s=1e-9))
    assert {r.seconds.num_repeats for r in result.results} == {3}
    assert not any(r.is_tight for r in result.results)


def test_disturbed_windows_count_by_processor_time_and_are_counted(
    fake, machine, conditions
):
    machine["time_unit"] = lambda c, n, p, window_s, *_: fake.sample(
        2e-5, window_s, core_frac=0.5
    )
    result = calibrate(conditions, BASE, "mine", 1)
    found = found_of(result, fake.STEP.name, "alone")
    assert found.seconds.value == pytest.approx(1e-5)
    assert found.num_disturbed == found.seconds.num_repeats
    source = result.profile.unit[fake.STEP.name].seconds.source
    assert "by processor time" in source
    assert DISTURBED in source
    assert found.disturbance == "it had 50 % of its core"


def test_windows_are_repeated_until_enough_were_quiet(fake, machine, conditions):
    """Every third window is disturbed, and takes three times as long."""
    noise = itertools.cycle([0.0, 0.0, 1.0])

    def time_unit(condition, name, pass_s, window_s, *_):
        busy = next(noise)
        return fake.sample(1e-5 * (1 + 2 * busy), window_s, other_cores=busy)

    machine["time_unit"] = time_unit
    result = calibrate(conditions, BASE, "mine", 1)
    found = found_of(result, fake.STEP.name, "alone")
    assert found.seconds.value == pytest.approx(1e-5)
    assert (found.num_disturbed, found.disturbance) == (0, "")
    source = result.profile.unit[fake.STEP.name].seconds.source
    assert source.startswith("5 windows")
    assert DISTURBED not in source


def test_a_machine_that_is_never_quiet_is_not_waited_for_without_end(
    fake, machine, conditions
):
    machine["time_unit"] = lambda c, n, p, window_s, *_: fake.sample(
        1e-5, window_s, other_cores=1.0
    )
    found = found_of(calibrate(conditions, BASE, "mine", 1), fake.STEP.name, "alone")
    assert found.seconds.num_repeats == 15
    assert found.num_disturbed == 15


def test_bills_need_one_regime_only(fake, machine, conditions):
    effort = Effort(regimes=("alone",))
    result = calibrate(conditions, BASE, "mine", 2, effort)
    assert {found.regime for found in result.results} == {"alone"}
    assert result.profile.unit[fake.STEP.name].saturated is None


def test_an_interruption_keeps_what_was_measured_enough(fake, machine, conditions):
    num_calls = itertools.count()

    def interrupted(*args):
        if next(num_calls) == 7:
            raise KeyboardInterrupt
        return fake.sample(1e-5, args[3])

    machine["time_unit"] = interrupted
    result = calibrate(conditions, BASE, "mine", 1)
    assert result.is_interrupted
    assert set(result.profile.unit) == {fake.STEP.name, fake.SCORE.name}
    assert len(result.skipped) == 2
    assert all("saturated" in name for name in result.skipped)


def test_an_interruption_before_anything_was_measured_writes_nothing(
    machine, conditions
):
    def interrupted(*_):
        raise KeyboardInterrupt

    machine["time_unit"] = interrupted
    with pytest.raises(RuntimeError, match="nothing was measured"):
        calibrate(conditions, BASE, "mine", 1)


def test_a_profile_of_another_device_is_refused_before_any_window(
    fake, machine, conditions
):
    with pytest.raises(ValueError, match="must be the profile of a processor"):
        calibrate(conditions, load_profile("a100"), "mine", 1)
    assert all(function != "time_unit" for function, _ in fake.FakeExecutor.asked)


def test_the_file_is_a_device_that_studies_can_name(machine, conditions, tmp_path):
    result = calibrate(conditions, BASE, "mine", 1)
    path = tmp_path / "mine.toml"
    result.write(path)
    assert load_profile(str(path)).hash == result.profile.hash
    assert "# Joules: unavailable (no energy counter" in path.read_text()


def test_progress_counts_units_and_regimes(machine, conditions):
    states = []
    calibrate(conditions, BASE, "mine", 1, on_progress=states.append)
    assert {state.total for state in states} == {4}
    assert [state.regime for state in states] == sorted(s.regime for s in states)
    assert states[-1].done == 3


def test_a_grid_has_a_program_for_each_network_and_batch():
    conditions = conditions_of(grid_specs(["0", "8", "16x8"], [16, 32]))
    programs = {(c.network.resolved()["hidden"], c.training.batch) for c in conditions}
    assert programs == set(itertools.product([(), (8,), (16, 8)], [16, 32]))
    assert len(conditions) == 6


@pytest.mark.parametrize("network", ["wide", "64x", "-3", "64,64"])
def test_a_network_that_is_not_widths_is_refused(network):
    with pytest.raises(ValueError, match="widths of hidden layers"):
        grid_specs([network], [16])


def test_a_study_gives_each_program_once(tables):
    conditions = conditions_of([convert(tables)])
    arms = {c.arm.name for c in conditions}
    assert len(conditions) == 4  # the control, its copy and the pilot share a program
    assert {"relevance", "margin_labels"} < arms
    tables["task"]["digits"]["source"] = "none.npz"
    with pytest.raises(SpecError, match=r"none\.npz"):
        conditions_of([convert(tables)])


@pytest.mark.parametrize(
    ("field", "value"), [("precision", 0.0), ("precision", 1.0), ("limit_s", 0.0)]
)
def test_an_effort_that_never_ends_or_measures_nothing_is_refused(field, value):
    with pytest.raises(ValueError, match=f"`{field}` must be"):
        Effort(**{field: value})

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from meter_kit import powercap as kit
from meter_kit.powercap import RANGE_UJ

from hitl_sim.energy import Kind, Scope, total
from hitl_sim.energy.meters import Meter, RaplBackend
from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.energy.meters.simulated import VirtualTime

SECOND = 1_000_000_000


class Tree(kit.Tree):
    """A fake tree on a virtual clock, with our meter over it."""

    def backend(self, **options):
        options.setdefault("cpu_time", lambda: None)
        return RaplBackend(self.root, self.clock, self.sleep, **options)

    def window(self, seconds, change=lambda: None):
        backend = self.backend()
        start = backend.read()
        self.sleep(seconds)
        change()
        return {q.of: q for q in backend.delta(start, backend.read())}

    def reading(self, seconds, step_s=100.0, **options):
        """Measure through a meter whose background work follows the virtual clock."""
        time = VirtualTime()

        def pass_time(seconds):
            left = seconds
            while left > 0:
                step = min(left, step_s)
                self.sleep(step)
                time.sleep(step)
                left -= step

        backend = self.backend(every=time.every, **options)
        meter = Meter([backend], clock=self.clock, sleep=pass_time)
        with meter.window("work", phase="train") as window:
            pass_time(seconds)
        return window.reading


@pytest.fixture
def server(tmp_path):
    return Tree(
        tmp_path,
        {
            "intel-rapl:0": ("package-0", 100.0),
            "intel-rapl:0:0": ("core", 70.0),
            "intel-rapl:0:1": ("dram", 10.0),
            "intel-rapl:1": ("package-1", 50.0),
            "intel-rapl:2": ("psys", 200.0),
            "intel-rapl-mmio:0": ("package-0", 100.0),
        },
    )


def deny(monkeypatch, path):
    """Refuse to read one file, as for a user who is not root."""
    read_text = Path.read_text

    def guarded(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return read_text(self, *args, **options)

    monkeypatch.setattr(Path, "read_text", guarded)


def test_packages_and_memory_add_up_without_twins_or_parts(server):
    energies = server.window(2.0)
    assert {of: q.value for of, q in energies.items()} == pytest.approx(
        {"host/package-0": 200.0, "host/package-0/dram": 20.0, "host/package-1": 100.0}
    )
    whole = total(energies.values())
    assert whole.value == pytest.approx(320.0)
    assert whole.kind is Kind.MEASURED_COUNTER


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.integers(0, RANGE_UJ - 1))
def test_a_wrap_at_any_phase_gives_the_same_joules(server, begin):
    server.set("intel-rapl:0", begin)
    energy = server.window(5.0)["host/package-0"]
    assert energy.value == pytest.approx(500.0, abs=1e-4)


def test_a_window_that_may_hold_two_wraps_is_refused(server):
    energy = server.window(3600.0)["host/package-0"]
    assert energy.value is None
    assert "measure in shorter windows" in energy.reason


def test_a_locked_counter_names_the_remedy(server, monkeypatch):
    locked = server.root / "intel-rapl:0" / "energy_uj"
    deny(monkeypatch, locked)
    seen = {
        c.device: c for c in server.backend().probe() if "not counted" not in c.reason
    }
    assert not seen["host/package-0"].is_available
    assert f"no permission to read {locked}" in seen["host/package-0"].reason
    assert "chmod" in seen["host/package-0"].reason
    assert seen["host/package-1"].is_available
    whole = total(server.window(1.0).values())
    assert whole.value == pytest.approx(60.0)
    assert str(whole).startswith("≥ 60.0 J")
    assert "host/package-0 unavailable: no permission" in str(whole)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.unlink(), "is not there, or vanished"),
        (lambda file: file.write_text(""), "holds no number"),
    ],
)
def test_a_counter_that_fails_inside_a_window_is_unavailable(server, spoil, reason):
    file = server.root / "intel-rapl:1" / "energy_uj"
    energies = server.window(1.0, lambda: spoil(file))
    assert energies["host/package-1"].value is None
    assert reason in energies["host/package-1"].reason
    assert energies["host/package-0"].value == pytest.approx(100.0)


def test_probing_names_scope_pace_and_what_is_not_counted(server):
    seen = server.backend().probe()
    available = {c.device: c.scope for c in seen if c.is_available}
    assert available == {
        "host/package-0": Scope.PACKAGE,
        "host/package-0/dram": Scope.DRAM,
        "host/package-1": Scope.PACKAGE,
    }
    assert all(c.update_period_s <= 0.002 for c in seen if c.is_available)
    skipped = [c.reason for c in seen if not c.is_available]
    assert len(skipped) == 3
    assert all(reason.startswith("not counted: ") for reason in skipped)


def test_a_dead_counter_is_not_a_meter(tmp_path):
    (seen,) = Tree(tmp_path, {"intel-rapl:0": ("package-0", 0.0)}).backend().probe()
    assert not seen.is_available
    assert "stood still" in seen.reason


def test_a_machine_without_a_tree_says_why(tmp_path):
    backend = RaplBackend(tmp_path / "powercap")
    (seen,) = backend.probe()
    assert not seen.is_available
    assert "virtual machine or container" in seen.reason
    (energy,) = backend.delta(backend.read(), backend.read())
    assert energy.value is None
    assert energy.reason == seen.reason


def test_memory_readings_are_less_sure_than_package_readings(server):
    energies = server.window(100.0)

    def width(of):
        return energies[of].interval[1] / energies[of].value

    assert width("host/package-0/dram") > 1.1 > width("host/package-0")


def test_an_open_window_outlives_any_number_of_wraps(server):
    server.set("intel-rapl:0", 200_000_000_000)
    reading = server.reading(4_000.0)
    energies = {q.of: q.value for q in reading.gross}
    assert energies["host/package-0"] == pytest.approx(4e5)
    assert energies["host/package-0/dram"] == pytest.approx(4e4)


def test_a_counter_that_is_reset_is_refused(server):
    server.sleep(2000.0)

    def reset():
        server.set("intel-rapl:0", 0)

    energy = server.window(1.0, reset)["host/package-0"]
    assert energy.value is None
    assert "it was reset" in energy.reason


def test_a_reset_before_a_window_does_not_spoil_it(server):
    backend = server.backend()
    server.sleep(2000.0)
    backend.read()
    server.set("intel-rapl:0", 0)
    start = backend.read()
    server.sleep(1.0)
    energies = {q.of: q for q in backend.delta(start, backend.read())}
    assert energies["host/package-0"].value == pytest.approx(100.0)


@pytest.fixture
def dies(tmp_path):
    return Tree(
        tmp_path,
        {
            "intel-rapl:0": ("package-0-die-0", 80.0),
            "intel-rapl:1": ("package-0-die-1", 80.0),
            "intel-rapl:2": ("package-1-die-0", 80.0),
        },
        dict.fromkeys(("intel-rapl:0", "intel-rapl:1"), 5000000),
    )


def test_a_die_that_repeats_another_is_counted_once_and_reported(dies):
    reading = dies.reading(10.0)
    assert {q.of: q.value for q in reading.gross} == pytest.approx(
        {"host/package-0-die-0": 800.0, "host/package-1-die-0": 800.0}
    )
    (check,) = reading.checks
    assert (check.of, check.label) == ("host/package-0-die-1", "mirrored")
    reasons = [c.reason for c in dies.backend().probe() if not c.is_available]
    assert reasons == ["not counted: reads exactly as host/package-0-die-0"]


def test_dies_with_counters_of_their_own_both_count(dies):
    dies.set("intel-rapl:1", 9_000_000)
    assert len(dies.reading(10.0).gross) == 3


def test_other_programs_on_the_processor_make_it_shared(server):
    times = iter([CpuTime(0.0, 0.0), CpuTime(1.0, 3.0)])
    reading = server.reading(10.0, cpu_time=lambda: next(times))
    assert all(q.value is None for q in reading.gross)
    assert "other programs used 2 s of 3 s" in reading.gross[0].reason


def test_a_quiet_background_does_not_make_it_shared(server):
    times = iter([CpuTime(0.0, 0.0), CpuTime(9.0, 9.3)])
    reading = server.reading(10.0, cpu_time=lambda: next(times))
    assert all(q.is_known for q in reading.gross)


def test_a_tree_as_the_kernel_nests_it_gives_the_same(tmp_path):
    tree = Tree(
        tmp_path,
        {
            "intel-rapl:0": ("package-0", 100.0),
            "intel-rapl:0:0": ("dram", 10.0),
            "intel-rapl:1": ("package-1", 50.0),
        },
        is_nested=True,
    )
    assert {of: q.value for of, q in tree.window(2.0).items()} == pytest.approx(
        {"host/package-0": 200.0, "host/package-0/dram": 20.0, "host/package-1": 100.0}
    )


def test_a_range_of_zero_is_a_reason_and_no_crash(server):
    (server.root / "intel-rapl:0" / "max_energy_range_uj").write_text("0\n")
    energies = server.window(1.0)
    assert energies["host/package-0"].value is None
    assert "max_energy_range_uj holds 0" in energies["host/package-0"].reason
    assert energies["host/package-1"].value == pytest.approx(50.0)
    seen = {c.device: c for c in server.backend().probe() if c.scope is Scope.PACKAGE}
    assert not seen["host/package-0"].is_available


def test_a_range_below_what_the_counter_shows_is_not_used(server):
    (server.root / "intel-rapl:0" / "max_energy_range_uj").write_text("7\n")
    server.sleep(1.0)
    energy = server.window(1.0)["host/package-0"]
    assert energy.value is None
    assert "starts again at 7e-06 J" in energy.reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.unlink(), "max_energy_range_uj is not there, or vanished"),
        (lambda file: file.write_text("x"), "max_energy_range_uj holds no number"),
    ],
)
def test_a_missing_range_is_named_and_not_the_counter(server, spoil, reason):
    spoil(server.root / "intel-rapl:0" / "max_energy_range_uj")
    energy = server.window(1.0)["host/package-0"]
    assert energy.value is None
    assert reason in energy.reason
    (seen,) = [c for c in server.backend().probe() if "max_energy" in c.reason]
    assert reason in seen.reason


def test_a_tree_of_which_nothing_counts_is_unavailable_with_the_reason(tmp_path):
    reading = Tree(tmp_path, {"intel-rapl:0": ("core", 70.0)}).reading(2.0)
    (energy,) = reading.gross
    assert energy.value is None
    assert "host/core lies inside its package, which is not listed" in energy.reason


@pytest.mark.parametrize(
    ("name", "watts"), [("package-0", 650.0), ("psys", 900.0), ("package-0", 1200.0)]
)
def test_a_strong_machine_is_measured_and_not_taken_for_a_reset(tmp_path, name, watts):
    reading = Tree(tmp_path, {"intel-rapl:0": (name, watts)}).reading(20.0, step_s=1.0)
    (energy,) = reading.gross
    assert energy.value == pytest.approx(20.0 * watts)


def test_a_zone_may_state_a_higher_power_than_any_we_know(tmp_path):
    tree = Tree(tmp_path, {"intel-rapl:0": ("package-0", 3000.0)})
    assert "it was reset" in tree.window(2.0)["host/package-0"].reason
    path = tree.root / "intel-rapl:0"
    (path / "constraint_0_max_power_uw").write_text("3500000000\n")
    (path / "constraint_1_max_power_uw").write_text("18446744073709551615\n")
    (path / "constraint_2_max_power_uw").write_text("none\n")
    assert tree.window(2.0)["host/package-0"].value == pytest.approx(6000.0)


def test_work_of_a_sibling_of_ours_is_no_other_program(server):
    """Own work 1 s, a sibling's 2 s, others' 0.1 s."""
    times = iter([CpuTime(0.0, 0.0, 0.0), CpuTime(1.0, 3.1, 3.0)])
    reading = server.reading(10.0, cpu_time=lambda: next(times))
    assert all(q.is_known for q in reading.gross)
    times = iter([CpuTime(0.0, 0.0, 0.0), CpuTime(1.0, 5.0, 3.0)])
    reading = server.reading(10.0, cpu_time=lambda: next(times))
    assert "other programs used 2 s of 5 s" in reading.gross[0].reason

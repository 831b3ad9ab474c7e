from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitl_sim.energy import Kind, Scope, total
from hitl_sim.energy.meters import RaplBackend

SECOND = 1_000_000_000
RANGE_UJ = 262_143_328_850


class Tree:
    """A powercap tree whose counters follow constant watts."""

    def __init__(self, root, zones):
        self.root = root
        self.zones = zones
        self.now_ns = 0
        self.counters = {}
        for folder, (name, _) in zones.items():
            (root / folder).mkdir(parents=True)
            (root / folder / "name").write_text(name)
            (root / folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
            self.set(folder, 0)

    def set(self, folder, microjoules):
        self.counters[folder] = microjoules
        path = self.root / folder / "energy_uj"
        path.write_text(f"{microjoules % RANGE_UJ:.0f}\n")

    def clock(self):
        return self.now_ns

    def sleep(self, seconds):
        self.now_ns += int(seconds * SECOND)
        for folder, (_, watts) in self.zones.items():
            self.set(folder, self.counters[folder] + watts * seconds * 1e6)

    def backend(self):
        return RaplBackend(self.root, self.clock, self.sleep)

    def window(self, seconds, change=lambda: None):
        backend = self.backend()
        start = backend.read()
        self.sleep(seconds)
        change()
        return {q.of: q for q in backend.delta(start, backend.read())}


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

import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import Kind, Quantity, Scope, total, unavailable
from hitl_sim.energy.meters import (
    Capability,
    Meter,
    NvmlBackend,
    RaplBackend,
    probe_meters,
)
from hitl_sim.energy.meters.backend import Snapshot
from hitl_sim.energy.meters.counter import counter_energy
from hitl_sim.energy.meters.sensor import Accuracy, Sensor

SECOND = 1_000_000_000
PERFECT = Accuracy(0.0, 0.0, "test")


class World:
    """A clock that only we move, and a board whose watts we set."""

    name = "fake"

    def __init__(self, watts=100.0):
        self.now_ns = 0
        self.watts = watts
        self.joules = 1e6

    def clock(self):
        return self.now_ns

    def pass_time(self, seconds):
        self.now_ns += int(seconds * SECOND)
        self.joules += self.watts * seconds

    def probe(self):
        return [
            Capability("fake", True, "host/x", Scope.BOARD, Kind.MEASURED_COUNTER, 0.1)
        ]

    def read(self):
        return Snapshot(self.now_ns, self.now_ns, {"host/x": self.joules})

    def delta(self, start, end):
        sensor = Sensor("host/x", Scope.BOARD, self.name, PERFECT)
        joules = end.joules["host/x"] - start.joules["host/x"]
        return [counter_energy(sensor, joules, start, end)]

    def meter(self, **options):
        return Meter([self], clock=self.clock, sleep=self.pass_time, **options)


def test_a_window_reads_joules_and_seconds():
    world = World()
    with world.meter().window("fit", phase="train") as window:
        world.pass_time(3.0)
    (energy,) = window.joules
    assert (energy.value, window.seconds.value) == (pytest.approx(300.0), 3.0)
    assert (window.reading.name, window.reading.phase) == ("fit", "train")


def test_adjacent_windows_inside_a_window_add_up_to_it():
    world = World()
    meter = world.meter()
    with meter.window("outer", phase="train") as outer:
        with meter.window("first", phase="train") as first:
            world.pass_time(1.0)
        world.watts = 300.0
        with meter.window("second", phase="score") as second:
            world.pass_time(2.0)
    inner = total(first.joules + second.joules)
    assert inner.value == pytest.approx(outer.joules[0].value)
    assert outer.joules[0].value == pytest.approx(700.0)


def test_gross_idle_and_marginal_come_together():
    world = World(watts=40.0)
    meter = world.meter()
    assert meter.measure_idle(10.0)["host/x"].value == pytest.approx(40.0)
    world.watts = 100.0
    with meter.window("fit", phase="train") as window:
        world.pass_time(2.0)
    reading = window.reading
    assert reading.gross[0].value == pytest.approx(200.0)
    assert reading.idle[0].value == pytest.approx(80.0)
    assert reading.marginal[0].value == pytest.approx(120.0)


def test_without_known_idle_power_marginal_is_unavailable_and_not_gross():
    world = World()
    with world.meter().window("fit", phase="train") as window:
        world.pass_time(1.0)
    assert window.reading.gross[0].is_known
    assert window.reading.marginal[0].value is None
    assert window.reading.marginal[0].reason == "idle power was not measured"


def test_idle_needs_some_time():
    with pytest.raises(ValueError, match="`duration_s` must be > 0 s, got 0"):
        World().meter().measure_idle(0.0)


def test_a_window_that_ends_in_an_error_is_read_all_the_same():
    world, windows = World(), []

    def fail():
        with world.meter().window("fit", phase="train") as window:
            windows.append(window)
            world.pass_time(1.0)
            raise KeyError("work")

    with pytest.raises(KeyError):
        fail()
    assert windows[0].joules[0].value == pytest.approx(100.0)


def test_an_open_window_has_no_reading():
    with (
        World().meter().window("fit", phase="train") as window,
        pytest.raises(RuntimeError, match="'fit' must be closed"),
    ):
        window.joules  # noqa: B018


def test_waiting_returns_the_outputs_computed(monkeypatch):
    waited = []
    monkeypatch.setattr(jax, "block_until_ready", waited.append)
    outputs = {"loss": jnp.ones(3)}
    with World().meter().window("fit", phase="train") as window:
        assert window.wait_on(outputs) is outputs
    assert waited == [outputs]


def test_an_absent_meter_gives_unavailable_joules_and_a_reason(tmp_path):
    meter = Meter([RaplBackend(tmp_path / "none")])
    with meter.window("fit", phase="train") as window:
        pass
    (energy,) = window.joules
    assert energy.value is None
    assert "no counters under" in energy.reason
    assert window.reading.marginal[0].value is None


def test_measured_and_absent_meters_make_a_partial_sum(tmp_path):
    world = World()
    meter = Meter([world, RaplBackend(tmp_path / "none")], clock=world.clock)
    with meter.window("fit", phase="train") as window:
        world.pass_time(1.0)
    whole = total(window.joules)
    assert str(whole).startswith("≥ 100 J")
    assert "host/package unavailable: no counters" in str(whole)


def test_probing_joins_all_backends_and_explains_what_is_absent(tmp_path):
    seen = probe_meters([World(), RaplBackend(tmp_path / "none")])
    assert [c.is_available for c in seen] == [True, False]
    assert all(c.is_available != bool(c.reason) for c in seen)


def test_this_machine_explains_every_meter_that_it_lacks():
    seen = probe_meters()
    assert {c.backend for c in seen} == {"nvml", "rapl", "analytic", "cpu_time", "wall"}
    assert all(c.is_available != bool(c.reason) for c in seen)


def test_a_meter_made_without_arguments_asks_all_counters():
    kinds = {type(backend) for backend in Meter().backends}
    assert kinds == {NvmlBackend, RaplBackend}


def test_an_idle_device_that_cannot_be_read_is_left_out_of_idle_power():
    class Silent(World):
        def delta(self, start, end):
            return [unavailable("J", Scope.BOARD, "lost", of="host/x")]

    meter = Silent().meter(
        idle_w={"host/x": Quantity(5.0, "W", Kind.ASSUMED, Scope.BOARD, None, "old")}
    )
    assert meter.measure_idle(1.0) == {}

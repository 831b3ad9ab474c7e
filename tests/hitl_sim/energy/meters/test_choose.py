"""Meters as parts: which are asked by default, by name, and from a foreign file."""

import importlib.util

import pytest

from hitl_sim import part
from hitl_sim.energy.meters import (
    AnalyticBackend,
    Meter,
    NvmlBackend,
    RaplBackend,
    probe_meters,
)
from hitl_sim.energy.meters.choose import default_backends, named_backend

LAMP = '''
"""A lamp that is always on."""

import time

from hitl_sim import part
from hitl_sim.energy import Kind, Scope, exact
from hitl_sim.energy.meters import (Capability)
from hitl_sim.energy.meters.backend import Snapshot


class Lamp:
    name = "lamp"

    def __init__(self, watts):
        self.watts = watts

    def probe(self):
        return [Capability("lamp", True, "host/lamp", Scope.BOARD, Kind.ASSUMED)]

    def read(self):
        now = time.monotonic_ns()
        return Snapshot(now, now)

    def delta(self, start, end):
        joules = self.watts * (end.after_ns - start.before_ns) * 1e-9
        return [exact(joules, "J", Kind.ASSUMED, Scope.BOARD, "lamp", of="host/lamp")]


@part.meter()
def lamp(*, watts: float = 60.0):
    """A lamp."""
    return Lamp(watts)
'''


def test_a_meter_is_named_by_its_file(tmp_path):
    (tmp_path / "lamp.py").write_text(LAMP + "\n\nno_meter = part.task()(dict)\n")
    assert named_backend(f"{tmp_path / 'lamp.py'}:lamp watts=100").watts == 100.0
    with pytest.raises(ValueError, match="must be of kind 'meter' where it is used"):
        named_backend(f"{tmp_path / 'lamp.py'}:no_meter")
    with pytest.raises(ValueError, match="`source` must name a part"):
        named_backend(f"{tmp_path / 'lamp.py'}:candle")


@pytest.fixture
def lamp(tmp_path):
    """A meter in one file outside the package."""
    path = tmp_path / "lamp.py"
    path.write_text(LAMP)
    spec = importlib.util.spec_from_file_location("lamp", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {"lamp": module.lamp}


def test_meters_that_need_no_option_are_asked_by_default():
    kinds = [type(backend) for backend in default_backends()]
    assert kinds == [NvmlBackend, RaplBackend]
    assert [type(b) for b in Meter().backends] == kinds


def test_every_meter_that_ships_is_listed_and_unasked_ones_say_what_they_need():
    found = {seen.backend: seen for seen in probe_meters()}
    assert set(found) == set(part.builtin("meter"))
    assert "--meter 'cpu_time calibration=...'" in found["cpu_time"].reason
    assert "path=... relative_error=... source=..." in found["wall"].reason


def test_a_named_meter_takes_its_options_as_they_are_typed(tmp_path):
    words = "relative_error=0.02 source='Plug S, data sheet 2023' max_gap_s=9"
    wall = named_backend(f"wall path={tmp_path / 'log.csv'} {words}")
    assert wall.path == tmp_path / "log.csv"
    assert (wall.relative_error, wall.max_gap_s) == (0.02, 9.0)
    assert wall.source == "Plug S, data sheet 2023"
    assert isinstance(named_backend("analytic profile=laptop-cpu"), AnalyticBackend)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("scales", "`meter` must be one of 'analytic', 'cpu_time', .* got 'scales'"),
        ("", "`meter` must be one of"),
        ("wall path", "`meter` must be NAME OPTION=VALUE ..., got 'wall path'"),
        ("wall path=a", "`options.relative_error` must be given for meter 'wall'"),
        ("rapl root=a", "`options.root` is no option of meter 'rapl'"),
        (
            "wall path=a source=b relative_error=x",
            "`relative_error` of meter 'wall' must be float, got 'x'",
        ),
        ("wall path=a source=b relative_error=0", "`relative_error` must be > 0"),
    ],
)
def test_a_wrong_meter_is_refused_before_anything_is_read(words, message):
    with pytest.raises(ValueError, match=message):
        named_backend(words)


def test_a_meter_of_one_foreign_file_measures_windows_as_built_in_ones_do(lamp):
    meter = Meter([named_backend("lamp watts=100", lamp)])
    with meter.window("x", phase="train") as window:
        pass
    (energy,) = window.joules
    assert energy.of == "host/lamp"
    assert energy.value > 0
    assert window.seconds.value * 100 == pytest.approx(energy.value, rel=1.0)

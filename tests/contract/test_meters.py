"""What every meter must do on whatever machine; others need what they are told of."""

import itertools
from dataclasses import replace
from functools import wraps

import pytest

from hitl_sim import check
from hitl_sim.check import subject_of
from hitl_sim.energy.meters.cpu_time import CpuCalibration
from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.part import builtin

METERS = builtin("meter")
STEP_S = 0.25
"""How far the made-up clocks move each time that they are read."""


def ticking(start=0.0, scale=1.0):
    moments = itertools.count()
    return lambda: start + scale * STEP_S * next(moments)


def on_made_up_clocks(name, **readers):
    """The built-in meter, told the time and what it reads by us."""

    @wraps(METERS[name].factory)
    def factory(**options):
        backend = METERS[name].factory(**options)
        clock = ticking(scale=1e9)
        backend.clock = lambda: round(clock())
        for field, reader in readers.items():
            setattr(backend, field, reader)
        return backend

    return replace(METERS[name], factory=factory)


def busy_core():
    seconds = ticking()

    def read():
        used_s = seconds()
        return CpuTime(used_s / 2, used_s)

    return read


def write_plug_log(folder, column):
    """A minute of a machine of 80 W, a row every half second."""
    rows = [f"time_s,{column}"]
    for half_s in range(120):
        watts = 80.0 + half_s % 2
        shown = watts if column == "watts" else 40.0 * half_s
        rows.append(f"{0.5 * half_s},{shown}")
    (folder / f"{column}.csv").write_text("\n".join(rows) + "\n")
    return {
        "path": str(folder / f"{column}.csv"),
        "relative_error": 0.01,
        "source": "a",
    }


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Meters that need a file, with the file, by name."""
    folder = tmp_path_factory.mktemp("meters")
    calibration = CpuCalibration(10.0, 5.0, 0.1, "a", "package", "package counter")
    calibration.write(folder / "cpu.json")
    cpu = on_made_up_clocks("cpu_time", cpu_time=busy_core())
    found = {"cpu_time": (cpu, {"calibration": str(folder / "cpu.json")})}
    for column in ("joules", "watts"):
        plug = on_made_up_clocks("wall", wall_clock=ticking(30.0))
        found[f"wall {column}"] = (plug, write_plug_log(folder, column))
    return found


@check.parametrize(
    [(METERS["analytic"], {"profile": "laptop-cpu"}), METERS["nvml"], METERS["rapl"]]
)
def test_a_meter_keeps_its_contract(part, check):
    check(part)


@pytest.mark.parametrize("name", ["cpu_time", "wall joules", "wall watts"])
def test_a_meter_of_a_file_keeps_its_contract_and_reads(made_up, name):
    part, options = made_up[name]
    outcomes = check.run_checks(part, options)
    assert [outcome.failure for outcome in outcomes] == ["", ""]
    assert outcomes[0].note.startswith("reads host")
    backend = subject_of(part, options).more
    first = backend.read()
    for _ in range(9):
        last = backend.read()
    (energy,) = backend.delta(first, last)
    low, high = {"cpu_time": (10.0, 15.0)}.get(name, (80.0, 81.0))
    assert low <= energy.value / last.since(first) <= high

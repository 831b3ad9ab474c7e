"""Sensors that look a part of the time, and counters of a whole module."""

from itertools import pairwise

import numpy as np
import pytest
from meter_kit.board import FaultyBoard, FaultyDriver

from hitl_sim.energy import Kind, Scope
from hitl_sim.energy.meters import Meter, NvmlBackend
from hitl_sim.energy.meters.simulated import (
    VirtualTime,
    Waveform,
)

PART_TIME = ("NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3", "NVIDIA GH200 480GB")
FULL_TIME = ("Tesla V100-SXM2-16GB", "NVIDIA GeForce RTX 4090", "NVIDIA A10", "H1000")


def pulses(period_s, duty, low_w=60.0, high_w=400.0, until_s=80.0):
    starts = np.arange(0.0, until_s, period_s)
    times = np.stack([starts, starts + duty * period_s], axis=1).ravel()
    return Waveform(times.tolist(), [high_w, low_w] * len(starts))


STEADY = Waveform([0.0], [145.0])
PULSED = pulses(0.37, 0.25)


def backend(time, board):
    driver = FaultyDriver([board], time)
    return NvmlBackend(driver, time.clock, time.sleep, environ={}, every=time.every)


def measure(board, seconds, start_s=1.0):
    time = VirtualTime()
    meter = Meter([backend(time, board)], clock=time.clock, sleep=time.sleep)
    time.sleep(start_s)
    with meter.window("x", phase="train") as window:
        time.sleep(seconds)
    return window.reading


def width(name, waveform, seconds, **board):
    (energy,) = measure(FaultyBoard(waveform, name=name, **board), seconds).gross
    return (energy.interval[1] - energy.interval[0]) / energy.value


@pytest.mark.parametrize("has_counter", [True, False])
@pytest.mark.parametrize("waveform", [STEADY, PULSED])
def test_a_sensor_that_looks_a_quarter_of_the_time_is_less_sure(waveform, has_counter):
    usual, *others = (
        width(n, waveform, 1.0, has_counter=has_counter) for n in FULL_TIME
    )
    assert others == [usual] * len(others)
    unsure = [width(n, waveform, 1.0, has_counter=has_counter) for n in PART_TIME[:2]]
    assert min(unsure) > usual + 0.1
    assert unsure[0] == unsure[1]


def test_a_short_or_pulsed_window_is_less_sure_than_a_long_or_steady_one():
    name = PART_TIME[0]
    widths = [width(name, PULSED, seconds) for seconds in (1.0, 4.0, 16.0, 60.0)]
    assert all(short > 1.3 * long for short, long in pairwise(widths))
    assert width(name, PULSED, 4.0) > 1.3 * width(name, STEADY, 4.0)
    assert width(name, STEADY, 60.0) < 0.12


def test_the_interval_holds_what_the_sensor_did_not_see():
    """Without the term, known boards of the same fault hold the truth less often."""
    dice = np.random.default_rng(0)
    held = dict.fromkeys(("NVIDIA A100-SXM4-80GB", "another"), 0)
    for _ in range(150):
        load = pulses(float(dice.uniform(0.13, 0.9)), float(dice.uniform(0.1, 0.9)))
        start_s, phase_s = float(dice.uniform(1.0, 2.0)), float(dice.uniform(0.0, 0.1))
        seconds = float(dice.uniform(1.0, 5.0))
        truth = load.energy(start_s + seconds) - load.energy(start_s)
        for name in held:
            board = FaultyBoard(load, name=name, phase_s=phase_s, seen_frac=0.25)
            low, high = measure(board, seconds, start_s).gross[0].interval
            held[name] += low <= truth <= high
    assert held["NVIDIA A100-SXM4-80GB"] >= 0.95 * 150
    assert held["another"] < 0.93 * 150


def test_probing_says_how_much_is_looked_at():
    time = VirtualTime()
    (seen,) = backend(time, FaultyBoard(STEADY, name="NVIDIA H100 PCIe")).probe()
    assert "looks at 25 % of each 0.1 s" in seen.note


def test_the_counter_of_a_superchip_is_its_modules():
    board = FaultyBoard(STEADY, name="NVIDIA GH200 480GB", module_w=50.0)
    (seen,) = backend(VirtualTime(), board).probe()
    reading = measure(board, 20.0)
    (energy,), (check,) = reading.gross, reading.checks
    assert seen.scope is energy.scope is Scope.MODULE
    assert energy.value == pytest.approx(20.0 * 195.0, rel=0.01)
    assert energy.kind is Kind.MEASURED_COUNTER
    # compared is power of the same scope
    assert check.label == "agree"
    assert check.sampled.value == pytest.approx(20.0 * 195.0, rel=0.01)
    assert check.sampled.scope is Scope.MODULE


def test_power_of_the_chip_alone_does_not_stand_beside_a_module():
    board = FaultyBoard(STEADY, name="NVIDIA GH200 480GB", has_module_power=False)
    (check,) = measure(board, 5.0).checks
    assert check.sampled is None
    assert check.counter.scope is Scope.MODULE


def test_a_board_is_a_board():
    (energy,) = measure(FaultyBoard(STEADY, name="NVIDIA H100 PCIe"), 5.0).gross
    assert energy.scope is Scope.BOARD

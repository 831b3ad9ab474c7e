import math

import pytest
from meter_kit.board import FaultyBoard, FaultyDriver

from hitl_sim.energy import Kind
from hitl_sim.energy.meters import Meter, NvmlBackend, RaplBackend
from hitl_sim.energy.meters.simulated import (
    VirtualTime,
    Waveform,
)


def meter_of(waveform=None, **board):
    time = VirtualTime()
    boards = [FaultyBoard(waveform or Waveform([0.0], [200.0]), **board)]
    backend = NvmlBackend(
        FaultyDriver(boards, time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )
    return time, Meter([backend], clock=time.clock, sleep=time.sleep)


def repeat(seconds, **options):
    time, meter = meter_of()
    options.setdefault("max_s", 1000.0)
    return meter.repeat(
        lambda: time.sleep(seconds), name="step", phase="train", **options
    )


def test_short_work_is_repeated_until_the_target():
    result = repeat(0.05, max_relative_error=0.06)
    assert result.stopped == "target"
    assert result.stopped == "target"
    assert result.num_repeats * 0.05 == pytest.approx(2.5, rel=0.5)
    (energy,) = result.per_call
    assert energy.value == pytest.approx(10.0, rel=0.03)
    low, high = energy.interval
    assert (high - low) / 2 / energy.value <= 0.06


def test_a_tighter_target_takes_more_repeats():
    loose, tight = (repeat(0.05, max_relative_error=e) for e in (0.1, 0.055))
    assert tight.num_repeats > 2 * loose.num_repeats


def test_long_work_is_done_once():
    assert repeat(60.0, max_relative_error=0.06).num_repeats == 1


def test_a_target_below_the_sensor_ends_when_more_would_not_help():
    result = repeat(0.05, max_relative_error=0.01)
    assert result.stopped == "sensor"
    assert 150 < result.num_repeats < 400


def test_caps_end_it_and_say_so():
    assert repeat(0.05, max_repeats=3).num_repeats == 3
    assert repeat(0.05, max_repeats=3).stopped == "max_repeats"
    capped = repeat(0.01, max_relative_error=0.051, max_s=0.5)
    assert capped.stopped == "max_s"
    assert capped.reading.seconds.value == pytest.approx(0.5, abs=0.02)


def test_nothing_to_read_is_said_after_one_call(tmp_path):
    meter = Meter([RaplBackend(tmp_path / "none")])
    calls = []
    result = meter.repeat(lambda: calls.append(1), name="x", phase="train")
    assert (len(calls), result.stopped) == (1, "nothing to read")
    assert result.per_call[0].value is None


def test_work_that_fails_is_not_repeated():
    codes = []
    time, meter = meter_of()

    def work():
        time.sleep(0.01)
        codes.append(len(codes))

    result = meter.repeat(
        work, name="x", phase="train", has_failed=lambda: codes[-1] == 2
    )
    assert (result.stopped, result.num_repeats) == ("failed", 3)


def test_gross_idle_and_marginal_come_per_call():
    time, meter = meter_of(Waveform([0.0, 100.0], [60.0, 260.0]))
    meter.measure_idle(20.0)
    time.sleep(100.0)
    result = meter.repeat(lambda: time.sleep(1.0), name="x", phase="embed")
    assert result.per_call[0].value == pytest.approx(260.0, rel=0.02)
    assert result.marginal_per_call[0].value == pytest.approx(200.0, rel=0.03)
    assert result.per_call[0].kind is Kind.MEASURED_COUNTER


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_relative_error": 0.0}, "`max_relative_error` must be > 0, got 0.0"),
        ({"max_relative_error": math.inf}, "`max_relative_error` must be > 0"),
        ({"max_repeats": 0}, "`max_repeats` must be >= 1, got 0"),
        ({"max_s": 0.0}, "`max_s` must be > 0 s, got 0.0"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        repeat(0.1, **options)

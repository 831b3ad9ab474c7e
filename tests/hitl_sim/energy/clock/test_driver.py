import pytest

from hitl_sim.energy.clock import read_clocks, sweep_setting
from hitl_sim.energy.clock.driver import ClockRefusedError


def test_reading_tells_clocks_and_limits_and_sets_nothing(driver_of):
    driver = driver_of()
    (board,), reason = read_clocks(driver, environ={})
    assert reason == ""
    assert (board.of, board.name) == ("host/gpu0", "Fake A100")
    assert board.clock_hz.value == board.top_hz.value == 1.41e9
    assert board.choices_hz == (1.41e9, 7.05e8, 2.1e8)
    assert (board.lowest_w.value, board.highest_w.value) == (100.0, 400.0)
    assert board.limit_w.value == board.usual_w.value == 400.0
    assert driver.log == []


def test_what_the_driver_does_not_tell_comes_with_its_answer(driver_of):
    driver = driver_of(lists_clocks=False)
    driver.nvmlDeviceGetClockInfo = driver.nvmlDeviceGetSupportedMemoryClocks
    (board,), _ = read_clocks(driver, environ={})
    assert board.choices_hz == ()
    assert board.clock_hz.value is None
    assert board.clock_hz.reason.startswith("the driver says:")


def test_without_a_driver_the_reason_is_said():
    class Absent:
        def nvmlInit(self):  # noqa: N802
            raise RuntimeError("NVML Shared Library Not Found")

    boards, reason = read_clocks(Absent(), environ={})
    assert boards == ()
    assert "NVML Shared Library Not Found" in reason


def test_a_sweep_sets_each_level_and_sets_the_board_back(driver_of):
    driver, seen = driver_of(), []

    def run():
        seen.append(driver.clock_mhz)
        return 1.0, None

    points = sweep_setting(
        "clock_hz", [7.05e8, 1.41e9], run, allow_setting=True, driver=driver, environ={}
    )
    assert seen == [705, 1410]
    assert [point.level for point in points] == [7.05e8, 1.41e9]
    assert driver.log == [
        ("clock", 705, 705),
        ("reset",),
        ("clock", 1410, 1410),
        ("reset",),
    ]


def test_a_job_that_fails_leaves_the_power_limit_as_it_was(driver_of):
    driver = driver_of()
    driver.limit_mw = 350_000

    def run():
        assert driver.limit_mw == 200_000
        raise OSError("the job died")

    with pytest.raises(OSError, match="the job died"):
        sweep_setting(
            "limit_w", [200.0], run, allow_setting=True, driver=driver, environ={}
        )
    assert driver.limit_mw == 350_000


def test_no_setting_changes_unless_it_was_allowed(driver_of):
    driver = driver_of()
    with pytest.raises(ValueError, match="`allow_setting` must be True"):
        sweep_setting("clock_hz", [1e9], lambda: (1.0, None), driver=driver, environ={})
    assert driver.log == []


@pytest.mark.parametrize("setting", ["clock_hz", "limit_w"])
def test_a_driver_that_refuses_is_quoted(driver_of, setting):
    driver = driver_of(may_set=False)
    with pytest.raises(ClockRefusedError, match="Insufficient Permissions"):
        sweep_setting(
            setting,
            [200.0],
            lambda: (1.0, None),
            allow_setting=True,
            driver=driver,
            environ={},
        )


def test_a_board_that_is_not_there_is_refused(driver_of):
    with pytest.raises(ValueError, match=r"`of` must be one of .*host/gpu0.*gpu7"):
        sweep_setting(
            "clock_hz",
            [1e9],
            lambda: (1.0, None),
            allow_setting=True,
            of="host/gpu7",
            driver=driver_of(),
            environ={},
        )

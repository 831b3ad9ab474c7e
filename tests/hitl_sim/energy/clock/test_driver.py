from hitl_sim.energy.clock import read_clocks


def test_reading_tells_clocks_and_limits_and_sets_nothing(driver_of):
    driver = driver_of()
    (board,), reason = read_clocks(driver, environ={})
    assert reason == ""
    assert (board.of, board.name) == ("host/gpu0", "Fake A100")
    assert board.clock_hz.value == board.top_hz.value == 1.41e9
    assert board.choices_hz == (1.41e9, 7.05e8, 2.1e8)
    assert (board.lowest_w.value, board.highest_w.value) == (100.0, 400.0)
    assert board.limit_w.value == board.usual_w.value == 400.0


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

"""Our NVML meter on a fake driver library, through NVIDIA's own binding."""

import os

import pytest

from hitl_sim.energy import Kind, Scope


def energy_of(reading, index=0):
    return next(q for q in reading.gross if q.of == f"host/gpu{index}")


def test_counter_and_integrated_power_are_both_kept_and_agree(machine):
    machine.add(idle_w=50, load_w=250)
    reading = machine.window(5.0)
    (check,) = reading.checks
    assert check.label == "agree"
    assert check.counter.value == pytest.approx(1250.0, rel=0.03)
    assert check.sampled.value == pytest.approx(1250.0, rel=0.03)
    assert check.sampled.kind is Kind.MEASURED_SAMPLED
    assert energy_of(reading).kind is Kind.MEASURED_COUNTER


@pytest.mark.parametrize("seconds", [0.7, 3.3, 10.0])
@pytest.mark.parametrize("duty", [0.25, 1.0])
def test_the_interval_holds_the_truth_of_a_pulsing_load(machine, seconds, duty):
    machine.add(idle_w=60, load_w=400, load_period=1.0, duty=duty, load_from=0.5)
    reading = machine.window(seconds)
    truth = machine.energy(0, 1.0, 1.0 + seconds)
    low, high = energy_of(reading).interval
    assert low < truth < high


def test_a_power_reading_that_shows_another_load_is_suspect(machine):
    machine.add(idle_w=50, load_w=450, load_period=0.1, duty=0.5, power_s=0.1)
    reading = machine.window(5.0)
    (check,) = reading.checks
    assert check.label == "suspect"
    assert "counter 1250 J, integrated power" in check.note
    energy = energy_of(reading)
    assert energy.interval[0] <= check.sampled.value <= energy.interval[1]
    assert "suspect" in energy.source


def test_without_a_counter_the_sampled_power_stands_in(machine):
    machine.add(load_w=300, no_counter=1)
    (seen,) = machine.backend().probe()
    assert seen.kind is Kind.MEASURED_SAMPLED
    assert "instantaneous power is sampled" in seen.note
    energy = energy_of(machine.window(3.0))
    assert energy.kind is Kind.MEASURED_SAMPLED
    assert energy.value == pytest.approx(900.0, rel=0.01)


def test_averaged_power_is_less_sure_than_instantaneous_power(machine):
    machine.add(idle_w=50, load_w=300, load_from=2.0, no_counter=1)
    machine.add(idle_w=50, load_w=300, load_from=2.0, no_counter=1, no_instant=1)
    reading = machine.window(4.0)
    instant, average = (energy_of(reading, index) for index in (0, 1))
    assert average.interval[1] - average.value > 250.0 * 1.0
    assert instant.interval[1] - instant.value < 150.0


def test_a_board_that_tells_nothing_says_what_it_needs(machine):
    machine.add(no_counter=1, no_power=1)
    (seen,) = machine.backend().probe()
    assert not seen.is_available
    assert "Not Supported" in seen.reason
    energy = energy_of(machine.window(1.0))
    assert energy.value is None
    assert "Volta" in energy.reason


def test_a_counter_that_starts_again_gives_the_sampled_energy(machine):
    machine.add(load_w=200, reset_at=3.0)
    reading = machine.window(4.0)
    (check,) = reading.checks
    assert check.label == "reset"
    energy = energy_of(reading)
    assert energy.kind is Kind.MEASURED_SAMPLED
    assert energy.value == pytest.approx(800.0, rel=0.01)


def test_a_reset_early_in_a_long_window_does_not_go_unseen(machine):
    machine.add(load_w=200, reset_at=1.5)
    reading = machine.window(10.0)
    assert reading.checks[0].label == "reset"
    low, high = energy_of(reading).interval
    assert low < 2000.0 < high


def test_a_lost_board_is_unavailable_with_a_remedy(machine):
    machine.add(lost_at=2.0)
    machine.add(load_w=100)
    reading = machine.window(3.0)
    lost = energy_of(reading, 0)
    assert lost.value is None
    assert "GPU is lost" in lost.reason
    assert "kernel log" in lost.reason
    assert energy_of(reading, 1).value == pytest.approx(300.0, rel=0.05)


def test_no_driver_is_said_so(machine):
    machine.write(no_driver=1)
    (seen,) = machine.backend().probe()
    assert "Driver Not Loaded" in seen.reason


@pytest.mark.parametrize(
    ("visible", "boards"),
    [
        ("1", ["host/gpu1"]),
        ("GPU-bbbb", ["host/gpu1"]),
        ("GPU-cccc-0003,GPU-aaaa", ["host/gpu2", "host/gpu0"]),
        ("2,0", ["host/gpu2", "host/gpu0"]),
    ],
)
def test_only_visible_boards_are_measured(machine, visible, boards):
    for uuid in ("GPU-aaaa-0001", "GPU-bbbb-0002", "GPU-cccc-0003"):
        machine.add(uuid=uuid, load_w=100)
    environ = {"CUDA_VISIBLE_DEVICES": visible}
    seen = machine.backend(environ=environ).probe()
    hidden = [c.device for c in seen if not c.is_available]
    reading = machine.window(1.0, start_s=3.0, environ=environ)
    assert {q.of for q in reading.gross} == set(boards)
    assert set(hidden) | set(boards) == {"host/gpu0", "host/gpu1", "host/gpu2"}


@pytest.mark.parametrize("visible", ["", "-1"])
def test_hidden_boards_give_unavailable_energy_and_not_zero(machine, visible):
    machine.add(load_w=100)
    environ = {"CUDA_VISIBLE_DEVICES": visible}
    (energy,) = machine.window(1.0, environ=environ).gross
    assert energy.value is None
    assert "CUDA_VISIBLE_DEVICES" in energy.reason


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mig": 1}, "MIG is on"),
        ({"virtualization": 2}, "virtual GPU"),
        ({"virtualization": 3}, "hosts virtual GPUs"),
        ({"pid": 1}, "other programs run on it (1)"),
    ],
)
def test_a_shared_board_is_refused_unless_a_share_is_declared(machine, fault, reason):
    machine.add(load_w=100, **fault)
    (refused,) = machine.window(2.0).gross
    assert refused.value is None
    assert reason in refused.reason
    start = machine.time.now_s + 1
    reading = machine.window(2.0, start_s=start, share={"host/gpu0": 0.5})
    assert energy_of(reading).value == pytest.approx(100.0, rel=0.06)
    assert energy_of(reading).kind is Kind.ASSUMED


def test_our_own_program_on_a_board_does_not_share_it(machine):
    machine.add(load_w=100, pid=os.getpid())
    assert energy_of(machine.window(2.0)).is_known


def test_probing_sees_the_update_period(machine):
    machine.add(counter_s=0.02)
    (seen,) = machine.backend().probe()
    assert seen.update_period_s == pytest.approx(0.02, abs=0.002)
    assert seen.relative_error == 0.05


def test_power_is_sampled_only_while_a_window_is_open(machine):
    machine.add(load_w=100)
    backend = machine.backend()
    machine.sleep(1.0)
    with backend.while_open:
        with backend.while_open:
            machine.sleep(1.0)
        machine.sleep(1.0)
        inside = backend.read().power["host/gpu0"].num_steps
    machine.sleep(5.0)
    after = backend.read().power["host/gpu0"].num_steps
    assert 20 < inside < 60
    assert after == inside + 1


def test_a_superchips_counter_and_power_are_its_modules(machine):
    machine.add(name="NVIDIA_GH200_480GB", idle_w=50, load_w=250, module_w=100)
    machine.add(name="NVIDIA_H100_PCIe", idle_w=50, load_w=250)
    reading = machine.window(5.0)
    module, board = (energy_of(reading, index) for index in (0, 1))
    assert (module.scope, board.scope) == (Scope.MODULE, Scope.BOARD)
    assert module.value == pytest.approx(1750.0, rel=0.03)
    assert [check.label for check in reading.checks] == ["agree", "agree"]
    assert reading.checks[0].sampled.value == pytest.approx(1750.0, rel=0.03)

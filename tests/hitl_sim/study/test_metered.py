import pytest

from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.study.metered import (
    TimingSample,
    check_platform,
    measured_joules,
    own_joules,
    own_seconds,
    why_disturbed,
)


def reading(value, of, scope=Scope.PACKAGE, kind=Kind.MEASURED_COUNTER):
    interval = (0.9 * value, 1.1 * value)
    return Quantity(value, "J", kind, scope, interval, f"counter of {of}", of=of)


def seen(*readings, core_frac=1.0, seconds=2.0):
    return TimingSample(10, seconds, tuple(r.to_json() for r in readings), core_frac)


def test_sockets_of_a_processor_add():
    readings = [reading(3.0, "host/package0"), reading(4.0, "host/package1")]
    joules = measured_joules([r.to_json() for r in readings], "package")
    assert (joules.value, joules.kind) == (7.0, Kind.MEASURED_COUNTER)


def test_two_boards_are_not_added_because_one_worked():
    readings = [reading(3.0, f"host/gpu{i}", Scope.BOARD) for i in (0, 1)]
    joules = measured_joules([r.to_json() for r in readings], "board")
    assert joules.value is None
    assert "2 devices were read and one worked" in joules.reason
    one = measured_joules([readings[0].to_json()], "board")
    assert one.value == 3.0


def test_joules_of_another_scope_are_not_taken_and_the_reason_says_so():
    joules = measured_joules(
        [reading(3.0, "host/gpu0", Scope.BOARD).to_json()], "package"
    )
    assert joules.reason == "the meters cover board, not package"


def test_modelled_joules_of_a_meter_are_not_measured():
    guess = reading(3.0, "host/package0", kind=Kind.MODELLED_ANALYTIC)
    joules = measured_joules([guess.to_json()], "package")
    assert joules.value is None
    assert "modelled analytic, not measured" in joules.reason


def test_the_reasons_of_the_meters_are_kept():
    lost = unavailable("J", Scope.PACKAGE, "no permission", of="host/package0")
    assert measured_joules([lost.to_json()], "package").reason == "no permission"
    assert measured_joules([], "package").reason.startswith("no energy counter")


def test_a_disturbed_window_counts_by_processor_time_and_has_no_joules():
    sample = seen(reading(3.0, "host/package0"), core_frac=0.5)
    assert why_disturbed([sample], is_cpu=True)
    assert own_seconds(sample, is_cpu=True) == 1.0
    joules = own_joules([sample], "package", is_cpu=True)
    assert joules.value is None
    assert "other programs used the processor" in joules.reason


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"core_frac": 0.6}, "it had 60 % of its core"),
        ({"other_cores": 1.3}, "other programs kept 1.3 cores busy"),
        ({"steal_frac": 0.05}, "other guests of its host took 5 %"),
        ({"uneven_frac": 0.4}, "calls took 40 % longer than the quickest"),
    ],
)
def test_each_sign_of_a_disturbed_machine_is_told(sign, words):
    quiet = seen(reading(3.0, "host/package0"))
    assert why_disturbed([quiet], is_cpu=True) == ""
    disturbed = quiet._replace(**sign)
    assert why_disturbed([quiet, disturbed], is_cpu=True) == words
    assert own_joules([disturbed], "package", is_cpu=True).value is None
    # time alone on a core is time, whatever others did beside it
    assert own_seconds(disturbed, is_cpu=True) == (1.2 if "core_frac" in sign else 2.0)


def test_an_accelerators_window_is_not_disturbed_by_an_idle_core():
    sample = seen(reading(3.0, "host/gpu0", Scope.BOARD), core_frac=0.1)
    assert own_seconds(sample, is_cpu=False) == 2.0
    assert own_joules([sample], "board", is_cpu=False).value == 3.0


def test_a_quiet_window_counts_by_the_clock():
    sample = seen(reading(3.0, "host/package0"), core_frac=0.99)
    assert own_seconds(sample, is_cpu=True) == 2.0
    assert own_joules([sample], "package", is_cpu=True).value == 3.0


def test_a_profile_of_another_kind_of_device_is_refused():
    check_platform("cpu", "package", "server-cpu")
    check_platform("gpu", "board", "h100")
    with pytest.raises(ValueError, match=r"profile of a processor.*'h100'.*board"):
        check_platform("cpu", "board", "h100")
    with pytest.raises(ValueError, match="profile of an accelerator"):
        check_platform("gpu", "package", "server-cpu")

import pytest

from hitl_sim.energy import Kind, Quantity, Scope, total
from hitl_sim.energy.meters import Meter, WallMeterBackend
from hitl_sim.energy.meters.simulated import VirtualTime

EPOCH = 1_700_000_000.0


class Plug:
    """A logger that writes a row a second, and a meter that reads its file."""

    def __init__(self, path, watts=lambda at: 150.0, column="watts"):
        self.path, self.watts, self.column = path, watts, column
        self.time, self.offset, self.joules, self.num = VirtualTime(), 0.0, 0.0, 0
        self.path.write_text(f"time_s,{column}\n")
        self.row()
        self.time.every(self.row, lambda: 1.0)

    def row(self):
        at = self.time.now_s
        self.joules += self.watts(at) if self.num else 0.0
        self.num += 1
        number = self.watts(at) if self.column == "watts" else self.joules
        with self.path.open("a") as file:
            file.write(f"{EPOCH + at},{number}\n")

    def backend(self, **options):
        return WallMeterBackend(
            self.path,
            options.pop("relative_error", 0.02),
            "plug meter, datasheet 2024",
            clock=self.time.clock,
            wall_clock=lambda: EPOCH + self.time.now_s + self.offset,
            sleep=self.time.sleep,
            **options,
        )

    def window(self, seconds, start_s=2.5, change=lambda: None, **options):
        self.time.sleep(start_s)
        meter = Meter([self.backend(**options)], clock=self.time.clock)
        with meter.window("x", phase="train") as window:
            self.time.sleep(seconds)
            change()
        return window.joules[0]


def test_watts_are_integrated_over_the_window(tmp_path):
    energy = Plug(tmp_path / "log.csv").window(10.2)
    assert energy.value == pytest.approx(1530.0)
    assert (energy.scope, energy.kind) == (Scope.WALL, Kind.MEASURED_SAMPLED)
    assert energy.interval[1] == pytest.approx(1530.0 * 1.02)


def test_joules_are_a_counter(tmp_path):
    energy = Plug(tmp_path / "log.csv", column="joules").window(10.2)
    assert energy.value == pytest.approx(1530.0)
    assert energy.kind is Kind.MEASURED_COUNTER


def test_power_that_changes_stays_within_the_interval(tmp_path):
    plug = Plug(tmp_path / "log.csv", lambda at: 300.0 if 5 <= at < 11 else 100.0)
    low, high = plug.window(12.0).interval
    assert low < 100.0 * 12 + 200.0 * 6 < high


def test_the_row_after_the_end_is_waited_for(tmp_path):
    plug = Plug(tmp_path / "log.csv")
    plug.window(3.0)
    assert plug.time.now_s >= 6.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plug: plug.path.unlink(), "No such file"),
        (lambda plug: plug.path.write_text("time_s,watts\n"), "begins after"),
        (
            lambda plug: plug.path.write_text("a,b\n1,2\n"),
            "must have a column 'time_s'",
        ),
        (lambda plug: setattr(plug, "offset", 30.0), "clock was set by"),
        (
            lambda plug: plug.path.write_text("time_s,watts\n1,2\n0,2\n"),
            "in order of time",
        ),
        (lambda plug: plug.path.write_text("time_s,watts\n1,x\n"), "holds a row"),
        (lambda plug: plug.path.write_text("time_s,watts\n1,-2\n"), "must be >= 0"),
    ],
)
def test_a_file_that_cannot_be_used_gives_a_reason(tmp_path, change, reason):
    plug = Plug(tmp_path / "log.csv")
    energy = plug.window(3.0, change=lambda: change(plug), max_wait_s=0.0)
    assert energy.value is None
    assert reason in energy.reason


def test_a_logger_that_stopped_or_paused_is_not_bridged(tmp_path):
    plug = Plug(tmp_path / "log.csv")
    plug.time.sleep(3.0)
    lines = plug.path.read_text()
    energy = plug.window(
        5.0, change=lambda: plug.path.write_text(lines), max_wait_s=0.0
    )
    assert "ends 7.5 s before" in energy.reason


def test_a_gap_in_the_file_is_not_bridged(tmp_path):
    plug = Plug(tmp_path / "log.csv")
    rows = "".join(f"{EPOCH + at},100\n" for at in (0, 1, 40))
    gap = plug.window(9.0, change=lambda: plug.path.write_text("time_s,watts\n" + rows))
    assert "no row for 39.0 s" in gap.reason


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path):
    plug = Plug(tmp_path / "log.csv")

    def half_a_line():
        plug.path.write_text(plug.path.read_text() + "17000000")

    assert plug.window(5.0, change=half_a_line, max_wait_s=0.0).reason.count("ends")


def test_iso_times_need_an_offset(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,watts\n2026-03-01T12:00:00,5\n2026-03-01T12:00:01,5\n")
    (seen,) = WallMeterBackend(path, 0.01, "x").probe()
    assert "must have an offset" in seen.reason
    path.write_text("time,watts\n2026-03-01T12:00:00+00:00,5\n")
    (seen,) = WallMeterBackend(path, 0.01, "x").probe()
    assert "fewer than two rows" in seen.reason


def test_probing_sees_pace_and_a_logger_that_has_ended(tmp_path):
    plug = Plug(tmp_path / "log.csv")
    plug.time.sleep(5.0)
    (seen,) = plug.backend().probe()
    assert seen.is_available
    assert seen.update_period_s == pytest.approx(1.0)
    plug.offset = 100.0
    (seen,) = plug.backend().probe()
    assert "start the logger" in seen.reason


def test_the_wall_is_never_added_to_what_it_holds(tmp_path):
    wall = Plug(tmp_path / "log.csv").window(10.0)
    package = Quantity(
        5.0, "J", Kind.ASSUMED, Scope.PACKAGE, None, "x", of="host/package-0"
    )
    with pytest.raises(ValueError, match="must be disjoint"):
        total([wall, package])


@pytest.mark.parametrize(("error", "source"), [(0.0, "x"), (-1.0, "x"), (0.1, "")])
def test_error_and_source_have_no_default(tmp_path, error, source):
    with pytest.raises(ValueError, match="must"):
        WallMeterBackend(tmp_path, error, source)

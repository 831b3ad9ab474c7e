"""Windows over fake counters: their sums hold the truth, and no single one is read."""

import json
import math
from types import SimpleNamespace

import jax.numpy as jnp
import pytest
from meter_kit.board import FaultyBoard, FaultyDriver
from meter_kit.powercap import Tree

import hitl_sim as hs
from hitl_sim.energy import Kind, Quantity, Scope
from hitl_sim.energy.meters import Meter, NvmlBackend, RaplBackend, outputs
from hitl_sim.energy.meters.backend import Quick
from hitl_sim.energy.meters.simulated import VirtualTime, Waveform
from hitl_sim.session.error import SessionError

SERVER = {
    "intel-rapl:0": ("package-0", 100.0),
    "intel-rapl:0:0": ("core", 70.0),
    "intel-rapl:0:1": ("dram", 10.0),
}
REPORTS = 5


class Host:
    """A fake powercap tree on a virtual clock, whose package draws what it is told."""

    def __init__(self, root):
        self.tree = Tree(root, dict(SERVER))
        time = VirtualTime()
        self.backend = RaplBackend(
            self.tree.root,
            self.tree.clock,
            self.tree.sleep,
            every=time.every,
            cpu_time=lambda: None,
        )
        self.meter = Meter([self.backend], clock=self.tree.clock, sleep=self.tree.sleep)

    def work(self, seconds, watts):
        name, _ = SERVER["intel-rapl:0"]
        self.tree.zones["intel-rapl:0"] = (name, watts)
        self.tree.sleep(seconds)


class Gpu:
    """A fake driver with one board whose counter moves every tenth of a second."""

    def __init__(self, waveform, counter_s=0.1):
        self.time = VirtualTime()
        board = FaultyBoard(waveform, counter_s=counter_s, power_s=counter_s)
        self.backend = NvmlBackend(
            FaultyDriver([board], self.time),
            self.time.clock,
            self.time.sleep,
            every=self.time.every,
            environ={},
        )
        self.meter = Meter([self.backend], clock=self.time.clock, sleep=self.time.sleep)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "powercap")


def loop(session, train, evaluate=lambda: None, reports=REPORTS, each=10):
    for arm in session.runs({"control": "control"}):
        with arm:
            for report in range(1, reports + 1):
                for _ in range(each):
                    with arm.work("train", items=4):
                        train()
                with arm.work("evaluate"):
                    evaluate()
                arm.report(step=each * report, accuracy=0.1 * report)


def sidecar(session):
    (path,) = (session.out / "sidecar").glob("*.json")
    return json.loads(path.read_text())


def lines(session, unit, is_first_use=False):
    for line in sidecar(session)["units"]:
        if line["unit"] == unit and line["is_first_use"] is is_first_use:
            return line, {q.of: q for q in map(Quantity.from_json, line["joules"])}
    raise AssertionError(unit)


def test_joules_of_a_scripted_load_lie_in_the_meters_interval(open_session, host):
    with open_session(meters=host.meter) as session:
        loop(
            session,
            train=lambda: host.work(0.5, 200.0),
            evaluate=lambda: host.work(2.0, 50.0),
        )
    trained, joules = lines(session, "train")
    assert (trained["windows"], trained["items"]) == (49, 196)
    assert trained["seconds"] == pytest.approx(49 * 0.5)
    package = joules["host/package-0"]
    assert package.value == pytest.approx(49 * 0.5 * 200.0)
    assert package.kind is Kind.MEASURED_COUNTER
    low, high = package.interval
    assert low < 49 * 0.5 * 200.0 < high
    # what the sensor itself may err by, and the edges of 49 windows
    assert (high - low) / package.value < 0.25
    evaluated = lines(session, "evaluate")[1]["host/package-0"]
    assert evaluated.value == pytest.approx(4 * 2.0 * 50.0)


def test_memory_is_on_the_bill_beside_its_processor(open_session, host):
    with open_session(meters=host.meter) as session:
        loop(session, lambda: host.work(0.5, 200.0), lambda: host.work(2.0, 50.0))
    dram = lines(session, "train")[1]["host/package-0/dram"]
    assert (dram.value, dram.scope) == (pytest.approx(49 * 0.5 * 10.0), Scope.DRAM)
    results = session.results()
    assert results.manifest["profile"]["scope"] == "node"
    (task,) = results.result.tasks
    joules = task.control.joules.quantity
    assert joules.kind is Kind.MEASURED_COUNTER
    # four evaluations and 40 steps to the target, at the cost of the later windows
    target = task.control.steps.value
    assert joules.value == pytest.approx(
        target * 4 * (0.5 * 210.0 / 4) + target / 10 * 2.0 * 60.0, rel=1e-6
    )
    assert results.result.is_measured


def test_the_first_use_of_a_unit_is_apart_and_billed_to_nobody(open_session, host):
    spans = iter([10.0, *[0.5] * 49])
    with open_session(meters=host.meter) as session:
        loop(session, lambda: host.work(next(spans), 200.0))
    first, joules = lines(session, "train", is_first_use=True)
    assert (first["windows"], first["seconds"]) == (1, pytest.approx(10.0))
    assert joules["host/package-0"].value == pytest.approx(2000.0)
    cost = session.results().manifest["profile"]["unit"]["train"]
    assert cost["seconds"]["value"] == pytest.approx(0.5 / 4)
    assert cost["seconds"]["low"] == pytest.approx(0.5 / 4)


def test_a_unit_that_is_done_once_is_billed_with_its_first_use(open_session, host):
    with open_session(meters=host.meter) as session:
        loop(session, lambda: host.work(3.0, 200.0), reports=1, each=1)
    cost = session.results().manifest["profile"]["unit"]["train"]
    assert cost["joules"]["value"] == pytest.approx(3.0 * 210.0 / 4)
    assert "first use included" in cost["seconds"]["source"]


def test_windows_that_differ_leave_an_interval_of_seconds(open_session, host):
    spans = iter([1.0, *[0.4, 0.6] * 25])
    with open_session(meters=host.meter) as session:
        loop(session, lambda: host.work(next(spans), 200.0))
    seconds = session.results().manifest["profile"]["unit"]["train"]["seconds"]
    mean = (25 * 0.4 + 24 * 0.6) / 49 / 4
    assert seconds["value"] == pytest.approx(mean)
    spread = math.sqrt(sum((t - 4 * mean) ** 2 for t in [0.4] * 25 + [0.6] * 24))
    assert seconds["high"] - mean == pytest.approx(1.96 * spread / 49 / 4, rel=1e-3)


@pytest.mark.parametrize("window_s", [0.02, 0.05])
def test_windows_shorter_than_the_period_of_a_counter_add_up(open_session, window_s):
    # 300 W while training, 60 W between: at random phases of the counter's period
    gpu = Gpu(Waveform([0.0], [300.0]))
    rest = iter([0.013, 0.071, 0.037] * 400)

    def train():
        gpu.time.sleep(window_s)

    with open_session(meters=gpu.meter, device="h100") as session:
        for arm in session.runs({"control": "control"}):
            with arm:
                for step in range(1, 301):
                    with arm.work("train"):
                        train()
                    gpu.time.sleep(next(rest))
                    if step % 60 == 0:
                        arm.report(step=step, accuracy=0.001 * step)
    line, joules = lines(session, "train")
    assert line["seconds"] == pytest.approx(299 * window_s)
    (board,) = joules.values()
    truth = 299 * window_s * 300.0
    low, high = board.interval
    assert low < truth < high
    half = 1.96 * 300.0 * 0.1 * math.sqrt(299 / 6)
    assert high - low > 2 * half * 0.9


def test_too_little_time_for_a_counter_is_unknown_and_never_zero(open_session):
    gpu = Gpu(Waveform([0.0], [300.0]))
    with open_session(meters=gpu.meter, device="h100") as session:
        for arm in session.runs({"control": "control"}):
            with arm:
                for step in range(1, 6):
                    gpu.time.sleep(1.0)
                    with arm.work("train"):
                        gpu.time.sleep(0.001)
                    arm.report(step=step, accuracy=0.1 * step)
        assert session.metering.accelerators == ["host/gpu0"]
    (board,) = lines(session, "train")[1].values()
    assert board.value is None
    assert "too little for a counter that moves every 0.1" in board.reason
    # so its seconds are billed at the watts of the device
    cost = session.results().manifest["profile"]["unit"]["train"]
    assert cost.keys() == {"seconds"}


def test_a_device_must_be_named_where_an_accelerator_is_measured(open_session):
    gpu = Gpu(Waveform([0.0], [300.0]))
    with pytest.raises(
        SessionError, match=r"`device` must name the profile .*host/gpu0"
    ):
        open_session(meters=gpu.meter)


def test_what_others_use_too_is_not_attributed(open_session, host):
    ours = iter(range(10_000))
    host.backend.cpu_time = lambda: SimpleNamespace(
        host_s=(now := next(ours)) * 10.0, others_s=now * 9.0, own_s=now * 1.0
    )
    with open_session(meters=host.meter) as session:
        loop(session, lambda: host.work(0.5, 200.0))
    package = lines(session, "train")[1]["host/package-0"]
    assert package.value is None
    assert "declare this program's share" in package.reason
    with open_session("own", meters=host.meter, share={"host": 0.5}) as session:
        loop(session, lambda: host.work(0.5, 200.0))
    half = lines(session, "train")[1]["host/package-0"]
    assert half.value == pytest.approx(0.5 * 49 * 0.5 * 200.0)


class Model:
    """A meter without a counter: it knows what a whole stretch took."""

    name = "model"

    def __init__(self, tree):
        self.inner = RaplBackend(
            tree.root, tree.clock, tree.sleep, cpu_time=lambda: None
        )

    def probe(self):
        return self.inner.probe()

    def read(self):
        return self.inner.read()

    def delta(self, start, end):
        return self.inner.delta(start, end)


def test_a_meter_without_counters_is_shared_out_by_time(open_session, host):
    meter = Meter([Model(host.tree)], clock=host.tree.clock, sleep=host.tree.sleep)
    assert not isinstance(meter.backends[0], Quick)
    with open_session(meters=meter) as session:
        loop(session, lambda: host.work(0.5, 200.0), lambda: host.work(5.0, 50.0))
    package = lines(session, "train")[1]["host/package-0"]
    whole = 50 * 0.5 * 200.0 + 5 * 5.0 * 50.0
    assert package.value == pytest.approx(whole * 49 * 0.5 / 50.0)
    assert package.kind is Kind.MODELLED_CALIBRATED
    assert "share of the run's time" in package.source


def test_waiting_is_no_work_and_is_billed_as_waiting(open_session, host):
    with open_session(meters=host.meter) as session:
        for arm in session.runs({"control": "control"}):
            with arm:
                with arm.work("wait"):
                    host.work(60.0, 20.0)
                for step in (1, 2):
                    with arm.work("train"):
                        host.work(1.0, 200.0)
                    arm.report(step=step, accuracy=0.5)
    row = session.results()._analysis.folder.records.to_pylist()[0]
    assert row["work_unit"] == ["train"]
    assert row["wait_s"] == pytest.approx([60.0, 60.0])
    (wait,) = sidecar(session)["wait"]
    assert wait["seconds"] == pytest.approx(60.0)
    by_line = session.results().result.tasks[0].control.ledger["device_waiting"]
    assert by_line.seconds.value == pytest.approx(60.0)


def test_units_of_their_own_cost_what_they_cost(open_session, host):
    with open_session(meters=host.meter) as session:
        for arm in session.runs({"control": "control", "small": "arm"}):
            seconds, unit = (1.0, None) if arm.role == "control" else (0.25, "small")
            with arm:
                for step in range(1, 6):
                    with arm.work("train", unit=unit):
                        host.work(seconds, 100.0)
                    arm.report(step=step, accuracy=0.1 * step)
    control, small = session.results().summary().to_pylist()
    assert small["ratio"] == pytest.approx(0.25)
    assert control["device_j"] == pytest.approx(5 * 110.0)


def test_what_only_the_experimenter_needs_is_not_billed(open_session, host):
    with open_session(meters=host.meter) as session:
        for arm in session.runs({"control": "control"}):
            with arm:
                for step in range(1, 4):
                    with arm.work("train"):
                        host.work(1.0, 100.0)
                    with arm.work("evaluate", purpose="instrument"):
                        host.work(1.0, 100.0)
                    arm.report(step=step, accuracy=0.1 * step, test=0.05 * step)
    (control,) = session.results().summary().to_pylist()
    assert control["device_j"] == pytest.approx(3 * 110.0)
    assert control["test_accuracy"] == pytest.approx(0.15)


def test_an_error_inside_a_window_counts_nothing(open_session):
    with open_session().arm("guided") as arm:
        with pytest.raises(KeyError), arm.work("train"):
            raise KeyError
        with arm.work("train"):
            pass
        arm.report(step=1, accuracy=0.5)
    assert arm.row()["work_count"] == [[1]]


def test_counters_that_cannot_be_read_say_why(open_session, tmp_path):
    gone = RaplBackend(tmp_path / "nothing")
    with open_session(meters=[gone]) as session:
        loop(session, lambda: None)
    assert "no counters under" in next(iter(sidecar(session)["absent"].values()))
    assert session.metering.read() == {}


class Tensor:
    """A tensor of a library that is not here."""

    def __init__(self, kind, index=0):
        self.device = SimpleNamespace(type=kind, index=index)


class Device(SimpleNamespace):
    def __str__(self):
        return f"{self.type}:{self.index}"


def test_outputs_are_waited_for_whatever_made_them(monkeypatch):
    waited = []
    torch = SimpleNamespace(
        Tensor=Tensor,
        cuda=SimpleNamespace(synchronize=lambda device: waited.append(str(device))),
        mps=SimpleNamespace(synchronize=lambda: waited.append("mps")),
    )
    monkeypatch.setitem(outputs.sys.modules, "torch", torch)
    first, second, here, apple = (Tensor(k) for k in ("cuda", "cuda", "cpu", "mps"))
    first.device, second.device = (
        Device(type="cuda", index=0),
        Device(type="cuda", index=1),
    )
    tree = {"a": [first, here], "b": (second, 3.0, first), "c": apple}
    assert outputs.wait_on(tree) is tree
    assert sorted(waited) == ["cuda:0", "cuda:1", "mps"]
    array = jnp.arange(3) * 2
    assert outputs.wait_on(array) is array
    assert outputs.wait_on("plain") == "plain"


def test_windows_wait_for_real_outputs(open_session, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "hitl_sim.session.window.wait_on", lambda tree: seen.append(tree) or tree
    )
    with open_session().arm("guided") as arm:
        with arm.work("train") as window:
            assert window.wait(7) == 7
        arm.report(step=1, accuracy=0.5)
    assert seen == [7]


def test_a_session_reads_the_one_default_list_of_meters(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(
        "hitl_sim.energy.meters.measure.default_backends", lambda: seen.append(1) or []
    )
    hs.Session(tmp_path / "out", target=hs.target())
    assert seen == [1]

"""The explorer bills as Python does, whatever is set, and keeps its state."""

import dataclasses
import json
import math
import sys
from pathlib import Path

import axe_core_python
import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.analysis.chance.interval import percentile_interval, resample
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.decision.net_benefit import pair_of
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.cost import BOUNDARIES, MEASURES, Prices
from hitl_sim.cost.price import LABEL_COSTS
from hitl_sim.energy import load_profile
from hitl_sim.report.explore import plotting_library, render_explorer

DEVICES = ("laptop-cpu", "h100")
SETTINGS = 10
RTOL = 1e-9
"""Both add the same numbers, in another order."""


@pytest.fixture(scope="module")
def study(synthetic):
    """Return a study with failures, lost runs, people, machines and an A/A pair."""
    arms = [
        synthetic.NULL,
        synthetic.Arm("random_half", ratio=0.9, kind="random_share"),
        synthetic.Arm("machine_half", ratio=0.85, kind="machine_share", choose=9),
        synthetic.Arm("lost", steps=[9e9] * 12),
        synthetic.Arm("often_lost", steps=[150.0, 9e9, 130.0] * 4),
        synthetic.relevance(0.5, "perfect", settings={"crowd.shared_error": 0.0}),
        synthetic.relevance(0.7, "typical", settings={"crowd.shared_error": 0.5}),
        synthetic.relevance(1.6, "spammer", steps=[9e9, 210.0] * 6),
        synthetic.labelling(0.9),
    ]
    table, manifest = synthetic.make_study(arms, seed=4)
    # of another task the control itself fails sometimes
    other, _ = synthetic.make_study(arms, seed=5, task="letters")
    rows = other.to_pylist()
    for row in rows:
        if row["role"] == "control" and row["replicate"] in (2, 7):
            row["validation_accuracy"] = [0.1] * len(row["validation_accuracy"])
    other = pa.Table.from_pylist(rows, schema=other.schema)
    table = pa.concat_tables([table, other])
    keys = table["key"].to_pylist()
    # one condition of each lacks a replicate
    kept = [not ("perfect" in key and key.endswith("-3")) for key in keys]
    assert kept.count(False) == 2
    return table.filter(kept), manifest


@pytest.fixture(scope="module")
def result_at(study):
    def run(device="laptop-cpu", trainings=1, **changes):
        table, manifest = study
        fixed = {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}
        prices = Prices(
            **fixed | {"device_usd_per_h": 0.1, "grid_region": "FR"} | changes
        )
        return analyse(
            read_groups(table),
            manifest,
            load_profile(device),
            prices,
            fraction=1.0,
            smoothing=1,
            smallest_effect=0.05,
            seed=7,
            trainings=trainings,
        )

    return run


@pytest.fixture(scope="module")
def page(result_at, tmp_path_factory):
    path = tmp_path_factory.mktemp("explore") / "explore.html"
    profiles = [load_profile(name) for name in DEVICES]
    text = render_explorer({1.0: result_at()}, profiles, "Explore")
    path.write_text(text, encoding="utf-8")
    return path


def random_states():
    generator = np.random.default_rng(11)
    for number in range(SETTINGS):
        cost = LABEL_COSTS[number % len(LABEL_COSTS)]
        state = {
            "task": number % 2,
            "fraction": 0,
            "device": int(generator.integers(len(DEVICES))),
            "boundary": BOUNDARIES[number % len(BOUNDARIES)],
            "label_cost": cost,
            "measure": MEASURES[int(generator.integers(3))],
            "against": "machine",
            "scale": float(10.0 ** generator.uniform(0.0, 8.0)),
            "trainings": int(generator.integers(1, 30)),
            "life_queries": 0,
            "wage_usd_per_h": float(generator.uniform(0.0, 60.0)),
            "overhead_frac": float(generator.uniform(0.0, 1.0)),
            "electricity_usd_per_kwh": float(generator.uniform(0.0, 1.0)),
            "device_usd_per_h": float(generator.uniform(0.0, 5.0)),
            "pue": float(generator.uniform(1.0, 2.0)),
            "grid_kgco2e_per_kwh": float(generator.uniform(0.0, 1.5)),
            "label_price_usd": float(generator.uniform(0.0, 3.0)),
        }
        yield state
    # one number moved by itself: nothing that hangs on it may be kept
    yield state | {"trainings": state["trainings"] + 5}
    yield state | {"wage_usd_per_h": state["wage_usd_per_h"] + 20.0}
    yield state | {"pue": state["pue"] + 0.5}
    yield state


COMPUTE = """
function probed() {
  const told = (value) => typeof value === "number" && !Number.isFinite(value)
    ? String(value) : value;
  return %s.map((state) => ["machine", "control"].map((against) =>
    explorer.compute({ ...state, against }).map((one) => ({
      label: one.label, hits: one.hits, joules: told(one.joules), bill: told(one.bill),
      rho: one.rho.map(told), net: one.net.map(told), pays: told(one.pays),
      size: one.size && one.size.map(told) }))));
}
"""


def assert_close(told, known, what):
    told = [float(value) for value in told]
    for one, other in zip(told, known, strict=True):
        is_same = (math.isnan(one) and math.isnan(other)) or one == other
        scale = (
            max(abs(value) for value in known if math.isfinite(value))
            if any(map(math.isfinite, known))
            else 0.0
        )
        near = math.isclose(one, other, rel_tol=RTOL, abs_tol=RTOL * scale)
        assert is_same or near, (what, told, known)


def test_all_numbers_equal_those_of_python_at_random_settings(
    result_at, page, tmp_path, probe
):
    states = list(random_states())
    found = probe(page, tmp_path, COMPUTE % json.dumps(states))
    own = result_at().tasks[0].findings
    assert sum(0 < one.reach.hits < one.reach.trials for one in own) == 2
    assert result_at().tasks[1].control.reach.hits == 10
    num_sizes = 0
    for state, (by_machine, by_control) in zip(states, found, strict=True):
        label_price = state["label_price_usd"]
        is_bought = state["label_cost"] == "bought_elsewhere"
        result = result_at(
            DEVICES[state["device"]],
            state["trainings"],
            boundary=state["boundary"],
            label_cost=state["label_cost"],
            label_price_usd=label_price if is_bought else None,
            grid_region=None,
            carbon_kgco2e_per_kwh=state["grid_kgco2e_per_kwh"],
            **{
                name: state[name]
                for name in (
                    *("wage_usd_per_h", "overhead_frac", "electricity_usd_per_kwh"),
                    *("device_usd_per_h", "pue"),
                )
            },
        )
        task = result.tasks[state["task"]]
        prices = result.pricing.table.scaled(state["measure"], state["scale"])
        for one, other, finding in zip(
            by_machine, by_control, (task.control, *task.findings), strict=True
        ):
            assert one["label"] == finding.label
            assert one["hits"] == finding.reach.hits
            assert_close([one["joules"]], [finding.joules.value], finding.label)
            if finding is task.control:
                continue
            ratio = finding.ratio
            assert_close(one["rho"], (ratio.value, ratio.low, ratio.high), "rho")
            pair = pair_of(finding, task.control)
            weights = resample(len(finding.replicate), 7)
            draws = pair.draws(prices, weights)[:, 0]
            ends = percentile_interval(draws, len(finding.replicate))
            assert_close(one["net"], (pair.net(prices)[0], *ends), "net benefit")
            if not np.isnan(draws).all():
                assert float(one["pays"]) == float(np.mean(draws > 0.0))
            if not finding.has_people:
                assert one["size"] is None
                continue
            for told, sizes in (
                (one["size"], finding.over_machine),
                (other["size"], finding.over_control),
            ):
                joules = sizes[-1].joules
                known = joules.value, joules.low, joules.high
                assert_close(told, known, f"E* of {finding.label}")
                num_sizes += math.isfinite(joules.value)
    assert num_sizes > SETTINGS


LATER = """
function probed() {
  const at = (life_queries) =>
    explorer.compute({ ...explorer.start, life_queries, measure: "joules" })[0].bill;
  return [at(0), at(1e9)];
}
"""


def test_queries_over_a_life_add_what_the_ledger_says(result_at, page, tmp_path, probe):
    without, with_life = probe(page, tmp_path, LATER)
    control = result_at(life_queries=1e9).tasks[0].control
    added = control.ledger["inference"].joules.value
    assert math.isclose(with_life - without, added, rel_tol=RTOL)


UNKNOWN = """
function probed() {
  const found = explorer.compute({ ...explorer.start, measure: "usd",
    device_usd_per_h: null });
  return found.map((one) => [String(one.bill), String(one.rho[0])]);
}
"""


def test_an_unknown_price_is_unknown_and_never_nothing(page, tmp_path, probe):
    found = probe(page, tmp_path, UNKNOWN)
    assert {bill for bill, _ in found} == {"NaN"}
    assert "NaN" not in {rho for _, rho in found}


ADDRESS = """
async function probed() {
  await explorer.settled();
  const fields = [...document.querySelectorAll("#controls label")];
  const field = (words) => fields.find((one) => one.innerText.startsWith(words));
  const before = explorer.state();
  const figures = [...document.querySelectorAll("#figures figure")]
    .map((one) => [one.innerText.split("\\n")[0], one.querySelectorAll("svg").length]);
  const wage = field("wage").querySelector("input[type=range]");
  const shown = [wage.value, field("wage").querySelector("input[type=number]").value];
  wage.value = "33";
  wage.dispatchEvent(new Event("input"));
  const hash = location.hash;
  await explorer.settled();
  return { before, figures, shown, hash, after: explorer.state(),
    rows: document.querySelectorAll("#rows tr").length, drawn: explorer.rows() };
}
"""


def test_the_address_restores_a_view_and_follows_it(page, tmp_path, probe):
    address = (
        "#wage_usd_per_h=21.5&boundary=device_only&measure=usd"
        "&crowd.population=perfect&device=1&nonsense=3&label_cost=pie"
    )
    found = probe(page, tmp_path, ADDRESS, address=address)
    before = found["before"]
    assert (before["wage_usd_per_h"], before["boundary"]) == (21.5, "device_only")
    assert (before["measure"], before["device"]) == ("usd", 1)
    # what is no such choice is as the study has it
    assert before["label_cost"] == "sunk"
    assert "nonsense" not in before
    assert found["shown"] == ["21.5", "21.5"]
    assert [num for _, num in found["figures"]] == [1] * 5
    assert found["after"]["wage_usd_per_h"] == 33
    assert "wage_usd_per_h=33" in found["hash"]
    assert "boundary=device_only" in found["hash"]
    labels = {row["label"] for row in found["drawn"]["rho"]}
    assert any("perfect" in label for label in labels)
    assert not any("typical" in label for label in labels)


EXPORT = """
async function probed() {
  await explorer.settled();
  const saved = [];
  URL.createObjectURL = (blob) => { saved.push(blob); return "blob:none"; };
  HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
  for (const button of document.querySelectorAll("#figures button")) {
    await button.onclick();
  }
  return Promise.all(saved.map((one) => typeof one === "string" ? one : one.text()));
}
"""


def test_figures_are_saved_as_svg_and_their_data_as_csv(page, tmp_path, probe):
    found = probe(page, tmp_path, EXPORT)
    saved = dict(zip(found[1::2], found[::2], strict=True))
    names = ("rho", "size", "net", "pays", "frontier")
    assert set(saved) == {f"{name}.{end}" for name in names for end in ("svg", "csv")}
    assert all(text.startswith("<svg") for name, text in saved.items() if "svg" in name)
    head, *rows = saved["rho.csv"].splitlines()
    assert head == "label,value,low,high,side"
    assert any(row.startswith('"relevance, perfect') for row in rows)


UNITS = """
async function probed() {
  await explorer.settled();
  const titles = () => [...document.querySelectorAll("#figures text")]
    .map((text) => text.textContent)
    .filter((text) => /net benefit,|bill per/.test(text));
  const before = titles();
  const measure = [...document.querySelectorAll("select")]
    .find((one) => [...one.options].some((option) => option.value === "usd"));
  measure.value = "usd";
  measure.dispatchEvent(new Event("change", { bubbles: true }));
  await explorer.settled();
  return { before, after: titles() };
}
"""


def test_axes_name_the_unit_of_the_bill(page, tmp_path, probe):
    found = probe(page, tmp_path, UNITS)
    for unit, titles in (("J", found["before"]), ("USD", found["after"])):
        assert f"net benefit, {unit} (symmetric log scale)" in titles
        assert f"bill per success, {unit} (log scale)" in titles
        assert len(titles) == 2


def test_the_page_needs_nothing_and_writes_nothing_to_the_console(
    page, tmp_path, browse
):
    done = browse(page.as_uri(), tmp_path, "--dump-dom", "--virtual-time-budget=10000")
    assert "CONSOLE" not in done.stderr
    assert "<td>" in done.stdout
    text = page.read_text()
    assert "default-src 'none'" in text
    assert "src=" not in text.partition("<script")[0]


@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_is_no_wider_than_the_window(page, tmp_path, probe, width):
    script = (
        "async function probed() { await explorer.settled();"
        " return [document.documentElement.scrollWidth, innerWidth]; }"
    )
    found, window = probe(page, tmp_path, script, f"--window-size={width},900")
    assert found <= window


AXE = """
async function probed() {
  await explorer.settled();
  const found = await axe.run();
  return found.violations.map((one) => [one.impact, one.id, one.nodes[0].html]);
}
"""


def test_an_audit_of_accessibility_finds_nothing_serious(page, tmp_path, probe):
    axe = Path(axe_core_python.__file__).parent / "axe.min.js"
    found = probe(page, tmp_path, axe.read_text() + AXE)
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_what_stands_in_a_page_of_a_hundred_conditions_is_small(result_at):
    profiles = [load_profile(name) for name in DEVICES]
    own = result_at()
    wide = dataclasses.replace(own, tasks=own.tasks * 5)
    targets = {1.0: wide, 0.9: wide, 0.8: wide}
    text = render_explorer(targets, profiles, "Explore")
    assert len(text.encode()) < 6e6


def test_a_script_in_the_name_of_a_study_stays_text(result_at):
    own = dataclasses.replace(
        result_at(), question="</script><script>alert(1)</script>"
    )
    text = render_explorer({1.0: own}, [load_profile("laptop-cpu")], "<b>T</b>")
    assert "<script>alert(1)" not in text
    assert "<b>T</b>" not in text


def test_without_the_plotting_library_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    plotting_library.cache_clear()
    with pytest.raises(ValueError, match=r"pip install 'hitl-sim\[explore\]'"):
        plotting_library()

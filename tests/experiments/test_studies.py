"""The sign of what each study's arms do, in its quick form and without a search.

At the study's own settings the signs are plain in few replicates. What tuning leaves of
them is on the studies' pages. One study is run in the gate, since no other test has its
arms; the quickstart has relevance there, and the null zoo relevance and labels.
"""

from pathlib import Path

import msgspec
import pytest

from hitl_sim.analysis.condition.between import beside
from hitl_sim.analysis.efficiency.clock import clock_policies
from hitl_sim.analysis.efficiency.serve import Serving
from hitl_sim.analysis.efficiency.tabulate import tabulate_methods
from hitl_sim.energy import load_profile
from hitl_sim.energy.split_inference import load_link
from hitl_sim.report.terminal.method import write_methods
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.grid import expand
from hitl_sim.study.method_table import MethodPrices, lay_out_methods
from hitl_sim.study.runner import dry_run, run_study
from hitl_sim.study.spec import load_spec

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
STUDIES = (
    "relevance",
    "importance",
    "active",
    "machine_or_people",
    "machine_annotators",
    "methods",
)
pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that runs some arms of a study's quick form."""

    folders = {}

    def run(name, arms, task=None, **prices):
        spec = load_spec(EXPERIMENTS / f"{name}.toml", is_smoke=True)
        kept = tuple(arm for arm in spec.arm if arm.name in ("control", *arms))
        assert len(kept) == 1 + len(arms)
        out = tmp_path_factory.mktemp(name)
        names = [arm.name for arm in kept]
        axes = tuple(
            msgspec.structs.replace(axis, values=(task,))
            if task and axis.field == "task"
            else axis
            if axis.arms is None
            else msgspec.structs.replace(axis, arms=own)
            for axis in spec.axis
            if axis.arms is None or (own := tuple(n for n in axis.arms if n in names))
        )
        spec = msgspec.structs.replace(spec, arm=kept, axis=axes, tune=None)
        assert run_study(spec, out, 2).num_failed == 0
        folders[name] = out
        return analyse_folder(
            out, prices=msgspec.structs.replace(spec.prices, **prices)
        )

    run.folders = folders
    return run


def found(result, task, arm, **settings):
    """Return the one condition of an arm with some settings."""
    (task,) = [t for t in result.tasks if t.task == task]
    wanted = {f"crowd.{name}": value for name, value in settings.items()}.items()
    (finding,) = [
        f for f in task.findings if f.arm == arm and wanted <= dict(f.settings).items()
    ]
    return finding


@pytest.mark.slow
def test_relevance_pays_in_training_with_perfect_raters_alone(run):
    result = run("relevance", ["random_half", "random_400"])
    perfect = found(result, "digits", "random_400", accuracy=1.0)
    chance = found(result, "digits", "random_400", accuracy=0.5)
    nobody = found(result, "digits", "random_half")
    assert perfect.ratio.high < 1.0
    assert beside(perfect, nobody, result.seed).high < 1.0
    assert beside(perfect, chance, result.seed).high < 1.0
    assert chance.ratio.high > 1.0


@pytest.mark.slow
def test_importance_pays_in_training_where_people_know_what_matters(run):
    result = run("importance", ["machine_most", "ranked_half", "right_reasons"])
    perfect = found(result, "planted", "ranked_half", accuracy=1.0)
    chance = found(result, "planted", "ranked_half", accuracy=0.5)
    machine = found(result, "planted", "machine_most")
    assert perfect.ratio.high < 1.0
    assert beside(perfect, machine, result.seed).high < 1.0
    assert chance.ratio.high > 1.0
    # the gradient of the gradient doubles the work of a step
    assert found(result, "planted", "right_reasons", accuracy=1.0).ratio.low > 1.0


@pytest.mark.slow
def test_active_labelling_has_both_published_signs(run):
    result = run("active", ["scratch_2_rounds"], "small_pool")
    assert found(result, "small_pool", "scratch_2_rounds").ratio.high < 1.0
    arms = ["scratch_16_rounds", "warm_16_subsampled"]
    result = run("active", arms, "large_pool")
    dear = found(result, "large_pool", "scratch_16_rounds")
    assert dear.ratio.low > 1.0
    control = next(t.control for t in result.tasks if t.task == "large_pool")
    final_fit = float(dear.scopes.final_fit.value)
    assert final_fit < float(control.scopes.final_fit.value)
    warm = found(result, "large_pool", "warm_16_subsampled")
    assert beside(warm, dear, result.seed).high < 1.0


@pytest.mark.slow
def test_people_clean_a_pool_that_a_machine_spoils(run):
    result = run("machine_or_people", ["by_loss", "people_rate"])
    people = found(result, "digits", "people_rate", population="perfect")
    spammers = found(result, "digits", "people_rate", population="spammer")
    machine = found(result, "digits", "by_loss")
    assert beside(people, machine, result.seed).high < 1.0
    assert spammers.ratio.low > 1.0


def test_people_add_to_a_poor_machine_where_it_doubts(run):
    arms = ["machine_alone", "people_on_doubt", "people_at_random"]
    result = run("machine_annotators", arms)
    machine = found(result, "digits", "machine_alone")
    doubt, chance = (
        found(result, "digits", arm, population="perfect") for arm in arms[1:]
    )
    spammers = found(result, "digits", "people_on_doubt", population="spammer")
    assert beside(doubt, machine, result.seed).high < 1.0
    assert spammers.ratio.low > 1.0
    # three in ten items, right for certain: at random .72, where it doubts .8
    means = [one.shares["label_accuracy"] for one in (machine, chance, doubt)]
    assert means == sorted(means)
    # answers of the machine are bought, and are no hours
    line = machine.ledger["machine_judge"]
    assert line.usd.is_known
    assert line.joules.value > 0.0
    assert machine.ledger["human_time"].seconds.value == 0.0


@pytest.mark.slow
def test_methods_have_the_published_signs(run):
    arms = ["people_800", "masked", "structured", "int8_after", "approximate"]
    arms += ["tuned", "tuned_wide", "split"]
    result = run("methods", arms, pretraining_cost="sunk")
    serving = Serving(
        result.profile, load_profile("server-cpu"), load_link("wifi"), "wifi"
    )
    (table,) = tabulate_methods(result, serving, clock_policies(1.1, 0.7))
    rows = {row.finding.arm: row for row in table.rows}
    operations = {arm: float(row.use.operations.value) for arm, row in rows.items()}
    assert operations["masked"] == 1.0
    assert operations["structured"] < 0.51
    assert rows["masked"].finding.ratio.low > 1.0
    # this device has no int8: rounding is added, and nothing gets faster
    assert rows["int8_after"].finding.ratio.value > 1.0
    chip = rows["int8_after"].chip
    assert chip.operations.high < 1.0
    # the bytes that are moved stay, and take most of a chip's joules
    assert chip.ratio.value > 0.95
    rough = rows["approximate"]
    assert rough.hypothetical.operations.value < rough.chip.operations.value
    assert rough.hypothetical.ratio.value > 0.99 * rough.chip.ratio.value
    # it is the classes left out of pretraining that cost
    wide, part = (found(result, "digits", arm) for arm in ("tuned_wide", "tuned"))
    assert beside(wide, part, result.seed).high < 1.0
    # a network of this size sends more than it computes
    assert rows["split"].use.beside > 1.0
    assert rows["split"].use.served.best.at == 2
    assert rows["clock_free"].finding.ratio.value < 0.913
    folder, prices = run.folders["methods"], MethodPrices(link="lte", query_batch=1)
    again = f"methods{prices.options}"
    page = write_methods(*lay_out_methods(folder, prices), folder, again)
    text = " ".join(page.read_text().split())
    assert "Written by `methods --link lte --query-batch 1`" in text
    assert "over lte" in text
    # nothing is trained again for a query by itself, nor for what it reads and stores
    assert "one query of the network in use, by itself" in text
    assert "1/8 of float64's bytes and 1/4 of float32's" in text
    assert "who pays for pretraining?" in text
    assert table.guide.arm == "people_800"
    assert rows["people_800"].hours.value > 0.0 > rows["masked"].hours.value


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_sweeps_nothing_that_is_inert(name, tmp_path):
    spec = load_spec(EXPERIMENTS / f"{name}.toml")
    assert dry_run(spec, tmp_path).inert == {}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_its_control_twice(name):
    conditions = expand(load_spec(EXPERIMENTS / f"{name}.toml"))
    tasks = {c.task_name for c in conditions}
    for role in ("control", "null"):
        found = {c.task_name for c in conditions if getattr(c.arm, "role", "") == role}
        assert found == tasks

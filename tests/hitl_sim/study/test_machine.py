"""Machines among the annotators of a study: tables, keys, programs and axes."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.study import worker
from hitl_sim.study.confirm import narrow_spec
from hitl_sim.study.grid import expand
from hitl_sim.study.manifest import manifest_of
from hitl_sim.study.plan import build_plan, plan_study
from hitl_sim.study.spec import SpecError, check_asked, convert, load_spec
from hitl_sim.study.swept import axis_columns

CHECKED = {"name": "own", "kind": "machine_verified", "machine": "judge", "people": 1}
JUDGE = """
[judge]
summary = "A judge."
evidence = "calibrated"
source = "a pilot"
confusion = [[0.9, 0.1], [0.2, 0.8]]
classes = ["ham", "spam"]
shared_error = 0.6
repeatability = 1.0
"""


@pytest.fixture
def study(tables):
    def build(*arms, machine=None, axes=(), **changes):
        kept = [tables["arm"][0], *(arms or (CHECKED,))]
        machine = {"judge": {"accuracy": 0.9}} if machine is None else machine
        own = {"axis": list(axes), "arm": kept, "machine": machine}
        return convert(tables | own | changes)

    return build


def own_of(spec):
    plan = build_plan(spec)
    return plan, [run for run in plan.runs if run.condition.arm.name == "own"]


def test_what_a_machine_says_is_part_of_a_key_and_its_words_and_price_are_not(
    study, tables
):
    base = own_of(study())[1][0].key
    assert own_of(study(machine={"judge": {"accuracy": 0.8}}))[1][0].key != base
    same = study(machine={"judge": {"model": "typical", "accuracy": 0.9}})
    assert own_of(same)[1][0].key == base
    priced = tables["prices"] | {"machine": {"judge": {"usd": 0.01}}}
    assert own_of(study(prices=priced))[1][0].key == base


def test_arms_that_ask_no_machine_are_what_they_were(study, tables):
    arms = [tables["arm"][0]]
    plain = build_plan(convert(tables | {"axis": [], "arm": arms}))
    with_machine = build_plan(study())
    keys = {run.key for run in with_machine.runs}
    assert {run.key for run in plain.runs} <= keys


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("arm.share", [0.0, 0.3]),
        ("machine.judge.accuracy", [0.5, 0.9]),
        ("machine.judge.shared_error", [0.0, 0.9]),
        ("machine.judge.repeatability", [0.9, 1.0]),
        ("machine.judge.confidence", [0.5, 0.9]),
        ("machine.judge.model", ["typical", "perfect"]),
    ],
)
def test_all_that_may_be_swept_of_a_machine_is_of_one_program(study, field, values):
    machine = {"judge": {}}
    if field == "machine.judge.repeatability":
        machine = {"judge": {"shared_error": 0.5}}
    axes = [{"field": field, "values": values, "arms": ["own"]}]
    spec = study(machine=machine, axes=axes)
    plan, runs = own_of(spec)
    assert len({run.key for run in runs}) == 2 * spec.replicates
    assert len({plan.group_of(run) for run in runs}) == 1
    assert list(axis_columns(spec)) == [field]
    controls = [c for c in expand(spec) if c.role == "control"]
    assert len(controls) == 1


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_run_counts_the_machines_answers_and_asks_people_of_the_share(study, share):
    spec = study(CHECKED | {"share": share})
    _, runs = own_of(spec)
    condition = runs[0].condition
    info, data = worker.data_of(condition)
    config = worker.run_config(condition, info, data)
    trace = jax.jit(build_run(config))(
        worker.seeds_of(runs[0]), worker.hyper_of(condition, info), data
    )
    pool = condition.task.pool
    assert int(np.asarray(trace.labour.is_asked).sum()) == int(share * pool + 1e-3)
    seconds = np.asarray(trace.labour.seconds)
    assert (seconds[~np.asarray(trace.labour.is_asked)] == 0.0).all()
    assert (seconds.sum() > 0.0) == (share > 0.0)
    clean = pool * (1 - condition.task.irrelevant)
    # nine in ten of those with a class; four standard errors of 160
    assert abs(float(trace.label_accuracy) * pool / clean - 0.9) < 4 * 0.3 / 160**0.5
    assert jax.tree.all(jax.tree.map(lambda a: np.isfinite(a).all(), trace.curve))


def test_the_manifest_tells_what_a_machine_is(study):
    found = manifest_of(build_plan(study()))["machines"]
    assert found["judge"]["accuracy"] == 0.9
    assert found["judge"]["evidence"] == "assumed"


def test_a_manifest_without_machines_has_no_word_of_them(tables):
    plan = build_plan(convert(tables | {"axis": [], "arm": tables["arm"][:1]}))
    assert "machines" not in manifest_of(plan)


STUDY = """
question = "?"
seed = 1
replicates = 2
smallest_effect = 0.05
device = "laptop-cpu"
task.digits = { source = "digits", pool = 200, validation = 100, test = 50 }
prices = { boundary = "workstation", label_cost = "sunk", waiting = "held" }
machine.judge.model = "judge.toml"
arm = [
  { name = "control", kind = "whole_pool", role = "control" },
  { name = "own", kind = "machine_labels", machine = "judge" },
]
"""


def test_a_file_is_read_from_the_studys_folder(tmp_path):
    (tmp_path / "judge.toml").write_text(JUDGE)
    (tmp_path / "study.toml").write_text(STUDY)
    loaded = load_spec(tmp_path / "study.toml")
    assert loaded.machine["judge"].model == str(tmp_path / "judge.toml")
    with pytest.raises(SpecError, match="of the task's 10 classes, got 2"):
        plan_study(loaded)
    (tmp_path / "judge.toml").write_text(JUDGE.replace("0.9, 0.1", "0.9, 0.2"))
    with pytest.raises(SpecError, match=r"\[machine.judge\] .*`confusion\[0\]` must"):
        plan_study(loaded)


def test_a_price_that_no_arm_pays_is_refused(study, tables):
    priced = tables["prices"] | {"machine": {"jury": {"usd": 0.01}}}
    with pytest.raises(SpecError, match=r"`prices\.machine\.jury` must be asked by"):
        study(prices=priced)


def test_a_confirmation_takes_the_machines_of_its_winner_alone(study, tables):
    other = {"name": "other", "kind": "machine_labels", "machine": "jury"}
    priced = {"judge": {"usd": 0.01}, "jury": {"usd": 0.02}}
    spec = study(
        CHECKED,
        other,
        machine={"judge": {"accuracy": 0.9}, "jury": {}},
        prices=tables["prices"] | {"machine": priced},
    )
    task = SimpleNamespace(task="digits")
    winner = SimpleNamespace(arm="own", settings={"arm.share": 0.1})
    narrow = narrow_spec(spec, task, winner, 5, 2)
    assert [arm.name for arm in narrow.arm] == ["control", "own"]
    assert set(narrow.machine) == set(narrow.prices.machine) == {"judge"}
    assert narrow.arm[1].share == 0.1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"arm": {"machine": "jury"}, "machine": {}},
            "`arm.machine` must be a table .*'typical', 'perfect'",
        ),
        (
            {"machine": {"judge": {}, "jury": {}}},
            "`machine.jury` must be asked by some",
        ),
        ({"machine": {"judge": {"accuracy": 1.2}}}, "`machine.*accuracy` must be"),
        ({"machine": {"judge": {"accurcy": 0.2}}}, "accurcy"),
        (
            {"machine": {"judge": {"shared_error": 0.9, "repeatability": 0.5}}},
            r"\[machine.judge\] `shared_error` must be <= `repeatability` \(0.5\)",
        ),
        ({"machine": {"judge": {"model": "jugde"}}}, r"\[machine.judge\] `model` must"),
        ({"arm": {"share": 1.5}}, r"share` must be"),
        ({"axis": "machine.jury.accuracy"}, "`axis.field` must be a field of"),
        ({"axis": "machine.judge.taste"}, "`axis.field` must be a field of"),
    ],
)
def test_a_machine_that_cannot_be_asked_is_refused_by_field(study, change, words):
    axes = ()
    if "axis" in change:
        axes = [{"field": change["axis"], "values": [0.5, 0.6]}]
    arm, machine = CHECKED | change.get("arm", {}), change.get("machine")
    with pytest.raises(SpecError, match=words):
        expand(study(arm, machine=machine, axes=axes))


def test_a_machine_without_confidence_cannot_say_what_it_is_least_sure_of(
    study, tmp_path
):
    file = tmp_path / "judge.toml"
    file.write_text(JUDGE)
    machine = {"judge": {"model": str(file)}}
    own = {"confidence": 0.7, "model": str(file)}
    for arm, tables, is_refused in (
        (CHECKED, machine, True),
        (CHECKED | {"doubts": "random"}, machine, False),
        (CHECKED, {"judge": own}, False),
    ):
        spec = study(arm, machine=tables)
        if is_refused:
            with pytest.raises(SpecError, match=r"`machine\.judge\.confidence` must"):
                check_asked(spec.machine, spec.arm[1], ("ham", "spam"))
        else:
            check_asked(spec.machine, spec.arm[1], ("spam", "ham"))

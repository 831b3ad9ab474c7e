"""Parts of all kinds in files that a study brings."""

import re

import jax
import numpy as np
import pytest

from hitl_sim.learn import build_run, describe_work, intervention
from hitl_sim.part import builtin
from hitl_sim.study import worker
from hitl_sim.study.grid import expand
from hitl_sim.study.parts import used_parts
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import SpecError, convert

PARTS = '''
import jax
import jax.numpy as jnp
import numpy as np
import optax

from hitl_sim import part
from hitl_sim.learn.intervention.share import Kept, build_unguided
from hitl_sim.learn.efficiency import Around


@part.strategy(params={"weight": 1.0})
def first_class(shape, *, favourite=0):
    def score(key, view, params):
        return params["weight"] * view.logits[:, favourite]

    return score


@part.strategy()
def flat(shape):
    return lambda key, view, params: view.logits


@part.strategy()
def broken(shape):
    def score(key, view, params):
        return view.logits[:, 0] if view.label[0] > 0 else view.logits[:, 1]

    return score


@part.aggregation(params={"doubt": 0.0})
def last_word(num_classes, num_annotators, *, offset=0):
    def aggregate(key, votes, params):
        label = (votes.answer[:, -1] + offset) % num_classes
        return label, jnp.ones(label.shape) - params["doubt"]

    return aggregate


@part.aggregation()
def flat_votes(num_classes, num_annotators):
    return lambda key, votes, params: votes.answer[:, -1]


@part.aggregation()
def broken_votes(num_classes, num_annotators):
    def aggregate(key, votes, params):
        label = votes.answer[:, 0] if votes.is_answered[0, 0] else votes.answer[:, 1]
        return label, jnp.ones(label.shape)

    return aggregate


@part.optimiser(params={"learning_rate": 0.1})
def broken_steps(total_steps):
    def optimise(params):
        return optax.sgd(params["learning_rate"] if params["learning_rate"] > 0 else 1)

    return optimise


@part.metric()
def flat_metric():
    return lambda logits, label, params: logits.argmax(axis=1) == label


@part.intervention(params={"share": 0.5})
def roomy(program, *, room=100):
    """Train on what came last, with room for so many items."""
    return newest(program)._replace(capacity=(room,))


@part.intervention(params={"share": 0.5})
def newest(program, *, least=1):
    """Train on the newest share of the pool."""
    num_pool = program.shape.num_pool

    def begin(key, setting):
        num = jnp.maximum(jnp.int32(setting.params["share"] * num_pool), least)
        return Kept(jnp.arange(num_pool)[::-1], num)

    return build_unguided(program, begin)


@part.intervention(params={"share": 0.5})
def kept(program, *, most=2):
    """Leave a part of the pool at least."""
    return newest(program)._replace(items_kept=program.shape.num_pool // most)


@part.intervention(params={"share": 0.5})
def twice(program):
    """Train in two rounds."""
    most = program.shape.num_pool // 2
    return newest(program)._replace(num_rounds=2, items_kept=most)


@part.method(params={"share": 0.1})
def shrinking(host, *, every=1):
    """Shrink all weights after each step."""

    def settle(weights, state, params):
        return jax.tree.map(lambda w: w * (1.0 - params["share"]), weights), state

    return Around(settle=settle)


@part.metric()
def among(*, best=2):
    """Share of items whose class is among the best."""

    def measure(logits, label, params):
        found = jax.lax.top_k(logits, best)[1] == label[:, None]
        return found.any(axis=1).mean(dtype=jnp.float32)

    return measure


@part.task()
def blobs(*, num=600, seed=0):
    """Two clouds."""
    labels = np.arange(num) % 2
    noise = np.random.default_rng(seed).normal(size=(num, 8))
    return {"features": noise + labels[:, None], "labels": labels}


@part.intervention()
def silent(program):
    """Ask for labels, whatever the study says."""
    built = newest(program)
    return built._replace(feedback="label", num_questions=3)


@part.intervention()
def nothing(program):
    return 3
'''


@pytest.fixture
def with_parts(tables, tmp_path):
    """Return a function that adds an arm to a study that brings parts."""
    (tmp_path / "own.py").write_text(PARTS)
    source = f"{tmp_path / 'own.py'}"
    names = re.findall(r"^@part.*\ndef (\w+)", PARTS, re.MULTILINE)
    tables["part"] = {name: {"source": f"{source}:{name}"} for name in names}
    tables["axis"] = []
    control = next(arm for arm in tables["arm"] if arm.get("role") == "control")

    def add(*arms):
        return tables | {"arm": [control, *({"name": "own", **arm} for arm in arms)]}

    return add


def built(plan):
    """Build what the arm runs; shapes of its trace, and its work."""
    run = next(run for run in plan.runs if run.condition.arm.name == "own")
    info, data = worker.data_of(run.condition)
    config = worker.run_config(run.condition, info, data)
    hyper = worker.hyper_of(run.condition, info)
    shapes = jax.eval_shape(build_run(config), worker.seeds_of(run), hyper, data)
    return shapes, hyper, [line.unit.name for line in describe_work(config)]


def test_a_brought_intervention_runs_by_its_name(with_parts):
    tables = with_parts({"kind": "newest", "params": {"share": 0.25}})
    shapes, hyper, _ = built(build_plan(convert(tables)))
    assert shapes.labour is None
    assert hyper.params == {"share": 0.25}


@pytest.fixture
def in_plan(with_parts):
    """A review of what an intervention leaves that the study brings, at two shares."""
    own = {"kind": "review", "questions": 10, "rounds": 2, "after": 4}
    stage = {"kind": "kept", "params": {"share": 0.25}, "options": {"most": 4}}
    tables = with_parts({**own, "before": [stage]})
    field = "arm.before.kept.params.share"
    tables["axis"] = [{"field": field, "values": [0.25, 0.5]}]
    return build_plan(convert(tables))


def test_a_brought_intervention_is_a_stage_of_a_plan(in_plan):
    """Its numbers are swept in one program, and its code and options are in the key."""
    runs = [run for run in in_plan.runs if run.condition.arm.name == "own"]
    assert len({in_plan.group_of(run) for run in runs}) == 1
    assert {tuple(run.condition.parts) for run in runs} == {("kept",)}
    assert {dict(use.options)["most"] for use in used_parts([runs[0].condition])} == {4}
    shapes, hyper, _ = built(in_plan)
    assert shapes.labour.seconds.shape[0] == 2
    assert float(hyper.params["before.kept.share"]) == 0.25


@pytest.mark.slow
def test_what_a_brought_stage_leaves_is_what_is_trained_on(in_plan):
    run = next(run for run in in_plan.runs if run.condition.arm.name == "own")
    info, data = worker.data_of(run.condition)
    config = worker.run_config(run.condition, info, data)
    hyper = worker.hyper_of(run.condition, info)
    trace = jax.jit(build_run(config))(worker.seeds_of(run), hyper, data)
    left = config.program.shape.num_pool // 4
    # those whose label people reject go, too
    assert left - 20 <= int(trace.train_items) <= left


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        # what may be left is not known, so that no item can be asked about
        ("newest", r"`arm\.questions` must be of at most the 0 items .* got 20"),
        ("twice", r"`arm\.before\[0\]\.kind` must be .* over before training"),
    ],
)
def test_a_brought_intervention_that_cannot_be_a_stage_is_refused(
    with_parts, kind, message
):
    own = {"kind": "review", "questions": 10, "rounds": 2, "after": 4}
    tables = with_parts({**own, "before": [{"kind": kind}]})
    with pytest.raises(SpecError, match=message):
        build_plan(convert(tables))


def test_a_brought_strategy_and_aggregation_label_by_their_names(with_parts):
    arm = {"kind": "labelling", "rounds": 4, "questions": 5}
    arm |= {"strategy": "first_class", "options": {"favourite": 3}}
    arm |= {"aggregate": "last_word", "aggregate_params": {"doubt": 0.1}}
    plan = build_plan(convert(with_parts(arm)))
    shapes, hyper, units = built(plan)
    assert shapes.labour.seconds.shape[0] == 4
    assert {k: float(v) for k, v in hyper.params.items()} == {
        "weight": 1.0,
        "aggregate.doubt": pytest.approx(0.1),
    }
    assert any(":first_class-favourite=3:" in unit for unit in units)


def test_params_of_a_part_are_swept_in_one_program_and_options_in_one_each(with_parts):
    tables = with_parts({"kind": "newest"})
    found = {}
    for field, values in (("params.share", [0.1, 0.9]), ("options.least", [1, 7])):
        tables["axis"] = [{"field": f"arm.{field}", "values": values}]
        swept = [c for c in expand(convert(tables)) if c.arm.name == "own"]
        assert len(swept) == 2
        assert swept[0].resolved("") != swept[1].resolved("")
        found[field] = swept[0].static("") == swept[1].static("")
    assert found == {"params.share": True, "options.least": False}


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"kind": "oldest"}, r"`arm\[1\]\.kind` must be one of .*'newest'.* 'oldest'"),
        ({"kind": "newest", "params": {"heat": 1.0}}, r"`params\.heat` is no param of"),
        ({"kind": "newest", "options": {"most": 1}}, r"`options\.most` is no option"),
        (
            {"kind": "newest", "colour": 1},
            r"`arm\[1\]\.colour` is not a field .*people",
        ),
        ({"kind": "first_class"}, r"`arm\[1\]\.kind` must be one of"),
        ({"kind": "labelling", "strategy": "newest"}, "must be of kind 'strategy'"),
        ({"kind": "newest", "people": 9, "question": "label"}, r"`arm\.people` must"),
    ],
)
def test_an_arm_that_its_part_does_not_fit_is_refused_in_one_line(
    with_parts, arm, message
):
    with pytest.raises(SpecError, match=message) as refused:
        convert(with_parts(arm))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (
            {"kind": "silent"},
            r"`arm\.question` must be 'label', which intervention 'silent' asks",
        ),
        (
            {"kind": "nothing"},
            "intervention 'nothing' must return an `Intervention`, got 3",
        ),
        (
            {"kind": "labelling", "rounds": 4, "questions": 5, "strategy": "flat"},
            r"strategy 'flat' must return one number per item, \[200\], got .200, 10",
        ),
        (
            {"kind": "labelling", "rounds": 4, "questions": 5, "strategy": "broken"},
            "strategy 'broken' must be traceable, got TracerBoolConversionError",
        ),
        (
            {"kind": "labelling", "rounds": 4, "questions": 5, "strategy": "bald"},
            "another than 'bald' with this network: it compares draws of what is rand",
        ),
        (
            {
                "kind": "labelling",
                "rounds": 4,
                "questions": 5,
                "aggregate": "flat_votes",
            },
            r"aggregation 'flat_votes' must return \(label, confidence\) of one number "
            r"per item each, \(\[20\], \[20\]\), got \[20\]",
        ),
        (
            {
                "kind": "labelling",
                "rounds": 4,
                "questions": 5,
                "aggregate": "broken_votes",
            },
            "aggregation 'broken_votes' must be traceable, got TracerBoolConversionErr",
        ),
    ],
    ids=[
        "asks otherwise",
        "no intervention",
        "wrong shape",
        "untraceable",
        "no draws",
        "wrong votes",
        "untraceable votes",
    ],
)
def test_what_would_fail_in_a_run_is_refused_before_any_work(with_parts, arm, message):
    with pytest.raises(SpecError, match=message) as refused:
        build_plan(convert(with_parts(arm)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("table", "field", "name", "message"),
    [
        (
            "training",
            "optimiser",
            "broken_steps",
            "optimiser 'broken_steps' must be traceable, got TracerBoolConversionError",
        ),
        (
            "target",
            "metric",
            "flat_metric",
            r"metric 'flat_metric' must return one number, \[\], got \[100\]",
        ),
    ],
)
def test_an_optimiser_and_a_metric_are_traced_before_any_work(
    with_parts, table, field, name, message
):
    tables = with_parts({"kind": "random_share"})
    tables[table] = {**tables.get(table, {}), field: name}
    with pytest.raises(SpecError, match=message) as refused:
        build_plan(convert(tables))
    assert "\n" not in str(refused.value)


def test_all_items_a_step_need_a_training_set_of_a_known_size(with_parts):
    tables = with_parts({"kind": "newest"})
    tables["training"] = tables["training"] | {"batch": "all"}
    with pytest.raises(SpecError, match=r"say by `capacity` how many .* with 'newest'"):
        build_plan(convert(tables))
    tables["arm"][1]["kind"] = "roomy"
    _, _, units = built(build_plan(convert(tables)))
    assert any(":all:n100" in unit for unit in units)


def test_padded_rows_of_a_brought_intervention_change_nothing(with_parts):
    tables = with_parts({"kind": "roomy", "params": {"share": 0.25}})
    tables["training"] = tables["training"] | {"batch": "all"}
    found = []
    for room in (100, 50):
        tables["arm"][1]["options"] = {"room": room}
        plan = build_plan(convert(tables))
        run = next(run for run in plan.runs if run.condition.arm.name == "own")
        info, data = worker.data_of(run.condition)
        program = jax.jit(build_run(worker.run_config(run.condition, info, data)))
        hyper = worker.hyper_of(run.condition, info)
        found.append(program(worker.seeds_of(run), hyper, data))
    padded, tight = found
    assert int(padded.train_items) == int(tight.train_items) == 50
    # sums in another order may turn an item or two of a hundred
    np.testing.assert_allclose(
        padded.curve.validation, tight.curve.validation, atol=0.021
    )
    assert float(tight.curve.validation[-1]) > 0.4


def test_bald_takes_draws_of_a_built_in_network_s_dropout(tables):
    tables["network"] = {"kind": "mlp", "hidden": [8], "dropout": 0.2}
    control = next(arm for arm in tables["arm"] if arm.get("role") == "control")
    arm = {"name": "own", "kind": "labelling", "rounds": 4, "questions": 5}
    arm |= {"strategy": "bald", "options": {"members": 3}, "aggregate": "glad"}
    tables |= {"arm": [control, arm], "axis": []}
    shapes, _, units = built(build_plan(convert(tables)))
    assert shapes.labour.seconds.shape[0] == 4
    assert any(unit.endswith(":bald-members=3:n200") for unit in units)


NEW = '''
"""The first half of the pool."""

import jax.numpy as jnp

from hitl_sim.learn.intervention.arm import Arm, built_in
from hitl_sim.learn.intervention.share import Kept, build_unguided


class FirstHalfArm(Arm, frozen=True, tag="first_half"):
    """Train on what came first."""

    def pool_labels(self, pool):
        """Half of them."""
        return pool // 2

    def build(self, program):
        """Build the choice of what came first."""
        num_pool = program.shape.num_pool
        half = Kept(jnp.arange(num_pool), jnp.int32(num_pool // 2))
        return build_unguided(program, lambda key, setting: half)


first_half = built_in(FirstHalfArm)
'''


@pytest.fixture
def _with_one_file_more(tmp_path, monkeypatch):
    (tmp_path / "first_half.py").write_text(NEW)
    places = [*intervention.__path__, str(tmp_path)]
    monkeypatch.setattr(intervention, "__path__", places)
    builtin.cache_clear()
    yield
    monkeypatch.undo()
    builtin.cache_clear()


@pytest.mark.usefixtures("_with_one_file_more")
def test_a_new_built_in_intervention_is_one_file(tables):
    control = next(arm for arm in tables["arm"] if arm.get("role") == "control")
    tables |= {"arm": [control, {"name": "own", "kind": "first_half"}], "axis": []}
    plan = build_plan(convert(tables))
    labels = {c.arm.name: c.arm.pool_labels(200) for c in plan.conditions}
    assert labels == {"control": 200, "own": 100}
    shapes, _, units = built(plan)
    assert shapes.labour is None
    assert any(unit.startswith("train:") for unit in units)


SHRUNK = {"kind": "whole_pool", "role": "arm"}
SHRUNK |= {"method": [{"kind": "shrinking", "params": {"share": 0.2}}]}
CUT = {"kind": "prune", "form": "structured", "share": 0.5, "after": 1}


def test_a_brought_method_acts_by_its_name_and_is_billed(with_parts):
    _, hyper, units = built(build_plan(convert(with_parts(SHRUNK))))
    assert {k: float(v) for k, v in hyper.params.items()} == {
        "method.shrinking.share": pytest.approx(0.2)
    }
    assert any(unit.endswith(":shrinking.v1,every=1") for unit in units)


def test_params_of_a_brought_method_are_swept_in_one_program(with_parts):
    field = "arm.method.shrinking.params.share"
    tables = with_parts(SHRUNK) | {"axis": [{"field": field, "values": [0.1, 0.3]}]}
    plan = build_plan(convert(tables))
    own = [c for c in plan.conditions if c.arm.name == "own"]
    assert [dict(c.settings) for c in own] == [{field: 0.1}, {field: 0.3}]
    assert own[0].static("data") == own[1].static("data")
    assert own[0].resolved("data") != own[1].resolved("data")
    assert set(own[0].parts) == {"shrinking"}
    assert float(worker.hyper_of(own[1], None).params["method.shrinking.share"]) == (
        pytest.approx(0.3)
    )


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            {"kind": "shrink"},
            "must be one of 'fine_tune', .* 'shrinking', got 'shrink'",
        ),
        (
            {"kind": "shrinking", "options": {"a": 1}},
            "`options.a` is no option of meth",
        ),
        ({"kind": "shrinking", "params": {"a": 1}}, "`params.a` is no param of method"),
        ({"kind": "shrinking", "share": 1}, "share` is not a field .* options, params"),
    ],
)
def test_a_brought_method_is_asked_for_what_it_has(with_parts, method, message):
    with pytest.raises(SpecError, match=message):
        convert(with_parts(SHRUNK | {"method": [method]}))


def test_a_brought_intervention_carries_methods(with_parts):
    _, _, units = built(
        build_plan(convert(with_parts({"kind": "newest", "method": [CUT]})))
    )
    assert any(unit.startswith("train:cut:") for unit in units)


def test_a_brought_task_is_keyed_by_what_it_makes(with_parts):
    def plan(**options):
        sizes = {"pool": 200, "validation": 50, "test": 50}
        task = {"own": {"source": "blobs", "options": options, **sizes}}
        arm = {"kind": "newest", "params": {"share": 0.25}}
        return build_plan(convert(with_parts(arm) | {"task": task}))

    one, other = plan(num=400), plan(num=400, seed=1)
    assert one.infos["own"].num_items == 400
    assert one.infos["own"].source.startswith("Two clouds")
    assert one.runs[0].key == plan(num=400).runs[0].key
    assert one.runs[0].key != other.runs[0].key
    built(one)
    with pytest.raises(SpecError, match=r"\[task.own\] `options.size` is no option"):
        plan(size=3)


def test_a_brought_metric_takes_options(with_parts):
    def units(**target):
        arm = {"kind": "newest", "params": {"share": 0.25}}
        return built(build_plan(convert(with_parts(arm) | {"target": target})))[2]

    found = units(metric="among", options={"best": 3})
    assert any(":among,best=3:" in unit for unit in found)
    with pytest.raises(SpecError, match=r"`target.options.worst` must be left out"):
        units(metric="among", options={"worst": 3})

"""Arms of several stages, as a study has them: keys, programs, axes and rows."""

import jax
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.learn import Trace, build_run
from hitl_sim.learn.crowd import Labour
from hitl_sim.learn.loop import guidance_of
from hitl_sim.learn.optimise import Curve
from hitl_sim.study import worker
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.study.swept import axis_columns
from hitl_sim.study.worker.rows import _people_columns, _worked

RATED = {"kind": "relevance", "questions": 40, "share": 0.8}
REVIEWED = {"kind": "review", "questions": 10, "rounds": 2, "after": 4}


@pytest.fixture
def study(tables):
    def build(*before, own=REVIEWED, **changes):
        arm = {"name": "own", **own, "before": list(before)}
        arms = [tables["arm"][0], arm]
        return convert(tables | {"axis": [], "arm": arms} | changes)

    return build


def own_of(spec):
    plan = build_plan(spec)
    return plan, [run for run in plan.runs if run.condition.arm.name == "own"]


def test_stages_are_a_part_of_the_key_and_of_the_program(study):
    plans = [own_of(study(*before)) for before in ((), (RATED,))]
    assert len({runs[0].key for _, runs in plans}) == 2
    assert len({plan.group_of(runs[0]) for plan, runs in plans}) == 2


def test_an_arm_without_stages_has_the_key_that_it_had_before_there_were_any(study):
    (condition,) = (c for c in expand(study()) if c.arm.name == "own")
    assert "before" not in condition.resolved("h")["arm"]


def test_a_study_that_is_written_down_is_read_again(study):
    spec = study(RATED)
    assert convert(msgspec.to_builtins(spec)) == spec


def test_a_swept_share_of_a_stage_is_of_one_program(study):
    field = "arm.before.relevance.share"
    spec = study(RATED, axis=[{"field": field, "values": [0.5, 0.8]}])
    plan, runs = own_of(spec)
    assert len({plan.group_of(run) for run in runs}) == 1
    assert len({run.key for run in runs}) == len(runs)
    info = plan.infos[runs[0].condition.task_name]
    found = {
        float(worker.hyper_of(run.condition, info).params["before.relevance.share"])
        for run in runs
    }
    np.testing.assert_allclose(sorted(found), [0.5, 0.8])
    ((column,),) = axis_columns(spec).values()
    assert column.type == pa.float64()


def test_people_of_each_stage_are_told(study):
    plan, runs = own_of(study(RATED | {"people": 1}))
    (label,) = {row["parameters"] for key, row in plan.labels() if key == runs[0].key}
    told = msgspec.json.decode(label)
    assert told["feedback"] == "relevance, verification"
    assert told["people"] == "1, 3"
    (crowd,) = plan.populations().values()
    assert set(crowd["status"]) == {"relevance", "verification"}


def test_a_machine_s_arm_with_a_stage_of_people_is_one_with_people(study):
    own = {"kind": "machine_review", "items": 10}
    plan, runs = own_of(study(RATED, own=own))
    condition = runs[0].condition
    assert condition.content is not None
    hyper = worker.hyper_of(condition, plan.infos[condition.task_name])
    assert len(hyper.before) == 1


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([{"kind": "nothing"}], r"`arm\[1\].before\[0\].kind` must be one of"),
        ([RATED | {"name": "x"}], r"`arm\[1\].before\[0\].name` must be left out"),
        ([RATED | {"share": 2.0}], r"`arm\[1\].before\[0\].share` must be"),
        ([{"kind": "labelling"}], r"`arm.before\[0\].kind` must be .* over before"),
        ([RATED | {"share": 0.01}], r"`arm.questions` must be of at most the 2 items"),
        (["relevance"], r"`arm\[1\].before\[0\]` must be table, got 'relevance'"),
    ],
)
def test_stages_that_cannot_be_are_refused_by_field_and_value(study, before, words):
    with pytest.raises(SpecError, match=words):
        build_plan(study(*before))


def labour(asked):
    """Rounds of three people, of whom one answers all in a second each."""
    who, most = np.arange(3) == 0, max(asked)
    is_asked = np.arange(most)[None, :, None] < np.asarray(asked)[:, None, None]
    is_asked = is_asked & who
    one = np.ones(len(asked), np.float32)
    return Labour(is_asked.astype(np.float32), is_asked, is_asked, one, one)


def trace(people):
    flat = np.zeros(12, np.float32)
    return Trace(Curve(flat, flat, flat == 0), people, *np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("own", "asked", "seen"),
    [
        # nobody but those of the earlier stage before the first round
        (REVIEWED, [40, 10, 10], [40] * 4 + [50] * 4 + [60] * 4),
        ({"kind": "machine_review", "items": 10}, [40], [40] * 12),
        ({"kind": "verification", "questions": 10}, [40, 10], [50] * 12),
    ],
)
def test_people_of_earlier_stages_have_worked_before_training(study, own, asked, seen):
    _, runs = own_of(study(RATED, own=own))
    condition = runs[0].condition
    config = worker.run_config(condition, *worker.data_of(condition))
    people = _worked(condition, trace(labour(asked)))
    found = _people_columns(condition, guidance_of(config), people, 12)
    assert found["asked"] == seen
    assert found["worked_s"] == pytest.approx([float(n) for n in seen])


def test_a_run_has_a_round_of_each_stage_that_asks(study):
    _, runs = own_of(study(RATED))
    condition = runs[0].condition
    info, data = worker.data_of(condition)
    own = worker.seeds_of(runs[0]), worker.hyper_of(condition, info)
    run = build_run(worker.run_config(condition, info, data))
    assert jax.eval_shape(run, *own, data).labour.seconds.shape[0] == 3

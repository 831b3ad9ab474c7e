import dataclasses
import re

import chex
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from hitl_sim.learn import (
    RunConfig,
    TrainConfig,
    build_run,
    build_simulation,
    describe_steps,
    describe_work,
)
from hitl_sim.learn.crowd import PanelConfig, ask, assign, collect
from hitl_sim.learn.efficiency import Host, build_course
from hitl_sim.learn.intervention import Setting
from hitl_sim.learn.intervention.importance import ImportanceArm
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.machine_share import MachineShareArm
from hitl_sim.learn.intervention.random_share import RandomShareArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.loop import build_driver, driver, run_keys
from hitl_sim.learn.loop.driver import buckets_of
from hitl_sim.task import build_split
from oracles import sample_annotators
from oracles.feedback import FEEDBACK

SPLIT = jax.jit(build_split, static_argnums=(3, 4, 5))
SAMPLE = jax.jit(sample_annotators, static_argnums=2)
LABELLING = LabellingArm(name="a", rounds=3, questions=10)
KINDS = {
    "whole_pool": (WholePoolArm(name="a", role="control"), "label", 10),
    "random_share": (RandomShareArm(name="a"), "label", 10),
    "machine_share": (
        MachineShareArm(name="a", score="loss", proxy_steps=5),
        "label",
        10,
    ),
    "relevance": (
        RelevanceArm(name="a", questions=20, generalise_steps=10),
        "relevance",
        2,
    ),
    "importance": (ImportanceArm(name="a", share=4 / 16), "importance", 16),
    "labelling": (LABELLING, "label", 10),
}


@pytest.fixture(scope="module")
def run_of(config_of, digits):
    built = {}

    def run(kind, seeds, hyper):
        if kind not in built:
            built[kind] = jax.jit(build_run(config_of(KINDS[kind][0])))
        return built[kind](seeds, hyper, digits[1])

    return run


def equal(one, two):
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_fixes_the_whole_run_and_another_changes_it(
    kind, run_of, hyper_of, seeds_of
):
    hyper = hyper_of(kind=KINDS[kind][1], num_options=KINDS[kind][2])
    one = run_of(kind, seeds_of(0), hyper)
    assert equal(one, run_of(kind, seeds_of(0), hyper))
    assert not equal(one.curve, run_of(kind, seeds_of(1), hyper).curve)
    assert not equal(one.curve, run_of(kind, seeds_of(0, study=2), hyper).curve)


@pytest.mark.parametrize("kind", ["relevance", "labelling"])
def test_a_sweep_over_annotators_compiles_once(
    kind, config_of, digits, hyper_of, seeds_of
):
    run = build_run(config_of(KINDS[kind][0]))
    chex.clear_trace_counter()
    traced = jax.jit(chex.assert_max_traces(run, n=1))
    outcomes = []
    for population in ("perfect", "careless", "spammer"):
        for shared_error in (0.0, 0.4):
            hyper = hyper_of(
                population, *KINDS[kind][1:], shared_error=shared_error, share=0.4
            )
            outcomes.append(traced(seeds_of(), hyper, digits[1]))
    labours = [t.labour for t in outcomes]
    # what a model asks about depends on the answers, and so how much can be scored
    right = [float(w.num_correct.sum() / w.num_scored.sum()) for w in labours]
    assert right[0] > right[2] > right[4]


def test_control_and_null_share_split_but_not_weights(run_of, hyper_of, seeds_of):
    control = run_of("whole_pool", seeds_of(0, stream=0), hyper_of())
    null = run_of("whole_pool", seeds_of(0, stream=1), hyper_of())
    assert control.label_accuracy == null.label_accuracy
    assert not np.array_equal(control.curve.validation, null.curve.validation)


def test_arms_of_one_replicate_start_from_the_same_weights(
    config_of, digits, hyper_of, seeds_of
):
    keys, hyper = run_keys(seeds_of()), hyper_of()
    data = digits[1]
    split = SPLIT(keys.split, data, hyper.corruption, 80, 30, 20)
    setting = Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        hyper.params,
        hyper.optimiser,
    )
    program = config_of(WholePoolArm(name="a", role="control")).program
    course = build_course(Host(program.network, (64, 10), program.train), (), {}, {})
    starts = [
        jax.jit(
            build_driver(
                config.build(program), course, program.train, setting, keys
            ).start
        )()[0]
        for config in (WholePoolArm(name="a", role="control"), RandomShareArm(name="a"))
    ]
    assert equal(starts[0].learner, starts[1].learner)


@pytest.mark.parametrize("kind", ["labelling", "relevance", "importance"])
def test_an_arm_that_asks_people_needs_their_answers(
    config_of, setting, seeds_of, kind
):
    config = KINDS[kind][0]
    program = config_of(config).program
    built, keys = config.build(program), run_keys(seeds_of())
    sizes = (built.num_features, 10)
    course = build_course(Host(program.network, sizes, program.train), (), {}, {})
    asking = build_driver(built, course, program.train, setting, keys)
    state, _ = jax.eval_shape(asking.start)
    feedback = KINDS[kind][1]
    with pytest.raises(TypeError, match=f"are asked, got None for {feedback!r}"):
        asking.round_step(state, None)


def test_the_driver_called_round_by_round_equals_the_scan(
    run_of, config_of, digits, hyper_of, seeds_of
):
    """An event-driven driver calls `round_step` as a plain function."""
    hyper, data = hyper_of(), digits[1]
    keys = run_keys(seeds_of())
    config = config_of(LABELLING)
    program = config.program
    split = SPLIT(keys.split, data, hyper.corruption, 80, 30, 20)
    setting = Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        hyper.params,
        hyper.optimiser,
    )
    built = LABELLING.build(program)
    course = build_course(Host(program.network, (64, 10), program.train), (), {}, {})
    driver = build_driver(built, course, program.train, setting, keys)
    annotators = SAMPLE(keys.crowd, hyper.population, 3)
    people = FEEDBACK["label"].init(keys.crowd, annotators)
    plan, curves = assign(10, config.program.panel), []
    state, _ = jax.jit(driver.start)()
    step = jax.jit(driver.round_step)
    put = jax.jit(lambda *at: ask(keys.crowd, FEEDBACK["label"], annotators, *at, plan))
    for _ in range(3):
        people, response = put(people, state.questions)
        answers, _ = collect(response, state.questions, plan)
        state, curve = step(state, answers)
        curves.append(curve.validation)
    scanned = run_of("labelling", seeds_of(), hyper)
    # one item of the 30 may fall on the other side of a rounding
    np.testing.assert_allclose(
        np.concatenate(curves), scanned.curve.validation, atol=1 / 30 + 1e-6
    )


def test_nobody_is_asked_where_nobody_should_be(run_of, hyper_of, seeds_of):
    assert run_of("machine_share", seeds_of(), hyper_of()).labour is None


def test_a_study_asks_as_many_questions_as_it_says(run_of, hyper_of, seeds_of):
    labour = run_of("labelling", seeds_of(), hyper_of()).labour
    assert labour.is_asked.sum() == 3 * 10 * 3
    assert (labour.seconds[labour.is_asked] > 0).all()


def test_better_people_leave_a_cleaner_pool(run_of, hyper_of, seeds_of):
    kept = {
        population: np.mean(
            [
                run_of(
                    "relevance", seeds_of(r), hyper_of(population, "relevance", 2)
                ).kept_clean_frac
                for r in range(8)
            ]
        )
        for population in ("perfect", "spammer")
    }
    assert kept["perfect"] > kept["spammer"]


def test_rounds_that_do_not_divide_the_checkpoints_are_refused(config_of):
    config = LabellingArm(name="a", rounds=4, questions=5)
    with pytest.raises(ValueError, match=r"`rounds` .* must divide .* \(6\), got 4"):
        build_run(config_of(config))


def test_a_simulation_makes_the_runs_own_task_and_learns_nothing(
    config_of, digits, seeds_of, hyper_of
):
    config, seeds, hyper = (
        config_of(WholePoolArm(name="a", role="control")),
        seeds_of(),
        hyper_of(),
    )
    split, _ = jax.jit(build_simulation(config))(seeds, hyper, digits[1])
    key = run_keys(seeds).split
    made = SPLIT(key, digits[1], hyper.corruption, 80, 30, 20)
    assert equal(split, made)


def test_a_simulation_answers_every_round_anew(config_of, digits, seeds_of, hyper_of):
    """Rounds that were equal would be simulated once, and timed too short."""
    config = config_of(LABELLING)
    simulate = jax.jit(build_simulation(config))
    _, _, (_, (answers, labour)) = simulate(seeds_of(), hyper_of("careless"), digits[1])
    assert answers.answer.shape == (3, 10, 3)
    assert labour.is_answered.sum() == 3 * 10 * 3
    rounds = np.asarray(answers.answer)
    assert not np.array_equal(rounds[0], rounds[1])
    assert not np.array_equal(rounds[1], rounds[2])


@pytest.mark.parametrize("refit", ["scratch", "final_only"])
def test_refits_train_as_many_steps_as_they_count(
    refit, config_of, digits, hyper_of, seeds_of
):
    """A checkpoint moves accuracy exactly where steps are due."""
    config = config_of(
        LabellingArm(
            name="a", rounds=3, questions=16, strategy="random", refit=refit, epochs=2
        )
    )
    trace = jax.jit(build_run(config))(seeds_of(), hyper_of("perfect"), digits[1])
    steps = describe_steps(config)
    if refit == "final_only":
        assert list(steps.all_fits) == [0, 0, 0, 0, 6, 12]
        assert len(set(np.asarray(trace.curve.validation[:4]))) == 1
    else:
        assert list(steps.current_fit) == [2, 4, 4, 8, 6, 12]
        # a fresh start after a fit: not where the last fit ended
        assert trace.curve.validation[2] != trace.curve.validation[1]


WHOLE = TrainConfig(batch=None, steps_per_checkpoint=5, num_checkpoints=9)
GIVEN = LabellingArm(
    name="a", rounds=8, questions=5, strategy="entropy", refit="scratch", initial=10
)


def whole_config(program):
    alone = dataclasses.replace(program, train=WHOLE, panel=PanelConfig(1, 1, 1))
    return RunConfig(alone, GIVEN, 30, 20)


@pytest.mark.parametrize(
    ("aggregate", "rounds"),
    [pytest.param("majority", 8, marks=pytest.mark.slow), ("dawid_skene", 2)],
)
def test_room_for_items_that_are_not_there_changes_no_curve(
    program, digits, hyper_of, seeds_of, monkeypatch, aggregate, rounds
):
    guidance = msgspec.structs.replace(GIVEN, aggregate=aggregate, rounds=rounds)
    config = dataclasses.replace(whole_config(program), intervention=guidance)
    hyper, curves = hyper_of(), []
    for waste, num_rooms in ((1.0, rounds), (9.0, 1)):
        monkeypatch.setattr(driver, "_WASTE", waste)
        built = guidance.build(config.program)
        assert len(buckets_of(built, WHOLE).each) == num_rooms
        trace = jax.jit(build_run(config))(seeds_of(), hyper, digits[1])
        assert trace.curve.validation.shape == (9,)
        assert int(trace.train_items) == 10 + rounds * 5
        curves.append(trace.curve.validation)
    # one item of the 30 may fall on the other side of a rounding
    assert np.abs(curves[0] - curves[1]).max() < 2 / 30


@pytest.mark.parametrize("rounds", [1, 4, 20])
def test_padding_stays_below_its_bound_with_few_rooms(program, rounds):
    config = msgspec.structs.replace(GIVEN, rounds=rounds, questions=2)
    train = dataclasses.replace(WHOLE, num_checkpoints=rounds + 1)
    built = config.build(dataclasses.replace(program, train=train))
    rooms = buckets_of(built, train)
    own = [10 + 2 * (r + 1) for r in range(rounds)]
    assert rooms.first == 10
    assert len(rooms.of_stage) == 1 + rounds
    assert set(rooms.of_stage) == set(range(len(rooms.each)))
    room = [rooms.each[which] for which in rooms.of_stage[1:]]
    assert all(a >= b for a, b in zip(room, own, strict=True))
    assert sum(room) <= 1.05 * sum(own)


def test_steps_are_compiled_with_the_room_that_a_stage_needs(
    program, digits, hyper_of, seeds_of
):
    """Rows of the hidden layer, 8 wide, whose gradient is taken in each step."""
    config = whole_config(program)
    rooms = buckets_of(GIVEN.build(config.program), WHOLE)
    traced = str(jax.make_jaxpr(build_run(config))(seeds_of(), hyper_of(), digits[1]))
    rows = {int(n) for n in re.findall(r"bool\[(\d+),8\] = gt", traced)}
    assert {rooms.first, *rooms.each} <= rows


@pytest.mark.parametrize("initial", [0, pytest.param(10, marks=pytest.mark.slow)])
def test_a_stale_model_is_the_synchronous_one_some_rounds_late(
    program, digits, hyper_of, seeds_of, initial
):
    """Where questions are random and each step takes all items, nothing else moves."""
    train = dataclasses.replace(WHOLE, num_checkpoints=4)
    alone = dataclasses.replace(program, train=train, panel=PanelConfig(1, 1, 1))
    late, rounds = 2, 4 - (initial > 0)
    found = []
    for staleness in (0, late):
        arm = LabellingArm(
            name="a",
            rounds=rounds,
            questions=5,
            strategy="random",
            initial=initial,
            refit="warm" if not initial else "scratch",
            staleness=staleness,
        )
        config = RunConfig(alone, arm, 30, 20)
        run, data = jax.jit(build_run(config)), digits[1]
        found.append((run(seeds_of(), hyper_of("typical"), data), config))
    (now, one), (then, two) = found
    # people are asked the same, whenever the model comes to know it
    assert equal(now.labour, then.labour)
    assert int(now.train_items) == initial + 5 * rounds
    assert int(then.train_items) == initial + 5 * (rounds - late)
    steps = [describe_steps(config).all_fits.tolist() for config in (one, two)]
    if initial:
        # a start is fitted at once, and again until there is more to know
        assert steps[0] == steps[1]
        assert then.curve.validation[0] == now.curve.validation[0]
        return
    assert steps == [[5, 10, 15, 20], [0, 0, 5, 10]]
    np.testing.assert_array_equal(then.curve.validation[2:], now.curve.validation[:2])
    scored = [line.counts for line in describe_work(two) if line.unit.phase == "train"]
    assert sum(counts[-1] for counts in scored) == 10


def test_steps_on_all_items_are_billed_by_how_many_there_are(program):
    config = whole_config(program)
    lines = [line for line in describe_work(config) if line.unit.phase == "train"]
    assert [line.counts[-1] for line in lines] == [5] * 9
    assert [line.unit.name.split(":n")[1] for line in lines] == [
        str(10 + 5 * r) for r in range(9)
    ]


def test_given_labels_are_spread_over_the_classes_and_nobody_is_asked_them(
    program, digits, hyper_of, seeds_of
):
    hyper, data = hyper_of(), digits[1]
    keys = run_keys(seeds_of())
    split = SPLIT(keys.split, data, hyper.corruption, 80, 30, 20)
    setting = Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        hyper.params,
        hyper.optimiser,
    )
    built = GIVEN.build(whole_config(program).program)
    plan, questions = jax.jit(built.begin)(keys.choose, setting)
    assert questions is None
    start = np.asarray(plan.asked[:10])
    label = np.asarray(split.pool.label)
    assert len(set(start)) == 10
    assert np.bincount(label[start], minlength=10).max() == 1
    course = build_course(Host(program.network, (64, 10), WHOLE), (), {}, {})
    driver = build_driver(built, course, WHOLE, setting, keys)
    state, curve = jax.jit(driver.start)()
    assert curve.validation.shape == (1,)
    asked = set(np.asarray(state.plan.asked[10:15]))
    assert len(asked) == 5
    assert not asked & set(start)

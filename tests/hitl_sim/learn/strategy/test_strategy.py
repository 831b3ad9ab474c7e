"""What built-in strategies ask about, and what they are shown and billed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim import part
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.network import build_network
from hitl_sim.learn.strategy import Strategy, View, build_strategy, check_sight, look
from hitl_sim.part import PartError, builtin, find

KEY = jax.random.key(0)
SURE, SPLIT, FLAT = [9.0, 0.0, 0.0], [5.0, 5.0, -9.0], [0.0, 0.0, 0.0]


def view_of(*rows, members=None):
    free = jnp.zeros(len(rows), bool)
    return View(jnp.array(rows), None, free, None, members)


def score(name, view, shape, key=KEY, **options):
    built = build_strategy(builtin("strategy")[name], shape, options)
    return built.score(key, view, {})


def test_entropy_prefers_the_flattest_distribution(program):
    found = score("entropy", view_of(SURE, SPLIT, FLAT), program.shape)
    assert list(np.argsort(-found)) == [2, 1, 0]
    assert found[2] == pytest.approx(np.log(3), rel=1e-5)


def test_margin_looks_at_the_two_best_only(program):
    found = score("margin", view_of(SURE, SPLIT, FLAT), program.shape)
    assert found[0] < found[1]
    assert found[1] == pytest.approx(float(found[2]), abs=1e-6)


def test_random_ignores_the_model_and_follows_the_key(program):
    one = score("random", view_of(SURE, SPLIT, FLAT), program.shape)
    two = score("random", view_of(FLAT, SURE, SPLIT), program.shape)
    other = score(
        "random", view_of(SURE, SPLIT, FLAT), program.shape, jax.random.key(1)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def certain(*classes):
    """`[M, 1, 2]` logits of members that are each certain of a class."""
    return jnp.array([[[60.0, 0.0] if k == 0 else [0.0, 60.0]] for k in classes])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        # members that agree, whether they are sure or not, tell each other nothing
        (certain(0, 0, 0, 0), 0.0),
        (jnp.zeros((4, 1, 2)), 0.0),
        # split evenly and certain: all of log 2
        (certain(0, 1, 0, 1), np.log(2)),
        # 3 to 1: the entropy of (3/4, 1/4)
        (certain(0, 0, 1, 0), 2 * np.log(2) - 0.75 * np.log(3)),
    ],
    ids=["sure and agreed", "unsure and agreed", "split", "three to one"],
)
def test_bald_is_the_mutual_information_of_class_and_member(program, members, expected):
    view = View(None, None, jnp.zeros(1, bool), None, members)
    found = score("bald", view, program.shape, members=4)
    assert float(found[0]) == pytest.approx(expected, abs=1e-6)


def test_bald_needs_two_members(program):
    with pytest.raises(ValueError, match=r"`options\.members` must be >= 2, got 1"):
        build_strategy(builtin("strategy")["bald"], program.shape, {"members": 1})


@pytest.fixture
def wobbly(monkeypatch):
    """A network whose hidden units go at random, by hand."""

    def build(config, *sizes):
        plain = build_network(config, *sizes)

        def sample(key, params, x):
            kept = jax.random.bernoulli(key, 0.5, x.shape)
            return plain.apply(params, jnp.where(kept, x, 0.0))

        return plain._replace(sample=sample)

    for place in ("efficiency.course", "intervention.labelling"):
        monkeypatch.setattr(f"hitl_sim.learn.{place}.build_network", build)
    return build


def labelling(**fields):
    return LabellingArm(name="one", rounds=3, questions=10, **fields).complete({})


def test_draws_differ_and_are_shown_to_those_who_ask(program, wobbly):
    network = wobbly(program.network, 64, 10)
    params, x = network.init(KEY), jax.random.normal(KEY, (5, 64))
    strategy = Strategy(lambda *_: None, sees=("logits",), members=3)
    view = look(KEY, strategy, network, params, x, jnp.zeros(5, bool), None)
    assert view.member_logits.shape == (3, 5, 10)
    assert not np.array_equal(view.member_logits[0], view.member_logits[1])
    np.testing.assert_array_equal(view.logits, network.apply(params, x))


def operations(line):
    from hitl_sim.energy import count_operations  # noqa: PLC0415

    counted = count_operations(line.unit.program, *line.unit.args)
    return counted.matrix_flops["float32 default"] / line.unit.items


def test_every_member_s_pass_is_on_the_bill(program, wobbly):
    bald = labelling(strategy="bald", options={"members": 7}).build(program).work
    margin = labelling().build(program).work
    assert operations(bald[0]) == 7 * operations(margin[0])
    assert bald[0].unit.name == "score:64-8-10:bald-members=7:n80"
    np.testing.assert_array_equal(bald[0].counts, margin[0].counts)


def test_suggestions_look_anew_where_the_strategy_saw_draws_only(program, wobbly):
    built = labelling(strategy="bald", suggest=True).build(program)
    names = [line.unit.name.split(":")[2] for line in built.work]
    assert names == ["bald", "suggestion"]


def test_bald_is_refused_where_nothing_in_the_network_is_random(program):
    with pytest.raises(
        ValueError, match=r"another than 'bald' .*nothing in this one is"
    ):
        labelling(strategy="bald").build(program)


def test_an_embedding_is_refused_where_the_network_shows_none(program):
    network = build_network(program.network, 64, 10)._replace(embed=None)
    with pytest.raises(ValueError, match="last hidden layer, and this one shows none"):
        check_sight("core_set", Strategy(lambda *_: None, ("embedding",)), network)


@part.strategy(params={"weight": 2.0})
def by_class(shape, *, favourite=0):
    """Prefer items near a class, and those that are not labelled."""

    def score(key, view, params):
        assert view.label.shape == view.is_labelled.shape
        return params["weight"] * view.logits[:, favourite] - view.is_labelled

    return score


def test_a_brought_strategy_is_asked_by_with_its_options_and_params(
    setting, program, answers_of
):
    parts = {"mine": by_class}
    arm = LabellingArm(
        name="one", rounds=3, questions=10, strategy="mine", options={"favourite": 4}
    ).complete(parts)
    assert (arm.params, arm.leaves) == ({"weight": 2.0}, {"weight": 2.0})
    built = arm.build(dataclasses.replace(program, parts=parts))
    run = setting._replace(params={"weight": jnp.float32(2.0)})
    plan, questions = built.begin(KEY, run)
    plan = built.absorb(run, plan, answers_of(questions.truth))
    network = build_network(program.network, 64, 10)
    params = network.init(KEY)
    after, _ = built.choose(jax.random.key(1), run, plan, params)
    logit = np.array(network.apply(params, run.split.pool.features)[:, 4])
    logit[np.asarray(plan.asked[:10])] = -np.inf
    assert set(np.asarray(after.asked[10:20])) == set(np.argsort(-logit)[:10])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strategy": "coin"}, r"`strategy` must be one of 'bald', .* got 'coin'"),
        ({"options": {"depth": 2}}, r"`options\.depth` is no option of strategy"),
        ({"params": {"heat": 2.0}}, r"`params\.heat` is no param of strategy 'margin'"),
    ],
)
def test_a_part_that_is_not_as_it_is_named_is_refused_with_the_arm(fields, message):
    with pytest.raises(ValueError, match=f"Arm 'one': {message}"):
        labelling(**fields)


def test_what_is_no_strategy_is_refused(program):
    @part.strategy()
    def nothing(shape):
        return 3

    with pytest.raises(TypeError, match=r"'nothing' must return a function .* got 3"):
        build_strategy(nothing, program.shape, {})
    with pytest.raises(PartError, match=r"`part\.odd` must be of kind 'intervention'"):
        find("intervention", "odd", {"odd": nothing})

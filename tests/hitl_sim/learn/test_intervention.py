import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.learn.crowd import Answers, PanelConfig
from hitl_sim.learn.intervention.arm import Surroundings
from hitl_sim.learn.intervention.importance import ImportanceArm
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.random_share import RandomShareArm
from hitl_sim.learn.intervention.rated import cues
from hitl_sim.learn.intervention.relevance import RelevanceArm, seems_right
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.task import Status

PANEL = PanelConfig(3, 3, 1)


def test_the_control_trains_on_everything(setting, program):
    built = WholePoolArm(name="a", role="control").build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    training = built.training(setting, plan)
    assert questions is None
    assert training.num_items == 80
    np.testing.assert_array_equal(training.labels, setting.split.pool.label)


def test_a_random_share_has_the_size_asked_for_and_no_order(setting, program):
    built = RandomShareArm(name="a").build(program)
    plan, _ = built.begin(jax.random.key(0), setting)
    other, _ = built.begin(jax.random.key(1), setting)
    training = built.training(setting, plan)
    assert training.num_items == 40
    assert sorted(np.asarray(training.order)) == list(range(80))
    assert not np.array_equal(plan.order, other.order)


def test_right_ratings_lead_to_a_clean_share(setting, program, answers_of):
    built = RelevanceArm(name="a", questions=80, generalise_steps=100).build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    training = built.training(setting, plan)
    status = np.asarray(setting.split.pool.status)
    # everything was rated, rightly: 40 clean items and the 8 that repeat some of them
    kept = status[np.asarray(training.order)[:40]]
    assert set(kept) == {Status.CLEAN, Status.DUPLICATE}


def test_who_sees_one_item_cannot_tell_that_there_is_another(setting):
    pool = setting.split.pool
    right = np.asarray(seems_right(pool))
    status = np.asarray(pool.status)
    assert right[status == Status.DUPLICATE].all()
    assert right[status == Status.CLEAN].all()
    assert not right[status == Status.IRRELEVANT].any()
    assert not right[status == Status.WRONG_LABEL].any()


@pytest.mark.parametrize("rated", ["random", "uncertain", "cluster"])
def test_a_machine_finds_copies_that_nobody_is_asked_about(
    setting, program, answers_of, rated
):
    arm = RelevanceArm(name="a", questions=60, rated=rated, deduplicate=True)
    built = arm.build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    x = np.asarray(setting.split.pool.features)
    same = (x[:, None] == x[None]).all(axis=2) & np.tri(80, k=-1, dtype=bool)
    is_copy = same.any(axis=1)
    assert is_copy.sum() == 8
    np.testing.assert_array_equal(plan.is_copy, is_copy)
    assert not is_copy[np.asarray(plan.asked)].any()
    plan = built.absorb(setting, plan, answers_of(questions.right))
    assert is_copy[np.asarray(plan.order)[-8:]].all()
    (line,) = [line for line in built.work if "duplicate" in line.unit.name]
    assert line.counts[-1] == 80


def test_inverted_ratings_lead_to_a_spoilt_share(setting, program, answers_of):
    built = RelevanceArm(name="a", questions=80, generalise_steps=100).build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, answers_of(2 - questions.right))
    training = built.training(setting, plan)
    status = np.asarray(setting.split.pool.status)
    kept = status[np.asarray(training.order)[:32]]
    assert set(kept) == {Status.IRRELEVANT, Status.WRONG_LABEL}


def test_ratings_of_a_part_generalise_to_the_rest(setting, program, answers_of):
    built = RelevanceArm(name="a", questions=40, generalise_steps=200).build(program)
    status = np.asarray(setting.split.pool.status)

    @jax.jit
    def ordered(key):
        plan, questions = built.begin(key, setting)
        plan = built.absorb(setting, plan, answers_of(questions.right))
        return plan.asked, plan.order

    lead = []
    for key in jax.random.split(jax.random.key(2), 40):
        asked, order = map(np.asarray, ordered(key))
        left = status[order[~np.isin(order, asked)]]
        clean = np.isin(left, (Status.CLEAN, Status.DUPLICATE))
        lead.append(clean[:20].mean() - clean[20:].mean())
    # unrated items in order of score: more clean ones in the better half
    assert np.mean(lead) > 4 * np.std(lead) / np.sqrt(len(lead))


def test_cues_are_standardised_over_the_pool(setting):
    pool = setting.split.pool
    described = cues(pool.features, pool.label, jnp.arange(40), jnp.ones(40), 10)
    np.testing.assert_allclose(described.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(described.std(axis=0), 1, atol=1e-4)


def test_an_items_own_rating_does_not_enter_its_cues():
    """Else ratings by chance would teach a model that relevant is what fits its label.

    The two classes' rated items are the rows that are not like each other.
    """
    features, label = jnp.eye(8), jnp.arange(8) % 2
    rating = jnp.array([1.0, 1.0, 0.0, 0.0])
    described = np.asarray(cues(features, label, jnp.arange(4), rating, 2))
    # every item is as unlike what is left of its class as any other
    np.testing.assert_allclose(described[:, :2], 0.0, atol=1e-4)


def test_ratings_by_chance_keep_no_more_clean_items_than_a_draw(
    setting, program, answers_of
):
    built = RelevanceArm(name="a", questions=60, generalise_steps=30).build(program)
    status = np.asarray(setting.split.pool.status)

    @jax.jit
    def kept(key):
        key_plan, key_answer = jax.random.split(key)
        plan, questions = built.begin(key_plan, setting)
        coins = jax.random.bernoulli(key_answer, 0.5, questions.right.shape)
        plan = built.absorb(setting, plan, answers_of(2 * coins.astype(jnp.int32)))
        return plan.order

    num_kept = 40
    clean = [
        (status[np.asarray(kept(key))[:num_kept]] == 0).mean()
        for key in jax.random.split(jax.random.key(0), 200)
    ]
    error = np.std(clean) / np.sqrt(len(clean))
    assert abs(np.mean(clean) - (status == 0).mean()) < 4 * error


def test_the_best_ranked_groups_are_kept(setting, program):
    built = ImportanceArm(name="a", share=4 / 16).build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    order = jnp.argsort(-questions.utility[0]).astype(jnp.int32)
    ranking = jnp.broadcast_to(order[None, None], (1, 3, 16))
    answers = Answers(ranking, jnp.ones((1, 3), bool), jnp.zeros((1, 3), jnp.int32))
    plan = built.absorb(setting, plan, answers)
    expected = np.sort(np.asarray(setting.groups)[np.asarray(order[:4])].ravel())
    np.testing.assert_array_equal(built.columns(setting, plan), expected)
    assert built.num_features == 16
    assert built.training(setting, plan).features.shape == (80, 16)


def labelling(program, **fields):
    config = LabellingArm(name="a", rounds=3, questions=10, **fields)
    return config.build(program)


def test_labelling_believes_people_not_the_given_labels(setting, program, answers_of):
    built = labelling(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, answers_of((questions.truth + 1) % 10))
    training = built.training(setting, plan)
    asked = np.asarray(training.order)[:10]
    assert training.num_items == 10
    np.testing.assert_array_equal(
        training.labels[asked], (setting.split.pool.truth[asked] + 1) % 10
    )


@pytest.mark.parametrize("aggregate", ["majority", "dawid_skene", "one_coin", "glad"])
def test_two_of_three_outvote_the_third(setting, program, aggregate, answers_of):
    built = labelling(program, aggregate=aggregate)
    plan, questions = built.begin(jax.random.key(0), setting)
    answers = answers_of(questions.truth)
    wrong = answers.answer.at[:, 2].set((questions.truth + 3) % 10)
    plan = built.absorb(setting, plan, answers._replace(answer=wrong))
    training = built.training(setting, plan)
    asked = np.asarray(training.order)[:10]
    np.testing.assert_array_equal(
        training.labels[asked], setting.split.pool.truth[asked]
    )


def test_an_item_that_nobody_answered_is_not_trained_on(setting, program, answers_of):
    built = labelling(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    answers = answers_of(questions.truth)
    silent = answers._replace(is_answered=answers.is_answered.at[4].set(False))
    training = built.training(setting, built.absorb(setting, plan, silent))
    used = np.asarray(training.order)[: int(training.num_items)]
    assert training.num_items == 9
    assert int(plan.asked[4]) not in used


def test_no_item_is_labelled_twice(setting, program, answers_of):
    built = labelling(program, strategy="random")
    plan, questions = built.begin(jax.random.key(0), setting)
    for r in range(3):
        plan = built.absorb(setting, plan, answers_of(questions.truth))
        if r < 2:
            plan, questions = built.choose(
                jax.random.key(r), setting, plan, _params(program)
            )
    asked = np.asarray(plan.asked)
    assert len(set(asked)) == 30
    assert built.training(setting, plan).num_items == 30


def test_late_answers_are_asked_but_not_known(setting, program, answers_of):
    built = labelling(program, staleness=1, aggregate="dawid_skene", suggest=True)
    plan, questions = built.begin(jax.random.key(0), setting)
    asked = []
    for r in range(3):
        asked.append(np.asarray(questions.item))
        plan = built.absorb(setting, plan, answers_of(questions.truth))
        training = built.training(setting, plan)
        used = np.asarray(training.order)[: int(training.num_items)]
        if r:
            assert sorted(used) == sorted(np.asarray(plan.asked[: 10 * r]))
            truth = setting.split.pool.truth[used]
            np.testing.assert_array_equal(training.labels[used], truth)
        # what is not known yet says nothing to what makes labels of answers either
        late = np.asarray(plan.asked[10 * r : 10 * r + 10])
        assert (training.labels[late] != setting.split.pool.truth[late]).any()
        keys = jax.random.key(r), setting, plan, _params(program)
        if r < 2:
            plan, questions = built.choose(*keys)
            # before a model knows anything it suggests nothing, and chooses at random
            assert bool((questions.suggestion < 0).all()) == (r == 0)
    assert len(set(np.concatenate(asked))) == 30
    assert [list(line.counts) for line in built.work] == [[0, 0, 0, 0, 60, 60]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"staleness": 3}, r"`arm\.staleness` must be < `arm\.rounds` \(3\), .* got 3"),
        (
            {"staleness": 1, "refit": "final_only", "strategy": "random"},
            r"`arm\.staleness` must be 0 where `arm\.refit` is 'final_only'",
        ),
        (
            {"staleness": 1, "method": ("any",)},
            r"`arm\.staleness` must be 0 with a method where `arm\.initial` is 0",
        ),
    ],
)
def test_staleness_without_a_model_is_refused(fields, words):
    arm = LabellingArm(name="a", rounds=3, questions=10, **fields)
    with pytest.raises(ValueError, match=words):
        arm.check(Surroundings(3, 8, 6, 2))


def _params(program):
    network = build_network(program.network, 64, 10)
    return network.init(jax.random.key(0))


def test_irrelevant_items_carry_no_signal_for_a_label(setting, program):
    built = labelling(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    status = np.asarray(setting.split.pool.status)[np.asarray(plan.asked)[:10]]
    np.testing.assert_array_equal(questions.discrimination == 0, status == 1)
    assert (status == 1).any()


def test_an_item_of_no_class_has_an_answer_where_it_is_offered(
    setting, program, answers_of
):
    built = labelling(program, none_of_these=True)
    plan, questions = built.begin(jax.random.key(0), setting)
    status = np.asarray(setting.split.pool.status)[np.asarray(plan.asked[:10])]
    is_none = status == Status.IRRELEVANT
    assert is_none.any()
    assert not is_none.all()
    np.testing.assert_array_equal(np.asarray(questions.truth) == 10, is_none)
    assert questions.utility.shape == (10, 11)
    np.testing.assert_array_equal(questions.discrimination, 1.0)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    training = built.training(setting, plan)
    assert training.num_items == 10 - is_none.sum()
    used = np.asarray(training.order)[: int(training.num_items)]
    assert set(used) == set(np.asarray(plan.asked[:10])[~is_none])


def test_perfect_people_leave_items_of_no_class_out(
    digits, config_of, hyper_of, seeds_of
):
    arm = LabellingArm(name="a", rounds=1, questions=60, none_of_these=True)
    run = jax.jit(build_run(config_of(arm)))
    trace = run(seeds_of(), hyper_of("perfect", num_options=11), digits[1])
    assert float(trace.label_accuracy) == 1.0
    assert int(trace.train_items) < 60
    labour = trace.labour
    assert float(labour.num_correct.sum()) == float(labour.num_scored.sum()) == 180


def test_recorded_people_could_name_a_class_alone():
    arm = LabellingArm(name="a", none_of_these=True)
    with pytest.raises(ValueError, match=r"`arm.none_of_these` must be false"):
        arm.check_replayed()


def test_a_budget_beyond_the_pool_is_refused(program):
    with pytest.raises(ValueError, match=r"must be <= the pool \(80\), got 90"):
        LabellingArm(name="a", rounds=9, questions=10).build(program)


def test_a_subsample_is_scored_and_asked_from(setting, program, answers_of):
    built = labelling(program, strategy="entropy", score="subsample", score_items=12)
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, answers_of(questions.truth))
    plan, _ = built.choose(jax.random.key(1), setting, plan, _params(program))
    other, _ = built.choose(jax.random.key(2), setting, plan, _params(program))
    first, second = np.asarray(plan.asked)[:10], np.asarray(plan.asked)[10:20]
    assert not set(first) & set(second)
    # another subsample of 12 of 70 leads to other questions
    assert set(np.asarray(other.asked)[10:20]) != set(second)


def test_a_subsample_smaller_than_the_questions_is_refused(program):
    with pytest.raises(
        ValueError, match=r"`arm\.score_items` must be >= .* \(10\), got 5"
    ):
        labelling(program, score="subsample", score_items=5)


def test_final_only_has_no_model_to_choose_with(program):
    with pytest.raises(ValueError, match=r"`arm\.strategy` must be 'random'"):
        labelling(program, refit="final_only", strategy="margin")


def test_people_who_are_pulled_answer_what_the_model_suggests(
    config_of, hyper_of, seeds_of, digits
):
    """An untrained model suggests nonsense, so those it sways are right less often."""
    config = config_of(
        LabellingArm(name="a", rounds=3, questions=20, strategy="random", suggest=True)
    )
    run = jax.jit(build_run(config))

    def accuracy(bias):
        hyper = hyper_of(automation_bias=bias)._replace(
            optimiser={"learning_rate": jnp.float32(0.0)}
        )
        labour = run(seeds_of(), hyper, digits[1]).labour
        return np.asarray(labour.num_correct / labour.num_scored)

    free, swayed = accuracy(0.0), accuracy(50.0)
    assert swayed[0] == free[0]  # nobody suggests anything in the first round
    assert (swayed[1:] < 0.4).all()
    assert (free[1:] > 0.6).all()


def test_a_model_that_is_never_trained_cannot_suggest(program):
    config = LabellingArm(
        name="a",
        rounds=3,
        questions=10,
        strategy="random",
        refit="final_only",
        suggest=True,
    )
    with pytest.raises(ValueError, match=r"`arm\.suggest` must be false"):
        config.build(program)

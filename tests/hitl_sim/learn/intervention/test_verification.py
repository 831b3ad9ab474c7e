"""Doubtful labels go to people, and what people reject goes."""

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.learn import build_run
from hitl_sim.learn.intervention.verification import VerificationArm
from hitl_sim.learn.loop.stage import perceive_pool
from oracles import build_population


def begun(setting, program, questions=30):
    built = VerificationArm(name="a", questions=questions, proxy_steps=200).build(
        program
    )
    return built, *built.begin(jax.random.key(0), setting)


def test_people_are_asked_about_the_given_labels_that_a_proxy_doubts(setting, program):
    _, plan, questions = begun(setting, program)
    pool = setting.split.pool
    asked = np.asarray(plan.asked)
    np.testing.assert_array_equal(questions.suggestion, pool.label[asked])
    corrupted = np.isin(np.asarray(pool.status), (1, 3))
    # 32 of 80 are corrupted: 30 drawn at random hold 12 +- 2.2
    assert corrupted[asked].sum() > 12 + 2 * 2.2


def test_rejected_items_leave_the_training_set(setting, program, answers_of):
    built, plan, questions = begun(setting, program)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    training = built.training(setting, plan)
    used = set(np.asarray(training.order)[: int(training.num_items)])
    is_wrong = np.asarray(questions.right) == 0
    assert used == set(range(80)) - set(np.asarray(plan.asked)[is_wrong])
    assert int(training.num_items) == 80 - is_wrong.sum()


def test_who_knows_of_items_without_a_class_rejects_their_labels(
    digits, config_of, hyper_of, seeds_of
):
    def rejected(none_of_these, num_options):
        arm = VerificationArm(
            name="a", questions=80, proxy_steps=1, none_of_these=none_of_these
        )
        crowd = hyper_of("perfect", "verification", num_options)
        return jax.jit(build_run(config_of(arm)))(seeds_of(), crowd, digits[1])

    # 40 clean items of 80, 8 that repeat some, and 16 each of no and of a wrong class
    known = rejected(True, 11)
    assert int(known.train_items) == 48
    assert float(known.labour.num_correct.sum()) == 240
    guessed = rejected(False, 10)
    assert float(guessed.labour.num_scored.sum()) == 3 * 64
    # of ten classes a guess is the given one in a tenth
    assert 48 <= int(guessed.train_items) <= 48 + 16


def test_confirmed_labels_change_nothing(setting, program, answers_of):
    built, plan, _ = begun(setting, program)
    plan = built.absorb(setting, plan, answers_of(jnp.ones(30, jnp.int32)))
    assert built.training(setting, plan).num_items == 80
    silent = answers_of(jnp.zeros(30, jnp.int32))
    silent = silent._replace(is_answered=jnp.zeros((30, 3), bool))
    built, plan, _ = begun(setting, program)
    assert built.training(setting, built.absorb(setting, plan, silent)).num_items == 80


def test_perfect_people_leave_a_cleaner_pool(digits, config_of, hyper_of, seeds_of):
    run = jax.jit(
        build_run(config_of(VerificationArm(name="a", questions=40, proxy_steps=60)))
    )

    def clean(population):
        hyper = hyper_of(population, "verification", 10)
        traces = [run(seeds_of(replicate=r), hyper, digits[1]) for r in range(8)]
        return np.array([float(t.kept_clean_frac) for t in traces])

    gain = clean("perfect") - clean("spammer")
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(8)


def test_what_people_see_in_an_item_sways_them_here_too(setting, program):
    """Feature-predicted errors and difficulty are those of labels: one option space."""
    seen = jnp.arange(800.0).reshape(80, 10)
    perceived = setting.perceived._replace(utility=seen, difficulty=seen[:, 0])
    _, plan, questions = begun(setting._replace(perceived=perceived), program)
    np.testing.assert_array_equal(questions.utility, seen[plan.asked])
    np.testing.assert_array_equal(questions.difficulty, seen[plan.asked, 0])


def test_people_see_the_same_in_an_item_whether_they_name_or_verify(setting, program):
    """Skill is solved for what features say, so that has to reach the answers."""
    parameters = {"systematic": 0.9, "shared_error": 0.5, "model_difficulty": 0.5}
    crowd = build_population("typical", "verification", 10, **parameters)
    key = jax.random.key(0)
    perceive = jax.jit(perceive_pool, static_argnums=(1, 4))
    named, verified = (
        perceive(key, kind, crowd, setting.split, program.shape)
        for kind in ("label", "verification")
    )
    assert float(jnp.std(verified.utility)) > 0
    assert float(jnp.std(verified.difficulty)) > 0
    np.testing.assert_array_equal(named.utility, verified.utility)
    np.testing.assert_array_equal(named.difficulty, verified.difficulty)

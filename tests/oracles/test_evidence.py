import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL, RELEVANCE, build_population, sample_annotators
from oracles.evidence import item_evidence, margin_difficulty

KEY = jax.random.key(5)
ITEMS, DIMS, CLASSES = 300, 6, 4
ALL = jnp.ones(ITEMS, bool)
EVIDENCE = jax.jit(item_evidence, static_argnums=(1, 4))


def make_items(seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, ITEMS)
    means = rng.normal(size=(CLASSES, DIMS))
    return jnp.asarray(means[truth] + rng.normal(size=(ITEMS, DIMS)), jnp.float32), (
        jnp.asarray(truth)
    )


def test_evidence_is_standardised_over_the_items_that_count():
    features, _ = make_items()
    is_counted = jnp.arange(ITEMS) < 200
    found = np.asarray(EVIDENCE(KEY, 1, features, is_counted, CLASSES))
    np.testing.assert_allclose(found[:200].mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(found[:200].std(axis=0), 1.0, atol=1e-5)


def test_items_of_equal_features_have_equal_evidence_whatever_their_place():
    features, _ = make_items()
    order = np.random.default_rng(1).permutation(ITEMS)
    found = EVIDENCE(KEY, 1, features, ALL, CLASSES)
    moved = EVIDENCE(KEY, 1, features[order], ALL, CLASSES)
    np.testing.assert_allclose(moved, found[order], atol=1e-4)


def test_evidence_does_not_depend_on_the_unit_of_the_features():
    features, _ = make_items()
    found = EVIDENCE(KEY, 1, features, ALL, CLASSES)
    scaled = EVIDENCE(KEY, 1, 100.0 * features + 5.0, ALL, CLASSES)
    np.testing.assert_allclose(scaled, found, atol=2e-3)


def test_near_items_have_like_evidence_and_far_ones_do_not():
    features, _ = make_items()
    keys = jax.random.split(KEY, 200)
    drawn = jax.lax.map(lambda key: item_evidence(key, 1, features, ALL, 2), keys)
    values = np.asarray(drawn).transpose(1, 0, 2).reshape(ITEMS, -1)
    alike = np.corrcoef(values)
    x = np.asarray(features)
    distance = np.square(x[:, None] - x[None]).sum(axis=2)
    off = ~np.eye(ITEMS, dtype=bool)
    near = off & (distance < np.quantile(distance[off], 0.01))
    far = distance > np.quantile(distance[off], 0.99)
    assert alike[near].mean() > 0.7
    assert alike[far].mean() < 0.0


def test_options_crowds_and_kinds_have_evidence_of_their_own():
    features, _ = make_items()
    one = np.asarray(EVIDENCE(KEY, 1, features, ALL, 2))
    other = np.asarray(EVIDENCE(jax.random.key(6), 1, features, ALL, 2))
    kind = np.asarray(EVIDENCE(KEY, 2, features, ALL, 2))
    for left, right in ((one[:, 0], one[:, 1]), (one, other), (one, kind)):
        assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.8


def test_difficulty_is_standard_normal_and_follows_the_margin():
    features, truth = make_items()
    found = np.asarray(margin_difficulty(features, truth, ALL, CLASSES))
    assert abs(found.mean()) < 1e-3
    assert found.std() == pytest.approx(1.0, abs=0.02)
    x, y = np.asarray(features), np.asarray(truth)
    means = np.stack([x[y == k].mean(axis=0) for k in range(CLASSES)])
    distance = np.square(x[:, None] - means[None]).sum(axis=2)
    own = distance[np.arange(ITEMS), y]
    distance[np.arange(ITEMS), y] = np.inf
    hardness = own - distance.min(axis=1)
    np.testing.assert_array_equal(np.argsort(found), np.argsort(hardness))


def test_items_that_do_not_count_are_neither_hard_nor_easy():
    features, truth = make_items()
    is_counted = jnp.arange(ITEMS) % 3 > 0
    found = np.asarray(margin_difficulty(features, truth, is_counted, CLASSES))
    assert (found[::3] == 0).all()
    assert found[np.asarray(is_counted)].std() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("kind", ["label", "relevance"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"systematic": 0.5},
        {"systematic": 0.9, "shared_error": 0.8, "repeatability": 0.95},
        {"model_difficulty": 1.5},
        {"systematic": 0.6, "model_difficulty": 1.0, "lapse": 0.1},
    ],
)
def test_the_accuracy_parameter_holds_with_evidence_and_difficulty(
    kind, parameters, make_query
):
    """Over items with independent evidence, whose law the solver averages over."""
    num_options, oracle = (6, LABEL) if kind == "label" else (2, RELEVANCE)
    population = build_population(
        "typical", kind, num_options, accuracy=0.75, **parameters
    )
    people, questions = 200, 100
    query = make_query(questions, people, num_options)
    rng = np.random.default_rng(3)
    evidence = float(population.evidence or 0.0) * rng.normal(size=query.utility.shape)
    hard = float(population.model_difficulty or 0.0) * rng.normal(size=query.item.shape)
    query = query._replace(
        item=query.item + 1000 * jnp.arange(people)[None, :],
        utility=jnp.asarray(evidence, jnp.float32),
        difficulty=jnp.asarray(hard, jnp.float32),
    )
    params = sample_annotators(KEY, population, people)
    _, given = jax.jit(oracle.answer)(KEY, params, oracle.init(KEY, params), query)
    answer, truth = np.asarray(given.answer), np.asarray(query.truth)
    right = answer == truth
    if kind == "relevance":
        right = np.where(answer == 1, np.nan, answer == 2 * truth)
    by_person = np.nanmean(right, axis=0)
    assert abs(by_person.mean() - 0.75) < 4 * by_person.std() / np.sqrt(people)


def test_evidence_is_part_of_the_shared_error_and_not_on_top_of_it():
    """Two people's utilities correlate by the shared error, two looks as asked."""
    population = build_population(
        "typical",
        "label",
        6,
        shared_error=0.6,
        repeatability=0.9,
        systematic=0.5,
    )
    noise = np.pi**2 / 6
    evidence = float(population.evidence) ** 2
    total = noise + evidence
    shared, own = float(population.shared), float(population.own)
    assert evidence / total == pytest.approx(0.5 * 0.6, abs=1e-5)
    between = evidence + noise * (1 - shared**2)
    assert between / total == pytest.approx(0.6, abs=1e-5)
    again = evidence + noise * (1 - (shared * own) ** 2)
    assert again / total == pytest.approx(0.9, abs=1e-5)


def test_crowds_without_systematic_error_are_as_they_were():
    plain = build_population("typical", "label", 6)
    assert plain.evidence is None
    zero = build_population("typical", "label", 6, systematic=0.0)
    assert float(zero.evidence) == 0.0
    assert float(zero.skill) == pytest.approx(float(plain.skill), abs=1e-5)

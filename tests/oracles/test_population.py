import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import FEEDBACK, POPULATIONS, build_population, sample_annotators

KEY = jax.random.key(31)
NUM_OPTIONS = {
    "label": 6,
    "verification": 6,
    "relevance": 2,
    "importance": 2,
    "marks": 5,
    "preference": 2,
    "difficulty": 2,
}
# Kinds whose answers are right or wrong one by one.
SCORED = ("label", "verification", "relevance", "importance", "preference")
NUM_PEOPLE, NUM_QUESTIONS = 400, 25


def build_ask(oracle):
    """Build a program that samples a crowd and asks it."""

    def ask(population, query):
        params = sample_annotators(KEY, population, NUM_PEOPLE)
        return oracle.answer(KEY, params, oracle.init(KEY, params), query)[1]

    return jax.jit(ask)


ASK = {kind: build_ask(oracle) for kind, oracle in FEEDBACK.items()}


def ask_strangers(kind, population, make_query):
    """Ask many people about items of their own; return whether right, and seconds."""
    query = make_query(NUM_QUESTIONS, NUM_PEOPLE, NUM_OPTIONS[kind])
    own_items = query.item + 1000 * jnp.arange(NUM_PEOPLE)[None, :]
    # Two groups one standard deviation apart; the others have no utility of their own.
    is_scale = kind in ("importance", "preference")
    gap = jnp.array([0.0, 1.0]) if is_scale else 0.0 * query.utility[0, 0]
    query = query._replace(suggestion=query.truth if kind == "verification" else None)
    query = query._replace(item=own_items, utility=query.utility + gap[None, None, :])
    response = ASK[kind](population, query)
    answer, truth = np.asarray(response.answer), np.asarray(query.truth)
    if kind == "importance":
        return answer[:, :, 0] == 1, np.asarray(response.seconds)
    if kind == "relevance":
        right = np.where(answer == 1, np.nan, answer == 2 * truth)
        return right, np.asarray(response.seconds)
    if kind == "verification":
        return answer == 1, np.asarray(response.seconds)
    if kind == "preference":
        right = np.where(answer == 1, np.nan, answer == 2)
        return right, np.asarray(response.seconds)
    return answer == truth, np.asarray(response.seconds)


@pytest.mark.parametrize("kind", SCORED)
@pytest.mark.parametrize("name", list(POPULATIONS))
def test_a_population_has_its_accuracy_over_people_and_lapses(kind, name, make_query):
    population = build_population(name, kind, NUM_OPTIONS[kind])
    # Accuracy is stated without suggestions, which is all that is verified here.
    population = population._replace(pull=None)
    by_person = np.nanmean(ask_strangers(kind, population, make_query)[0], axis=0)
    expected = POPULATIONS[name].values(kind).get("accuracy")
    if expected is None:
        skill, band = float(population.skill), float(population.band)
        rivals = 5 if kind in ("label", "verification") else 1
        right = 1 / (1 + rivals * np.exp(band - skill))
        wrong = 1 / (1 + np.exp(band + skill) / rivals)
        expected = right / (right + wrong)
    if name == "spammer" and kind == "verification":
        expected = 1 / 2
    error = by_person.std() / np.sqrt(NUM_PEOPLE)
    assert abs(by_person.mean() - expected) <= 4 * error


@pytest.mark.parametrize("kind", SCORED)
def test_the_accuracy_dial_holds_whatever_the_other_dials_say(kind, make_query):
    for others in (
        {"lapse": 0.2},
        {"shared_error": 0.0, "repeatability": 0.0},
        {"shared_error": 0.9, "repeatability": 1.0},
    ):
        population = build_population(
            "typical", kind, NUM_OPTIONS[kind], accuracy=0.75, **others
        )
        by_person = np.nanmean(ask_strangers(kind, population, make_query)[0], axis=0)
        error = by_person.std() / np.sqrt(NUM_PEOPLE)
        assert abs(by_person.mean() - 0.75) < 4 * error


def test_perfect_people_never_err(make_query):
    for kind in SCORED:
        population = build_population("perfect", kind, NUM_OPTIONS[kind])
        right = ask_strangers(kind, population, make_query)[0]
        assert (right == 1).all()


def test_practised_people_take_the_seconds_asked_for(make_query):
    population = build_population("typical", "label", 6, seconds=8.0)
    population = population._replace(practice=np.float32(0.0))
    seconds = ask_strangers("label", population, make_query)[1]
    # Medians over people; conflict is skewed, which leaves a few per cent.
    by_person = np.median(np.log(seconds), axis=0)
    error = by_person.std() / np.sqrt(NUM_PEOPLE)
    assert abs(by_person.mean() - np.log(8.0)) < 4 * error + 0.05


def test_a_ranking_of_twice_the_groups_takes_twice_the_time():
    few, many = (build_population("typical", "importance", k) for k in (8, 16))
    assert float(many.pace - few.pace) == pytest.approx(np.log(2), abs=1e-5)


def test_spammers_are_quick(make_query):
    quick, slow = (
        np.median(
            ask_strangers("label", build_population(name, "label", 6), make_query)[1]
        )
        for name in ("spammer", "typical")
    )
    assert quick < 0.5 * slow


def test_skill_and_pace_spread_over_people_as_stated():
    population = build_population("typical", "label", 10)
    people = sample_annotators(KEY, population, 5000)
    for trait, spread in (("skill", "skill_spread"), ("pace", "pace_spread")):
        values = np.asarray(getattr(people, trait))
        mean, sd = float(getattr(population, trait)), float(getattr(population, spread))
        assert abs(values.mean() - mean) < 4 * sd / np.sqrt(5000)
        assert abs(values.std() - sd) < 4 * sd / np.sqrt(10_000)
    assert abs(np.corrcoef(people.skill, people.pace)[0, 1]) < 4 / np.sqrt(5000)


def test_the_first_people_of_a_crowd_do_not_depend_on_its_size():
    population = build_population("careless", "label", 10)
    three, nine = (sample_annotators(KEY, population, n) for n in (3, 9))
    np.testing.assert_array_equal(three.skill, nine.skill[:3])
    np.testing.assert_array_equal(three.pace, nine.pace[:3])


def test_another_key_is_another_crowd():
    population = build_population("typical", "label", 10)
    one, other = (sample_annotators(jax.random.key(k), population, 3) for k in (0, 1))
    assert (one.skill != other.skill).all()


@pytest.mark.parametrize("name", list(POPULATIONS))
@pytest.mark.parametrize("kind", list(FEEDBACK))
def test_sampled_people_pass_the_check_of_their_kind(name, kind):
    population = build_population(name, kind, NUM_OPTIONS[kind])
    assert FEEDBACK[kind].check(sample_annotators(KEY, population, 4)) is None
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(population))


@pytest.mark.parametrize(
    ("repeatability", "shared_error", "own", "shared"),
    [
        (0.91, 0.64, 0.5, 0.6),
        (0.0, 0.0, 1.0, 1.0),
        (1.0, 1.0, 1.0, 0.0),
        (1.0, 0.0, 0.0, 1.0),
        (0.5, 0.5, 1.0, 0.5**0.5),
    ],
)
def test_consistency_dials_become_the_lambdas_of_their_formulas(
    repeatability, shared_error, own, shared
):
    population = build_population(
        "typical", "label", 10, repeatability=repeatability, shared_error=shared_error
    )
    assert float(population.own) == pytest.approx(own, abs=1e-6)
    assert float(population.shared) == pytest.approx(shared, abs=1e-6)


def test_consistency_dials_move_nothing_else():
    plain = build_population("typical", "label", 10)
    moved = build_population(
        "typical", "label", 10, repeatability=0.99, shared_error=0.1
    )
    assert moved._replace(own=plain.own, shared=plain.shared) == plain


@pytest.mark.parametrize(
    ("dials", "message"),
    [
        ({"accuracy": 1.2}, r"`accuracy` must be in \[0.1, .*\] .* got 1.2"),
        ({"shared_error": 1.2}, r"`shared_error` must be in \[0, 1\], got 1.2"),
        ({"repeatability": -0.1}, r"`repeatability` must be in \[0, 1\], got -0.1"),
        ({"lapse": 1.5}, r"`lapse` must be in \[0, 1\], got 1.5"),
        ({"lapse": float("nan")}, r"`lapse` must be in \[0, 1\], got nan"),
        ({"seconds": 0.0}, r"`seconds` must be > 0 s, got 0.0"),
        (
            {"repeatability": 0.3, "shared_error": 0.5},
            r"`repeatability` must be in \[shared_error, 1\] = \[0.5, 1\], got 0.3",
        ),
    ],
)
def test_a_bad_dial_is_refused_by_name_value_and_range(dials, message):
    with pytest.raises(ValueError, match=message):
        build_population("typical", "label", 10, **dials)


@pytest.mark.parametrize(
    ("name", "kind", "options", "message"),
    [
        ("saint", "label", 10, r"`population` must be one of .* got 'saint'"),
        ("typical", "guess", 10, r"`kind` must be one of 'label', .* got 'guess'"),
        ("typical", "label", 1, r"`num_options` must be >= 2, got 1"),
        ("typical", "relevance", 3, r"`num_options` must be 2 for relevance, got 3"),
    ],
)
def test_a_bad_choice_is_refused_with_what_is_allowed(name, kind, options, message):
    with pytest.raises(ValueError, match=message):
        build_population(name, kind, options)


@pytest.mark.parametrize("name", ["perfect", "typical"])
def test_people_mark_the_share_stated_and_spread_around_it(name, make_query):
    population = build_population(name, "marks", 5, lapse=0.0)
    query = make_query(NUM_QUESTIONS, NUM_PEOPLE, 5)
    rng = np.random.default_rng(0)
    query = query._replace(
        item=query.item + 1000 * jnp.arange(NUM_PEOPLE)[None, :],
        utility=jnp.asarray(rng.normal(size=query.utility.shape), jnp.float32),
    )
    marks = np.asarray(ASK["marks"](population, query).answer)
    by_person = marks.mean(axis=(0, 2))
    # The error of a median is 1.25 times that of a mean.
    error = 1.25 * by_person.std() / np.sqrt(NUM_PEOPLE)
    assert abs(np.median(by_person) - 0.25) < 4 * error
    if name == "typical":
        quartiles = np.quantile(by_person, [0.25, 0.75])
        np.testing.assert_allclose(quartiles, [0.14, 0.41], atol=0.04)

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stacking import stack_populations

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
    "number": 2,
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
    population = population._replace(extra={})
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
def test_the_accuracy_parameter_holds_whatever_the_other_parameters_say(
    kind, make_query
):
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


def test_people_differ_in_practice_and_wait_as_they_are_interrupted():
    numbers = {"practice_spread": 0.8, "pause_spread": 0.9, "wait": 0.1, "pause": 0.02}
    population = build_population("typical", "label", 10, **numbers)
    people = jax.jit(sample_annotators, static_argnums=2)(KEY, population, 4000)
    logs = np.log(np.asarray(people.practice))
    assert abs(logs.mean() - np.log(float(population.practice))) < 4 * 0.8 / 4000**0.5
    assert abs(logs.std() - 0.8) < 4 * 0.8 / np.sqrt(8000)
    wait, pause = (
        np.log(share / (1.0 - share))
        for share in map(np.asarray, (people.extra["wait"], people.pause))
    )
    assert abs(wait.std() - 0.9) < 4 * 0.9 / np.sqrt(8000)
    np.testing.assert_allclose(
        wait - wait.mean(), pause - pause.mean(), rtol=1e-3, atol=1e-3
    )
    # alone, neither moves anybody
    alike = build_population("typical", "label", 10, wait=0.1)
    people = jax.jit(sample_annotators, static_argnums=2)(KEY, alike, 50)
    assert np.ptp(people.practice) == 0.0
    assert np.ptp(people.extra["wait"]) == 0.0


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
def test_consistency_parameters_become_the_lambdas_of_their_formulas(
    repeatability, shared_error, own, shared
):
    population = build_population(
        "typical", "label", 10, repeatability=repeatability, shared_error=shared_error
    )
    assert float(population.own) == pytest.approx(own, abs=1e-6)
    assert float(population.shared) == pytest.approx(shared, abs=1e-6)


def test_consistency_parameters_move_nothing_else():
    plain = build_population("typical", "label", 10)
    moved = build_population(
        "typical", "label", 10, repeatability=0.99, shared_error=0.1
    )
    assert moved._replace(own=plain.own, shared=plain.shared) == plain


@pytest.mark.parametrize(
    ("parameters", "message"),
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
def test_a_bad_parameter_is_refused_by_name_value_and_range(parameters, message):
    with pytest.raises(ValueError, match=message):
        build_population("typical", "label", 10, **parameters)


@pytest.mark.parametrize(
    ("name", "kind", "options", "message"),
    [
        ("saint", "label", 10, r"`population` must be one of .* got 'saint'"),
        ("typical", "guess", 10, r"`kind` must be one of .*'label'.* got 'guess'"),
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


VARIED = {
    "skill_spread": 1.0,
    "lapse": 0.1,
    "lapse_spread": 1.5,
    "skill_lapse": -0.7,
    "skill_pace": 0.5,
    "repeatability": 0.9,
    "within_spread": 1.0,
    "skill_within": 0.6,
}


def test_traits_of_people_correlate_as_stated():
    population = build_population("typical", "label", 10, **VARIED)
    size = 8000
    people = sample_annotators(KEY, population, size)
    skill = np.asarray(people.skill)
    lapse, own = (np.asarray(leaf, float) for leaf in (people.lapse, people.own))

    def logit(share):
        return np.log(share / (1 - share))

    for values, expected in (
        (np.asarray(people.pace), 0.5),
        (logit(lapse), -0.7),
        (-logit(own), 0.6),
    ):
        r = np.corrcoef(skill, values)[0, 1]
        assert abs(r - expected) < 4 * (1 - expected**2) / np.sqrt(size)
    for values, spread in ((logit(lapse), 1.5), (logit(own), 1.0)):
        assert abs(values.std() - spread) < 4 * spread / np.sqrt(2 * size)


def test_a_spread_over_people_leaves_the_parameters_means_where_they_are():
    population = build_population("typical", "label", 10, **VARIED)
    people = sample_annotators(KEY, population, 20_000)
    lapse = np.asarray(people.lapse, float)
    assert abs(lapse.mean() - 0.1) < 4 * lapse.std() / np.sqrt(20_000)
    again = 1.0 - (float(people.shared) * np.asarray(people.own, float)) ** 2
    assert abs(again.mean() - 0.9) < 4 * again.std() / np.sqrt(20_000)


@pytest.mark.parametrize("kind", SCORED)
@pytest.mark.parametrize("skill_lapse", [-0.9, 0.9])
def test_the_accuracy_parameter_holds_where_the_careless_are_the_unskilled(
    kind, skill_lapse, make_query
):
    parameters = VARIED | {"skill_lapse": skill_lapse}
    population = build_population(
        "typical", kind, NUM_OPTIONS[kind], accuracy=0.75, **parameters
    )
    right = ask_strangers(kind, population, make_query)[0]
    # Pooled over answers: "unsure" is rarer among the skilled.
    share, weight = np.nanmean(right), (~np.isnan(right)).mean(axis=0)
    residual = np.nanmean(right, axis=0) - share
    error = np.sqrt(np.mean((weight * residual) ** 2)) / weight.mean()
    assert abs(share - 0.75) < 4 * error / np.sqrt(NUM_PEOPLE)


def test_a_trait_that_a_crowd_lacks_is_neutral_in_a_stack(make_query):
    plain = build_population("typical", "label", 6)
    gifted = build_population(
        "typical",
        "label",
        6,
        automation_bias=1.0,
        response_repetition=0.5,
        skip_margin=0.3,
        skip_level=1.0,
        caution=0.2,
        fatigue=0.3,
        lapse_spread=1.0,
        within_spread=0.5,
        skill_lapse=0.4,
        skill_within=0.3,
        skill_pace=0.2,
        activity_spread=1.0,
        skill_activity=0.1,
        systematic=0.5,
        model_difficulty=0.5,
    )
    stacked = stack_populations(plain, gifted)
    first, second = (jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for i in (0, 1))
    query = make_query(40, NUM_PEOPLE, 6)
    query = query._replace(suggestion=query.truth)
    alone, together = ASK["label"](plain, query), ASK["label"](first, query)
    np.testing.assert_array_equal(alone.answer, together.answer)
    np.testing.assert_allclose(alone.seconds, together.seconds, rtol=1e-5)
    alone, together = ASK["label"](gifted, query), ASK["label"](second, query)
    np.testing.assert_array_equal(alone.answer, together.answer)


@pytest.mark.parametrize(
    "trait", ["automation_bias", "response_repetition", "skip_margin", "caution"]
)
def test_a_parameter_reaches_the_people(trait):
    population = build_population("typical", "label", 6, **{trait: 0.4})
    people = sample_annotators(KEY, population, 3)
    np.testing.assert_allclose(people.extra[trait], 0.4)
    assert set(people.extra) == {trait}


def test_fatigue_brings_the_population_s_own_rate_with_it():
    population = build_population("typical", "label", 6, fatigue=0.2)
    people = sample_annotators(KEY, population, 3)
    numbers = POPULATIONS["typical"].values("label")
    np.testing.assert_allclose(people.extra["fatigue_s"], numbers["fatigue_s"])
    assert not build_population("typical", "label", 6).extra


def test_adversaries_may_be_dialled_below_chance_and_others_not():
    population = build_population("adversary", "label", 10, accuracy=0.02)
    assert float(population.skill) == pytest.approx(np.log(9 * 0.02 / 0.98), abs=1e-4)
    with pytest.raises(ValueError, match=r"`accuracy` must be in \[0.1"):
        build_population("typical", "label", 10, accuracy=0.02)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"mood": 1.0}, "`mood` is not a number of a population"),
        ({"fatigue_s": 9.0}, "`fatigue` must be given where `fatigue_s` is"),
        ({"accuracy": 0.8, "skill": 1.0}, "`skill` must not be given beside"),
        ({"skill_pace": 1.5}, r"`skill_pace` must be in \[-1, 1\], got 1.5"),
        ({"fatigue": 0.2, "fatigue_s": 0.0}, "`fatigue_s` must be > 0 s, got 0.0"),
        ({"systematic": 1.0, "shared_error": 0.99, "repeatability": 1.0}, "0.95"),
    ],
)
def test_a_parameter_that_says_nothing_or_too_much_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        build_population("typical", "label", 10, **parameters)


def test_people_with_an_accuracy_of_each_are_as_right_as_they_are_said_to_be(
    make_query,
):
    accuracies, num_items = (0.4, 0.8, 0.95), 4000
    crowd = build_population("perfect", "label", 6, accuracies=accuracies)
    oracle = FEEDBACK["label"]
    people = sample_annotators(KEY, crowd, 3)
    query = make_query(num_items, 3, 6)
    response = oracle.answer(KEY, people, oracle.init(KEY, people), query)[1]
    share = (response.answer == query.truth).mean(axis=0)
    error = np.sqrt(0.25 / num_items)
    np.testing.assert_allclose(share, accuracies, atol=4 * error)


@pytest.mark.parametrize("parameter", ["accuracy", "skill", "skill_spread"])
def test_accuracies_of_each_stand_alone(parameter):
    with pytest.raises(ValueError, match=f"`{parameter}` must not be given beside"):
        build_population("perfect", "label", 6, accuracies=(0.8,), **{parameter: 0.5})

"""People are drawn as a file says that traits go together; what is none is refused."""

import copy
import tomllib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL, Query, build_population, sample_annotators
from oracles.joint import TRAITS, lean_basis, parse_joint
from oracles.people import draw_activity
from oracles.populations import DEFAULT, POPULATIONS, parse_populations

KEY = jax.random.key(5)
MANY = 6000
ENOUGH = 3000
"""People where items are what is few: a mean over them is known to .003."""
ANSWER = jax.jit(LABEL.answer)
SAMPLE = jax.jit(sample_annotators, static_argnums=2)
FILE = """
[mine]
summary = "made up"
accuracy.label = { value = 0.8, status = "calibrated", source = "us" }
lean_spread.label = { value = 0.8, status = "calibrated", source = "us" }
activity_spread.label = { value = 1.0, status = "calibrated", source = "us" }
difficulty_spread.label = { value = 0.9, status = "calibrated", source = "us" }
[mine.joint.label]
options = ["cat", "dog", "owl"]
class_share = [0.2, 0.3, 0.5]
confusion = [[0.0, 0.8, 0.0], [0.0, 0.0, 0.0], [-1.0, 0.5, 0.0]]
traits = ["skill", "pace", "activity", "lean 1", "lean 2"]
correlation = [
  [1.0, -0.5, 0.4, 0.3, 0.0],
  [-0.5, 1.0, 0.0, 0.0, 0.0],
  [0.4, 0.0, 1.0, 0.0, 0.0],
  [0.3, 0.0, 0.0, 1.0, 0.0],
  [0.0, 0.0, 0.0, 0.0, 1.0],
]
source = "us"
[mine_resampled]
summary = "made up, around groups"
based_on = "mine"
[mine_resampled.joint.label]
people = [[0.4, -1.2, 0.3, 0.5, 0.8, 0.2], [0.6, 0.8, -0.2, -0.3, -0.5, -0.1]]
noise = [
  [0.2, 0.0, 0.0, 0.0, 0.0],
  [0.0, 0.9, 0.0, 0.0, 0.0],
  [0.0, 0.0, 0.7, 0.0, 0.0],
  [0.0, 0.0, 0.0, 0.5, 0.0],
  [0.0, 0.0, 0.0, 0.0, 0.9],
]
[mine_with_kinds]
summary = "made up, with people who say dog"
based_on = "mine"
[[mine_with_kinds.joint.label.behaviour]]
name = "always 'dog'"
weight = 0.25
centre = [0.0, -0.5, 1.5, -5.6, 3.3]
spread = [0.0, 1.0, 1.0, 0.0, 0.0]
"""
SOURCES = parse_populations(FILE, POPULATIONS, DEFAULT)[1]
NAMES = tuple(SOURCES)


def people_of(name, num_options=3, size=MANY, **parameters):
    built = build_population(SOURCES[name], "label", num_options, **parameters)
    return built, SAMPLE(KEY, built, size)


def answers_of(people, truth, num_options=3, occasion=None):
    """Ask everybody about the same items, `[T, A]`."""
    shape = (truth.size, people.id.size)

    def laid(values):
        return jnp.asarray(values)[:, None]

    query = Query(
        item=laid(np.arange(truth.size)),
        occasion=None if occasion is None else jnp.full(shape, occasion),
        truth=laid(truth),
        utility=jnp.zeros((truth.size, 1, num_options)),
        difficulty=laid(np.zeros(truth.size)),
        discrimination=laid(np.ones(truth.size)),
        size=laid(np.ones(truth.size)),
        is_asked=jnp.ones(shape, bool),
    )
    return ANSWER(KEY, people, LABEL.init(KEY, people), query)[1]


def test_traits_go_together_as_the_file_says():
    population, people = people_of("mine")
    activity = np.log(draw_activity(KEY, population, MANY))
    gained = np.asarray(people.confusion)[:, 0] - population.confusion[0]
    lean = gained @ lean_basis(3).T
    columns = (people.skill, people.pace, activity, *(lean.T / 0.8))
    found = np.corrcoef(np.array(columns))
    wanted = np.array(SOURCES["mine"].joint["label"].correlation)
    np.testing.assert_allclose(found, wanted, atol=4 / np.sqrt(MANY))
    assert lean.std() == pytest.approx(0.8, rel=4 / np.sqrt(4 * MANY))


def test_people_lie_around_the_groups_of_the_file():
    population, people = people_of("mine_resampled")
    skill = (np.asarray(people.skill) - population.skill) / population.skill_spread
    # two normals of variance .2 around -1.2 and .8
    assert skill.mean() == pytest.approx(0.4 * -1.2 + 0.6 * 0.8, abs=4 / np.sqrt(MANY))
    assert (skill < -0.2).mean() == pytest.approx(0.4, abs=0.04)
    assert skill.var() == pytest.approx(0.24 * 4.0 + 0.2, rel=0.1)


def test_a_share_of_people_does_one_thing_and_is_as_busy_as_said():
    population, people = people_of("mine_with_kinds")
    says_dog = np.asarray(people.confusion)[:, 0, 1] > 3.0
    error = np.sqrt(0.25 * 0.75 / MANY)
    assert says_dog.mean() == pytest.approx(0.25, abs=4 * error)
    activity = np.log(draw_activity(KEY, population, MANY))
    assert activity[says_dog].mean() == pytest.approx(1.5, abs=0.15)
    truth = np.random.default_rng(0).choice(3, 60)
    share = (np.asarray(answers_of(people, truth).answer) == 1).mean(axis=0)
    assert np.median(share[says_dog]) > 0.95
    assert np.median(share[~says_dog]) < 0.6


@pytest.mark.parametrize(
    ("name", "accuracy"),
    # a quarter of people who say dog leaves no more than .83
    [(n, a) for n in NAMES for a in (None, 0.6, 0.9 if n in NAMES[:2] else 0.75)],
)
def test_people_are_as_often_right_as_was_asked_for(name, accuracy):
    _, people = people_of(name, size=ENOUGH, accuracy=accuracy)
    rng = np.random.default_rng(1)
    truth = rng.choice(3, 400, p=[0.2, 0.3, 0.5])
    right = np.asarray(answers_of(people, truth).answer) == truth[:, None]
    by_item = right.mean(axis=1)
    # items are what is few: 4 standard errors
    error = by_item.std(ddof=1) / np.sqrt(truth.size)
    assert right.mean() == pytest.approx(accuracy or 0.8, abs=4 * error)


def test_an_accuracy_out_of_reach_is_refused_with_what_is_possible():
    with pytest.raises(ValueError, match=r"`accuracy` must be in \[.*, 0.8.*got 0.95"):
        build_population(SOURCES["mine_with_kinds"], "label", 3, accuracy=0.95)


def test_hard_items_are_hard_for_everybody_and_every_time():
    alike = {"size": ENOUGH, "shared_error": 0.0}
    _, easy = people_of("mine", difficulty_spread=0.0, **alike)
    _, hard = people_of("mine", difficulty_spread=3.0, **alike)
    truth = np.zeros(300, int)
    spreads = []
    for people in (easy, hard):
        looks = [
            (np.asarray(answers_of(people, truth, occasion=o).answer) == 0).mean(axis=1)
            for o in (0, 1)
        ]
        spreads.append(looks[0].std())
        assert looks[0].mean() == pytest.approx(looks[1].mean(), abs=0.02)
    assert spreads[1] > 5 * spreads[0]
    assert np.corrcoef(*looks)[0, 1] > 0.98


def test_a_correlation_that_is_given_goes_before_the_joint():
    _, people = people_of("mine", skill_pace=0.8)
    found = np.corrcoef(people.skill, people.pace)[0, 1]
    assert found == pytest.approx(0.8, abs=4 / np.sqrt(MANY))
    _, plain = people_of("mine")
    np.testing.assert_array_equal(people.skill, plain.skill)


def test_of_other_classes_leanings_are_even_and_nothing_is_confused():
    population, people = people_of("mine", num_options=5)
    assert population.confusion is None
    assert np.asarray(population.joint.factor).shape[0] == len(TRAITS) + 4
    gained = np.asarray(people.confusion)[:, 0]
    np.testing.assert_allclose(gained.sum(axis=1), 0.0, atol=1e-4)
    np.testing.assert_allclose(gained.std(axis=0), 0.8 * np.sqrt(0.8), rtol=0.06)
    assert np.corrcoef(people.skill, people.pace)[0, 1] < -0.4


def test_leanings_alone_need_no_joint():
    plain = build_population("typical", "label", 4)
    assert plain.joint is None
    built = build_population("typical", "label", 4, lean_spread=0.7)
    people = sample_annotators(KEY, built, MANY)
    gained = np.asarray(people.confusion)[:, 0]
    np.testing.assert_allclose(gained.std(axis=0), 0.7 * np.sqrt(0.75), rtol=0.06)
    others = sample_annotators(KEY, plain, MANY)
    np.testing.assert_allclose(
        people.skill - built.skill, others.skill - plain.skill, atol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_more_people_are_the_same_people_and_more(name):
    built, people = people_of(name)
    few = sample_annotators(KEY, built, 7)
    for part, whole in zip(few, people, strict=True):
        if np.ndim(part):
            np.testing.assert_allclose(part, whole[:7], rtol=1e-5, atol=1e-6)


def test_the_content_hash_follows_the_joint_but_not_its_source():
    hashes = {SOURCES[name].content_hash("label") for name in NAMES}
    assert len(hashes) == len(NAMES)
    ours, yours = (f'source = "{who}"\n[mine_resampled]' for who in ("us", "you"))
    text = FILE.replace(ours, yours)
    other = parse_populations(text, POPULATIONS, DEFAULT)[1]
    assert other["mine"].content_hash("label") == SOURCES["mine"].content_hash("label")
    moved = parse_populations(FILE.replace("-1.2", "-1.1"), POPULATIONS, DEFAULT)[1]
    assert moved["mine"] == SOURCES["mine"]
    hashes = [s["mine_resampled"].content_hash("label") for s in (moved, SOURCES)]
    assert hashes[0] != hashes[1]


TABLE = tomllib.loads(FILE)["mine"]["joint"]["label"]
BEHAVIOUR = tomllib.loads(FILE)["mine_with_kinds"]["joint"]["label"]["behaviour"][0]
GROUPS = tomllib.loads(FILE)["mine_resampled"]["joint"]["label"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 3}, r"`j.classes` is not a field. Allowed: options"),
        ({"options": None}, r"`j.options` must be given"),
        ({"options": ["a", "a", "b"]}, r"`j.options` must be two names or more, each"),
        ({"class_share": [0.5, 0.5]}, r"`j.class_share` must hold 3 numbers, got 2"),
        ({"class_share": [0.5, 0.5, 0.5]}, r"must be >= 0 and sum to 1, got 1.5"),
        ({"confusion": [[0.0, 0.0]]}, r"`j.confusion` must hold 3 by 3 numbers"),
        ({"confusion": 4}, r"`j.confusion` must be a list, got 4"),
        ({"traits": ["skill", "charm"]}, r"`j.traits` must be of skill, .*got 'charm'"),
        ({"correlation": [[1.0, 2.0], [2.0, 1.0]]}, r"must hold 5 by 5 numbers"),
        ({"correlation": "x"}, r"`j.correlation` must be a list, got 'x'"),
        ({"people": GROUPS["people"]}, r"`j.noise` must be given where `people` is"),
        (
            {"people": [[0.0, *[0.1] * 5]], "noise": GROUPS["noise"]},
            r"`j.people` must begin with weights > 0, got 0",
        ),
        (
            {"people": [[True, *[0.1] * 5]], "noise": GROUPS["noise"]},
            r"`j.people` must hold numbers, got True",
        ),
        (
            {"behaviour": [{"name": "x"}]},
            r"`j.behaviour` must be tables of name, weight",
        ),
        (
            {"behaviour": [BEHAVIOUR | {"weight": 1.5}]},
            r"`j.behaviour.weight` must be > 0 and sum to less than 1, got 1.5",
        ),
        (
            {"behaviour": [BEHAVIOUR | {"centre": [0.0]}]},
            r"`j.behaviour.centre` must hold 5 numbers, got 1",
        ),
        (
            {"behaviour": [BEHAVIOUR | {"spread": [-1.0] * 5}]},
            r"`j.behaviour.spread` must be >= 0, got -1",
        ),
    ],
)
def test_what_is_no_distribution_is_refused_in_one_line(change, message):
    table = copy.deepcopy(TABLE) | change
    table = {name: value for name, value in table.items() if value is not None}
    with pytest.raises(ValueError, match=message) as caught:
        parse_joint("j", table)
    assert "\n" not in str(caught.value)


def test_a_matrix_that_no_traits_have_is_refused():
    bent = copy.deepcopy(TABLE)
    bent["correlation"][0][1] = bent["correlation"][1][0] = -1.5
    with pytest.raises(ValueError, match="no eigenvalue below 0"):
        parse_joint("j", bent)
    bent["correlation"][0][1] = 0.0
    with pytest.raises(ValueError, match="must be symmetric"):
        parse_joint("j", bent)
    bent = copy.deepcopy(TABLE)
    bent["correlation"][0][0] = 2.0
    with pytest.raises(ValueError, match="1 on its diagonal"):
        parse_joint("j", bent)


def test_a_joint_is_of_labels_and_its_file_is_named_by_its_path(tmp_path):
    path = tmp_path / "crowd.toml"
    path.write_text(FILE)
    built = build_population(str(path), "label", 3)
    assert np.asarray(built.joint.centre).shape[0] == 1
    groups = build_population(f"{path}:mine_resampled", "label", 3)
    assert np.asarray(groups.joint.centre).shape[0] == 2
    path.write_text(FILE.replace("[mine.joint.label]", "[mine.joint.marks]"))
    with pytest.raises(ValueError, match=r"`mine.joint` must be one of 'label', got"):
        build_population(str(path), "label", 3)

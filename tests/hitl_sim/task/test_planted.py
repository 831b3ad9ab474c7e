import numpy as np
import pytest
from scipy import stats

from hitl_sim.task import load_task
from hitl_sim.task.importance import reference_importance
from hitl_sim.task.planted import DISTANCE, NUM_CLASSES, group_strength


@pytest.fixture(scope="module")
def planted():
    return load_task("planted", num_features=64, num_groups=8, informative_groups=3)


def class_means(data):
    return np.stack([data.features[data.labels == k].mean(axis=0) for k in range(4)])


def test_only_the_informative_groups_differ_between_classes(planted):
    _, data = planted
    spread = class_means(data).std(axis=0).reshape(8, 8)
    # a mean of 1,000 items has a standard error of .032
    assert spread[3:].max() < 4 * 0.032
    assert (spread[:3].max(axis=1) > 4 * 0.032).all()


def test_importance_is_known_and_falls_from_the_first_group(planted):
    info, data = planted
    strength = group_strength(8, 3)
    expected = (strength - strength.mean()) / strength.std()
    np.testing.assert_allclose(data.importance, expected, rtol=1e-5)
    assert (np.diff(data.importance[:4]) < 0).all()
    assert "known" in info.importance_source


def test_the_measured_reference_finds_the_planted_order(planted):
    _, data = planted
    measured = reference_importance(data.features, data.labels, data.groups)
    assert np.argsort(-measured)[:3].tolist() == [0, 1, 2]


def test_the_best_rule_reaches_the_accuracy_of_orthogonal_signals(planted):
    _, data = planted
    strength = group_strength(8, 3)
    member = np.arange(8) % NUM_CLASSES
    means = [
        np.concatenate([s * (member == k) / np.sqrt(2) for s in strength])
        for k in range(NUM_CLASSES)
    ]
    found = (data.features @ np.stack(means).T).argmax(axis=1)
    z = np.linspace(-8, 12, 20_001)
    density = stats.norm.pdf(z - DISTANCE) * stats.norm.cdf(z) ** (NUM_CLASSES - 1)
    best = np.trapezoid(density, z)
    error = 4 * np.sqrt(best * (1 - best) / 4000)
    assert (found == data.labels).mean() == pytest.approx(best, abs=error)


def test_another_number_of_informative_groups_is_other_content(planted):
    info, _ = planted
    other, _ = load_task("planted", num_features=64, num_groups=8, informative_groups=4)
    assert other.content_hash != info.content_hash


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"informative_groups": 9}, r"`informative_groups` .* 1 to .* \(8\), got 9"),
        ({"informative_groups": 0}, r"`informative_groups` .* got 0"),
        ({"num_groups": 32}, "`num_features` must be >= 4 for each of 32 groups"),
        ({"num_groups": 5}, "`num_groups` must divide the 64 features"),
    ],
)
def test_groups_that_cannot_be_planted_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_task("planted", **{"num_features": 64, "num_groups": 8, **options})

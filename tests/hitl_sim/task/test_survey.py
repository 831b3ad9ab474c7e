"""What stands out in items: planted, it is found; where nothing is, nothing is told."""

import numpy as np
import pytest

from hitl_sim.task import load_task
from hitl_sim.task.survey import class_rows, survey_task


@pytest.fixture(scope="module")
def digits():
    return load_task("digits")


def relabelled(digits, rows):
    """Give some items the next class's label."""
    info, data = digits
    labels = data.labels.copy()
    labels[rows] = (labels[rows] + 1) % 10
    return info, data._replace(labels=labels)


def test_little_is_suspected_of_good_labels(digits):
    found = survey_task(*digits)
    assert len(found.suspects) < 0.01 * digits[0].num_items
    assert found.accuracy > 0.95
    assert found.num_repeats == found.num_contradictions == 0
    assert found.num_constant == 3
    assert found.commonest == pytest.approx(max(digits[0].class_counts) / 1797)


def test_wrong_labels_are_suspected(digits):
    rows = np.random.default_rng(0).choice(1797, 90, replace=False)
    found = survey_task(*relabelled(digits, rows))
    told = {one.item for one in found.suspects}
    # confident learning leaves out those of which the model is not sure: 79 % are told
    assert len(told & set(rows.tolist())) >= 0.7 * 90
    assert len(told - set(rows.tolist())) <= 0.02 * 1797
    one = found.suspects[0]
    assert int(one.given) == (int(one.likely) + 1) % 10
    assert one.probability == min(s.probability for s in found.suspects)


def test_the_same_items_give_the_same_findings(digits):
    assert survey_task(*digits) == survey_task(*digits)


def test_items_that_repeat_others_are_counted_with_their_labels(digits):
    info, data = digits
    features, labels = data.features.copy(), data.labels.copy()
    features[:50] = features[100:150]
    labels[:50] = labels[100:150]
    labels[:20] = (labels[:20] + 1) % 10
    found = survey_task(info, data._replace(features=features, labels=labels))
    assert (found.num_repeats, found.num_contradictions) == (50, 20)
    assert found.num_alike == 100
    # each of a hundred has its only like in the other half with probability 1/2
    assert found.leak == pytest.approx(50 / 1797)


def test_nearly_the_same_is_found_beyond_what_few_columns_do_by_chance():
    rng = np.random.default_rng(1)
    info, data = load_task("planted", num_features=64)

    def survey(features):
        small = data._replace(features=features.astype(np.float32))
        return survey_task(info, small)

    few = survey(rng.normal(size=(4000, 2)))
    assert few.num_alike > 1000
    assert few.alike_by_chance == pytest.approx(few.num_alike, rel=0.05)
    assert few.leak < 0.02
    features = data.features.copy()
    noise = 0.01 * rng.normal(size=(100, 64))
    features[:100] = features[200:300] + noise
    found = survey(features)
    assert (found.num_alike, found.alike_by_chance) == (200, 0)


def test_ids_of_words_are_compared_as_words():
    info, data = load_task("docstrings", representation="tokens", length=16)
    found = survey_task(info, data)
    assert found.accuracy > 0.5


def test_a_rare_class_leaves_labels_unasked(digits):
    info, data = digits
    is_few = np.flatnonzero(data.labels == 9)[3:]
    kept = np.setdiff1d(np.arange(1797), is_few)
    found = survey_task(
        info, data._replace(features=data.features[kept], labels=data.labels[kept])
    )
    assert (found.accuracy, found.num_suspected, found.suspects) == (None, 0, ())
    assert found.rarest == 3


def test_the_commonest_classes_come_first():
    info, _ = load_task("planted", num_features=64)
    rows = list(class_rows(info, 2))
    assert len(rows) == 2
    assert rows[0][2] == pytest.approx(0.25)

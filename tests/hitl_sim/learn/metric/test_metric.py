"""What each built-in metric measures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    log_loss,
    roc_auc_score,
)

from hitl_sim.learn.metric.accuracy import accuracy
from hitl_sim.learn.metric.auroc import auroc
from hitl_sim.learn.metric.balanced_accuracy import balanced_accuracy
from hitl_sim.learn.metric.f1 import f1
from hitl_sim.learn.metric.log_score import log_score

LOGITS = jax.random.normal(jax.random.key(0), (40, 3))
LABEL = jnp.arange(40) ** 2 % 3


def test_accuracy_is_the_share_of_right_classes():
    share = np.mean(np.asarray(LOGITS).argmax(axis=1) == np.asarray(LABEL))
    np.testing.assert_allclose(accuracy()(LOGITS, LABEL, {}), share)


def test_balanced_accuracy_is_that_of_scikit_learn():
    # the squares leave no remainder of 2: a class without items has no part
    assert set(LABEL.tolist()) == {0, 1}
    want = balanced_accuracy_score(LABEL, LOGITS.argmax(axis=1))
    np.testing.assert_allclose(balanced_accuracy()(LOGITS, LABEL, {}), want, rtol=1e-6)


KEYS = list(jax.random.split(jax.random.key(1), 5))


def drawn(key, classes, ties=False):
    """Random logits of 60 items, and labels of all classes."""
    key_x, key_y = jax.random.split(key)
    logits = 2.0 * jax.random.normal(key_x, (60, classes))
    label = jax.random.permutation(key_y, jnp.arange(60) % classes)
    return (jnp.round(logits) if ties else logits), label


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("classes", [2, 5])
def test_metrics_are_those_of_scikit_learn(key, classes):
    for ties in (False, True):
        logits, label = drawn(key, classes, ties)
        p, named = softmax(np.asarray(logits, float), axis=1), logits.argmax(axis=1)
        for average in ("macro", "micro"):
            want = f1_score(label, named, average=average, zero_division=0)
            seen = f1(average=average)(logits, label, {})
            np.testing.assert_allclose(seen, want, rtol=1e-6)
        want = 1.0 - log_loss(label, p) / np.log(classes)
        np.testing.assert_allclose(log_score()(logits, label, {}), want, atol=1e-6)
        if ties:
            # softmax tells no two equal logits of a class apart where the rest differ
            continue
        given = p[:, 1] if classes == 2 else p
        want = roc_auc_score(label, given, multi_class="ovr")
        np.testing.assert_allclose(auroc()(logits, label, {}), want, atol=1e-6)


def test_equal_scores_count_half():
    logits = jnp.zeros((6, 2))
    assert float(auroc()(logits, jnp.arange(6) % 2, {})) == 0.5


def test_classes_without_items_take_no_part_in_auroc():
    logits, label = drawn(KEYS[0], 3)
    only = jnp.minimum(label, 1)
    p = np.float64(jax.nn.softmax(logits))
    want = np.mean([roc_auc_score(only == k, p[:, k]) for k in (0, 1)])
    np.testing.assert_allclose(auroc()(logits, only, {}), want, atol=1e-6)
    assert np.isfinite(auroc()(logits, jnp.zeros(60, jnp.int32), {}))


def test_classes_neither_there_nor_named_take_no_part_in_f1():
    logits, label = drawn(KEYS[0], 4)
    logits = logits.at[:, 3].set(-9.0)
    only = jnp.minimum(label, 2)
    want = f1_score(only, logits.argmax(axis=1), average="macro")
    np.testing.assert_allclose(f1()(logits, only, {}), want, rtol=1e-6)


def test_an_average_that_means_nothing_is_refused():
    with pytest.raises(ValueError, match="`average` must be 'macro' or 'micro'"):
        f1(average="mean")

"""What every built-in metric promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from hitl_sim.learn.metric.accuracy import accuracy
from hitl_sim.learn.metric.balanced_accuracy import balanced_accuracy
from hitl_sim.part import builtin

LOGITS = jax.random.normal(jax.random.key(0), (40, 3))
LABEL = jnp.arange(40) ** 2 % 3


@pytest.mark.parametrize("name", builtin("metric"))
def test_a_metric_is_one_where_all_is_right_and_does_not_know_the_order(name):
    measure = builtin("metric")[name]()
    assert measure(jax.nn.one_hot(LABEL, 3), LABEL, {}) == 1.0
    plain = measure(LOGITS, LABEL, {})
    assert 0.0 < plain < 1.0
    order = jax.random.permutation(jax.random.key(1), 40)
    np.testing.assert_allclose(measure(LOGITS[order], LABEL[order], {}), plain)
    np.testing.assert_allclose(jax.jit(measure)(LOGITS, LABEL, {}), plain)


def test_accuracy_is_the_share_of_right_classes():
    share = np.mean(np.asarray(LOGITS).argmax(axis=1) == np.asarray(LABEL))
    np.testing.assert_allclose(accuracy()(LOGITS, LABEL, {}), share)


def test_balanced_accuracy_is_that_of_scikit_learn():
    # the squares leave no remainder of 2: a class without items has no part
    assert set(LABEL.tolist()) == {0, 1}
    want = balanced_accuracy_score(LABEL, LOGITS.argmax(axis=1))
    np.testing.assert_allclose(balanced_accuracy()(LOGITS, LABEL, {}), want, rtol=1e-6)

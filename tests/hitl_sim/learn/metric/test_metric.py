"""What each built-in metric measures."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.metrics import balanced_accuracy_score

from hitl_sim.learn.metric.accuracy import accuracy
from hitl_sim.learn.metric.balanced_accuracy import balanced_accuracy

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

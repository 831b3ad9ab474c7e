"""What the parts beside it share: it counts as a part of each file that imports it."""

import jax


def sharpened(logits, temperature):
    """Turn `[N, K]` logits into probabilities, the sharper the colder."""
    return jax.nn.softmax(logits / temperature)

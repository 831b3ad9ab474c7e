"""Features on one scale, whoever measured them."""

import numpy as np
from jaxtyping import Float


def standardise(
    features: Float[np.ndarray, "items features"],
) -> Float[np.ndarray, "items features"]:
    """Give each feature mean 0 and standard deviation 1; a constant one becomes 0.

    Both are taken over all items, held-out ones too: no label is seen.

    Args:
        features: `[M, D]`, finite.

    Returns:
        `[M, D]`.
    """
    largest = np.abs(features).max(axis=0)
    features = features / np.where(largest > 0, largest, 1.0)
    centred = features - features.mean(axis=0)
    spread = centred.std(axis=0)
    is_constant = spread <= 1e-12
    scaled = centred / np.where(is_constant, 1.0, spread)
    return np.asarray(np.where(is_constant, 0.0, scaled))

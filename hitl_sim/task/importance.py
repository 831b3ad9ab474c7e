"""Reference importance of feature groups: what a model trained on clean data uses."""

import numpy as np
from jaxtyping import Float, Int

# Rows that the reference model sees at most: enough for a stable order, seconds to fit.
MAX_ROWS = 4000
NUM_SHUFFLES = 10
WIDE = 1024
"""Features beyond which the model is fitted to a gradient of 1e-4 and not 1e-6.

On 6,000 images of 32 x 32 pixels in colour that takes 11 s and not 30 s of one core,
and moves no group by more than .06 standard deviations.
"""
SEED = 20240607

IMPORTANCE_SOURCE = (
    "permutation importance of a multinomial logistic regression trained on clean data "
    f"(half of at most {MAX_ROWS} items): rise of the held-out log loss when a group's "
    f"features are shuffled together over the other half, mean of {NUM_SHUFFLES} "
    "shuffles, square root, standardised over the groups; a reference, not a truth: "
    "another model, or groups that say the same thing, would order them otherwise"
)


IMPORTANCE_SOURCE_OF_NUMBERS = (
    "permutation importance of a ridge regression trained on clean data (half of at "
    f"most {MAX_ROWS} items): rise of the held-out squared error when a group's "
    f"features are shuffled together over the other half, mean of {NUM_SHUFFLES} "
    "shuffles, square root, standardised over the groups; a reference, not a truth: "
    "another model, or groups that say the same thing, would order them otherwise"
)


def reference_importance_of_numbers(
    features: Float[np.ndarray, "items features"],
    numbers: Float[np.ndarray, " items"],
    groups: Int[np.ndarray, "groups group_size"],
) -> Float[np.ndarray, " groups"]:
    """Measure how much a linear model of numbers relies on each group.

    Args:
        features: `[M, D]`.
        numbers: `[M]`, mean 0 and standard deviation 1.
        groups: `[G, S]` feature indices.

    Returns:
        `[G]` float32, as `reference_importance`.

    References:
        Hoerl, Kennard (1970), Ridge regression, Technometrics 12(1), 55-67; shuffling
        as in `reference_importance`.
    """
    from sklearn.linear_model import Ridge  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

    rng = np.random.default_rng(SEED)
    used = rng.permutation(numbers.size)[:MAX_ROWS]
    train, held = used[::2], used[1::2]
    model = Ridge(alpha=1.0)
    with threadpool_limits(1):
        model.fit(features[train].astype(np.float64), numbers[train])
    x, target = features[held].astype(np.float64), numbers[held]
    told = model.predict(x)
    whole = float(np.mean(np.square(told - target)))
    rise = np.zeros(len(groups))
    for g, columns in enumerate(groups):
        own = x[:, columns] @ model.coef_[columns]
        for _ in range(NUM_SHUFFLES):
            moved = told - own + own[rng.permutation(held.size)]
            error = float(np.mean(np.square(moved - target)))
            rise[g] += (error - whole) / NUM_SHUFFLES
    return _standardised_root(rise)


def _standardised_root(
    rise: Float[np.ndarray, " groups"],
) -> Float[np.ndarray, " groups"]:
    root = np.sqrt(np.maximum(rise, 0.0))
    spread = root.std()
    if spread == 0.0:
        return np.zeros(len(rise), np.float32)
    standard: Float[np.ndarray, " groups"] = (root - root.mean()) / spread
    return np.round(standard, 4).astype(np.float32)


def reference_importance(
    features: Float[np.ndarray, "items features"],
    labels: Int[np.ndarray, " items"],
    groups: Int[np.ndarray, "groups group_size"],
) -> Float[np.ndarray, " groups"]:
    """Measure how much a model trained on clean data relies on each group.

    The rise of the loss falls off steeply from the first group to the last; its square
    root spreads the order evenly and is 0 where shuffling does not hurt. Values are
    rounded to four places: the last bits of a solver differ between machines, and the
    content hash of a task should not.

    Args:
        features: `[M, D]`.
        labels: `[M]` true class.
        groups: `[G, S]` feature indices.

    Returns:
        `[G]` float32, mean 0 and standard deviation 1 over the groups; all zeros where
        no group matters more than another, or no class has a second item to hold out.

    References:
        Breiman (2001), Random forests, Machine Learning 45, 5-32, section 10. Shuffling
        columns together: Au et al. (2022), Grouped feature importance and combined
        features effect plot, Data Mining and Knowledge Discovery 36, 1401-1450.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    rng = np.random.default_rng(SEED)
    train, held = _halves(rng, labels)
    if held.size == 0:
        return np.zeros(len(groups), np.float32)
    tolerance = 1e-6 if features.shape[1] <= WIDE else 1e-4
    model = LogisticRegression(C=1.0, max_iter=2000, tol=tolerance)
    # One thread: as quick at these sizes, and the same sums on any number of cores.
    with threadpool_limits(1):
        model.fit(features[train].astype(np.float64), labels[train])
    target = labels[held]
    x = features[held].astype(np.float64)
    weights = model.coef_
    scores = model.decision_function(x)
    whole = _log_loss(scores, target)
    rise = np.zeros(len(groups))
    for g, columns in enumerate(groups):
        part = x[:, columns] @ weights[:, columns].T
        part = part[:, 0] if scores.ndim == 1 else part
        for _ in range(NUM_SHUFFLES):
            moved = scores - part + part[rng.permutation(held.size)]
            rise[g] += (_log_loss(moved, target) - whole) / NUM_SHUFFLES
    return _standardised_root(rise)


def _halves(
    rng: np.random.Generator, labels: Int[np.ndarray, " items"]
) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " held"]]:
    """Cut at most `MAX_ROWS` rows in two, every class in the first half.

    Rows are dealt class by class in turn, so that a rare class keeps its items where
    there are more rows than are used.
    """
    turn = np.empty(labels.size, np.int64)
    order = rng.permutation(labels.size)
    for k in np.unique(labels):
        rows = order[labels[order] == k]
        turn[rows] = np.arange(rows.size)
    used = order[np.argsort(turn[order], kind="stable")][:MAX_ROWS]
    return used[turn[used] % 2 == 0], used[turn[used] % 2 == 1]


def _log_loss(
    scores: Float[np.ndarray, "..."], target: Int[np.ndarray, " items"]
) -> float:
    """Return the mean negative log-likelihood, nats; scores of 2 classes are `[M]`."""
    if scores.ndim == 1:
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    top = scores.max(axis=1)
    total = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return float(np.mean(total - scores[np.arange(target.size), target]))

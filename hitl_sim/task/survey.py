"""What stands out in a task's items before anything is trained on them.

Classes and their shares, constant features, items that are there twice, items so alike
that a random split puts one on either side, and labels that a model of the other items
finds unlikely: suspects, not errors.

References:
    Northcutt, Jiang, Chuang (2021), Confident learning: estimating uncertainty in
    dataset labels, JAIR 70: the confident joint, equation 1.
    Kapoor, Narayanan (2023), Leakage and the reproducibility crisis in
    machine-learning-based science, Patterns 4: duplicates across splits.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from hitl_sim.task.data import TaskData, TaskInfo

NEAR = 0.1
"""Distance of two items that are nearly the same, by how far an item is from the mean
of all, as a root mean square; assumed. In pictures and texts it is a correlation of
.995; of a few columns many items are as near by chance, which is told beside."""
MOST_COMPARED = 10_000
"""Items that are compared with each other; beyond it a sample of so many."""
MOST_SUSPECTED = 4_000
"""Items whose labels a model is asked about; beyond it a sample of so many."""
_FOLDS = 5
_BLOCK = 1_000
_SEED = 20_261_201

Floats = Float[np.ndarray, "items features"]


class Suspect(NamedTuple):
    """An item whose label a model of the other items finds unlikely.

    Attributes:
        item: its place in the source, from 0.
        given: the label's name.
        likely: name of the class that it is taken for.
        probability: of the given label, by that model.
    """

    item: int
    given: str
    likely: str
    probability: float


class Survey(NamedTuple):
    """What was found.

    Attributes:
        commonest: share of the most common class: what naming it always reaches; None
            of numbers.
        rarest: items of the rarest class; None of numbers.
        num_constant: features of one value.
        num_repeats: items whose features an earlier item has too.
        num_contradictions: those of them under another label than that.
        num_compared: items that were compared with each other.
        num_alike: those of them with another that is as near as `NEAR`.
        alike_by_chance: what that number is with each column shuffled by itself.
        leak: expected share of a random half's items with such a one in the other half,
            beyond that by chance.
        num_suspected: items whose labels a model was asked about; 0 where features
            cannot be read by it, or a class has fewer than five items.
        accuracy: of that model, a logistic regression of pixels, words or columns, on
            items that it did not see; None where there is none.
        suspects: the least likely first.
        explained: share of the variance of numbers that a ridge regression tells of
            items that it did not see; None of classes.
        extremes: lowest, middle and highest number in the source's own unit; None of
            classes.
    """

    commonest: float | None
    rarest: int | None
    num_constant: int
    num_repeats: int
    num_contradictions: int
    num_compared: int
    num_alike: int
    alike_by_chance: int
    leak: float
    num_suspected: int
    accuracy: float | None
    suspects: tuple[Suspect, ...]
    explained: float | None = None
    extremes: tuple[float, float, float] | None = None


def survey_task(info: TaskInfo, data: TaskData) -> Survey:
    """Look a task's items over; the same items give the same findings.

    Args:
        info: of the task.
        data: of the task.
    """
    features, labels = np.asarray(data.features), np.asarray(data.labels)
    repeats, contradictions = _repeats(features, labels)
    read = _bag(features, info.vocabulary)
    rng = np.random.default_rng(_SEED)
    compared = _some(rng, len(labels), MOST_COMPARED)
    num_like = _count_alike(read[compared])
    by_chance = _count_alike(rng.permuted(read[compared], axis=0))
    asked = _some(rng, len(labels), MOST_SUSPECTED)
    suspects, accuracy, explained = list[Suspect](), None, None
    counts, extremes = None, None
    if info.scale is None:
        counts = np.bincount(labels, minlength=info.num_classes)
        suspects, accuracy = _suspects(read[asked], labels[asked], asked, info)
    else:
        mean, spread = info.scale
        explained = _explained(read[asked], labels[asked])
        low, middle, high = mean + spread * np.quantile(labels, (0.0, 0.5, 1.0))
        extremes = float(low), float(middle), float(high)
    return Survey(
        commonest=None if counts is None else float(counts.max() / counts.sum()),
        rarest=None if counts is None else int(counts.min()),
        num_constant=int((np.ptp(features, axis=0) == 0.0).sum()),
        num_repeats=repeats,
        num_contradictions=contradictions,
        num_compared=len(compared),
        num_alike=int((num_like > 0).sum()),
        alike_by_chance=int((by_chance > 0).sum()),
        leak=max(_leak(num_like) - _leak(by_chance), 0.0),
        num_suspected=0 if accuracy is explained is None else len(asked),
        accuracy=accuracy,
        suspects=tuple(suspects),
        explained=explained,
        extremes=extremes,
    )


def _some(
    rng: np.random.Generator, total: int, most: int
) -> Int[np.ndarray, " chosen"]:
    if total <= most:
        return np.arange(total)
    return np.sort(rng.choice(total, most, replace=False))


def _bag(features: Floats, vocabulary: int | None) -> Floats:
    """Return features that can be compared: of ids of words how often each stands."""
    if vocabulary is None:
        return features.astype(np.float32)
    bag = np.zeros((len(features), vocabulary), np.float32)
    ids = features.astype(np.int64)
    np.add.at(bag, (np.arange(len(ids))[:, None], ids), 1.0)
    # id 0 stands where a text has no more words
    bag[:, 0] = 0.0
    return bag


def _repeats(features: Floats, labels: np.ndarray) -> tuple[int, int]:
    """Count items that an earlier one repeats, and those of another label than it."""
    first: dict[bytes, float] = {}
    repeats = contradictions = 0
    for row, label in zip(np.ascontiguousarray(features), labels, strict=True):
        known = first.setdefault(row.tobytes(), label.item())
        contradictions += known != label
        repeats += 1
    return repeats - len(first), int(contradictions)


def _count_alike(features: Floats) -> Int[np.ndarray, " items"]:
    """Count of each item the others that are nearly the same."""
    centred = features - features.mean(axis=0)[None]
    square = np.square(centred).sum(axis=1)
    # below it, what float32 leaves of equal rows is no distance
    most = max(NEAR**2, 1e-5) * square.mean()
    found = np.zeros(len(centred), np.int64)
    for begin in range(0, len(centred), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        distance = square[rows, None] + square[None] - 2.0 * centred[rows] @ centred.T
        # each is near itself
        found[rows] = (distance <= most).sum(axis=1) - 1
    return np.maximum(found, 0)


def _leak(num_like: Int[np.ndarray, " items"]) -> float:
    """Expect how many items have one of theirs in the other of two random halves."""
    # each of them is there with probability 1/2
    return float((1.0 - 0.5**num_like).mean())


def _suspects(
    features: Floats,
    labels: Int[np.ndarray, " items"],
    place: Int[np.ndarray, " items"],
    info: TaskInfo,
) -> tuple[list[Suspect], float | None]:
    """Find labels that a model of the other items finds unlikely.

    A label is suspected where another class is more probable than the label, and than
    that class is on average where it is given; the most probable of such is likely.
    """
    counts = np.bincount(labels, minlength=info.num_classes)
    if counts.min() < _FOLDS:
        return [], None
    chance = _held_out(features, labels)
    own = chance[np.arange(len(labels)), labels]
    usual = np.bincount(labels, own, info.num_classes) / counts
    is_high: Bool[np.ndarray, "items classes"] = chance >= usual[None]
    taken = np.where(is_high, chance, -1.0)
    likely = taken.argmax(axis=1)
    best = chance[np.arange(len(labels)), likely]
    is_suspect = is_high.any(axis=1) & (likely != labels) & (best > own)
    rows = np.flatnonzero(is_suspect)
    rows = rows[np.argsort(own[rows], kind="stable")]
    names = info.class_names
    found = [
        Suspect(int(place[r]), names[labels[r]], names[likely[r]], float(own[r]))
        for r in rows
    ]
    return found, float((chance.argmax(axis=1) == labels).mean())


def _explained(features: Floats, numbers: Float[np.ndarray, " items"]) -> float | None:
    """Share of the variance that a linear model tells of items it did not see."""
    from sklearn.linear_model import Ridge  # noqa: PLC0415
    from sklearn.model_selection import KFold  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

    if len(numbers) < _FOLDS:
        return None
    said = np.zeros(len(numbers))
    folds = KFold(_FOLDS, shuffle=True, random_state=_SEED)
    with threadpool_limits(1):
        for train, held in folds.split(features):
            model = Ridge(alpha=1.0).fit(features[train], numbers[train])
            said[held] = model.predict(features[held])
    return float(1.0 - np.square(said - numbers).mean() / numbers.var())


def _held_out(
    features: Floats, labels: Int[np.ndarray, " items"]
) -> Float[np.ndarray, "items classes"]:
    """Return the probability of each class by models that did not see the item."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    chance = np.zeros((len(labels), int(labels.max()) + 1))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    # one thread: the same sums on any number of cores
    with threadpool_limits(1):
        for train, held in folds.split(features, labels):
            model = LogisticRegression(C=1.0, max_iter=500, tol=1e-3)
            model.fit(features[train], labels[train])
            chance[held] = model.predict_proba(features[held])
    return chance


def class_rows(info: TaskInfo, most: int = 12) -> Iterator[tuple[str, int, float]]:
    """Yield name, items and share of the classes, the commonest first."""
    total = sum(info.class_counts)
    pairs = zip(info.class_names, info.class_counts, strict=True)
    for name, count in sorted(pairs, key=lambda pair: -pair[1])[:most]:
        yield name, count, count / total

"""The data structures of a task: what is known on the host, and what is traced.

Axis letters: `M` items of the base data, `N` items of the pool, `V` items of a held-out
part, `D` features, `K` classes, `G` feature groups, `S` features per group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from oracles.part import Problem

AnyArray = np.ndarray | Array
TaskKind = Literal["image", "text", "table", "embedding"]


@dataclass(frozen=True)
class TaskInfo:
    """What is known of a task before anything is traced.

    Attributes:
        name: short name, as it was asked for (for a user's file, its stem).
        source: where the items come from and what was done to them, in words.
        content_hash: sha256 over every array and every name, in hexadecimal; equal data
            have equal hashes, wherever their files lie.
        num_items: M, items of the base data.
        num_features: D.
        num_classes: K, what a network puts out: 1 where a number is asked for.
        class_names: `K` names, in the order of the labels; none of numbers.
        group_names: `G` names, in the order of the groups.
        kind: what an annotator looks at.
        importance_source: where the reference importance comes from, in words.
        shape: height, width and channels of an image, whose features are its pixels row
            by row, channels last; None where features are no image.
        vocabulary: number of ids where features are the ids of a text's words, in their
            order; None where they are not.
        item_ids: `M` what answers recorded elsewhere call the items, no part of their
            content; None where the source does not say.
        notes: what looked odd in the file, and how it was read.
        class_counts: `K` items of each class; empty where nobody counted.
        problem: what is asked for: the class of an item ("classification"), or a number
            ("regression").
        scale: mean and standard deviation that numbers had in the source; None of
            classes.
    """

    name: str
    source: str
    content_hash: str
    num_items: int
    num_features: int
    num_classes: int
    class_names: tuple[str, ...]
    group_names: tuple[str, ...]
    kind: TaskKind
    importance_source: str
    shape: tuple[int, int, int] | None = None
    vocabulary: int | None = None
    item_ids: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    problem: Problem = "classification"
    scale: tuple[float, float] | None = None

    @property
    def num_groups(self) -> int:
        """G, the number of feature groups."""
        return len(self.group_names)


class TaskData(NamedTuple):
    """The clean base data of a task, from which every split is drawn.

    `load_task` fills it with numpy arrays, so that loading starts no JAX backend; every
    function that traces takes numpy and JAX arrays alike.

    Attributes:
        features: `[M, D]` float32.
        labels: `[M]` int32, true class, 0 to K - 1, every class present; or float32,
            true number, in standard deviations from the mean of all. Their type says
            which, to all that follows.
        size: `[M]` float32, length of the item relative to the median item.
        groups: `[G, S]` int32, feature indices; disjoint, together every feature once.
            Where features are ids of words: indices of the vocabulary's words.
        importance: `[G]` float32, reference importance, mean 0 and standard deviation 1
            over the groups (all zeros where no group differs from another).
    """

    features: Float[AnyArray, "items features"]
    labels: Int[AnyArray, " items"] | Float[AnyArray, " items"]
    size: Float[AnyArray, " items"]
    groups: Int[AnyArray, "groups group_size"]
    importance: Float[AnyArray, " groups"]


class Status(IntEnum):
    """What was done to an item of the pool; the values of `Pool.status`."""

    CLEAN = 0
    IRRELEVANT = 1
    DUPLICATE = 2
    WRONG_LABEL = 3


class Corruption(NamedTuple):
    """Shares of the pool that are corrupted; the rest is clean.

    Attributes:
        irrelevant: `[]` float32 share without structure and with a random label.
        duplicate: `[]` float32 share that repeats a clean item of the pool.
        wrong_label: `[]` float32 share with its own features and another class's label,
            or another item's number.
    """

    irrelevant: Float[AnyArray, ""] | float
    duplicate: Float[AnyArray, ""] | float
    wrong_label: Float[AnyArray, ""] | float


class Pool(NamedTuple):
    """Items that training may use, some of them corrupted, with the truth about each.

    Attributes:
        features: `[N, D]` float32.
        label: `[N]` int32, the label that came with the item; float32 of numbers.
        truth: `[N]` the true one, of the same type. An irrelevant item has none; it
            repeats the given label there, so that `label != truth` marks exactly the
            wrong labels (of numbers those that differ).
        status: `[N]` int32, a `Status`.
        item: `[N]` int32, unique within the pool. A clean or mislabelled item has its
            row in the base data (below M), an irrelevant item that row + M, a duplicate
            its position in the pool + 2 M: people meet each as an item of its own.
        size: `[N]` float32, length of the item relative to the median item.
    """

    features: Float[Array, "pool features"]
    label: Int[Array, " pool"] | Float[Array, " pool"]
    truth: Int[Array, " pool"] | Float[Array, " pool"]
    status: Int[Array, " pool"]
    item: Int[Array, " pool"]
    size: Float[Array, " pool"]


class Split(NamedTuple):
    """One draw of a task: a pool and two clean held-out parts, without common items.

    Attributes:
        pool: `N` items, corrupted as asked.
        validation_x: `[V, D]` float32, clean.
        validation_y: `[V]` true class or number.
        test_x: `[V', D]` float32, clean.
        test_y: `[V']` true class or number.
    """

    pool: Pool
    validation_x: Float[Array, "validation features"]
    validation_y: Int[Array, " validation"] | Float[Array, " validation"]
    test_x: Float[Array, "test features"]
    test_y: Int[Array, " test"] | Float[Array, " test"]


class RawTask(NamedTuple):
    """A task as a loader found it, checked, but without importance and hash.

    Attributes:
        name: short name.
        source: where the items come from and what was done to them, in words.
        kind: what an annotator looks at.
        features: `[M, D]`, finite.
        labels: `[M]`, 0 to K - 1, every class present; or numbers.
        class_names: `K` names; none of numbers.
        size: `[M]`, positive, relative to the median item.
        groups: `[G, S]` feature indices, or those of the words of a vocabulary.
        group_names: `G` names.
        shape: of an image; see `TaskInfo`.
        vocabulary: number of ids; see `TaskInfo`.
        weights: `[M, W]` what the groups divide, where they do not divide the features.
        importance: `[G]`, where it is known and need not be measured.
        importance_source: where it is known from, in words.
        item_ids: `M` of them; see `TaskInfo`.
        notes: see `TaskInfo`.
        problem: see `TaskInfo`.
        scale: see `TaskInfo`.
    """

    name: str
    source: str
    kind: TaskKind
    features: Float[np.ndarray, "items features"]
    labels: Int[np.ndarray, " items"] | Float[np.ndarray, " items"]
    class_names: Sequence[str]
    size: Float[np.ndarray, " items"]
    groups: Int[np.ndarray, "groups group_size"]
    group_names: Sequence[str]
    shape: tuple[int, int, int] | None = None
    vocabulary: int | None = None
    weights: Float[np.ndarray, "items words"] | None = None
    importance: Float[np.ndarray, " groups"] | None = None
    importance_source: str = ""
    item_ids: Sequence[str] | None = None
    notes: tuple[str, ...] = ()
    problem: Problem = "classification"
    scale: tuple[float, float] | None = None

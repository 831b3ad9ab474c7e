"""The tables [task.NAME] of a study: the items, and what is wrong with them."""

from typing import Annotated, Literal

from msgspec import Meta, field

from hitl_sim.schema import Count, Scalar, Share, Table
from oracles.part import Problem

GOLD = "gold"
"""Labels of validation items that are the true ones."""


_JUDGES = 3
"""People who label a validation item where a study does not say."""


class TaskSpec(Table, frozen=True):
    """Where the items come from, how they are split, and what is wrong with the pool.

    Attributes:
        source: "digits", "docstrings", "planted", "diabetes", "planted_number", a part
            that the study brings, or a path: an .npz, .csv, .tsv, .jsonl or .parquet
            file, images in IDX, or a folder of images. A folder beside the study file
            is written with a slash, as "./flowers".
        pool: items that training may use.
        validation: held-out items that fix and test the target; billed.
        validation_by: who gave them their labels: "gold", which are the true ones, or a
            population, by name or file, whose majority is believed by control and arms
            alike. Either way they are billed as the team's own answers are.
        validation_people: different people who label each of them; 3 when left out, as
            it must be where all labels are "gold".
        test: held-out items that are only watched.
        irrelevant: share of the pool without structure and with a random label.
        duplicate: share of the pool that repeats other items of it.
        wrong_label: share of the pool under another class's label, or another item's
            number.
        num_features: words kept for a text, or features of "planted"; other sources
            bring their own features.
        num_groups: feature groups; the source's own division when left out.
        label_column: label of a table; "label" when left out.
        text_column: text of a table; its other columns are then unused.
        item_column: of a table, what a recording (`crowd.recording`) calls its items.
        representation: of text: "tfidf" when left out, "hashed", or "tokens", which the
            networks "text_cnn" and "transformer" read.
        length: words of a text as tokens; 32 when left out.
        image_size: side to which a folder's images are resized, pixels; they must have
            one size when left out.
        informative_groups: groups of "planted" or "planted_number" that matter; 4 when
            left out.
        impute: where numbers of a table are missing: "median" fills them with that of
            their column, "drop" leaves their rows out; refused when left out.
        categorical: columns of a table that hold categories: each value is a feature.
        problem: what is asked for in the labels of a table or an .npz file: a class
            ("classification", when left out), or a number ("regression"), which is put
            in standard deviations from the mean.
        options: of the part that makes it.
    """

    source: str
    pool: Annotated[int, Meta(ge=10)]
    validation: Annotated[int, Meta(ge=10)]
    test: Annotated[int, Meta(ge=10)]
    validation_by: str = GOLD
    validation_people: Count | None = None
    irrelevant: Share = 0.0
    duplicate: Share = 0.0
    wrong_label: Share = 0.0
    num_features: Annotated[int, Meta(ge=8, le=4096)] = 256
    num_groups: Annotated[int, Meta(ge=2)] | None = None
    label_column: str | None = None
    text_column: str | None = None
    item_column: str | None = None
    representation: Literal["tfidf", "hashed", "tokens"] | None = None
    length: Count | None = None
    image_size: Count | None = None
    informative_groups: Count | None = None
    impute: Literal["median", "drop"] | None = None
    categorical: tuple[str, ...] = ()
    problem: Problem | None = None
    options: dict[str, Scalar] = field(default_factory=dict)

    @property
    def num_judges(self) -> int:
        """People who label each validation item; 0 where nobody does."""
        return 0 if self.validation_by == GOLD else self.validation_people or _JUDGES

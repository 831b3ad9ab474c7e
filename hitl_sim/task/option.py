"""The choices of a user about how a source becomes a task."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from oracles.part import PROBLEMS, Problem

Representation = Literal["tfidf", "hashed", "tokens"]
Impute = Literal["median", "drop"]

_COLUMNS = "only .csv, .tsv, .jsonl and .parquet have columns"
WHY: Mapping[str, str] = MappingProxyType(
    {
        "label_column": _COLUMNS,
        "text_column": _COLUMNS,
        "item_column": _COLUMNS,
        "representation": "only text can be represented so",
        "length": "only text has a length in words",
        "problem": "only tables and arrays say nothing of what is asked for",
        "impute": "only the numbers of a table can be missing",
        "categorical": _COLUMNS,
        "image_size": "only images of a folder, or of a column, are resized",
        "informative_groups": "only what is planted has groups of known use",
    }
)
"""Options that not every source reads, and why it does not."""
DEFAULT_LENGTH = 32
"""Words that a text is cut or filled to; assumed."""


@dataclass(frozen=True)
class TaskOptions:
    """How a source becomes a task.

    Attributes:
        num_features: D of "planted", or the number of words (or hash buckets) of a
            text; other tasks bring their own features.
        num_groups: G, equal parts of the features. Default: 16 patches for images (or
            the nearest number of squares), 32 word groups for text (fewer where 32 does
            not divide the words), 16 for "planted", one group per column for a table.
        label_column: column of the labels; default "label".
        text_column: column of text; other columns are then not read. Default: none, all
            other columns are numbers.
        item_column: column of what recorded answers call the items; no feature.
        representation: of text: "tfidf" (the default), "hashed", or "tokens", the ids
            of its first words, which only networks for text read.
        length: L, words of a text as tokens; default 32.
        image_size: side to which the images of a folder are resized, pixels; default:
            all have one size.
        impute: what is done where a number of a table is missing: the "median" of its
            column takes its place, or its row is left out ("drop"). Default: refused.
        categorical: columns of a table that hold categories, of each of whose values
            a feature says whether it is there (one-hot); a cell without one has a value
            of its own.
        informative_groups: how many groups of "planted" and "planted_number" matter;
            default 4.
        problem: what is asked for: the class in the column or array of labels
            ("classification", the default), or the number there ("regression").
    """

    num_features: int = 256
    num_groups: int | None = None
    label_column: str | None = None
    text_column: str | None = None
    item_column: str | None = None
    representation: Representation | None = None
    length: int | None = None
    image_size: int | None = None
    informative_groups: int | None = None
    impute: Impute | None = None
    categorical: tuple[str, ...] = ()
    problem: Problem | None = None


def check_options(options: TaskOptions, read: Collection[str], name: str) -> None:
    """Refuse what cannot be, and options that the source would not read.

    Args:
        options: the choices.
        read: the options that the source reads.
        name: the source as it was asked for, for the message.

    Raises:
        ValueError: the first option that is out of range or would do nothing.
    """
    for field in ("num_features", "num_groups", "length", "image_size"):
        value = getattr(options, field)
        if value is not None and value < 1:
            raise ValueError(f"`{field}` must be >= 1, got {value}.")
    for field, reason in WHY.items():
        value = getattr(options, field)
        if value not in (None, ()) and field not in read:
            raise ValueError(
                f"`{field}` must be left out for {name!r}, got {value!r}: {reason}."
            )
    allowed = get_args(Representation)
    if options.representation not in (None, *allowed):
        raise ValueError(
            f"`representation` must be one of {', '.join(map(repr, allowed))}, got "
            f"{options.representation!r}."
        )
    if options.problem not in (None, *PROBLEMS):
        raise ValueError(
            f"`problem` must be one of {', '.join(map(repr, PROBLEMS))}, got "
            f"{options.problem!r}."
        )
    _check_columns(options)
    is_text = "text_column" not in read or options.text_column is not None
    if not is_text and options.representation is not None:
        raise ValueError(
            f"`representation` must be left out without `text_column`, got "
            f"{options.representation!r}."
        )
    if options.length is not None and options.representation != "tokens":
        raise ValueError(
            "`length` must be left out unless `representation` is 'tokens', got "
            f"{options.length}."
        )


def _check_columns(options: TaskOptions) -> None:
    """Refuse what is said of columns of numbers where it cannot be, or none are read.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    if options.impute not in (None, *get_args(Impute)):
        raise ValueError(
            f"`impute` must be one of {', '.join(map(repr, get_args(Impute)))}, got "
            f"{options.impute!r}."
        )
    for field in ("impute", "categorical"):
        value = getattr(options, field)
        if value and options.text_column is not None:
            raise ValueError(
                f"`{field}` must be left out beside `text_column`, for no other column "
                f"is then read, got {value!r}."
            )

"""The choices of a user about how a source becomes a task."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Representation = Literal["tfidf", "hashed", "tokens"]

_COLUMNS = "only .csv, .tsv, .jsonl and .parquet have columns"
WHY: Mapping[str, str] = MappingProxyType(
    {
        "label_column": _COLUMNS,
        "text_column": _COLUMNS,
        "item_column": _COLUMNS,
        "representation": "only text can be represented so",
        "length": "only text has a length in words",
        "image_size": "only a folder of images is resized",
        "informative_groups": "only 'planted' has groups of known use",
    }
)
"""Options that not every source reads, and why it does not."""
DEFAULT_LENGTH = 32
"""Words that a text is cut or filled to; assumed."""


@dataclass(frozen=True)
class TaskOptions:
    """How a source becomes a task; see `load_task`."""

    num_features: int = 256
    num_groups: int | None = None
    label_column: str | None = None
    text_column: str | None = None
    item_column: str | None = None
    representation: Representation | None = None
    length: int | None = None
    image_size: int | None = None
    informative_groups: int | None = None


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
        if value is not None and field not in read:
            raise ValueError(
                f"`{field}` must be left out for {name!r}, got {value!r}: {reason}."
            )
    allowed = get_args(Representation)
    if options.representation not in (None, *allowed):
        raise ValueError(
            f"`representation` must be one of {', '.join(map(repr, allowed))}, got "
            f"{options.representation!r}."
        )
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

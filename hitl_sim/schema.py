"""What all tables of a study share: kinds of numbers, and the struct they are read to.

Any room may keep tables of its own, so this module knows none of them.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""As the learner counts: in int32."""
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
SomeShare = Annotated[float, Meta(gt=0.0, le=1.0)]
"""A share of which something is left."""
Positive = Annotated[float, Meta(gt=0.0)]
Spread = Annotated[float, Meta(ge=0.0)]
Scalar = str | int | float | bool


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen table that refuses fields it does not have."""


def kind_of(table: msgspec.Struct) -> str:
    """Name the kind of a table, as its field `kind` says it."""
    return str(table.__struct_config__.tag)


def one_of(choices: Sequence[str]) -> str:
    """Write what is allowed, as part of a message."""
    if not choices:
        return "another (none of the built-in ones)"
    return f"one of {', '.join(map(repr, choices))}"

"""What all tables of a study share: kinds of numbers, the struct, the error."""

from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
Spread = Annotated[float, Meta(ge=0.0)]
Correlation = Annotated[float, Meta(ge=-1.0, le=1.0)]
Scalar = str | int | float | bool


class SpecError(ValueError):
    """A study that cannot be run as written; the message names field and value."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen table that refuses fields it does not have."""

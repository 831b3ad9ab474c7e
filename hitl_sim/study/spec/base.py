"""The error of a study that cannot be run."""

from collections.abc import Iterator
from contextlib import contextmanager


class SpecError(ValueError):
    """A study that cannot be run as written; the message names field and value."""


@contextmanager
def in_study(where: str = "") -> Iterator[None]:
    """Tell a value that is refused as an error of the study that gave it.

    Args:
        where: said before, such as the table that it stands in.

    Raises:
        SpecError: a `ValueError` was raised within; a `SpecError` stays as it is.
    """
    try:
        yield
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{where}{error}") from error

"""The error of a study that cannot be run."""


class SpecError(ValueError):
    """A study that cannot be run as written; the message names field and value."""

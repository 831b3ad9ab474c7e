"""The one error of a session."""


class SessionError(ValueError):
    """A session, or a folder of one, that was not used as it can be."""

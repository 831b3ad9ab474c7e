"""A claim on a file that ends with its process: at once where that is killed."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no such locks
    fcntl = None  # type: ignore[assignment]

CAN_CLAIM = fcntl is not None
"""Whether a claim keeps other processes away here."""


class Claim:
    """An exclusive lock on a file, kept by the system for as long as it is held."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path
        self._handle: int | None = None

    def take(self, *, wait: bool = False) -> bool:
        """Take it, or say that another process has it.

        Args:
            wait: whether to wait until it is free.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                os.close(handle)
                return False
        self._handle = handle
        return True

    def give_back(self) -> None:
        """Let it go; the file stays, for it may be claimed again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Claim:
        """Wait for it and take it."""
        self.take(wait=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self.give_back()

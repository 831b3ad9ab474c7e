"""A clock over each chunk: a worker that hangs is ended, and leaves word where it hung.

XLA's thread pools have been seen to wait for each other for ever. The clock is a thread
in C, which needs no interpreter lock to act.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def stuck_file(out: Path, chunk_id: str) -> Path:
    """Where the stacks of a worker that hung on a chunk are kept."""
    return out / "errors" / f"{chunk_id}.stuck"


@contextmanager
def watchdog(out: Path, chunk_id: str, limit_s: float) -> Iterator[None]:
    """End this process if the body takes too long.

    Args:
        out: results folder.
        chunk_id: the chunk in the body.
        limit_s: time that it may take, s; > 0.
    """
    path = stuck_file(out, chunk_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            path.unlink(missing_ok=True)

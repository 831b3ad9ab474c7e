"""Files written whole or not at all, with the permissions of any new file."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a disk or a quota that has no space left."""
_READABLE = 0o666


class DiskFullError(OSError):
    """Nothing more can be written; what was written before is whole."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file elsewhere first, then put it in place by an atomic replace.

    Its permissions are those of any new file: the process's umask and the folder's
    rules decide them, so that a shared folder stays shared.

    Args:
        path: of the file; its folder is made if missing.
        data: the whole content.

    Raises:
        DiskFullError: no space is left; nothing half written stays behind.
    """
    with _full_disk_in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.parent / f".{secrets.token_hex(8)}.part"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READABLE)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8; see `write_bytes`.

    Raises:
        DiskFullError: no space is left; nothing half written stays behind.
    """
    write_bytes(path, text.encode())


def say_os_error(error: OSError) -> str:
    """Say what the system refused: the file, the reason, and a way out where known."""
    if isinstance(error, DiskFullError) or error.strerror is None:
        return str(error)
    where = "A file" if error.filename is None else repr(str(error.filename))
    if error.errno in FULL:
        return (
            f"{where} must have space left to be written, but the disk or quota is "
            f"full ({error.strerror}). What was finished before is kept; free some "
            "space, and give the same command again."
        )
    return f"{where} cannot be used: {error.strerror}."


@contextmanager
def _full_disk_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFullError(
            f"{str(path.parent)!r} must have space left to write {path.name!r} in, but "
            f"its disk or quota is full ({os.strerror(error.errno or 0)}). Finished "
            "runs are kept; free some space, and the same command goes on from there."
        ) from error

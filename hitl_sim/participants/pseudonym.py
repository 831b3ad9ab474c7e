"""Pseudonyms: a salted hash in place of what a file calls a person."""

import hashlib
import secrets
from collections.abc import Iterable

_LENGTH = 12


def new_salt() -> bytes:
    """Draw a salt that is kept nowhere: who is behind a pseudonym is then lost."""
    return secrets.token_bytes(16)


def pseudonyms(names: Iterable[str], salt: bytes) -> list[str]:
    """Hash names with a salt.

    Args:
        names: what people are called.
        salt: the same one gives the same pseudonyms, so that two files can be joined.

    Returns:
        "p" and twelve hexadecimal digits for each; 48 bits keep a million people apart
        but for two in a thousand imports.
    """
    return [f"p{_digest(name, salt)}" for name in names]


def _digest(name: str, salt: bytes) -> str:
    hashed = hashlib.blake2b(name.encode(), key=hashlib.sha256(salt).digest())
    return hashed.hexdigest()[:_LENGTH]

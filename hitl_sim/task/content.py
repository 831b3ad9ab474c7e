"""Name data by their content."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np


def hash_content(
    arrays: Mapping[str, np.ndarray], names: Mapping[str, Iterable[str]]
) -> str:
    """Return the sha256 of arrays and names, in hexadecimal.

    Every part goes in with its field, and every array with its type and shape, so that
    the same bytes in another shape, or a name moved to another field, hash differently.

    Args:
        arrays: fields to arrays; hashed little-endian in C order.
        names: fields to sequences of strings.
    """
    digest = hashlib.sha256()
    for field, array in arrays.items():
        portable = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        _feed(digest, field, portable.dtype.str, repr(portable.shape))
        digest.update(portable.tobytes())
    for field, values in names.items():
        _feed(digest, field, *values)
    return digest.hexdigest()


def _feed(digest: "hashlib._Hash", *parts: str) -> None:
    """Add strings with their number and lengths, so that no two lists look alike."""
    digest.update(len(parts).to_bytes(8, "little"))
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)

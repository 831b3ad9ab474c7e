"""Read a file of text, packed or not, whatever program wrote it."""

import codecs
import re
from pathlib import Path

import pyarrow as pa

from hitl_sim.table.delimiter import find_delimiter

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAID = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=([ -~\t])"?\r?\n')
"""First line by which Excel is told what separates columns."""
_HEAD = 2**17


def read_utf8(path: Path) -> bytes:
    """Return the bytes of a text: UTF-8, or UTF-16 that its byte order mark names.

    Returns:
        UTF-8, perhaps with a byte order mark; bytes that are none stay.

    Raises:
        ValueError: it begins with zero bytes, as UTF-16 without a mark does.
        OSError: it cannot be read, or unpacked.
    """
    with pa.input_stream(path) as stream:
        raw: bytes = stream.read()
    if raw.startswith(_UTF16):
        return raw.decode("utf-16", "replace").encode()
    place = raw.find(b"\0", 0, _HEAD)
    if place >= 0:
        raise ValueError(
            f"{path}: must be text in UTF-8, got byte 0x00 at position {place}, as in "
            "UTF-16. Save the file as UTF-8."
        )
    return raw


def read_delimited(path: Path, usual: str) -> tuple[bytes, str]:
    """Return the bytes of a table in text, and what separates its columns.

    Args:
        path: of the table.
        usual: what separates columns by the file's suffix.

    Raises:
        ValueError: as `read_utf8`.
        OSError: as `read_utf8`.
    """
    raw = read_utf8(path)
    said = _SAID.match(raw)
    if said is not None:
        # the line stays, an empty one, so that lines keep their numbers
        return b"\n" + raw[said.end() :], said[1].decode()
    head = raw
    if len(raw) > _HEAD:
        head = raw[: raw.rfind(b"\n", 0, _HEAD) + 1] or raw
    return raw, find_delimiter(head.decode("utf-8-sig", errors="replace"), usual)

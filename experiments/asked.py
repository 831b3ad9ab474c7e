"""What a script of this folder is asked for on its command line."""

import argparse
from pathlib import Path


def asked(
    doc: str | None, name: str, default: int | Path, *, has_smoke: bool = False
) -> argparse.Namespace:
    """Read the one word that a script takes, and whether its quick form is asked for.

    Whatever else there is on the command line is refused before any work.

    Args:
        doc: the script's docstring; its first line is the help.
        name: of the word.
        default: what it is when left out: a folder, or a number, which must be > 0.
        has_smoke: whether there is a quick form.
    """
    reader = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    kind = Path if isinstance(default, Path) else _positive
    reader.add_argument(name, nargs="?", type=kind, default=default)
    if has_smoke:
        reader.add_argument("--smoke", action="store_true", help="the quick form")
    return reader.parse_args()


def _positive(word: str) -> int:
    if not (word.isdecimal() and int(word) > 0):
        raise argparse.ArgumentTypeError(f"must be a whole number > 0, got {word!r}")
    return int(word)

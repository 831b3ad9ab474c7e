"""Find the sentences of prose in a docstring."""

import re
from collections.abc import Iterator

MIN_WORDS = 8
MAX_WORDS = 40

_UNDERLINE = re.compile(r"\s*([-=~^*#])\1{2,}\s*")
_NOT_PROSE = re.compile(r"\s*(>>>|\.\.\.|\.\. |:|\||[-*+] |\(?\w{1,2}[.)] |\[\d+\])")
_PARAMETER = re.compile(r"\s*[\w*`'\"{(<\[][^:]*\s:(\s|$)")
# Sections of names, addresses and code rather than prose.
_SKIPPED_SECTIONS = frozenset({"examples", "example", "references", "see also"})
_BOUNDARY = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_ROLE = re.compile(r":[\w:]+:(?=`)|[`*~]|\[\d+\]_")
_CODE = re.compile(r">>>|::|https?:|%\(|[=<>{}|\\\[\]]|\w\(|__|@|\bsphx_")


def read_sentences(docstring: str) -> Iterator[str]:
    """Yield the prose sentences of a docstring, without its mark-up.

    Left out: code, doctests, directives, lists, lines that name a parameter, the
    sections of examples, references and cross-references, sentences that hold code, and
    those with fewer than 8 or more than 40 words.

    Args:
        docstring: cleaned of its common indentation.
    """
    for block in _prose_blocks(docstring):
        for part in _BOUNDARY.split(block):
            sentence = " ".join(_ROLE.sub("", part).split())
            if (
                MIN_WORDS <= len(sentence.split()) <= MAX_WORDS
                and sentence[0].isupper()
                and sentence.endswith(".")
                and not _CODE.search(sentence)
            ):
                yield sentence


def _prose_blocks(docstring: str) -> Iterator[str]:
    """Yield runs of neighbouring prose lines of one indentation, each as one line."""
    lines = docstring.expandtabs().splitlines()
    block: list[str] = []
    block_indent = 0
    quiet_above: int | None = None
    is_skipped_section = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if quiet_above is not None and line.strip() and indent <= quiet_above:
            quiet_above = None
        is_title = number + 1 < len(lines) and bool(
            line.strip() and _UNDERLINE.fullmatch(lines[number + 1])
        )
        if is_title:
            is_skipped_section = line.strip().lower() in _SKIPPED_SECTIONS
        is_prose = not (
            is_title
            or is_skipped_section
            or quiet_above is not None
            or not line.strip()
            or _UNDERLINE.fullmatch(line)
            or _NOT_PROSE.match(line)
            or _PARAMETER.match(line)
        )
        if block and (not is_prose or indent != block_indent):
            yield " ".join(block)
            block = []
        if is_prose:
            block.append(line.strip())
            block_indent = indent
        # What is indented below a directive or a double colon is no prose.
        is_opening = line.strip().startswith(".. ") or line.rstrip().endswith("::")
        if is_opening and quiet_above is None:
            quiet_above = indent
    if block:
        yield " ".join(block)

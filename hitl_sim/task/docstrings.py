"""A text task that needs no download: which library does a sentence come from?"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from hitl_sim.task.data import RawTask
from hitl_sim.task.option import Representation, TaskOptions
from hitl_sim.task.sentence import read_sentences
from hitl_sim.task.text import represent
from oracles import part

# Folder of the installed package -> name of the distribution. The order is the labels'.
LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "matplotlib": "matplotlib",
    "sklearn": "scikit-learn",
}
SENTENCES_PER_LIBRARY = 900
# Words are counted over these; a sentence without a frequent word is then left out.
CANDIDATES_PER_LIBRARY = 1000
# Files are read in the order of a hash until this many sentences are found, before
# those that two libraries share go: a sample of many corners, and quickly read.
READ_PER_LIBRARY = 1200

# Tests speak of tests; vendored code belongs to nobody; the others differ by platform.
_SKIPPED_PARTS = re.compile(
    r"tests?|testing|conftest|.*extern.*|array_api.*|_?vendor.*"
)
_SKIPPED_FILES = frozenset(
    {"__config__.py", "version.py", "_version.py", "conftest.py"}
)
# A sentence that names its library (or an alias, or a neighbour) would give it away.
_LEAK = re.compile(
    r"numpy|scipy|matplotlib|pyplot|pylab|sklearn|scikit"
    r"|(?<![a-z])(np|npy|npz|sp|plt|mpl|sk)(?![a-z])",
    re.IGNORECASE,
)


@part.task(version=1)
def docstrings(
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    representation: Representation | None = None,
    length: int | None = None,
) -> RawTask:
    """Load sentences of the docstrings of four installed libraries.

    Sentences that name a library, occur in two of them, are code, are very short or
    long, or hold none of the frequent words are left out. Hashes of file names and
    sentences decide what is taken, so the same versions give the same task on every
    machine.

    Args:
        num_features: W, the most frequent words.
        num_groups: G, equal groups of words that occur together; by default 32, or the
            largest smaller number that divides W.
        representation: how texts are represented; see `represent`.
        length: of a text as tokens.

    Returns:
        900 sentences of each library (or as many as the scarcest has left, with very
        few words), in the order of their hashes.

    Raises:
        ValueError: a library is not installed or has too few sentences, or the words
            cannot be grouped as asked.
    """
    options = TaskOptions(
        num_features=num_features, representation=representation, length=length
    )
    found = {folder: _collect(folder) for folder in LIBRARIES}
    times = Counter(key for sentences in found.values() for key in sentences)
    chosen = []
    for label, (folder, sentences) in enumerate(found.items()):
        own = sorted((_hash(key), key) for key in sentences if times[key] == 1)
        if len(own) < CANDIDATES_PER_LIBRARY:
            raise ValueError(
                f"task 'docstrings': the installed {folder} must have at least "
                f"{CANDIDATES_PER_LIBRARY} usable sentences in its docstrings, got "
                f"{len(own)}. Docstrings must be installed with their sources (.py)."
            )
        chosen += [
            (code, sentences[key], label) for code, key in own[:CANDIDATES_PER_LIBRARY]
        ]
    chosen.sort()
    labels = np.array([label for _, _, label in chosen], np.int32)
    texts = represent(
        [sentence for _, sentence, _ in chosen],
        options,
        "task 'docstrings'",
        is_english=True,
    )
    rows = _balance(labels, np.asarray(texts.weights.any(axis=1)))
    texts = texts.take(rows)
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES.values()
    )
    return texts.as_task(
        "docstrings",
        f"{len(rows)} sentences from the docstrings of the installed {versions}; "
        "which library does a sentence come from? Sentences that name a library are "
        "left out.",
        labels[rows],
        list(LIBRARIES.values()),
        num_groups,
    )


def _collect(folder: str) -> dict[str, str]:
    """Return enough usable sentences of a library, by their normal form."""
    sentences: dict[str, str] = {}
    for path in _source_files(folder):
        for docstring in _docstrings(path):
            for sentence in read_sentences(docstring):
                if not _LEAK.search(sentence):
                    sentences.setdefault(_normal_form(sentence), sentence)
        if len(sentences) >= READ_PER_LIBRARY:
            break
    return sentences


def _source_files(folder: str) -> list[Path]:
    """List the library's own source files in the order of a hash of their names.

    Raises:
        ValueError: the library is not installed.
    """
    spec = importlib.util.find_spec(folder)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"task 'docstrings': {LIBRARIES[folder]!r} must be installed, got nothing."
        )
    root = Path(spec.submodule_search_locations[0])
    keyed = []
    for path in root.rglob("*.py"):
        inner = path.relative_to(root)
        if inner.name in _SKIPPED_FILES or inner.name.startswith("test_"):
            continue
        if not any(_SKIPPED_PARTS.fullmatch(part) for part in inner.parts[:-1]):
            keyed.append((_hash(inner.as_posix()), path))
    return [path for _, path in sorted(keyed)]


def _docstrings(path: Path) -> Iterator[str]:
    """Yield the docstrings of a module, its classes, functions and methods."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            docstring = ast.get_docstring(node)
            if docstring:
                yield docstring
        if isinstance(node, ast.Module | ast.ClassDef):
            pending += reversed(node.body)


def _balance(
    labels: Int[np.ndarray, " candidates"], is_usable: Bool[np.ndarray, " candidates"]
) -> Int[np.ndarray, " items"]:
    """Return the first usable rows, equally many of each class, in their order."""
    usable = [np.flatnonzero(is_usable & (labels == k)) for k in np.unique(labels)]
    num = min(SENTENCES_PER_LIBRARY, *(rows.size for rows in usable))
    return np.sort(np.concatenate([rows[:num] for rows in usable]))


def _normal_form(sentence: str) -> str:
    """Reduce a sentence to its words, so that near copies are one."""
    return " ".join(re.findall(r"[a-z]+", sentence.lower()))


def _hash(text: str) -> str:
    """Return a hash that decides order the same way on every machine."""
    return hashlib.sha256(text.encode()).hexdigest()

"""Text as word weights or as word ids: for the docstrings and for a user's own text."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import word_groups
from hitl_sim.task.option import DEFAULT_LENGTH, TaskOptions

NUM_GROUPS = 32
# Two letters or more of any alphabet; digits and underscores part words.
_WORD = r"(?u)[^\W\d_]{2,}"
NUM_MARKS = 2
"""Ids that stand for no word: 0 fills a text up, 1 is a word outside the vocabulary."""


class Texts(NamedTuple):
    """Texts as numbers.

    Attributes:
        features: `[M, D]` what a network sees: weights of W = D words, or the ids of a
            text's first D words.
        weights: `[M, W]` weight of each word, >= 0.
        words: `W` words; of hashed texts, the most frequent word of each bucket.
        size: `[M]` number of words, relative to the median text.
        vocabulary: number of ids, W + 2; None where features are weights.
        source: what was done, in words.
    """

    features: Float[np.ndarray, "items features"]
    weights: Float[np.ndarray, "items words"]
    words: tuple[str, ...]
    size: Float[np.ndarray, " items"]
    vocabulary: int | None
    source: str

    def take(self, rows: Int[np.ndarray, " rows"]) -> "Texts":
        """Keep some items."""
        size = self.size[rows] / np.median(self.size[rows])
        features, weights = self.features[rows], self.weights[rows]
        return self._replace(features=features, weights=weights, size=size)

    def as_task(
        self,
        name: str,
        items: str,
        labels: Int[np.ndarray, " items"] | Float[np.ndarray, " items"],
        class_names: Sequence[str],
        num_groups: int | None,
    ) -> RawTask:
        """Make a task of these texts.

        Args:
            name: of the task.
            items: what the texts are, a sentence; what was done to them follows it.
            labels: `[M]`.
            class_names: `K` names.
            num_groups: G; see `group_text`.

        Raises:
            ValueError: `num_groups` does not divide the words.
        """
        groups, group_names = group_text(self.weights, self.words, num_groups)
        return RawTask(
            name=name,
            source=f"{items} {self.source}",
            kind="text",
            features=self.features,
            labels=labels,
            class_names=class_names,
            size=self.size,
            groups=groups,
            group_names=group_names,
            vocabulary=self.vocabulary,
            weights=self.weights,
        )


def represent(
    texts: Sequence[str], options: TaskOptions, where: str, *, is_english: bool = False
) -> Texts:
    """Turn texts into what `options.representation` asks for.

    - "tfidf" (the default): `weigh_words`.
    - "hashed": `hash_words`, which needs no vocabulary.
    - "tokens": the ids of a text's first `options.length` words, in their order, from
      the vocabulary of "tfidf" with function words; `number_words`.

    Args:
        texts: `M` texts.
        options: representation, `num_features` W, and length.
        where: the file and field, for the message.
        is_english: see `weigh_words`.

    Raises:
        ValueError: the texts hold too few different words.
    """
    num_words = options.num_features
    if options.representation == "hashed":
        weights, words, size = hash_words(texts, num_words, where)
        return Texts(weights, weights, words, size, None, _describe(_HASHED, num_words))
    is_tokens = options.representation == "tokens"
    is_english = is_english and not is_tokens
    weights, words, size = weigh_words(texts, num_words, where, is_english=is_english)
    if is_tokens:
        length = options.length or DEFAULT_LENGTH
        ids = number_words(texts, words, length)
        done = _describe(_TOKENS.format(length=length), num_words)
        return Texts(ids, weights, words, size, len(words) + NUM_MARKS, done)
    done = _TFIDF + (", English function words left out" if is_english else "")
    return Texts(weights, weights, words, size, None, _describe(done, num_words))


def number_words(
    texts: Sequence[str], words: Sequence[str], length: int
) -> Float[np.ndarray, "items length"]:
    """Replace each word by its id, and cut or fill every text to one length.

    Args:
        texts: `M` texts.
        words: the vocabulary; word i has the id i + 2.
        length: L.

    Returns:
        `[M, L]` ids as float32, exact up to 2^24: 0 after the end of a text, 1 for a
        word outside the vocabulary.
    """
    number = {word: NUM_MARKS + i for i, word in enumerate(words)}
    ids = np.zeros((len(texts), length), np.float32)
    for row, text in enumerate(texts):
        found = re.findall(_WORD, text.lower())[:length]
        ids[row, : len(found)] = [number.get(word, 1) for word in found]
    return ids


def hash_words(
    texts: Sequence[str], num_buckets: int, where: str
) -> tuple[
    Float[np.ndarray, "items words"], tuple[str, ...], Float[np.ndarray, " items"]
]:
    """Count words in buckets given by a hash, each text scaled to length 1.

    Args:
        texts: `M` texts.
        num_buckets: D.
        where: the file and field, for the message.

    Returns:
        `[M, D]` weights, the most frequent word of each bucket ("no word" where it is
        empty), and `[M]` the number of words relative to the median text.

    Raises:
        ValueError: the texts hold no word.

    References:
        Weinberger et al. (2009), Feature hashing for large scale multitask learning;
        without signs, so that a bucket's weight stays a number of words.
    """
    from sklearn.feature_extraction.text import (  # noqa: PLC0415
        CountVectorizer,
        HashingVectorizer,
    )

    model = HashingVectorizer(
        n_features=num_buckets, alternate_sign=False, token_pattern=_WORD
    )
    weights = model.transform(texts).toarray()
    if not weights.any():
        raise ValueError(_no_words(where, len(texts)))
    counter = CountVectorizer(token_pattern=_WORD)
    total = np.asarray(counter.fit_transform(texts).sum(axis=0)).ravel()
    vocabulary = counter.get_feature_names_out()
    order = np.argsort(-total, kind="stable")
    bucket = model.transform(vocabulary[order]).indices
    first = dict(zip(bucket[::-1].tolist(), vocabulary[order][::-1], strict=True))
    names = tuple(str(first.get(b, "no word")) for b in range(num_buckets))
    return weights.astype(np.float32), names, _relative_size(texts)


def _relative_size(texts: Sequence[str]) -> Float[np.ndarray, " items"]:
    lengths = np.array([max(len(text.split()), 1) for text in texts])
    relative: Float[np.ndarray, " items"] = lengths / np.median(lengths)
    return relative


def _no_words(where: str, num_texts: int) -> str:
    return (
        f"{where}: must hold words, got {num_texts} texts without one of two or "
        "more letters."
    )


def weigh_words(
    texts: Sequence[str], num_features: int, where: str, *, is_english: bool = False
) -> tuple[
    Float[np.ndarray, "items words"], tuple[str, ...], Float[np.ndarray, " items"]
]:
    """Turn texts into TF-IDF weights of their most frequent words.

    Words and document frequencies are counted over all items, without labels. Term
    counts go in as 1 + log(count); a text's weights have length 1 (0 where it holds no
    frequent word).

    Args:
        texts: `M` texts.
        num_features: D, the number of words to keep.
        where: the file and field, for the message.
        is_english: the texts are known to be English, and its function words ("the",
            "of") are left out.

    Returns:
        `[M, D]` weights, `D` words in alphabetical order, and `[M]` the number of words
        of a text relative to the median text (at least one word is counted).

    Raises:
        ValueError: the texts hold fewer than `num_features` different words.

    References:
        Salton and Buckley (1988), Term-weighting approaches in automatic text
        retrieval, Information Processing & Management 24(5), 513-523.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    model = TfidfVectorizer(
        max_features=num_features,
        sublinear_tf=True,
        token_pattern=_WORD,
        stop_words="english" if is_english else None,
    )
    try:
        weights = model.fit_transform(texts).toarray()
    except ValueError:
        raise ValueError(_no_words(where, len(texts))) from None
    words = tuple(str(word) for word in model.get_feature_names_out())
    if len(words) < num_features:
        raise ValueError(
            f"`num_features` must be <= {len(words)} (the different words of {where}), "
            f"got {num_features}."
        )
    return weights.astype(np.float32), words, _relative_size(texts)


def group_text(
    weights: Float[np.ndarray, "items words"],
    words: Sequence[str],
    num_groups: int | None,
) -> tuple[Int[np.ndarray, "groups group_size"], tuple[str, ...]]:
    """Group words by co-occurrence; by default in 32, or the next fewer that divide.

    Args:
        weights: `[M, D]` weight of each word in each item.
        words: `D` words.
        num_groups: G, a divisor of D; `None` for the default.

    Returns:
        `[G, S]` words of each group, and `G` names.

    Raises:
        ValueError: `num_groups` does not divide D.
    """
    if num_groups is None:
        most = min(NUM_GROUPS, len(words))
        num_groups = next(g for g in range(most, 0, -1) if len(words) % g == 0)
    return word_groups(weights, words, num_groups)


_TFIDF = (
    "TF-IDF of the {num_words} most frequent words (sublinear, length 1), counted over "
    "all items without labels"
)
_HASHED = "words counted in {num_words} buckets by a hash (length 1)"
_TOKENS = (
    "ids of the first {length} words, of the {{num_words}} most frequent, counted over "
    "all items without labels"
)


def _describe(features: str, num_words: int) -> str:
    """Say in words what was done to the texts."""
    return (
        f"Features: {features.format(num_words=num_words)}; groups: equal sets of "
        "words that occur together, found without labels; size: words relative to the "
        "median. Words become numbers once, on the host, alike for every arm; that is "
        "on no arm's bill."
    )

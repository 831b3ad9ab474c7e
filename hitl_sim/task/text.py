"""Text as word weights: one way for the docstrings and for a user's own text."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from hitl_sim.task.group import word_groups

NUM_GROUPS = 32
# Two letters or more of any alphabet; digits and underscores part words.
_WORD = r"(?u)[^\W\d_]{2,}"


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
        raise ValueError(
            f"{where}: must hold words, got {len(texts)} texts without one of two or "
            "more letters."
        ) from None
    words = tuple(str(word) for word in model.get_feature_names_out())
    if len(words) < num_features:
        raise ValueError(
            f"`num_features` must be <= {len(words)} (the different words of {where}), "
            f"got {num_features}."
        )
    lengths = np.array([max(len(text.split()), 1) for text in texts])
    return weights.astype(np.float32), words, lengths / np.median(lengths)


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


def describe_text(num_words: int) -> str:
    """Say in words what was done to the texts."""
    return (
        f"Features: TF-IDF of the {num_words} most frequent words (sublinear, length "
        "1), counted over all items without labels; groups: equal sets of words that "
        "occur together, found without labels; size: words relative to the median."
    )

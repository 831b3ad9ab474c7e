"""Features of recorded items: texts as TF-IDF, pictures as principal components."""

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image
from recorded import read_items
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

NUM_FEATURES = 50


def text_features(texts: list[str]) -> np.ndarray:
    """Return the main directions of TF-IDF, scaled."""
    counted = TfidfVectorizer(min_df=2, ngram_range=(1, 2)).fit_transform(texts)
    reduced = TruncatedSVD(NUM_FEATURES, random_state=0).fit_transform(counted)
    return reduced / reduced.std(axis=0)


def _texts(path: Path, columns: tuple[str, ...]) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {
            row["item"]: " ".join(row[column] for column in columns)
            for row in csv.DictReader(file)
        }


def sentiment_features(data: Path, items: list[str]) -> np.ndarray:
    """Return features of the sentences."""
    texts = _texts(data / "sentiment_sp" / "sentences.csv.gz", ("text",))
    return text_features([texts[item] for item in items])


def entailment_features(data: Path, items: list[str]) -> np.ndarray:
    """Return features of text and hypothesis together, and of the words they share."""
    path = data / "rte_snow" / "items.csv.gz"
    text, claim = _texts(path, ("text",)), _texts(path, ("hypothesis",))
    shared = []
    for item in items:
        first, second = (set(t[item].lower().split()) for t in (text, claim))
        shared.append([len(first & second) / max(len(second), 1), len(second)])
    overlap = np.array(shared)
    overlap = (overlap - overlap.mean(axis=0)) / overlap.std(axis=0)
    words = text_features([text[item] + " " + claim[item] for item in items])
    return np.concatenate([words, overlap], axis=1)


def picture_features(data: Path, items: list[str]) -> np.ndarray:
    """Return the main directions of the pixels, scaled."""
    with np.load(data / "cifar10_test" / "cifar10_test_jpeg.npz") as file:
        blob, offsets = file["jpeg"].tobytes(), file["offsets"]
    pixels = []
    for item in map(int, items):
        raw = io.BytesIO(blob[offsets[item] : offsets[item + 1]])
        with Image.open(raw) as picture:
            pixels.append(np.asarray(picture.convert("RGB"), float).ravel())
    reduced = PCA(NUM_FEATURES, random_state=0).fit_transform(np.array(pixels) / 255.0)
    return reduced / reduced.std(axis=0)


FEATURES: Mapping[str, tuple[str, Callable[[Path, list[str]], np.ndarray]]] = (
    MappingProxyType(
        {
            "sentiment_sp": ("sentiment_sp/sp_answers.csv.gz", sentiment_features),
            "rte_snow": ("rte_snow/answers.csv.gz", entailment_features),
            "cifar10s": ("cifar10s/trials.csv.gz", picture_features),
        }
    )
)
"""Answers that name a set's items, and what makes features of these."""


def read_features(data: Path, name: str) -> np.ndarray | None:
    """Return features `[N, D]` of a set's items; None where it has none."""
    if name not in FEATURES:
        return None
    answers, build = FEATURES[name]
    return build(data, read_items(data / answers))

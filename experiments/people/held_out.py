"""Fit half of the people and items of every recorded set, and predict the others.

    python experiments/people/held_out.py --data DIR [--seed 0] [--sets NAME ...]

Writes `held_out.md` beside this file: per set the log likelihood of held-out answers
beside one-coin, Dawid-Skene and GLAD, the statistics of the held-out half, whether a
classifier tells real from simulated people, and what policies chosen in simulation lose
with real people. Ratings, marks and preferences are held against the pooled shares and
against an ordered logit or Bradley-Terry. Where a set has features (texts as TF-IDF,
pictures as principal components) policies are judged by the classifier that their
labels train. A set that is absent or too small is skipped, with the reason.
"""

import argparse
import csv
import gzip
import io
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image
from recorded import READERS, read_bluebirds, read_items
from recorded_grades import GRADE_READERS
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from hitl_sim.participants.graded import validate_grades
from hitl_sim.participants.predict import first_answers
from hitl_sim.participants.record import Record
from hitl_sim.participants.validate import Validation, validate_record
from hitl_sim.participants.verdict import (
    grades_to_markdown,
    say_gains,
    to_markdown,
    verdict,
    write_validation,
)

NUM_FEATURES = 50
OUT = Path(__file__).with_suffix(".md")
Told = tuple[list[str], list[str]]


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
SETS = (
    "rte_snow",
    "sentiment_sp",
    "sentiment_sp timed",
    "bluebirds",
    "cifar10s",
    "recidivism_df",
    "sst_rationales",
    "model_vs_human sketch",
    "model_vs_human contrast",
    *GRADE_READERS,
)


def plain(record: Record) -> Record:
    """Keep labels alone, of items whose truth is known."""
    bare = replace(record, marks=None, num_parts=None, deadline_s=None)
    if record.name == "sst_rationales":
        bare = replace(bare, seconds=None)
    return first_answers(bare) if not bare.occasion.any() else bare


def validate_set(data: Path, name: str, seed: int) -> Validation:
    """Validate one set, with features where it has them."""
    read = {**READERS, "bluebirds": read_bluebirds}[name]
    record = plain(read(data))
    features = None
    if name in FEATURES:
        answers, build = FEATURES[name]
        features = build(data, read_items(data / answers))
    options = tuple(map(str, range(record.num_options)))
    return validate_record(record, options, seed, features=features)


def told(data: Path, name: str, seed: int, figures: Path | None) -> Told:
    """Return what is said of a set, and its page."""
    if name in GRADE_READERS:
        kind, read = GRADE_READERS[name]
        grades = validate_grades(read(data), kind, seed)
        return say_gains(grades.gains), grades_to_markdown(grades)
    found = validate_set(data, name, seed)
    if figures is not None:
        write_validation(figures / name.replace(" ", "_"), found)
    return verdict(found), to_markdown(found)


def main() -> None:
    """Validate every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--figures", type=Path, help="folder for a figure of each set")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    given = parser.parse_args()
    lines = [
        "# Does a fitted crowd foretell people who were left out?",
        "",
        "Written by `python experiments/people/held_out.py --data DIR --seed "
        f"{given.seed} --sets {' '.join(repr(name) for name in given.sets)}`, DIR "
        "being the recorded data; do not edit.",
    ]
    summary, pages = [], []
    for name in given.sets:
        began = time.monotonic()
        try:
            said, page = told(given.data, name, given.seed, given.figures)
        except FileNotFoundError as error:
            summary += ["", f"**{name}**: skipped, {Path(error.filename).name} absent."]
            print(summary[-1], file=sys.stderr)
            continue
        except ValueError as error:
            summary += ["", f"**{name}**: refused, {error}"]
            print(summary[-1], file=sys.stderr)
            continue
        summary += ["", f"**{name}**", "", *[f"- {sentence}" for sentence in said]]
        pages += ["", *["#" + line if line[:1] == "#" else line for line in page]]
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        given.out.write_text("\n".join([*lines, *summary, *pages]) + "\n")


if __name__ == "__main__":
    main()

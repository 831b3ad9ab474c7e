"""Fit half of the people and items of every recorded set, and predict the others.

    python experiments/people/held_out.py --data DIR [--seed 0] [--sets NAME ...]

Writes `held_out.md` beside this file: per set the log likelihood of held-out answers
beside one-coin, Dawid-Skene and GLAD, the statistics of the held-out half, whether a
classifier tells real from simulated people, and what policies chosen in simulation lose
with real people. Ratings, marks and preferences are held against the pooled shares and
against an ordered logit or Bradley-Terry. Where a set has features (texts as TF-IDF,
pictures as principal components) policies are judged by the classifier that their
labels train. A set that is absent or too small is skipped, with the reason; a set that
fails is named, and the others go on. `--parts FOLDER` keeps what is found set by set,
and goes on from what is there.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
from features import read_features
from held_out_page import Part, of_grades, of_validation, write_page
from recorded import READERS, RecordedSet, read_bluebirds
from recorded_grades import GRADE_READERS

from hitl_sim.participants.record import first_answers
from hitl_sim.participants.validating.predict import validate_grades
from hitl_sim.participants.validating.validate import Validation, validate_record
from hitl_sim.report.validation import write_validation

OUT = Path(__file__).with_suffix(".md")
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


def plain(record: RecordedSet) -> RecordedSet:
    """Keep labels alone, of items whose truth is known."""
    bare = replace(record, marks=None, num_parts=None, deadline_s=None)
    if record.name == "sst_rationales":
        bare = replace(bare, seconds=None)
    return first_answers(bare) if not bare.occasion.any() else bare


def validate_set(data: Path, name: str, seed: int) -> Validation:
    """Validate one set, with features where it has them."""
    read = {**READERS, "bluebirds": read_bluebirds}[name]
    record = plain(read(data))
    options = tuple(map(str, range(record.num_options)))
    features = read_features(data, name)
    return validate_record(record, options, seed, features=features)


def find(data: Path, name: str, seed: int, figures: Path | None) -> Part:
    """Return what is found of a set; a reason where it is absent or too small."""
    try:
        if name in GRADE_READERS:
            kind, read = GRADE_READERS[name]
            return of_grades(name, validate_grades(read(data), kind, seed))
        found = validate_set(data, name, seed)
    except FileNotFoundError as error:
        return Part(name=name, refused=f"skipped, {Path(error.filename).name} absent.")
    except ValueError as error:
        return Part(name=name, refused=f"refused, {error}")
    if figures is not None:
        write_validation(figures / name.replace(" ", "_"), found)
    return of_validation(name, found)


def load_part(folder: Path | None, name: str, seed: int) -> Part | None:
    """Return what an earlier run kept of a set, if it did."""
    path = _path(folder, name, seed)
    if path is None or not path.exists():
        return None
    return Part(**json.loads(path.read_text(encoding="utf-8")))


def keep_part(folder: Path | None, part: Part, seed: int) -> None:
    """Keep what was found of a set; written elsewhere first, then moved."""
    path = _path(folder, part.name, seed)
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(part._asdict()), encoding="utf-8")
    draft.replace(path)


def _path(folder: Path | None, name: str, seed: int) -> Path | None:
    if folder is None:
        return None
    return folder / f"{name.replace(' ', '_')}_{seed}.json"


def main() -> None:
    """Validate every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--figures", type=Path, help="folder for a figure of each set")
    parser.add_argument("--parts", type=Path, help="folder that keeps finished sets")
    parser.add_argument("--sets", nargs="*", help="some of the sets")
    given = parser.parse_args()
    parts, failed, wanted = [], [], given.sets or SETS
    for name in wanted:
        began = time.monotonic()
        part = load_part(given.parts, name, given.seed)
        if part is None:
            try:
                part = find(given.data, name, given.seed, given.figures)
            except Exception as error:  # the other sets go on
                failed.append(f"{name}: {type(error).__name__}: {error}")
                print(failed[-1], file=sys.stderr, flush=True)
                continue
            keep_part(given.parts, part, given.seed)
            # A process can hold but so many programs, and no set needs another's.
            jax.clear_caches()
        parts.append(part)
        took = time.monotonic() - began
        print(f"{name}: {took:.0f} s. {part.refused}", flush=True)
        write_page(given.out, parts, given.seed, given.sets)
    if failed:
        sys.exit(f"{len(failed)} of {len(wanted)} sets failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()

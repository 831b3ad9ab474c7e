"""What does a pilot of ten people predict about what redundancy buys?

    python experiments/people/ten_people.py --data DIR [--pilots 5] [--sets NAME ...]

Draws pilots of ten people from recorded sets, fits each, and predicts the redundancy
curve of everybody else. Writes `ten_people.md` beside this file: how far off the curves
are, and how often they lie within their own 95 % interval. A set that is absent is
skipped, with the reason.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from held_out import plain
from pilot import Pilot, run_pilot
from recorded import READERS, read_bluebirds

from hitl_sim.participants.describing.redundancy import CurvePoint

OUT = Path(__file__).with_suffix(".md")
SETS = ("bluebirds", "rte_snow", "sentiment_sp", "cifar10s")
# Fewer than this share of 95 % intervals that hold is said to be too few.
LEAST_HELD = 0.9
HEADINGS = ("set", "answers", "method", "people", "real", "predicted", "interval")


def by_point(pilots: list[Pilot]) -> list[list[CurvePoint]]:
    """Gather points of one method and size; pilots leave items unlike answers."""
    found: dict[tuple[str, int], list[CurvePoint]] = {}
    for point in (point for pilot in pilots for point in pilot.curve):
        found.setdefault((point.method, point.size), []).append(point)
    by_method = sorted(found, key=lambda key: (key[0] == "dawid_skene", key[1]))
    return [found[key] for key in by_method]


def is_held(point: CurvePoint) -> bool:
    """Whether the real people lie within the interval."""
    return point.low <= point.real <= point.high


def tell_pilots(name: str, pilots: list[Pilot]) -> list[str]:
    """Return a row per method and size, averaged over pilots, and one in all."""
    answers = round(np.mean([pilot.num_answers for pilot in pilots]))
    rows = []
    for points in by_point(pilots):
        real, predicted, low, high = (
            np.nanmean([getattr(point, part) for point in points])
            for part in ("real", "simulated", "low", "high")
        )
        held = sum(is_held(point) for point in points)
        off = np.nanmean([abs(point.real - point.simulated) for point in points])
        rows.append(
            f"| {name} | {answers} | {points[0].method.replace('_', '-')} |"
            f" {points[0].size} | {real:.3f} | {predicted:.3f} |"
            f" {low:.3f} to {high:.3f} | {off:.3f} | {held} of {len(points)} |"
        )
    return rows


def write_page(
    path: Path,
    num_pilots: int,
    rows: list[str],
    points: list[CurvePoint],
    names: Sequence[str] | None = None,
) -> None:
    """Write the page: how often intervals held, and every row.

    Args:
        path: file to write.
        num_pilots: pilots per set.
        rows: of the table.
        points: of all curves.
        names: the sets that were asked for; None for all.
    """
    chosen = "" if names is None else f" --sets {' '.join(names)}"
    held = sum(is_held(point) for point in points)
    off = np.nanmean([abs(point.real - point.simulated) for point in points])
    said = (
        f"Of {len(points)} points of curves {held} ({held / len(points):.0%}) lie "
        "within their own 95 % interval, the spread of simulated crowds, each of "
        "numbers and people drawn from what the pilot tells of them. A curve is off by "
        f"{off:.3f} on average. Points of one pilot hold or miss together."
    )
    if held < LEAST_HELD * len(points):
        said += (
            " So the interval is too narrow: a population differs from ten people by "
            "more than from others drawn of these ten."
        )
    page = [
        "# What does a pilot of ten people predict about what redundancy buys?",
        "",
        "Written by `python experiments/people/ten_people.py --data DIR --pilots "
        f"{num_pilots}{chosen}`, DIR being the recorded data; do not edit. Means over "
        f"{num_pilots} pilots (seeds 0 to {num_pilots - 1}) of ten people each, of the "
        "busier half; the curve is that of everybody else.",
        "",
        said,
        "",
        f"| {' | '.join((*HEADINGS, 'off by', 'held'))} |",
        "| --- " * (len(HEADINGS) + 2) + "|",
        *rows,
    ]
    path.write_text("\n".join(page) + "\n", encoding="utf-8")


def main() -> None:
    """Run pilots on every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--pilots", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sets", nargs="*", help="some of the sets")
    given = parser.parse_args()
    rows: list[str] = []
    points: list[CurvePoint] = []
    for name in given.sets or SETS:
        read = {**READERS, "bluebirds": read_bluebirds}[name]
        try:
            record = plain(read(given.data))
        except FileNotFoundError as error:
            print(f"{name}: skipped, {error.filename} absent.", file=sys.stderr)
            continue
        options = tuple(map(str, range(record.num_options)))
        pilots = []
        for seed in range(given.pilots):
            pilots.append(run_pilot(record, options, seed))
            # A process can hold but so many programs, and every pilot has its own.
            jax.clear_caches()
        rows += tell_pilots(name, pilots)
        points += [point for pilot in pilots for point in pilot.curve]
        held = sum(is_held(point) for point in points)
        print(f"{name}: {held} of {len(points)} so far", flush=True)
        write_page(given.out, given.pilots, rows, points, given.sets)


if __name__ == "__main__":
    main()

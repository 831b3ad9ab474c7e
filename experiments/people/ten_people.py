"""What does a pilot of ten people foretell about what redundancy buys?

    python experiments/people/ten_people.py --data DIR [--pilots 5] [--sets NAME ...]

Draws pilots of ten people from recorded sets, fits each, and foretells the redundancy
curve of everybody else. Writes `ten_people.md` beside this file: how far off the curves
are, and how often they lie within their own 95 % interval. A set that is absent is
skipped, with the reason.
"""

import argparse
import sys
from pathlib import Path

import jax
import numpy as np
from held_out import plain
from recorded import READERS, read_bluebirds

from hitl_sim.participants.pilot import Pilot, run_pilot

OUT = Path(__file__).with_suffix(".md")
SETS = ("bluebirds", "rte_snow", "sentiment_sp", "cifar10s")
HEADINGS = ("set", "answers", "method", "people", "real", "foretold", "interval")


def tell_pilots(name: str, pilots: list[Pilot]) -> list[str]:
    """Return a row per method and size, averaged over pilots, and one in all."""
    answers = round(np.mean([pilot.num_answers for pilot in pilots]))
    rows = []
    for points in zip(*(pilot.curve for pilot in pilots), strict=True):
        real, foretold, low, high = (
            np.nanmean([getattr(point, part) for point in points])
            for part in ("real", "simulated", "low", "high")
        )
        held = sum(point.low <= point.real <= point.high for point in points)
        off = np.nanmean([abs(point.real - point.simulated) for point in points])
        rows.append(
            f"| {name} | {answers} | {points[0].method.replace('_', '-')} |"
            f" {points[0].size} | {real:.3f} | {foretold:.3f} |"
            f" {low:.3f} to {high:.3f} | {off:.3f} | {held} of {len(points)} |"
        )
    return rows


def main() -> None:
    """Run pilots on every set that is there and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the recorded sets")
    parser.add_argument("--pilots", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    given = parser.parse_args()
    rows, held, points, off = [], 0, 0, []
    for name in given.sets:
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
        held += sum(pilot.num_held for pilot in pilots)
        points += sum(len(pilot.curve) for pilot in pilots)
        off += [abs(p.real - p.simulated) for pilot in pilots for p in pilot.curve]
        print(f"{name}: {held} of {points} so far", flush=True)
    said = (
        f"Of {points} points of curves {held} ({held / max(points, 1):.0%}) lie within"
        " their own 95 % interval, the spread of simulated crowds, each of numbers and"
        " people drawn from what the pilot tells of them; a curve is off by"
        f" {np.nanmean(off):.3f} on average."
    )
    if held < 0.9 * points:
        said += " So the interval is too narrow: what ten people are like says less of"
        said += " a population than drawing them anew does."
    page = [
        "# What does a pilot of ten people foretell about what redundancy buys?",
        "",
        f"Written by `python experiments/people/ten_people.py --data DIR --pilots"
        f" {given.pilots}`, DIR being the recorded data; do not edit. Means over"
        f" {given.pilots} pilots (seeds 0 to {given.pilots - 1}) of ten people each, of"
        " the busier half; the curve is that of everybody else.",
        "",
        said,
        "",
        f"| {' | '.join((*HEADINGS, 'off by', 'held'))} |",
        "| --- " * (len(HEADINGS) + 2) + "|",
        *rows,
    ]
    given.out.write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    main()

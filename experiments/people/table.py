"""Write what was found as one page: a summary, each set, the redundancy, the misses."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.participants.validating.compare import TOLERANCE, Line

REASONS = Path(__file__).parent / "reasons.toml"


@dataclass(frozen=True)
class Curve:
    """Accuracy of labels aggregated from each number of people, on a whole set.

    Attributes:
        method: "majority" or "dawid_skene".
        sizes: people per item.
        real: recorded people.
        simulated: the tuned crowd.
        one_coin: independent people of the recorded accuracies.
    """

    method: str
    sizes: tuple[int, ...]
    real: list[float]
    simulated: list[float]
    one_coin: list[float]


@dataclass(frozen=True)
class SetResult:
    """What was found on one set; counts are those of the half that is scored.

    Attributes:
        name: name of the set.
        num_people: people with an answer.
        num_items: items with an answer.
        num_answers: answers.
        split: words: what is other in this half.
        lines: the tuned crowd against the recorded people.
        control: independent one-coin people against them, first answers only.
        curves: what redundancy buys on the whole set.
    """

    name: str
    num_people: int
    num_items: int
    num_answers: int
    split: str
    lines: list[Line]
    control: list[Line]
    curves: list[Curve]

    @property
    def num_scored(self) -> int:
        """Number of statistics that the set identifies."""
        return sum(line.is_scored for line in self.lines)

    @property
    def num_passed(self) -> int:
        """Number of those on which real and simulated people agree."""
        return sum(line.passes for line in self.lines)

    @property
    def num_other(self) -> int:
        """Number of those that the recorded people of the other half would pass."""
        return sum(line.is_scored and line.other_distance <= 1.0 for line in self.lines)

    def on_control(self) -> tuple[int, int, int]:
        """Count what one-coin people pass, what the crowd passes, of how many."""
        passed = {line.name: line.passes for line in self.lines}
        scored = [line for line in self.control if line.is_scored]
        coins = sum(line.passes for line in scored)
        return coins, sum(passed[line.name] for line in scored), len(scored)

    @property
    def single_share(self) -> float:
        """Mean over scored statistics of the share of single crowds that pass."""
        scored = [line.single for line in self.lines if line.is_scored]
        return sum(scored) / max(len(scored), 1)


def load_reasons() -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return remarks on the whole, and why statistics are missed by set and name."""
    tables = tomllib.loads(REASONS.read_text())
    remarks = tables.pop("remarks")
    return remarks, {
        name: {
            statistic: entry["reason"]
            for entry in entries
            for statistic in entry["statistics"]
        }
        for name, entries in tables.items()
    }


def write_markdown(
    path: Path,
    results: list[SetResult],
    skipped: dict[str, str],
    seed: int,
    num_crowds: int,
    num_halvings: int,
    names: Sequence[str] | None = None,
) -> None:
    """Write the page.

    Args:
        path: file to write.
        results: what was found, set by set.
        skipped: why a set is not there.
        seed: seed of the run.
        num_crowds: simulated crowds that were averaged.
        num_halvings: random halvings of the recorded people.
        names: the sets that were asked for; None for all.
    """
    chosen = "" if names is None else f" --sets {' '.join(map(repr, names))}"
    remarks, reasons = load_reasons()
    lines = [
        "# Do simulated crowds behave like recorded people?",
        "",
        "Written by `python experiments/people/posterior_predictive.py --data DIR "
        f"--seed {seed}{chosen}`, DIR being the recorded data; do not edit.",
        "",
        "Each crowd was tuned on one half of its set (`populations.toml`, `tune.py`) "
        f"and is scored on the other. Simulated numbers are means over {num_crowds} "
        "crowds, each with people, items and answers of its own, in the recorded "
        "design: who answers what, in which order. `halves` is the root-mean-square "
        f"distance between two random halves of the recorded people ({num_halvings} "
        "halvings); a statistic passes when the simulated one is no further from the "
        f"real one than {TOLERANCE:g} x that, `distance` 1. Rates are compared on the "
        "logit scale, times on the log scale, coefficients as they are. `single` is "
        "the mean share of single crowds within the limit: a single crowd also has "
        "luck of its own. Two yardsticks stand beside the pass share. The recorded "
        "people of the half that was tuned on are held against the scored half: other "
        "items or other people, which no crowd could know. And one-coin people, who "
        "have the recorded accuracies and share no error, are the control: what they "
        "pass, too, says little. A statistic in which the halves never differ, or that "
        "they cannot give, is shown and not scored; a curve's size that halves cannot "
        "reach is held to the limit of the largest that they reach.",
        "",
        *_summary(results, skipped),
        "",
        *[f"- {remark}" for remark in remarks],
        "",
        *_redundancy(results),
        "",
        *_misses(results, reasons),
    ]
    for result in results:
        lines += ["", *_set(result)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(results: list[SetResult], skipped: dict[str, str]) -> list[str]:
    lines = [
        "## Summary",
        "",
        "| set | scored on | people | items | answers | pass | single | recorded "
        "people of the other half | one-coin people, first answers only |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        share = result.num_passed / max(result.num_scored, 1)
        lines.append(
            f"| {result.name} | {result.split} | {result.num_people} | "
            f"{result.num_items} | {result.num_answers} | {result.num_passed} of "
            f"{result.num_scored} ({share:.0%}) | {result.single_share:.0%} | "
            f"{result.num_other} | {_control(result)} |"
        )
    scored = sum(result.num_scored for result in results)
    passed = sum(result.num_passed for result in results)
    other = sum(result.num_other for result in results)
    if scored:
        lines.append(
            f"| all | | | | | {passed} of {scored} ({passed / scored:.0%}) | | "
            f"{other} ({other / scored:.0%}) | |"
        )
    lines += [
        f"| {name} | skipped: {why} | | | | | | | |" for name, why in skipped.items()
    ]
    return lines


def _control(result: SetResult) -> str:
    coins, crowd, scored = result.on_control()
    return f"{coins} of {scored} (the crowd {crowd})" if scored else ""


def _redundancy(results: list[SetResult]) -> list[str]:
    lines = [
        "## What asking more people buys",
        "",
        "Accuracy of labels from several people, on whole sets. Independent one-coin "
        "people have the recorded people's accuracies and answer the same questions, "
        "but share no error.",
        "",
        "| set | method | people per item | real | simulated | one-coin |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    names = {"majority": "majority", "dawid_skene": "Dawid-Skene"}
    for result in results:
        lines += [
            f"| {result.name} | {names[curve.method]} | "
            f"{', '.join(map(str, curve.sizes))} | {_row(curve.real)} | "
            f"{_row(curve.simulated)} | {_row(curve.one_coin)} |"
            for curve in result.curves
        ]
    return lines


def _row(values: list[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


def _misses(results: list[SetResult], reasons: dict[str, dict[str, str]]) -> list[str]:
    lines = [
        "## Every miss, and why",
        "",
        "`tuned on` is the recorded people's value in the half that the crowd was "
        "tuned on, and its own distance.",
        "",
        "| set | statistic | real | simulated | distance | tuned on | reason |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        why = reasons.get(result.name, {})
        lines += [
            f"| {result.name} | {_cell(line.name)} | {line.real:.3g} | "
            f"{line.simulated:.3g} | {line.distance:.2f} | {line.other:.3g} "
            f"({line.other_distance:.2f}) | {why.get(line.name, 'not known')} |"
            for line in result.lines
            if line.is_scored and not line.passes
        ]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _set(result: SetResult) -> list[str]:
    lines = [
        f"## {result.name}",
        "",
        "| statistic | scale | real | simulated | tuned on | sd of crowds | halves | "
        "distance | single | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for line in result.lines:
        verdict = "pass" if line.passes else "MISS"
        if not line.is_scored:
            verdict = f"not scored: {line.note}"
        elif line.note:
            verdict += f" ({line.note})"
        numbers = (line.spread, line.halves, line.distance, line.single)
        cells = " | ".join("" if n != n else f"{n:.2f}" for n in numbers)
        lines.append(
            f"| {_cell(line.name)} | {line.scale} | {line.real:.3g} | "
            f"{line.simulated:.3g} | {line.other:.3g} | {cells} | {verdict} |"
        )
    return lines

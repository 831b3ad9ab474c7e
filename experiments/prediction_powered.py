"""How often does a prediction-powered interval hold where predictions are wrong?

    python experiments/prediction_powered.py [STUDIES]

Draws data sets by the thousand, each with predictions of every item and real answers
about few, and bounds the mean answer by the function that `hitl-sim assess` uses
(`hitl_sim.analysis.chance.prediction_powered`). Prints a page, and in its whole form,
of 4,000 data sets a design, writes it to `prediction_powered.md` beside this file.

An item has a log odds, normal with mean 1.5 and standard deviation 2, and each person
a leniency, normal with mean 0: the answer says "right" with the odds of both together.
New items and new people are drawn each time, and the truth is what items and people of
these kinds say on average, worked out by quadrature. Predictions are

- informed: the chance of "right" by the item's log odds, with an error of sd 1;
- too kind: the same, flattened, moved up and cut off at 1;
- uninformative: anything from 0 to 1;
- opposite: 1 less what the informed one says;
- near-perfect: what the item is, but for one in 20; where people are told apart, the
  chance of "right" by the item's own log odds, which is the best there can be.

A design is right if its intervals hold the truth in 93.5 to 96.5 % of data sets. The
last tables are of designs for which nothing is promised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asked import asked
from scipy.special import expit
from scipy.stats import binomtest, norm

from hitl_sim.analysis.chance import prediction_powered
from hitl_sim.analysis.chance.prediction_powered import MIN_PEOPLE, powered_mean

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
HERE = Path(__file__).parent
STUDIES = 4_000
SEED = 20_261_130
LOW, HIGH = 0.935, 0.965
SPREAD = 2.0
ITEMS = 2_000
KINDS = ("informed", "too kind", "uninformative", "opposite", "near-perfect")


@dataclass(frozen=True)
class Design:
    """Data sets of one kind.

    Attributes:
        answers: real answers.
        kind: of the predictions.
        people: who gave the answers; 0 where nobody is told apart.
        asked: people who are asked about each item.
        leniency: standard deviation of people's log odds.
        is_uneven: whether the k-th person gives 1/k as many answers as the first.
        items: with a prediction.
        is_subset: whether the items with answers are among them.
        mean: log odds of the typical item.
    """

    answers: int
    kind: str
    people: int = 0
    asked: int = 1
    leniency: float = 0.0
    is_uneven: bool = False
    items: int = ITEMS
    is_subset: bool = True
    mean: float = 1.5

    @property
    def checked(self) -> int:
        """Return the number of items that have answers."""
        return self.answers // self.asked

    @property
    def truth(self) -> float:
        """Return what such people say of such items on average."""
        at, weight = np.polynomial.hermite_e.hermegauss(81)
        weight = weight / weight.sum()
        odds = self.mean + SPREAD * at[:, None] + self.leniency * at
        return float(weight @ expit(odds) @ weight)


@dataclass(frozen=True)
class Found:
    """What the data sets of a design said.

    Attributes:
        design: what they were.
        studies: how many.
        held: intervals that held the truth.
        real_held: those by real answers alone that did.
        used: data sets in which the predictions had a weight.
        width: mean width, beside that by real answers alone.
        variance: of the mean, beside that by real answers alone.
        formula: what that is by 1 - r^2 (1 - n/N), or 1 - r^2 / (1 + n/N).
        told: mean variance as it was estimated, beside that of the mean.
    """

    design: Design
    studies: int
    held: int
    real_held: int
    used: int
    width: float
    variance: float
    formula: float
    told: float

    @property
    def is_right(self) -> bool:
        """Return whether intervals hold the truth as often as they should."""
        return LOW <= self.held / self.studies <= HIGH


def predict(kind: str, odds: FloatArray, design: Design, rng: np.random.Generator):
    """Return `[N]` predictions of items by `[N]` log odds, and their truth."""
    is_right = rng.random(len(odds)) < expit(odds)
    error = rng.normal(size=len(odds))
    if kind == "informed":
        return expit(odds + error), is_right
    if kind == "too kind":
        return np.minimum(expit(1.0 + 0.7 * (odds + error)) + 0.1, 1.0), is_right
    if kind == "uninformative":
        return rng.random(len(odds)), is_right
    if kind == "opposite":
        return 1.0 - expit(odds + error), is_right
    if kind == "near-perfect" and not design.people:
        return (is_right ^ (rng.random(len(odds)) < 0.05)).astype(float), is_right
    if kind == "near-perfect":
        return expit(odds), is_right
    raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}.")


def draw(
    design: Design, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray, IntArray | None]:
    """Draw answers, their items' predictions, those of all, items and people."""
    num = design.items + (0 if design.is_subset else design.checked)
    odds = design.mean + SPREAD * rng.normal(size=num)
    predicted, is_right = predict(design.kind, odds, design, rng)
    # items come in no order, so that the first ones are drawn at random
    item = np.repeat(np.arange(design.checked), design.asked)
    every = predicted if design.is_subset else predicted[design.checked :]
    if not design.people:
        return is_right[item].astype(float), predicted[item], every, item, None
    leniency = design.leniency * rng.normal(size=design.people)
    person = _assign(design, rng)
    said = rng.random(len(item)) < expit(odds[item] + leniency[person])
    return said.astype(float), predicted[item], every, item, person


def _assign(design: Design, rng: np.random.Generator) -> IntArray:
    if design.is_uneven:
        share = 1.0 / np.arange(1, design.people + 1)
        return rng.choice(design.people, design.answers, p=share / share.sum())
    if design.asked == 1:
        return np.resize(np.arange(design.people), design.answers)
    lots = rng.random((design.checked, design.people)).argsort(axis=1)
    return lots[:, : design.asked].ravel()


def look(design: Design, studies: int = STUDIES, seed: int = SEED) -> Found:
    """Draw the data sets of a design and bound the mean of each."""
    key = [seed, design.answers, design.people, design.asked]
    rng, truth = np.random.default_rng(key), design.truth
    counts, rows = np.zeros(3, np.int64), np.empty((studies, 5))
    for row in rows:
        outcome, predicted, every, item, person = draw(design, rng)
        found = powered_mean(
            outcome,
            predicted,
            every,
            item=item,
            person=person,
            is_subset=design.is_subset,
            is_share=True,
        )
        mean, alone = found.mean, found.real_alone
        counts += mean.holds(truth), alone.holds(truth), found.weight != 0.0
        row[:] = (
            *(mean.value, alone.value, found.variance),
            *(mean.high - mean.low, alone.high - alone.low),
        )
    value, real, told = rows[:, 0].var(), rows[:, 1].var(), rows[:, 2].mean()
    return Found(
        design,
        studies,
        *(int(count) for count in counts),
        width=float(rows[:, 3].mean() / rows[:, 4].mean()),
        variance=float(value / real),
        formula=_formula(design, float(real)),
        told=float(told / value),
    )


def _formula(design: Design, real: float, num: int = 400_000) -> float:
    """Return by how much predictions shrink the variance of the mean, by the formula.

    r is the correlation, over data sets, of the mean answer and the mean prediction of
    the items with answers. Without people told apart it is that of the two over items.
    """
    rng = np.random.default_rng([SEED, 1])
    odds = design.mean + SPREAD * rng.normal(size=num)
    predicted, _ = predict(design.kind, odds, design, rng)
    if design.kind == "near-perfect" and not design.people:
        # the mean outcome given the prediction, which knows more than the log odds
        right = rng.random(num) < expit(odds)
        predicted = (right ^ (rng.random(num) < 0.05)).astype(float)
        mean = right.astype(float)
    else:
        lenient = design.leniency * rng.normal(size=num) if design.people else 0.0
        mean = expit(odds + lenient)
    explained = np.cov(mean, predicted)[0, 1] ** 2 / predicted.var()
    square = explained / design.checked / real
    if design.is_subset:
        return float(1.0 - square * (1.0 - design.checked / design.items))
    return float(1.0 - square / (1.0 + design.checked / design.items))


def exact(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934)."""
    found = binomtest(hits, trials).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def promised() -> Iterator[tuple[str, list[Design]]]:
    """Return the title and the designs of each table whose intervals must hold."""
    yield (
        "Nobody is told apart: answers are gold, one for an item",
        [Design(num, kind) for num in (50, 100, 400) for kind in KINDS],
    )
    yield (
        "Five people with strong effects, one for an item",
        [
            Design(num, kind, people=5, leniency=1.0)
            for num in (50, 100, 400)
            for kind in KINDS
        ],
    )
    yield (
        "Ten people with strong effects, each item asked twice",
        [
            Design(num, kind, people=10, asked=2, leniency=1.0)
            for num in (100, 400)
            for kind in KINDS
        ],
    )
    yield (
        "Other people, and other ways to ask",
        [
            Design(50, "informed", people=5),
            Design(400, "informed", people=5),
            Design(50, "informed", people=5, asked=2, leniency=1.0),
            Design(100, "informed", people=5, asked=5, leniency=1.0),
            Design(400, "informed", people=8, asked=4, leniency=0.5),
            Design(400, "opposite", people=10, asked=5, leniency=1.0),
            Design(50, "too kind", people=10, leniency=1.0, is_uneven=True),
            Design(150, "informed", people=40, asked=3, leniency=1.0),
            Design(400, "informed", people=40, asked=4, leniency=0.0),
            Design(100, "informed", people=4, leniency=1.0),
        ],
    )
    yield (
        "A part of all items that is not small, and other items",
        [
            Design(400, "informed", items=500),
            Design(400, "near-perfect", items=1000),
            Design(100, "informed", items=300, is_subset=False),
            Design(400, "near-perfect", items=1000, is_subset=False),
            Design(100, "opposite", people=10, leniency=1.0, is_subset=False),
        ],
    )


def unpromised() -> Iterator[tuple[str, list[Design]]]:
    """Return the title and the designs of each table that only tells."""
    yield (
        "nearly everything is right (95 %)",
        [
            Design(num, kind, mean=4.5)
            for num in (50, 100, 400)
            for kind in ("informed", "near-perfect")
        ],
    )
    yield (
        "people who are uneven, few, or agree on hardly anything (sd 2)",
        [
            Design(400, "too kind", people=30, leniency=1.0, is_uneven=True),
            Design(400, "informed", people=5, leniency=2.0),
            Design(400, "informed", people=10, leniency=2.0, is_uneven=True),
            Design(400, "informed", people=30, leniency=2.0, is_uneven=True),
            Design(150, "informed", people=3, asked=3, leniency=2.0),
            Design(400, "informed", people=3),
            Design(400, "informed", people=2),
        ],
    )


def rows(found: Sequence[Found]) -> Iterator[str]:
    """Write a table, a row per design."""
    head = (
        *("answers", "predictions", "people", "answers an item", "leniency, sd"),
        *("items", "holds", "real alone holds", "used", "width", "variance"),
        *("by the formula", "variance told", "right"),
    )
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for one in found:
        design = one.design
        low, high = exact(one.held, one.studies)
        row = (
            str(design.answers),
            design.kind,
            f"{design.people or '-'}{', uneven' if design.is_uneven else ''}",
            str(design.asked),
            f"{design.leniency:g}" if design.people else "-",
            f"{design.items:,}{'' if design.is_subset else ' others'}",
            f"{one.held / one.studies:.3f} [{low:.3f}, {high:.3f}]",
            f"{one.real_held / one.studies:.3f}",
            f"{one.used / one.studies:.2f}",
            f"{one.width:.2f}",
            f"{one.variance:.2f}",
            f"{one.formula:.2f}",
            f"{one.told:.2f}",
            "yes" if one.is_right else "NO",
        )
        yield f"| {' | '.join(row)} |"
    yield ""


def look_runs(
    real: int, simulated: int, kind: str, studies: int = STUDIES, seed: int = SEED
) -> tuple[float, float, float]:
    """Rectify the mean of real runs by simulated ones that are off by half and more.

    Runs are normal, or of a lognormal amount with a cap that one in ten reaches.

    Returns:
        Shares of intervals that hold the truth, by both kinds of runs and by real ones
        alone; width of the first beside the second.
    """
    rng = np.random.default_rng([seed, real, simulated])
    shared = rng.normal(size=(studies, simulated))
    own = rng.normal(size=(2, studies, simulated))
    ours, theirs = 0.8 * shared + 0.6 * own[0], 0.8 * shared + 0.6 * own[1]
    truth = 0.0
    if kind == "lognormal, capped":
        cap, spread = 1.2816, 0.4
        ours, theirs = (np.exp(spread * np.minimum(x, cap)) for x in (ours, theirs))
        at = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
        truth = float(np.exp(spread * np.minimum(at, cap)).mean())
    counts, widths = np.zeros(2), np.zeros(2)
    for y, f in zip(ours[:, :real], 1.0 + 1.5 * theirs, strict=True):
        found = powered_mean(y, f[:real], f, least=real)
        both = found.mean, found.real_alone
        counts += [one.holds(truth) for one in both]
        widths += [one.high - one.low for one in both]
    held, alone = counts / studies
    return float(held), float(alone), float(widths[0] / widths[1])


def run_rows(studies: int) -> Iterator[str]:
    """Write the table of runs of a study."""
    yield "| real runs | simulated runs | outcome | holds | real alone holds | width |"
    yield f"|{' --- |' * 6}"
    for real, simulated in ((8, 32), (16, 64), (50, 400)):
        for kind in ("normal", "lognormal, capped"):
            held, alone, width = look_runs(real, simulated, kind, studies)
            low, high = exact(round(held * studies), studies)
            told = f"{held:.3f} [{low:.3f}, {high:.3f}] | {alone:.3f} | {width:.2f}"
            yield f"| {real} | {simulated} | {kind} | {told} |"
    yield ""


def write_page(studies: int) -> str:
    """Judge every design and write what was found as a page."""
    least = prediction_powered.MIN_SURPRISES
    lines = [
        "# Does a prediction-powered interval hold where predictions are wrong?",
        "",
        "Written by `python experiments/prediction_powered.py` (seed"
        f" {SEED}, {studies:,} data sets a design). Few items have real answers, all"
        " have a prediction. An item's log odds are normal (mean 1.5, sd 2), and so are"
        " people's leniencies (sd in the table); `experiments/prediction_powered.py`"
        " tells what is predicted.",
        "",
        '- "Holds" is the share of 95 % intervals that hold the truth, with its exact'
        f" 95 % interval; a design is right if it is in {LOW:.1%} to {HIGH:.1%}.",
        '- "Used" is the share of data sets in which the predictions had a weight. They'
        f" have none where fewer than {least:g} items, in effect, show how they miss.",
        "- Width and variance are those of the mean beside those by real answers alone."
        " The formula for the latter is 1 - r²(1 - n/N), or 1 - r²/(1 + n/N) where the"
        " predicted items are others. It is for designs in which predictions are used.",
        '- "Variance told" is the mean estimate of the variance beside the true one.',
        "",
    ]
    for title, some in promised():
        lines += [f"## {title}", "", *rows([look(one, studies) for one in some])]
    lines += [
        "## Runs of a study: real ones, and simulated ones that are paired with them",
        "",
        "Pairs correlate at .64 or a little less; simulated runs are off in mean and"
        " spread.",
        "",
        *run_rows(studies),
    ]
    # what is refused elsewhere is looked at here
    prediction_powered.MIN_PEOPLE = 2
    for title, some in unpromised():
        lines += [
            f"## Nothing is promised: {title}",
            "",
            *rows([look(one, studies) for one in some]),
        ]
    prediction_powered.MIN_PEOPLE = MIN_PEOPLE
    lines += [
        f"Fewer than {MIN_PEOPLE} people are refused. Where few people give most of the"
        " answers and differ much, intervals are too wide."
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Print the page, and keep it where it is whole."""
    studies = asked(__doc__, "studies", STUDIES).studies
    page = write_page(studies)
    print(page)
    if studies >= STUDIES:
        (HERE / "prediction_powered.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

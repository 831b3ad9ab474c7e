"""How often does a study say "people pay" where they do not, and what does it find?

    python experiments/null_zoo.py [RESULTS] [--smoke]

Runs `null_zoo.toml` beside this file into RESULTS (what is there is not run again),
cuts its replicates into blocks of 16 and of 32, and analyses each block as a study of
its own, with its own pilot, control, arms and targets. The whole form writes
`null_zoo.md`.

The claim that is counted is the report's: `pays_here` in joules is YES, which it is
where the 95 % interval of the arm's whole bill less the control's is below 0. People
are made free for this (boundary `device_only`, labels sunk, no power while the device
waits), which no study is: what is left of the claim is that rho is below 1, the easiest
claim about people that there is, and so the most often wrong. Counted beside it is
`Effect.SAVES`, which asks for rho below 1 by the smallest effect. Where an arm's fair
control is another arm, the claim is that all of the interval of their ratio, as the
report prints it, is below 1.

An interval of 95 % is wrong on this side in 2.5 % of repetitions where arm and control
are equal, and less often where the arm is worse. A null fails if its share of claims is
above 5 % beyond Monte-Carlo error: if all of its exact interval is.
"""

import functools
import itertools
import json
import math
import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from asked import asked
from scipy.stats import binomtest

from hitl_sim.analysis.chance.claim import Effect
from hitl_sim.analysis.chance.interval import CostSample, ratio_interval, resample
from hitl_sim.analysis.condition.between import beside
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.condition.finding import Finding, StudyResult
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.energy import DeviceProfile, load_profile
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import StudySpec, convert, load_spec

HERE = Path(__file__).parent
BLOCKS = (16, 32)
"""Replicates of a study; its blocks are disjoint."""
LIMIT = 0.05
"""Share of claims that a null may make."""
SAME = 1e-9
"""Relative difference of joules below which two runs spent the same."""
POWER = 0.95
"""Share of repetitions in which a planted effect has to be found."""
WORKERS = 2
_NO_WATTS = 1e-12
"""Power of the waiting device, W: nothing, as far as a profile may say so."""


@dataclass(frozen=True)
class Null:
    """An arm that cannot save anything.

    Attributes:
        arm: its name, as `name_of` makes it.
        why: why it cannot.
        expectation: "equal" where its joules are distributed as those that it is held
            against; "dearer" where it trains alike and pays for choosing or for its
            steps; "worse" where it trains on less.
        beside: the arm that it is held against; the control where there is none.
    """

    arm: str
    why: str
    expectation: str
    beside: str | None = None


NULLS = (
    Null("clean copy", "A/A: the control again, on streams of its own", "equal"),
    Null("corrupted copy", "A/A on a pool half of which is irrelevant", "equal"),
    Null("mislabelled copy", "A/A on a pool with 40 % wrong labels", "equal"),
    Null("clean random_all", "a random share of 1: the pool in another order", "equal"),
    Null(
        "clean machine_all", "a machine's share of 1, and its one proxy step", "dearer"
    ),
    Null(
        "clean rated_all", "people's ratings, of which a share of 1 is kept", "dearer"
    ),
    Null("clean ranked_all", "people's ranking, of which all groups are kept", "equal"),
    Null("clean verified_one", "people verify 1 label of 160, none is wrong", "dearer"),
    Null("clean penalised", "a penalty of 1e-9: dearer steps, same weights", "dearer"),
    Null("clean deduplicated", "a tenth dropped for being alike: no copies", "worse"),
    Null("clean ranked_quarter 0.5", "a quarter of groups, ranked by chance", "worse"),
    Null("clean ranked_by_spammers spammer", "shuffled ranking of groups", "worse"),
    Null("clean marked_by_spammers spammer", "shuffled marks of groups", "worse"),
    Null("corrupted rated_half 0.5", "half of the pool, rated by chance", "worse"),
    Null(
        "corrupted rated_by_spammers spammer", "shuffled ratings of the pool", "worse"
    ),
    Null(
        "corrupted rated_by_spammers_again spammer",
        "one arm under two names, beside itself",
        "equal",
        "corrupted rated_by_spammers spammer",
    ),
    Null(
        "corrupted rated_once 0.8 0.95",
        "inert parameter: repeatability .95 beside .5, nobody is asked twice",
        "equal",
        "corrupted rated_once 0.8 0.5",
    ),
    Null(
        "corrupted rated_once 0.8 0.5",
        "inert parameter: repeatability .5 beside .95, nobody is asked twice",
        "equal",
        "corrupted rated_once 0.8 0.95",
    ),
    Null("mislabelled verified spammer", "shuffled verification of labels", "worse"),
    Null("mislabelled labelled spammer", "labels by chance", "worse"),
    Null("clean reviewed_one", "people review 4 labels of 160, none wrong", "dearer"),
    Null(
        "mislabelled reviewed spammer",
        "half of what the network doubts goes, by chance; beside all of it",
        "worse",
        "mislabelled reviewed_alone",
    ),
    Null(
        "mislabelled reviewed_by_yes 1000000.0",
        "reviewers who agree with every label",
        "dearer",
    ),
    Null("mislabelled graded spammer", "a shuffled curriculum", "worse"),
    Null("mislabelled compared spammer", "coins thrown for every two items", "worse"),
    Null(
        "clean explained spammer",
        "groups penalised by coins; beside what the network finds by itself",
        "worse",
        "clean explained_alone",
    ),
    Null("mislabelled machine_guesses", "labels of a machine that guesses", "worse"),
    Null(
        "mislabelled doubts_named spammer",
        "half of a machine's labels named anew by chance; beside all of them",
        "worse",
        "mislabelled machine_alone",
    ),
    Null(
        "mislabelled disagreements_named spammer",
        "what two copies disagree about, named by chance; beside one copy",
        "worse",
        "mislabelled machine_alone",
    ),
    Null(
        "mislabelled doubts_unnamed",
        "people look at none of a machine's labels; beside the machine alone",
        "equal",
        "mislabelled machine_alone",
    ),
    Null(
        "mislabelled unsure_named",
        "confidence that says nothing; beside as many looks at random",
        "equal",
        "mislabelled random_named",
    ),
    Null(
        "mislabelled random_named",
        "looks at random; beside confidence that says nothing",
        "equal",
        "mislabelled unsure_named",
    ),
    Null("mislabelled extended spammer", "labels by chance, extended", "worse"),
)

CHANCE = (
    ("corrupted rated_half 0.5", "corrupted random_half"),
    ("corrupted rated_by_spammers spammer", "corrupted random_half"),
)
"""Ratings without information, and the random share of the same size. These are no
nulls: a share that is clean by luck in one run and corrupted in the next reaches the
target more often than one that is half clean in every run."""

PLANTED = {
    "clean ranked_quarter 1.0": "perfect people rank groups: 4 of 16 tell classes",
    "corrupted rated_half 1.0": "perfect people rate half of a half-irrelevant pool",
    "corrupted rated_half 0.9": "the same, right in 90 % of answers",
    "corrupted rated_half 0.8": "the same, right in 80 %",
    "corrupted rated_half 0.7": "the same, right in 70 %",
    "mislabelled verified perfect": "perfect people verify labels, 40 % are wrong",
    "mislabelled labelled perfect": "perfect people label anew, 40 % were wrong",
    "mislabelled reviewed perfect": "perfect people review what training doubts",
    "mislabelled graded perfect": "perfect people grade how hard items are",
    "mislabelled compared perfect": "perfect people compare items two by two",
    "mislabelled doubts_named perfect": "perfect people name what a machine doubts",
    "mislabelled disagreements_named perfect": "or what two copies disagree about",
    "mislabelled extended perfect": "perfect people label half, a network the rest",
}
"""Arms that have something to find, and what."""

PAIRS = {
    "relevance": ("corrupted rated_half 1.0", "corrupted rated_by_spammers spammer"),
    "importance": ("clean ranked_quarter 1.0", "clean ranked_by_spammers spammer"),
    "verification": ("mislabelled verified perfect", "mislabelled verified spammer"),
    "labelling": ("mislabelled labelled perfect", "mislabelled labelled spammer"),
    "review": ("mislabelled reviewed perfect", "mislabelled reviewed spammer"),
    "curriculum": ("mislabelled graded perfect", "mislabelled graded spammer"),
    "preference": ("mislabelled compared perfect", "mislabelled compared spammer"),
    "machine_verified": (
        "mislabelled doubts_named perfect",
        "mislabelled doubts_named spammer",
    ),
    "machine_disagreement": (
        "mislabelled disagreements_named perfect",
        "mislabelled disagreements_named spammer",
    ),
    "pseudo_labels": ("mislabelled extended perfect", "mislabelled extended spammer"),
}
"""Each intervention by perfect people, and by spammers."""

TWINS = {
    "review": "mislabelled reviewed_alone",
    "curriculum": "mislabelled graded_by_loss",
    "machine_verified": "mislabelled machine_alone",
    "machine_disagreement": "mislabelled machine_alone",
}
"""What a machine does in the place of these people."""


class Seen(NamedTuple):
    """What one block says of one arm, or of one arm beside another.

    Attributes:
        low: lower end of the interval of rho.
        high: upper end.
        pays: whether it is claimed that people pay.
        saves: whether the saving is claimed to be at least the smallest effect.
        is_finite: whether the training from which people pay back what they add to the
            best arm without people has a finite value.
    """

    low: float
    high: float
    pays: bool
    saves: bool
    is_finite: bool = False


@dataclass(frozen=True)
class Block:
    """A study of some replicates, analysed.

    Attributes:
        seen: what is said, by name of the arm and of what it is held against.
        cost_sample: joules and successes of every condition, controls included.
        clean: mean share of clean items among those kept.
    """

    seen: Mapping[tuple[str, str | None], Seen]
    cost_sample: Mapping[str, CostSample]
    clean: Mapping[str, float]


def name_of(finding: Finding) -> str:
    """Name a condition by task, arm and what is swept about it."""
    swept = [str(v) for k, v in sorted(finding.settings.items()) if k != "task"]
    return " ".join([finding.task, finding.arm, *swept])


def free_waiting(profile: DeviceProfile) -> DeviceProfile:
    """Return the device without power while it waits for people."""
    none = msgspec.structs.replace(
        profile.idle_w,
        value=_NO_WATTS,
        low=_NO_WATTS,
        high=_NO_WATTS,
        source="nothing, so that a claim rests on training alone",
    )
    return msgspec.structs.replace(profile, idle_w=none)


def analyse_free(
    records: pa.Table, manifest: Mapping[str, Any], spec: StudySpec
) -> StudyResult:
    """Analyse replicates by the product's rules, with waiting that takes nothing."""
    return analyse(
        read_groups(records),
        manifest,
        free_waiting(load_profile(spec.device)),
        spec.prices,
        fraction=spec.target.fraction,
        smoothing=spec.target.smoothing,
        smallest_effect=spec.smallest_effect,
        seed=spec.seed,
    )


def look(records: pa.Table, manifest: Mapping[str, Any], spec: StudySpec) -> Block:
    """Look at some replicates as the study that they are."""
    result = analyse_free(records, manifest, spec)
    found = {name_of(f): f for task in result.tasks for f in task.findings}
    controls = {name_of(task.control): task.control for task in result.tasks}
    seen: dict[tuple[str, str | None], Seen] = {
        (name, None): Seen(
            f.ratio.low,
            f.ratio.high,
            f.at("joules").pays_here is Answer.YES,
            f.claim.effect is Effect.SAVES,
            any(math.isfinite(size.joules.value) for size in f.over_machine[:1]),
        )
        for name, f in found.items()
    }
    for arm, other in (*CHANCE, *((null.arm, null.beside) for null in NULLS)):
        if other in found and arm in found:
            ratio = beside(found[arm], found[other], spec.seed)
            seen[arm, other] = Seen(
                ratio.low,
                ratio.high,
                ratio.high < 1.0,
                ratio.high <= 1.0 - spec.smallest_effect,
            )
    every = found | controls
    return Block(
        seen,
        {name: f.cost_sample for name, f in every.items()},
        {name: f.shares["kept_clean_frac"] for name, f in every.items()},
    )


@functools.cache
def _read(out: Path) -> tuple[pa.Table, dict[str, Any], StudySpec]:
    manifest = json.loads((out / "manifest.json").read_text())
    spec = convert(json.loads((out / "study.json").read_text()))
    return pq.read_table(out / "results.parquet"), manifest, spec


def look_at(out: Path, start: int, size: int) -> Block:
    """Analyse the replicates from `start` on, `size` of them, of a results folder."""
    table, manifest, spec = _read(out)
    replicate = table["replicate"]
    is_in = pc.and_(
        pc.greater_equal(replicate, start), pc.less(replicate, start + size)
    )
    return look(table.filter(is_in), manifest, spec)


def cut(num_replicates: int, size: int) -> list[int]:
    """Return where disjoint blocks of a size start; a rest is left out."""
    return [i * size for i in range(num_replicates // size)]


def exact(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share.

    References:
        Clopper and Pearson (1934), The use of confidence or fiducial limits,
        Biometrika 26, 404-413.
    """
    found = binomtest(hits, trials).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def is_sound(hits: int, trials: int) -> bool:
    """Whether a null's share of claims is not above the limit beyond chance."""
    return exact(hits, trials)[0] <= LIMIT


def present(blocks: Sequence[Block]) -> list[Null]:
    """Return the nulls that a study has; its quick form leaves some out."""
    return [null for null in NULLS if (null.arm, null.beside) in blocks[0].seen]


def varies(blocks: Iterable[Block], null: Null) -> bool:
    """Whether a null's runs differ from those that it is held against.

    Sums of equal runs may differ in their last digits, and resamples of them too.
    """
    beside = null.beside or control_of(null.arm)
    return not all(
        np.array_equal(one.is_reached, other.is_reached)
        and np.allclose(one.spent, other.spent, rtol=SAME, atol=0.0)
        for one, other in (
            (block.cost_sample[null.arm], block.cost_sample[beside]) for block in blocks
        )
    )


def claims(blocks: Iterable[Block], arm: str, other: str | None = None) -> int:
    """Count the blocks that claim that an arm pays."""
    return sum(block.seen[arm, other].pays for block in blocks)


def sizes(blocks: Iterable[Block], arm: str) -> int:
    """Count the blocks that find a size of training from which people pay back."""
    return sum(block.seen[arm, None].is_finite for block in blocks)


def pooled(blocks: Sequence[Block], arm: str, other: str) -> tuple[float, float, float]:
    """Return rho of an arm over all replicates, with its interval."""
    above, below = (
        CostSample(
            np.concatenate([block.cost_sample[name].spent for block in blocks]),
            np.concatenate([block.cost_sample[name].is_reached for block in blocks]),
        )
        for name in (arm, other)
    )
    weights = resample(len(above.spent), 0)
    low, high = ratio_interval(above, below, weights)
    with np.errstate(invalid="ignore"):
        value = np.float64(above.per_success) / below.per_success
    return float(value), low, high


def control_of(arm: str) -> str:
    """Name the control of an arm's task."""
    return f"{arm.split(maxsplit=1)[0]} control"


def smallest_found(blocks: Sequence[Block], arm: str) -> tuple[float, int, int]:
    """State the weakest saving that is found, and look for it in other blocks.

    A copy of the control on a device that takes rho times the joules for it saves
    exactly 1 - rho, and its interval is rho times the copy's. So it is found where rho
    times the copy's upper end is below 1. The first half of the blocks states the rho
    that is found in all of them; the other half judges it.

    Args:
        blocks: the blocks.
        arm: a copy of the control.

    Returns:
        rho, rounded down to hundredths; in how many of the other blocks it is found;
        how many there are.
    """
    limits = np.array([1.0 / block.seen[arm, None].high for block in blocks])
    first, other = np.array_split(limits, 2)
    rho = math.floor(100 * first.min()) / 100
    return rho, int((rho < other).sum()), len(other)


def overall(blocks: Sequence[Block], nulls: Sequence[Null]) -> tuple[float, float]:
    """Return the share of claims over nulls, and its standard error.

    Nulls share a control within a block, so the blocks are what is independent.
    """
    share = np.array(
        [np.mean([b.seen[n.arm, n.beside].pays for n in nulls]) for b in blocks]
    )
    return float(share.mean()), float(share.std(ddof=1) / math.sqrt(len(share)))


def _share(hits: int, trials: int) -> str:
    low, high = exact(hits, trials)
    return f"{hits / trials:.3f} [{low:.3f}, {high:.3f}]"


def _rho(value: float, low: float, high: float) -> str:
    if math.isinf(value):
        return f"inf [{low:.3g}, inf]"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return [*(f"| {line} |" for line in lines), ""]


def null_table(blocks: Mapping[int, Sequence[Block]]) -> list[str]:
    """Write what was claimed of each null."""
    small, large = (blocks[size] for size in BLOCKS)
    rows = []
    for null in present(small):
        key = null.arm, null.beside
        hits = [claims(some, *key) for some in (small, large)]
        finite = [sizes(some, null.arm) for some in (small, large)]
        # beside other people it may save as they do
        is_told = null.beside is None or null.beside in TWINS.values()
        counted = (*hits, *finite) if is_told else tuple(hits)
        counts = zip(counted, (small, large) * 2, strict=False)
        is_well = all(is_sound(num, len(some)) for num, some in counts)
        rho = pooled(small, null.arm, null.beside or control_of(null.arm))
        held = sum(b.seen[key].low <= rho[0] <= b.seen[key].high for b in small)
        rows.append(
            (
                f"{null.arm}: {null.why}",
                null.expectation,
                _rho(*rho),
                f"{held / len(small):.3f}",
                str(sum(b.seen[key].saves for b in small)),
                str(hits[0]),
                _share(hits[0], len(small)),
                _share(hits[1], len(large)),
                _share(finite[0], len(small)) if is_told else "",
                "yes" if is_well else "NO",
            )
        )
    head = (
        "null",
        "expectation",
        "rho, all replicates",
        "16: intervals that hold it",
        '16: "saves"',
        '16: "pays"',
        "16: share",
        "32: share",
        "16: E* people finite",
        "sound",
    )
    return _table(head, rows)


def planted_table(blocks: Mapping[int, Sequence[Block]]) -> list[str]:
    """Write how often each planted effect was found."""
    small, large = (blocks[size] for size in BLOCKS)
    rows = []
    for arm, what in PLANTED.items():
        if (arm, None) not in small[0].seen:
            continue
        rho = pooled(small, arm, control_of(arm))
        rows.append(
            (
                f"{arm}: {what}",
                _rho(*rho),
                *(_share(claims(some, arm), len(some)) for some in (small, large)),
            )
        )
    return _table(("planted", "rho, all replicates", "found at 16", "at 32"), rows)


def weakest_found(blocks: Sequence[Block]) -> tuple[str, float] | None:
    """Return the planted arm of largest rho that is found often enough, and its rho.

    Often enough is all of the exact interval at `POWER` or above; every planted arm
    that saves more has to be found so, too.
    """
    rho = {
        arm: pooled(blocks, arm, control_of(arm))[0]
        for arm in PLANTED
        if (arm, None) in blocks[0].seen
    }
    found = None
    for arm in sorted(rho, key=rho.__getitem__):
        if exact(claims(blocks, arm), len(blocks))[0] < POWER:
            break
        found = arm, rho[arm]
    return found


def _stated(blocks: Sequence[Block]) -> str:
    found = weakest_found(blocks)
    if found is None:
        return f"too few studies to say that one is found in {POWER:.0%}."
    arm, rho = found
    return (
        f"rho {rho:.3f} ({arm}) is found in {_share(claims(blocks, arm), len(blocks))}"
        f" of studies, and so is every planted arm that saves more."
    )


def size_table(blocks: Mapping[int, Sequence[Block]]) -> list[str]:
    """Write the weakest saving that is found."""
    rows = []
    for task, size in itertools.product(("clean", "corrupted", "mislabelled"), BLOCKS):
        rho, hits, trials = smallest_found(blocks[size], f"{task} copy")
        rows.append((task, str(size), f"{rho:.2f}", _share(hits, trials)))
    return _table(("task", "replicates", "rho", "found in the other half"), rows)


def pair_table(blocks: Mapping[int, Sequence[Block]]) -> list[str]:
    """Write each intervention by perfect people and by spammers."""
    small = blocks[BLOCKS[0]]
    rows = []
    for kind, arms in PAIRS.items():
        if any((arm, None) not in small[0].seen for arm in arms):
            continue
        rho = [pooled(small, arm, control_of(arm)) for arm in arms]
        shares = [_share(claims(small, arm), len(small)) for arm in arms]
        twin = TWINS.get(kind)
        # where a machine chooses what people look at, they have to add to it
        bar = pooled(small, twin, control_of(twin))[0] if twin else 1.0
        is_so = rho[0][2] < bar <= rho[1][2]
        rows.append(
            (
                kind,
                _rho(*rho[0]),
                shares[0],
                _rho(*rho[1]),
                shares[1],
                "yes" if is_so else "NO",
                _twin(small, kind),
            )
        )
    head = (
        "intervention",
        "perfect people: rho",
        '16: "pays"',
        "spammers: rho",
        '16: "pays"',
        "as it must be",
        "a machine alone: rho",
    )
    return _table(head, rows)


def _twin(blocks: Sequence[Block], kind: str) -> str:
    """Write what a machine takes in the place of people, where there is one."""
    arm = TWINS.get(kind)
    if arm is None or (arm, None) not in blocks[0].seen:
        return ""
    return _rho(*pooled(blocks, arm, control_of(arm)))


def chance_table(blocks: Mapping[int, Sequence[Block]]) -> list[str]:
    """Write what ratings without information do beside a random share."""
    small = blocks[BLOCKS[0]]
    rows = []
    for arm, other in CHANCE:
        if (arm, other) not in small[0].seen:
            continue
        clean = [mean_clean(small, name) for name in (arm, other)]
        shares = [f"{mean:.3f} (s.e. {error:.3f})" for mean, error in clean]
        rows.append((arm, *shares, _rho(*pooled(small, arm, other))))
    head = ("ratings", "clean of kept", "of a random half", "rho beside it")
    return _table(head, rows)


def mean_clean(blocks: Sequence[Block], arm: str) -> tuple[float, float]:
    """Return the mean clean share of what an arm keeps, and its standard error."""
    clean = np.array([block.clean[arm] for block in blocks])
    return float(clean.mean()), float(clean.std(ddof=1) / math.sqrt(len(clean)))


def write_page(spec: StudySpec, blocks: Mapping[int, Sequence[Block]]) -> str:
    """Write what was found as a page."""
    small = blocks[BLOCKS[0]]
    nulls = present(small)
    different = [null for null in nulls if varies(small, null)]
    equal = [null for null in different if null.expectation == "equal"]
    lines = [
        f"# {spec.question}",
        "",
        f"Written by `python experiments/null_zoo.py` (seed {spec.seed}, "
        f"{spec.replicates} replicates cut into {len(small)} studies of 16 and "
        f"{len(blocks[32])} of 32; targets at {spec.target.fraction:.0%} of the "
        "pilot's best). People are free here, so that a claim rests on rho alone: see "
        "the script. Shares have exact 95 % intervals, rho bootstrap ones.",
        "",
        "## Nulls",
        "",
        "A null is sound if the exact intervals of its share of claims, and of studies "
        "in which people pay back from some finite size of training on (E* people, "
        "beside the best arm without people), reach down to "
        f"{LIMIT:.0%} or below, at 16 and at 32 replicates.",
        "",
        *null_table(blocks),
        f"{len(nulls) - len(different)} of the {len(nulls)} nulls are run for run what "
        "they are held against: they see whether the product makes up a difference, "
        "and could not claim one by chance. They are left out of the shares:",
        "",
        *(
            f'- {what}: "pays" in {share:.4f} of repetitions at {size} replicates '
            f"(standard error {error:.4f} over studies)"
            for what, some in (
                (f"The {len(different)} nulls whose runs differ", different),
                (f"Of them the {len(equal)} equal ones", equal),
            )
            for size in BLOCKS
            for share, error in [overall(blocks[size], some)]
        ),
        "",
        "Ratings without information are nulls beside the control, not beside a random "
        "half: what they keep is clean by luck in one run and corrupted in the next, "
        "and "
        "the lucky runs reach the target.",
        "",
        *chance_table(blocks),
        "## Planted effects",
        "",
        "A copy of the control on a device that takes rho times the joules for it "
        "saves exactly 1 - rho. The weakest such saving that was found in all of the "
        "first half of the studies, and how often the other half found it:",
        "",
        *size_table(blocks),
        "Copies train on streams of their own; arms share the control's initial "
        "weights and batches, so that weaker savings of theirs are found. The arms "
        "that have something to find:",
        "",
        *planted_table(blocks),
        *(
            f"- Smallest size at {size} replicates: {_stated(blocks[size])}"
            for size in BLOCKS
        ),
        "",
        "## Perfect people and spammers",
        "",
        "Perfect people must save, and spammers must not: beside the control, or "
        "beside a machine that does alone what these people are asked to.",
        "",
        *pair_table(blocks),
    ]
    return "\n".join(lines).rstrip() + "\n"


def run(spec: StudySpec, out: Path, workers: int = WORKERS) -> dict[int, list[Block]]:
    """Run the study, and analyse it block by block.

    Args:
        spec: the study.
        out: results folder.
        workers: processes.

    Returns:
        The blocks by size.

    Raises:
        RuntimeError: runs of the study failed.
    """
    done = run_study(spec, out, workers)
    if done.num_failed:
        raise RuntimeError(
            f"All runs must end, but {done.num_failed} failed: {done.messages[:1]}"
        )
    tasks = [(start, size) for size in BLOCKS for start in cut(spec.replicates, size)]
    starts, sizes = zip(*tasks, strict=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        found = list(pool.map(look_at, itertools.repeat(out), starts, sizes))
    return {
        size: [b for b, (_, s) in zip(found, tasks, strict=True) if s == size]
        for size in BLOCKS
    }


def main() -> None:
    """Run the study and print what was found."""
    given = asked(__doc__, "results", Path("results"), has_smoke=True)
    is_smoke = given.smoke
    spec = load_spec(HERE / "null_zoo.toml", is_smoke=is_smoke)
    out = given.results / ("null_zoo_smoke" if is_smoke else "null_zoo")
    page = write_page(spec, run(spec, out))
    print(page)
    if not is_smoke:
        (HERE / "null_zoo.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Does [tune] keep a study from crediting people with a better learning rate?

    python experiments/tuned_zoo.py [RESULTS] [--smoke]

Runs `tuned_zoo.toml` beside this file under many seeds, in two forms. In the first the
control trains at a quarter of its best learning rate, the arms with people at the best
one, by a table of their own, and nothing is tuned. In the second nobody has a rate of
their own, and [tune] searches for control and arms alike. What is there is not run
again. The whole form writes `tuned_zoo.md`.

What is counted is the report's own word: `pays_here` in joules is YES, and the training
from which people pay back beside the best machine, E*, has a finite value. As in
`null_zoo.py` people are free, so that a claim rests on training alone. A null fails if
its share of claims is above 5 % beyond Monte-Carlo error: if all of its exact interval
is.

The best rate is found as the studies find theirs: by the search of [tune] under a seed
of its own, with more trials and replicates.
"""

import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from asked import asked
from null_zoo import LIMIT, WORKERS, analyse_free, exact, is_sound, name_of

from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.report.words import tell
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import StudySpec, convert, load_spec

HERE = Path(__file__).parent
STUDIES = 100
"""Studies of each form, each with a seed of its own."""
RATE = "training.learning_rate"
_FLAG = "The control was not tuned"
"""How a report begins to say that arms have training of their own."""


class Seen(NamedTuple):
    """What one study says of one arm with people.

    Attributes:
        pays: whether it is claimed that people pay.
        is_finite: whether E* beside the best arm without people has a value.
        is_flagged: whether its first line warns of an untuned control.
        rho: joules beside the control's.
    """

    pays: bool
    is_finite: bool
    is_flagged: bool
    rho: float


def without_tune(spec: StudySpec, best: float) -> StudySpec:
    """Give the arms with people the best rate, and the control a quarter of it."""
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    tables["tune"] = None
    tables["training"]["learning_rate"] = best / 4.0
    for arm in tables["arm"]:
        if arm["kind"] not in ("whole_pool", "random_share"):
            arm["training"] = {"learning_rate": best}
    return convert(tables)


def with_tune(spec: StudySpec, best: float) -> StudySpec:
    """Let the study begin at a quarter of the best rate, and search."""
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    tables["training"]["learning_rate"] = best / 4.0
    return convert(tables)


def find_best(spec: StudySpec, out: Path) -> float:
    """Search for the control's rate, with more trials than a study has."""
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    tables["seed"] += STUDIES + 1
    tables["axis"] = []
    tables["arm"] = [arm for arm in tables["arm"] if arm["name"] in ("control", "copy")]
    tables["tune"] |= {"trials": 33, "replicates": 32}
    run_study(convert(tables), out, WORKERS)
    _, _, manifest = load_study(out)
    (row,) = (row for row in manifest["tuning"] if row["arm"] == "control")
    # nothing is kept of a setting that is the study's own
    return float(row["values"].get(RATE, manifest["study"]["training"][RATE[9:]]))


def look(spec: StudySpec, out: Path, number: int) -> dict[str, Seen]:
    """Run one study under a seed of its own, and read what it says."""
    own = msgspec.structs.replace(spec, seed=spec.seed + number)
    folder = out / str(number)
    done = run_study(own, folder, 1)
    if done.num_failed:
        raise RuntimeError(
            f"All runs must end, but {done.num_failed} failed: {done.messages[:1]}"
        )
    spec, records, manifest = load_study(folder)
    result = analyse_free(records, manifest, spec)
    is_flagged = _FLAG in tell(result).caution
    (task,) = result.tasks
    return {
        name_of(f): Seen(
            f.at("joules").pays_here is Answer.YES,
            math.isfinite(f.over_machine[0].joules.value),
            is_flagged,
            f.ratio.value,
        )
        for f in task.with_people
    }


def run(spec: StudySpec, out: Path, studies: int) -> list[dict[str, Seen]]:
    """Run a study under as many seeds."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        return list(pool.map(partial(look, spec, out), range(studies)))


def _share(seen: Sequence[bool]) -> str:
    low, high = exact(sum(seen), len(seen))
    return f"{sum(seen) / len(seen):.3f} [{low:.3f}, {high:.3f}]"


def _sound(seen: Sequence[bool]) -> str:
    return "yes" if is_sound(sum(seen), len(seen)) else "NO"


def write_page(
    spec: StudySpec, best: float, forms: dict[str, list[dict[str, Seen]]]
) -> str:
    """Write what was found as a page."""
    untuned, tuned = forms["untuned"], forms["tuned"]
    names = list(tuned[0])
    flagged = [all(one.is_flagged for one in study.values()) for study in untuned]
    head = (
        '| null | rho, median | "pays" | E* people finite |',
        "| --- | --- | --- | --- |",
    )

    def rows(studies: list[dict[str, Seen]]) -> list[str]:
        found = []
        for name in names:
            seen = [study[name] for study in studies]
            rho = sorted(one.rho for one in seen)[len(seen) // 2]
            pays, finite = ([one[k] for one in seen] for k in (0, 1))
            found.append(f"| {name} | {rho:.3f} | {_share(pays)} | {_share(finite)} |")
        return found

    sound = [
        f"- {name}: {_sound([s[name].pays for s in tuned])} and "
        f"{_sound([s[name].is_finite for s in tuned])}"
        for name in names
    ]
    lines = [
        f"# {spec.question}",
        "",
        f"Written by `python experiments/tuned_zoo.py` (seeds from {spec.seed}, "
        f"{len(tuned)} studies of {spec.replicates} replicates in each form). The best "
        f"learning rate of the control is {best:.3g}; it begins at a quarter of that. "
        "None of these arms can save anything: they keep all of a clean pool, or any "
        "half of it. People are free here. Shares have exact 95 % intervals.",
        "",
        "## Nothing is tuned, and arms with people have the better rate",
        "",
        *head,
        *rows(untuned),
        "",
        f"The first line of the report warns of it in {_share(flagged)} of studies.",
        "",
        "## Control and arms are tuned alike",
        "",
        *head,
        *rows(tuned),
        "",
        f"Sound, if the exact interval reaches down to {LIMIT:.0%} or below (“pays”, "
        "E* finite):",
        "",
        *sound,
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run both forms and print what was found."""
    given = asked(__doc__, "results", Path("results"), has_smoke=True)
    is_smoke = given.smoke
    out = given.results / ("tuned_zoo_smoke" if is_smoke else "tuned_zoo")
    spec = load_spec(HERE / "tuned_zoo.toml")
    best = find_best(spec, out / "best")
    studies = 4 if is_smoke else STUDIES
    forms = {
        "untuned": run(without_tune(spec, best), out / "untuned", studies),
        "tuned": run(with_tune(spec, best), out / "tuned", studies),
    }
    page = write_page(spec, best, forms)
    print(page)
    if not is_smoke:
        (HERE / "tuned_zoo.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

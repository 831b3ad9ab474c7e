"""One question in loops of several libraries, and in the compiled study: one answer?

    python experiments/any_loop.py [--out FOLDER] [--replicates N]

The quickstart's question is put to `examples/any_loop` in NumPy, in flax and, where it
is installed, in PyTorch, and to the compiled study, each on replicates of its own. What
is compared is log rho in training steps to the target, which every form counts alike:
joules of a loop in Python hang on how it is dispatched. It takes about ten minutes on
two cores, goes on where it was stopped, and writes `any_loop.md` and `any_loop.png`.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]
for folder in ("examples", "examples/any_loop"):
    sys.path.insert(0, str(ROOT / folder))

import problem
import protocol
import quickstart

import hitl_sim as hs

FRACTION, SMOOTHING, MARGIN = 0.9, 5, 0.10
DRAWS, SEED = 20_000, 20261201
LIBRARIES = {"numpy": "in_numpy", "flax": "in_flax", "torch": "in_torch"}
ARMS = {name: protocol.ARMS[name] for name in ("pilot", "control", "relevance")}


def compiled(out, replicates):
    """Run the question as a compiled study."""
    x, y = problem.make_data()
    data = out / "quickstart.npz"
    np.savez(data, features=x, labels=y)
    sizes = {"validation": problem.VALIDATION, "test": problem.TEST}
    study = hs.Study(
        question="Does it save training energy to let people rate what is relevant?",
        task={
            "mine": {
                "source": str(data),
                "pool": problem.POOL,
                "irrelevant": problem.IRRELEVANT,
                **sizes,
            }
        },
        network={"kind": quickstart.small},
        training={
            "learning_rate": problem.RATE,
            "batch": problem.BATCH,
            "steps_per_checkpoint": problem.EVERY,
            "checkpoints": problem.REPORTS,
        },
        target={"fraction": FRACTION, "smoothing": SMOOTHING},
        arm=[
            {"name": "control", "kind": "whole_pool", "role": "control"},
            {
                "name": "relevance",
                "kind": "relevance",
                "questions": problem.QUESTIONS,
                "share": problem.SHARE,
                "generalise_steps": problem.SMALL_STEPS,
            },
        ],
        crowd={"population": "typical"},
        workforce={"size": 3},
        prices={"boundary": "workstation", "label_cost": "sunk", "waiting": "held"},
        device="laptop-cpu",
        smallest_effect=0.05,
        replicates=replicates,
        seed=1,
    )
    return study.run(out / "compiled", workers=1)


def looped(name, out, replicates):
    """Run it in a loop of one library."""
    learner = __import__(LIBRARIES[name]).Learner
    target = hs.target(fraction=FRACTION, smoothing=SMOOTHING)
    return protocol.run(
        out / name, learner, replicates, seed=len(name), arms=ARMS, target=target
    )


def steps_of(results):
    """Return steps to the target or the cap, and whether it was reached, `[2, R]`."""
    rows = results.frame().to_pylist()
    found = []
    for arm in ("control", "relevance"):
        own = [r for r in rows if r["arm"] == arm and r["role"] != "pilot"]
        own.sort(key=lambda row: row["replicate"])
        found.append([(row["billed_steps"], row["is_reached"]) for row in own])
    return np.array(found, float).transpose(2, 0, 1)


def log_rho(steps, is_reached, rows):
    """Return log rho of some draws of replicates, `[B]`: steps per success."""
    spent = steps[:, rows].sum(axis=2) / is_reached[:, rows].sum(axis=2)
    return np.log(spent[1] / spent[0])


def estimate(results, rng):
    """Return log rho of a form, and bootstrap draws of it."""
    steps, is_reached = steps_of(results)
    number = steps.shape[1]
    rows = rng.integers(number, size=(DRAWS, number))
    every = np.arange(number)[None]
    return log_rho(steps, is_reached, every)[0], log_rho(steps, is_reached, rows)


def told(found):
    """Write each form's rho, and its difference from the compiled study's."""
    base, drawn = found["compiled"]
    lines = ["| form | rho in steps | log rho less compiled |", "|---|---|---|"]
    inside = {}
    for name, (value, draws) in found.items():
        low, high = np.exp(np.quantile(draws, (0.05, 0.95)))
        less = ""
        if name != "compiled":
            ends = np.quantile(draws - drawn, (0.05, 0.95))
            less = f"{value - base:+.3f} [{ends[0]:+.3f}, {ends[1]:+.3f}]"
            inside[name] = bool(ends[0] > -MARGIN and ends[1] < MARGIN)
        rho = f"{np.exp(value):.3f} [{low:.3f}, {high:.3f}]"
        lines.append(f"| {name} | {rho} | {less} |")
    return "\n".join(lines), inside


def draw(found, path):
    """Draw the differences with their intervals, and the margin."""
    base, drawn = found["compiled"]
    names = [name for name in found if name != "compiled"]
    figure, axes = plt.subplots(figsize=(6.4, 0.7 + 0.55 * len(names)))
    axes.axvspan(-MARGIN, MARGIN, color="0.92", lw=0)
    axes.axvline(0.0, color="0.5", lw=0.8)
    for row, name in enumerate(names):
        value, draws = found[name]
        low, high = np.quantile(draws - drawn, (0.05, 0.95))
        axes.plot([low, high], [row, row], color="C0", lw=2)
        axes.plot(value - base, row, "o", color="C0")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(-2.2 * MARGIN, 2.2 * MARGIN)
    axes.set_xlabel(r"$\log\,\rho$ in steps, less the compiled study's (90 %)")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def page(text, inside, replicates, missing):
    """Write the page."""
    verdict = ", ".join(
        f"that of {name} {'does' if ok else 'does not'}" for name, ok in inside.items()
    )
    lacking = f" Not run, for it is not installed: {missing}." if missing else ""
    return f"""# Is a loop's answer that of the compiled study?

Written by `python experiments/any_loop.py` (seed {SEED}, {replicates} replicates of
each form, targets at {FRACTION:.0%} of the pilot's best smoothed validation accuracy,
90 % bootstrap intervals over replicates).{lacking}

The [quickstart's question](../examples/any_loop/protocol.py) was put to loops around a
session and to the compiled study, with splits, weights and people of their own. rho is
in training steps to the target per success, relevance by control: what every form
counts alike.

{text}

![Differences of log rho with their 90 % intervals](any_loop.png)

Intervals of the difference were to lie inside ±{MARGIN:.2f}: {verdict}.
"""


def main():
    """Run all forms, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path("results/any_loop"))
    parser.add_argument("--replicates", type=int, default=300)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    found = {"compiled": estimate(compiled(options.out, options.replicates), rng)}
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    for name in LIBRARIES:
        if name not in missing:
            results = looped(name, options.out, options.replicates)
            found[name] = estimate(results, rng)
    text, inside = told(found)
    print(text)
    here = Path(__file__).parent
    draw(found, here / "any_loop.png")
    words = page(text, inside, options.replicates, ", ".join(missing))
    (here / "any_loop.md").write_text(words)


if __name__ == "__main__":
    main()

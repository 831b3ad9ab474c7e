"""Whose run should fix the target: the control's own, or a pilot's?

    python experiments/pilot_bias.py [RESULTS_FOLDER]

Runs `pilot.toml` beside this file (what is there is not run again) and prints rho of
the control's copy, per task and rule: joules per success of the copy over those of the
control, with a 95 % bootstrap interval. Energy is in proportion to steps here.
"""

from pathlib import Path

import numpy as np
from asked import asked

from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import load_spec

RESAMPLES = 2_000


def smooth(curves: np.ndarray, width: int) -> np.ndarray:
    """Take the trailing mean of `[R, C]` curves over up to `width` checkpoints."""
    total = np.cumsum(np.pad(curves, ((0, 0), (1, 0))), axis=1)
    end = np.arange(1, curves.shape[1] + 1)
    start = np.maximum(0, end - width)
    return (total[:, end] - total[:, start]) / (end - start)


def stops(curves: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Checkpoints used until the target, and whether it was reached, `[R]`."""
    above = curves >= target[:, None]
    reached = above.any(axis=1)
    return np.where(reached, above.argmax(axis=1) + 1, curves.shape[1]), reached


def ratio(copy, control, rows: np.ndarray) -> float:
    """Checkpoints per success of the copy over the control's."""
    spent = [used[rows].sum() / hit[rows].sum() for used, hit in (copy, control)]
    return float(spent[0] / spent[1])


def main() -> None:
    """Run the study and print a row of its page's table per task and rule."""
    here = Path(__file__).parent
    out = asked(__doc__, "results", Path("results/pilot")).results
    run_study(load_spec(here / "pilot.toml"), out, 2)
    spec, table, _ = load_study(out)
    rows = table.to_pylist()
    print(
        "| task | target set by the | rho | replicates |", "|---|---|---|---|", sep="\n"
    )
    for task in spec.task:
        curves = {
            role: smooth(
                np.array(
                    [
                        row["validation_accuracy"]
                        for row in sorted(rows, key=lambda row: row["replicate"])
                        if (row["task"], row["role"]) == (task, role)
                    ]
                ),
                spec.target.smoothing,
            )
            for role in ("pilot", "control", "null")
        }
        for rule in ("pilot", "control"):
            target = spec.target.fraction * curves[rule].max(axis=1)
            copy = stops(curves["null"], target)
            control = stops(curves["control"], target)
            rng = np.random.default_rng(spec.seed)
            draws = [
                ratio(copy, control, rng.integers(0, len(target), len(target)))
                for _ in range(RESAMPLES)
            ]
            low, high = np.quantile(draws, [0.025, 0.975])
            rho = ratio(copy, control, np.arange(len(target)))
            print(
                f"| {task} | {rule} | {rho:.3f} [{low:.3f}, {high:.3f}] "
                f"| {spec.replicates} |"
            )


if __name__ == "__main__":
    main()

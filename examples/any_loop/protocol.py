"""The quickstart's arms around any learner: what is asked, counted and reported.

A learner is a class of one's own with three methods, whatever library it is made of:
`Learner(seed)`, `.step(x, y)` and `.accuracy(x, y)`. What they return is waited for.
"""

import argparse

import numpy as np
import problem

import hitl_sim as hs

ARMS = {"pilot": "pilot", "control": "control", "relevance": "arm", "copy": "null"}
STARTS = {"control": 0, "relevance": 0, "pilot": 1, "copy": 2}
"""Which initialisation an arm has: the pilot and the copy have others."""


def run(out, learner, replicates=8, seed=0, arms=None, **settings):
    """Run every arm that is not yet recorded, and return the results.

    Args:
        out: folder of the records.
        learner: class of what is trained.
        replicates: runs of each arm.
        seed: of the session.
        arms: some of `ARMS`; all when left out.
        **settings: of the session, in place of these.
    """
    own = {
        "crowd": hs.crowd("typical", size=3),
        "target": hs.target(metric="accuracy", fraction=0.95, smoothing=5),
        "question": "Does it save training energy to let people rate what is relevant?",
    }
    with hs.Session(out, seed=seed, **(own | settings)) as session:
        for arm in session.runs(arms or ARMS, replicates):
            with arm:
                run_arm(arm, learner)
    return session.results()


def run_arm(arm, learner):
    """Choose what is trained on, train to the common cap, and report on the way."""
    split = problem.make_split(arm.seed)
    rng = np.random.default_rng([arm.seed, STARTS[arm.name]])
    pool = np.arange(problem.POOL)
    if arm.role == "arm":
        pool = choose(arm, split, rng)
    model = learner(int(rng.integers(2**31)))
    for step in range(1, problem.EVERY * problem.REPORTS + 1):
        batch = rng.choice(pool, problem.BATCH)
        x, y = split.pool_x[batch], split.pool_y[batch]
        with arm.work("train", items=problem.BATCH) as window:
            window.wait(model.step(x, y))
        if step % problem.EVERY == 0:
            with arm.work("evaluate", items=problem.VALIDATION) as window:
                found = model.accuracy(split.validation_x, split.validation_y)
                accuracy = window.wait(found)
            with arm.work("evaluate", problem.TEST, purpose="instrument") as window:
                test = window.wait(model.accuracy(split.test_x, split.test_y))
            arm.report(step=step, accuracy=float(accuracy), test=float(test))


def choose(arm, split, rng):
    """Let people rate items, and keep the better half of the pool."""
    asked = rng.permutation(problem.POOL)[: problem.QUESTIONS]
    answers = arm.ask(
        "relevance",
        items=split.item[asked].tolist(),
        truth=split.is_relevant[asked].tolist(),
        people=1,
    )
    with arm.work("choose", items=problem.POOL) as window:
        rating = answers.mean() / 2.0
        return window.wait(problem.best_half(split, asked, rating, rng))


def main(default, learner):
    """Run every arm of a learner, and print the answer.

    Args:
        default: folder of the records where none is named on the command line.
        learner: class of what is trained.
    """
    reader = argparse.ArgumentParser(description="The quickstart's question in a loop.")
    reader.add_argument("out", nargs="?", default=default)
    print(run(reader.parse_args().out, learner).answer())

import numpy as np
from flax import nnx

import hitl_sim as hs
from hitl_sim.learn.network.adapt import from_nnx


@hs.part.network(version=1)
def small(inputs):
    """One hidden layer, as flax has it."""
    wide, num_in, num_out = 16, inputs.num_features, inputs.num_classes
    return from_nnx(
        lambda rngs: nnx.Sequential(
            nnx.Linear(num_in, wide, rngs=rngs),
            nnx.relu,
            nnx.Linear(wide, num_out, rngs=rngs),
        ),
        inputs,
    )


def main():
    """Ask whether rating data that is partly irrelevant saves training energy."""
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=700)
    features = rng.normal(size=(700, 8)) + 1.5 * np.eye(4, 8)[labels]
    np.savez("mine.npz", features=features, labels=labels)
    parts = {"pool": 400, "validation": 200, "test": 100, "irrelevant": 0.3}
    study = hs.Study(
        question="Does it save training energy to let people rate what is relevant?",
        task={"mine": {"source": "mine.npz", **parts}},
        network={"kind": small},
        training={"learning_rate": 1e-2, "steps_per_checkpoint": 5, "checkpoints": 30},
        arm=[
            {"name": "control", "kind": "whole_pool", "role": "control"},
            {"name": "relevance", "kind": "relevance", "questions": 200},
        ],
        prices={"boundary": "workstation", "label_cost": "sunk", "waiting": "held"},
        device="laptop-cpu",
        smallest_effect=0.05,
        replicates=8,
        seed=0,
    )
    results = study.run("results/mine")
    print(results.answer())
    for row in results.summary().to_pylist():
        print(row["arm"], row["ratio"], row["device_j"], row["people_h"])
    results.plot("learning").savefig("results/mine/learning.png")


if __name__ == "__main__":
    main()

"""Dawid-Skene by another tool, on answers in a file; started by `aggregation.py`.

Reads `{"tool", "file", "steps"}` line by line and answers with the seconds that it took
and the file of the labels it decided on. One thread.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np

FLOOR = 1e-10


def crowdkit(kept, steps):
    """As its documentation writes it; the frame is built before the clock starts."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    answers, people = kept["answers"], kept["people"]
    frame = pd.DataFrame(
        {
            "task": np.repeat(np.arange(len(answers)), answers.shape[1]),
            "worker": people.ravel(),
            "label": answers.ravel(),
        }
    )
    begin = time.perf_counter()
    found = DawidSkene(n_iter=steps, tol=0.0).fit_predict(frame)
    seconds = time.perf_counter() - begin
    return seconds, found.sort_index().to_numpy()


def scipy_sparse(kept, steps):
    """EM by two products of a step with one sparse matrix, items by who said what."""
    from scipy import sparse
    from scipy.special import softmax

    answers, people = kept["answers"], kept["people"]
    classes, crew = int(kept["classes"]), int(kept["crew"])
    begin = time.perf_counter()
    rows = np.repeat(np.arange(len(answers)), answers.shape[1])
    columns = (people * classes + answers).ravel()
    said = sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)),
        shape=(len(answers), crew * classes),
    )
    back = said.T.tocsr()
    share = np.zeros((len(answers), classes), np.float32)
    np.add.at(share, (rows, answers.ravel()), 1.0)
    belief = share / share.sum(axis=1, keepdims=True)
    for step in range(steps + 1):
        counts = np.maximum(back @ belief, FLOOR).reshape(crew, classes, classes)
        errors = counts / counts.sum(axis=1, keepdims=True)
        prior = belief.mean(axis=0)
        if step == steps:
            break
        evidence = said @ np.log(errors).reshape(-1, classes)
        belief = softmax(evidence + np.log(prior), axis=1)
    return time.perf_counter() - begin, belief.argmax(axis=1)


TOOLS = {"crowd-kit": crowdkit, "scipy.sparse by hand": scipy_sparse}


def main():
    """Answer jobs until the pipe is closed."""
    for line in sys.stdin:
        job = json.loads(line)
        try:
            with np.load(job["file"]) as kept:
                seconds, labels = TOOLS[job["tool"]](dict(kept), job["steps"])
            out = f"{job['file']}.{job['tool'].split()[0]}.npy"
            np.save(out, labels)
            answer = {"seconds": seconds, "labels": out}
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""Conditions of a sweep by scikit-activeml under joblib; started by `sweep.py`.

Reads one line, `{"tool", "sizes", "workers", "runs": [[accuracy, seed], ...]}`, and
answers with the seconds that all runs took together and the last accuracy of each. What
joblib's workers import is not counted.
"""

import json
import sys
import time

from active_worker import TOOLS, Task


def run(tool, sizes, accuracy, seed):
    """Return the accuracy at the end of one run."""
    task = Task(seed, sizes | {"accuracy": accuracy})
    return float(TOOLS[tool](task, "network")[-1])


def main():
    """Answer the job."""
    job = json.loads(sys.stdin.readline())
    try:
        from joblib import Parallel, delayed

        with Parallel(n_jobs=job["workers"]) as parallel:
            one = delayed(run)
            first = job["runs"][:1] * job["workers"]
            parallel(one(job["tool"], job["sizes"], *given) for given in first)
            begin = time.perf_counter()
            found = parallel(
                one(job["tool"], job["sizes"], *given) for given in job["runs"]
            )
        answer = {"seconds": time.perf_counter() - begin, "finals": found}
    except ImportError as error:
        answer = {"missing": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()

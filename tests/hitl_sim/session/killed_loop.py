"""A session as a user's script runs it, to be killed: `killed_loop.py OUT REPLICATES`.

It steps on only when a line comes in, where it is told to wait for them.
"""

import sys

import hitl_sim as hs

CROWD = {"population": "typical", "size": 3}


def run(out, replicates, before_step=lambda: None):
    """Run a control and an arm that asks."""
    target = hs.target(smoothing=1)
    with hs.Session(out, target=target, crowd=hs.crowd(**CROWD), meters=[]) as session:
        for arm in session.runs({"control": "control", "guided": "arm"}, replicates):
            with arm:
                gain = 0.1
                if arm.role == "arm":
                    asked = arm.ask("relevance", [1, 2], truth=[1, 0], people=3)
                    gain += 0.01 * float(asked.seconds.sum() % 1.0)
                for step in range(1, 6):
                    before_step()
                    with arm.work("train", items=4):
                        pass
                    arm.report(step=step, accuracy=gain * step)


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), sys.stdin.readline)

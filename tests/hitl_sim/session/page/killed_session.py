"""A session that asks at a page's desk, to be killed: `killed_session.py OUT DESK`."""

import sys

import hitl_sim as hs

ROUNDS, ITEMS, EACH = 6, 5, 3


def run(out, desk):
    """Run a control and an arm that asks in rounds, and learns from what is said."""
    target, crowd = hs.target(smoothing=1), hs.crowd(page=desk)
    with hs.Session(out, target=target, crowd=crowd, meters=[]) as session:
        for arm in session.runs({"control": "control", "guided": "arm"}):
            with arm:
                gain = 0.01
                for number in range(ROUNDS):
                    if arm.role == "arm":
                        items = range(number * ITEMS, (number + 1) * ITEMS)
                        shown = [f"Text {item}" for item in items]
                        given = arm.ask("relevance", items, content=shown, people=EACH)
                        gain += 0.01 * float(given.mean().mean())
                    with arm.work("train"):
                        pass
                    arm.report(step=number + 1, accuracy=gain * (number + 1))


if __name__ == "__main__":
    run(*sys.argv[1:])

"""Checks in processes of their own: does a part give the same bytes in each?

The processes differ in the seed of Python's hashes, so that what goes by the order of
a set shows. They compute on the CPU, whatever the machine has, and stay for as long as
this one does: JAX is imported once in each.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from hitl_sim.cache import cache_environment

HASH_SEEDS = ("1", "2")

_MAIN = "from hitl_sim.check.child import serve; serve()"


class Answer(NamedTuple):
    """What a process says of a part.

    Attributes:
        failure: the first check that failed, in one line; "" where none did.
        digest: of what came out on the kind's sample; "" where something failed.
    """

    failure: str
    digest: str


@cache
def _process(hash_seed: str) -> "subprocess.Popen[str]":
    env = os.environ | {
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "JAX_PLATFORMS": "cpu",
        "NPROC": "1",
        # both compile alike, and for longer than they run
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        **cache_environment(),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.kill)
    return process


def failure_of(source: str, options: Mapping[str, Any], checks: Sequence[str]) -> str:
    """Hold a part to its contract in processes of their own.

    Args:
        source: where it stands, as `part_source.Source` is written.
        options: its static options.
        checks: names of checks that the first of them runs.

    Returns:
        The first thing that is wrong, in one line; "" where nothing is.

    Raises:
        RuntimeError: a process ended before it answered.
    """
    asked = []
    for seed, names in zip(HASH_SEEDS, (list(checks), []), strict=True):
        process = _process(seed)
        request = {"source": source, "options": dict(options), "checks": names}
        if process.stdin is None or process.poll() is not None:
            raise RuntimeError("A process that checks parts must run, but it ended.")
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        asked.append(process)
    answers = [_heard(process) for process in asked]
    failures = [answer.failure for answer in answers if answer.failure]
    if not failures and len({answer.digest for answer in answers}) > 1:
        return (
            "two processes must give the same bytes, got others under another "
            "PYTHONHASHSEED: the order of a set, or a hash, is in it."
        )
    return failures[0] if failures else ""


def _heard(process: "subprocess.Popen[str]") -> Answer:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("A process that checks parts must run, but it ended.")
    return Answer(**json.loads(line))


def serve() -> None:
    """Answer requests, one a line, until there are none."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))._asdict()) + "\n")
        answers.flush()


def _answer(request: Mapping[str, Any]) -> Answer:
    # this module is imported by those below
    import jax  # noqa: PLC0415  in the process that serves alone

    from hitl_sim.check import checks_of, subject_of  # noqa: PLC0415
    from hitl_sim.check.base import CheckError, digest, in_words  # noqa: PLC0415
    from hitl_sim.part_source import Source, load  # noqa: PLC0415
    from oracles.part import PartError  # noqa: PLC0415

    try:
        part = load(Source.of(request["source"])).part
        subject = subject_of(part, request["options"])
        for check in checks_of(part.kind):
            if check.name in request["checks"]:
                check.run(subject)
        return Answer("", digest(jax.jit(subject.call)(*subject.args)))
    except (CheckError, PartError) as error:
        return Answer(str(error), "")
    except Exception as error:
        return Answer(f"it must run, but {in_words(error)}.", "")

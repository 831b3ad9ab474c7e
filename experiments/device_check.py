"""What does a machine with a GPU measure, and does the bill agree with it?

    python experiments/device_check.py OUT [--base PROFILE] [--step NAME ...]
    python experiments/device_check.py OUT --rehearse

Takes these steps, in order of worth, in less than 8 minutes: idle watts; how often
the energy counter is renewed; the counter against integrated power under a load of a
quarter of the time; a profile of the device alone and filled; an audit (billed over
measured); runs per second against how many are mapped together; peaks of float32, TF32,
bfloat16 and int8. Each is a process of its own with a limit of its own: what it has
found when it is cut off is kept, and the next one begins. Written to OUT, a new or
known folder: `device_check.json`, a file per step, and `profile.toml`, which studies
name as their device. `--base` names the shipped profile whose rates stand where nothing
is measured.

`--rehearse` takes every step in small on this machine, on a simulated board in place of
a driver: it tries the script, and says nothing of any device.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hitl_sim.energy import load_profile
from hitl_sim.energy.meters.boards import Board, find_boards, read_joules, read_power_w
from hitl_sim.energy.meters.counter import watch_counter
from hitl_sim.energy.meters.simulated import (
    SimulatedBoard,
    SimulatedDriver,
    VirtualTime,
    Waveform,
)
from hitl_sim.output import write_text
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import load_spec
from hitl_sim.study.tune import tune_study
from hitl_sim.unit import S_PER_NS

HERE = Path(__file__).parent
WORKS = (
    "active_learning.toml",
    "active_learning_pictures.toml",
    "active_learning_sentences.toml",
)
"""Studies whose runs per second are told: a table, pictures, texts."""
AUDITED = ("control", "control_again", "verify")
"""Arms of the small study of which runs are run again alone."""
LONGEST_S = 480.0
"""Sum of all limits, s."""
IDLE_S, DUTY_S = 8.0, 20.0
PERIOD_S, BUSY_FRAC = 0.1, 0.25
"""Of the load that the counter is held against: 25 ms of every 100."""
SAMPLE_S = 0.005
"""Mean time between samples of power; at random times, so that no rhythm is hit."""
IDLE_W, LOAD_W = 70.0, 400.0
"""Of the simulated board."""
GAIN = 1.02
"""What its sensor shows, as a part of the truth."""


class Step(NamedTuple):
    """One step.

    Attributes:
        limit_s: after which it is cut off, s.
        words: what it finds.
    """

    limit_s: float
    words: str


STEPS: Mapping[str, Step] = {
    "idle": Step(20.0, "idle power"),
    "period": Step(10.0, "update period of the counter"),
    "duty": Step(40.0, "counter against integrated power under a 25 % duty"),
    "profile": Step(130.0, "profile of both regimes"),
    "audit": Step(110.0, "billed against measured"),
    "widths": Step(110.0, "runs per second against the mapping width"),
    "peaks": Step(60.0, "peaks of float32, TF32, bfloat16 and int8"),
}
"""In order of worth: those of a short lease come first."""


@dataclass
class Bench:
    """What the steps of a meter need.

    Attributes:
        board: whose sensors are read.
        clock: monotonic, ns.
        sleep: waits for some seconds.
        load: keeps the device busy for some seconds.
    """

    board: Board
    clock: Callable[[], int]
    sleep: Callable[[float], None]
    load: Callable[[float], None]

    @property
    def now_s(self) -> float:
        """Return the time, s."""
        return self.clock() * S_PER_NS

    def power_w(self) -> float:
        """Return the board's power, W.

        Raises:
            RuntimeError: it tells none.
        """
        watts, _ = read_power_w(self.board)
        if watts is None:
            raise RuntimeError(f"{self.board.name} tells no power.")
        return watts


def real_bench() -> Bench:
    """Take the first board that the driver shows.

    Raises:
        RuntimeError: there is none; the message says why.
    """
    found = find_boards(None, None)
    if not found.boards:
        raise RuntimeError(found.reason)
    started = list[Callable[[float], None]]()

    def load(seconds: float) -> None:
        # a program that has begun on a GPU keeps it awake: not before it is asked
        if not started:
            started.append(gpu_load())
        started[0](seconds)

    return Bench(found.boards[0], time.monotonic_ns, time.sleep, load)


def simulated_bench() -> Bench:
    """Make a board that is busy when it is told to be, in time that passes at once."""
    clock = VirtualTime()
    wave = _Told([0.0], [IDLE_W])
    board = SimulatedBoard(wave, gain=GAIN, counter_s=0.1, power_s=0.025)
    (shown,) = find_boards(SimulatedDriver([board], clock), {}).boards

    def load(seconds: float) -> None:
        wave.change(clock.now_s, LOAD_W)
        clock.sleep(seconds)
        wave.change(clock.now_s, IDLE_W)

    return Bench(shown, clock.clock, clock.sleep, load)


class _Told(Waveform):
    """A wave that is written while it is read."""

    def change(self, at_s: float, watts: float) -> None:
        """Draw another power from now on."""
        # both are lists here, and sums over them are made anew
        self.times_s.append(at_s)  # type: ignore[attr-defined]
        self.watts.append(watts)  # type: ignore[attr-defined]
        self.__dict__.pop("_before_j", None)


def gpu_load() -> Callable[[float], None]:
    """Return what keeps the GPU busy: products of matrices, each waited for."""
    import jax  # noqa: PLC0415 - loads jax
    import jax.numpy as jnp  # noqa: PLC0415 - loads jax

    if jax.default_backend() != "gpu":
        raise RuntimeError(
            "JAX sees no GPU here: install hitl-sim[cuda], and a driver that it fits."
        )
    x = jnp.ones((4096, 4096), jnp.float32)
    product = jax.jit(lambda x: x @ x * 1e-4)
    product(x).block_until_ready()

    def load(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            product(x).block_until_ready()

    return load


Keep = Callable[..., None]
"""Keeps what a step has found so far, for it may be cut off."""


def find_idle(bench: Bench, keep: Keep, seconds: float = IDLE_S) -> None:
    """Read the power of a board that does nothing."""
    dice, watts, end = random.Random(1), list[float](), bench.now_s + seconds
    while bench.now_s < end:
        bench.sleep(dice.uniform(0.5, 1.5) * 10 * SAMPLE_S)
        watts.append(bench.power_w())
        keep(
            board=bench.board.name,
            idle_w=statistics.mean(watts),
            least_w=min(watts),
            most_w=max(watts),
            samples=len(watts),
        )


def find_period(bench: Bench, keep: Keep) -> None:
    """Watch how often the counter moves."""
    times = {"clock": bench.clock, "sleep": bench.sleep}
    found = [
        watch_counter(partial(read_joules, bench.board), 0.1, **times) for _ in range(5)
    ]
    seen = [period for period in found if period is not None]
    if not seen:
        raise RuntimeError("the energy counter stood still")
    keep(update_period_s=statistics.median(seen), watches=len(seen))


def hold_counter(bench: Bench, keep: Keep, seconds: float = DUTY_S) -> None:
    """Hold the counter against integrated power while a load comes and goes.

    It begins at a move of the counter; the last one is at most a refresh old.
    """
    bench.load(SAMPLE_S)
    dice = random.Random(2)
    begin_s, begin_j = _next_move(bench)
    joules, last_s, last_w = 0.0, begin_s, bench.power_w()
    while bench.now_s - begin_s < seconds:
        for busy in (True, False):
            left = PERIOD_S * (BUSY_FRAC if busy else 1.0 - BUSY_FRAC)
            while left > 0.0:
                part = min(left, dice.uniform(0.5, 1.5) * SAMPLE_S)
                (bench.load if busy else bench.sleep)(part)
                left -= part
                now_s, watts = bench.now_s, bench.power_w()
                joules += (now_s - last_s) * 0.5 * (watts + last_w)
                last_s, last_w = now_s, watts
        now_j = read_joules(bench.board)
        keep(
            duty=BUSY_FRAC,
            seconds=last_s - begin_s,
            counter_j=now_j - begin_j,
            integrated_j=joules,
            counter_over_integrated=(now_j - begin_j) / joules,
        )


def _next_move(bench: Bench) -> tuple[float, float]:
    """Wait until the counter moves; return when, s, and what it then shows, J."""
    before, end = read_joules(bench.board), bench.now_s + 1.0
    while bench.now_s < end:
        bench.sleep(0.001)
        now = read_joules(bench.board)
        if now != before:
            return bench.now_s, now
    raise RuntimeError("the energy counter stood still")


def write_profile(out: Path, base: str, keep: Keep, *, is_small: bool) -> None:
    """Measure a profile: each unit of work alone, and with the device filled."""
    path = out / "profile.toml"
    # measurements are never written over
    path.unlink(missing_ok=True)
    some = ["--limit", "5", "--network", "8", "--batch", "8", "--workers", "1"]
    rest = some if is_small else ["--limit", "90"]
    text = _command("profile", str(path), "--base", base, *rest)
    keep(profile=path.name, is_written=path.exists(), said=text[-2000:])


def audit_bill(out: Path, base: str, keep: Keep, *, is_small: bool) -> None:
    """Run a small study, measure its own units, and run some of its runs again alone.

    A bill by units that were not measured would be one of the rule in their place.
    """
    study, own = out / "audited", out / "audited_profile.toml"
    spec = load_spec(HERE / "ladder.toml", is_smoke=True)
    arms = tuple(arm for arm in spec.arm if arm.name in AUDITED)
    given = msgspec.structs.replace(
        spec, arm=arms, tune=None, axis=(), device=base, replicates=8
    )
    done = run_study(given, study, 1)
    if done.num_failed:
        raise RuntimeError(f"{done.num_failed} runs failed: {done.messages[0]}")
    keep(study=study.name)
    # measurements are never written over
    own.unlink(missing_ok=True)
    limit, runs = ("5", "4") if is_small else ("35", "8")
    _command(
        *("profile", str(own), "--base", base),
        *("--study", str(study), "--limit", limit, "--workers", "1"),
    )
    keep(study=study.name, profile=own.name)
    text = _command("audit", str(study), "--n", runs, "--device", str(own))
    keep(study=study.name, profile=own.name, said=text[-2000:])


def time_widths(out: Path, base: str, keep: Keep, *, is_small: bool) -> None:
    """Time how many runs a second go through at each mapping width, work by work."""
    del base, out
    found: dict[str, Any] = {}
    for name in WORKS[:1] if is_small else WORKS:
        spec = load_spec(HERE / "benchmarks" / name)
        size = 2 if is_small else 128
        spec = msgspec.structs.replace(spec, dispatch_size=size, vmap_size=None)
        tuned = tune_study(spec)
        runs = sum(group.runs for group in tuned.groups)
        found[name.removesuffix(".toml")] = {
            str(width): runs / seconds
            for width, seconds in zip(tuned.options, tuned.study_s, strict=True)
        }
        keep(platform=tuned.platform, runs_per_s=found)


def find_peaks(out: Path, base: str, keep: Keep, *, is_small: bool) -> None:
    """Time products of large matrices in each number format."""
    import jax  # noqa: PLC0415 - loads jax
    import jax.numpy as jnp  # noqa: PLC0415 - loads jax

    del out, base
    size, again = (256, 2) if is_small else (8192, 12)
    forms = {
        "float32": (jnp.float32, "highest"),
        "tf32": (jnp.float32, "default"),
        "bfloat16": (jnp.bfloat16, "default"),
        "int8": (jnp.int8, "default"),
    }
    found: dict[str, float] = {}
    for name, (dtype, precision) in forms.items():
        kind = jnp.int32 if dtype == jnp.int8 else None
        product = jax.jit(
            partial(jnp.matmul, precision=precision, preferred_element_type=kind)
        )
        x = jnp.ones((size, size), dtype)
        product(x, x).block_until_ready()
        seconds = []
        for _ in range(again):
            begin = time.perf_counter()
            product(x, x).block_until_ready()
            seconds.append(time.perf_counter() - begin)
        found[name] = 2.0 * size**3 / statistics.median(seconds)
        keep(backend=jax.default_backend(), size=size, operations_per_s=found)


def _command(*words: str) -> str:
    """Run a command of hitl-sim, and return what it printed.

    Raises:
        RuntimeError: it failed; the message is its own.
    """
    call = [sys.executable, "-m", "hitl_sim.cli", *words]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip()[-500:])
    return done.stdout


METERED = {"idle": find_idle, "period": find_period, "duty": hold_counter}
BUILT = {
    "profile": write_profile,
    "audit": audit_bill,
    "widths": time_widths,
    "peaks": find_peaks,
}


def take(name: str, out: Path, base: str, *, is_rehearsed: bool) -> None:
    """Take a step, and keep what it finds in a file of its name as it goes."""

    def keep(**found: Any) -> None:
        write_text(out / f"{name}.json", json.dumps(found, indent=1) + "\n")

    if name in METERED:
        bench = simulated_bench() if is_rehearsed else real_bench()
        METERED[name](bench, keep)
    else:
        BUILT[name](out, base, keep, is_small=is_rehearsed)


def limited(call: Sequence[str], limit_s: float) -> tuple[str, str]:
    """Run a step's process, and all that it started, for so long at most.

    Returns:
        "done", "failed" or "cut off", and its last words.
    """
    process = subprocess.Popen(
        call,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "cut off", f"it took longer than {limit_s:g} s"
    lines = said.strip().splitlines()
    return (
        ("done", "")
        if process.returncode == 0
        else ("failed", lines[-1] if lines else "")
    )


def check(
    out: Path,
    base: str,
    names: Sequence[str],
    *,
    is_rehearsed: bool,
    limit_s: float | None = None,
    run: Callable[[Sequence[str], float], tuple[str, str]] = limited,
) -> dict[str, Any]:
    """Take steps one after the other, and write what is known after each.

    Args:
        out: folder to write to.
        base: profile whose rates stand where nothing is measured.
        names: of the steps.
        is_rehearsed: whether they are taken in small on a simulated board.
        limit_s: of each step; its own when left out.
        run: starts a step's process.

    Returns:
        Of each step how it ended, why, and what it found until then.
    """
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for name in names:
        path = out / f"{name}.json"
        path.unlink(missing_ok=True)
        call = [sys.executable, str(Path(__file__).resolve()), str(out)]
        call += ["--base", base, "--take", name, *(["--rehearse"] * is_rehearsed)]
        limit = STEPS[name].limit_s if limit_s is None else limit_s
        ended, why = run(call, limit)
        kept = json.loads(path.read_text()) if path.exists() else {}
        found[name] = {"ended": ended, "why": why, "found": kept}
        whole = {"is_rehearsed": is_rehearsed, "base": base, "steps": found}
        write_text(out / "device_check.json", json.dumps(whole, indent=1) + "\n")
        print(f"{STEPS[name].words}: {ended}{f' ({why})' if why else ''}", flush=True)
    return found


def main() -> None:
    """Take the steps."""
    reader = argparse.ArgumentParser(description="What does this machine measure?")
    reader.add_argument("out", type=Path, help="folder to write to")
    reader.add_argument("--base", default="h100", help="shipped profile beside it")
    reader.add_argument("--step", action="append", choices=list(STEPS))
    reader.add_argument("--rehearse", action="store_true", help="on a simulated board")
    reader.add_argument("--take", choices=list(STEPS), help=argparse.SUPPRESS)
    given = reader.parse_args()
    if given.take is not None:
        try:
            take(given.take, given.out, given.base, is_rehearsed=given.rehearse)
        except (RuntimeError, ValueError) as error:
            raise SystemExit(str(error)) from error
        return
    base = "laptop-cpu" if given.rehearse else given.base
    try:
        load_profile(base)
    except ValueError as error:
        reader.error(str(error).replace("`device`", "`--base`"))
    found = check(
        given.out, base, given.step or list(STEPS), is_rehearsed=given.rehearse
    )
    if any(one["ended"] == "failed" for one in found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

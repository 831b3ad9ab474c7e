"""How soon the page of a desk takes an answer, with many people at once.

    python experiments/benchmarks/page_desk.py [--people N] [--seconds S]

The desk is served on the loopback address by a process of its own, as `hitl-sim desk`
serves it, and polled as a session polls it. Scripted people answer one question after
another, each after a pause drawn from a lognormal with median 2 s (assumed; people take
longer), until the time is over. Told are median and 95th percentile of an answer,
which brings the next question along, beside those of the bare page under the same load,
and whether all answers that were taken came out once.

How well the page's script times pauses is measured in a headless Chromium, if there is
one: keys are pressed after pauses of known length.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import numpy as np

import hitl_sim as hs
from hitl_sim.session.desk import Run
from hitl_sim.session.desk.page import participant
from hitl_sim.session.desk.page.settings import CONSENT
from hitl_sim.session.desk.page.store import Store
from hitl_sim.session.question import build_questions

ROOT = Path(__file__).parents[2]
MOST_PEOPLE, MOST_S, PAUSES = 500, 120.0, (0.3, 0.8, 1.5, 2.0, 0.5)
PAUSE_S, SPREAD = 2.0, 0.5
POLL_S, BARE_S = 0.05, 0.2
RUN = Run(0, "guided", 0)
OPTIONS = ["u", "v", "w"]


def start(folder):
    """Serve a desk in a process of its own; return it and its address."""
    code = (
        "import sys, hitl_sim as hs\n"
        "with hs.desk.serve(sys.argv[1], port=0) as desk:\n"
        "    print(desk.address, flush=True)\n"
        "    desk.run()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


async def person(client, token, end, seed, found):
    """Answer until the time is over; keep how long each answer took."""
    dice = np.random.default_rng(seed)
    headers = {"authorization": f"Bearer {token}"}

    async def post(path, **body):
        response = await client.post(f"/api/{path}", json=body, headers=headers)
        response.raise_for_status()
        return response.json()

    # they do not all come in the same moment
    await asyncio.sleep(float(dice.uniform(0.0, PAUSE_S)))
    told = await post("consent", consent=CONSENT)
    while time.monotonic() < end and told["state"] == "question":
        pause = float(PAUSE_S * np.exp(SPREAD * dice.normal()))
        await asyncio.sleep(pause)
        times = {"seconds": pause, "wall_s": pause, "away_s": 0.0}
        begin = time.perf_counter()
        name = told["question"]["assignment"]
        told = await post(
            "answer", assignment=name, said=int(dice.integers(3)), **times
        )
        assert told["taken"]
        found.append(time.perf_counter() - begin)


async def watch(client, end, bare):
    """Load the bare page now and then, on a connection of its own."""
    while time.monotonic() < end:
        begin = time.perf_counter()
        (await client.get("/")).raise_for_status()
        bare.append(time.perf_counter() - begin)
        await asyncio.sleep(BARE_S)


async def poll(loop, end, answers):
    """Ask for answers as a session does."""
    while time.monotonic() < end:
        answers += await asyncio.to_thread(loop.poll)
        await asyncio.sleep(POLL_S)


async def play(address, tokens, seconds, loop, answers):
    """Let everybody answer; return how long answers and the bare page took."""
    found, bare = [], []
    limits = httpx2.Limits(max_connections=len(tokens) + 1)
    async with httpx2.AsyncClient(
        base_url=address, limits=limits, timeout=60.0
    ) as client:
        end = time.monotonic() + seconds
        await asyncio.gather(
            watch(client, end, bare),
            poll(loop, end, answers),
            *(person(client, token, end, i, found) for i, token in enumerate(tokens)),
        )
    return found, bare


def load(folder, people, seconds):
    """Measure answers of many people at once."""
    store = Store(folder)
    tokens = list(participant.invite(store, people).values())
    number = max(50, int(3 * people * seconds / PAUSE_S / 3))
    loop = hs.crowd(page=folder).open(RUN)
    items = [f"Text {i}" for i in range(number)]
    loop.post(build_questions("label", items, options=OPTIONS, people=3))
    answers = []
    process, address = start(folder)
    try:
        found, bare = asyncio.run(play(address, tokens, seconds, loop, answers))
    finally:
        process.terminate()
        process.wait()
    answers += loop.poll()
    once = len({(a.question, a.person) for a in answers}) == len(answers)
    assert once
    assert len(answers) == len(found)
    for name, times in (("answer", found), ("page alone", bare)):
        p95 = statistics.quantiles(times, n=20)[-1]
        median = statistics.median(times)
        print(
            f"{name:12} n={len(times):6,}  median {median * 1e3:6.1f} ms  "
            f"p95 {p95 * 1e3:6.1f} ms"
        )
    print(
        f"{people} people at once, {len(found) / seconds:.0f} answers/s; all "
        f"{len(answers):,} that were taken came out once"
    )


def timing(folder):
    """Measure how well the page times pauses of known length."""
    sys.path.insert(0, str(ROOT / "tests/hitl_sim/session/page"))
    from browser import Browser, find_browser  # noqa: PLC0415

    if find_browser() is None:
        print("timing: no Chromium is on PATH")
        return
    store = Store(folder)
    (token,) = participant.invite(store, 1).values()
    loop = hs.crowd(page=folder).open(RUN)
    items = [f"Text {i}" for i in range(len(PAUSES))]
    loop.post(build_questions("label", items, options=OPTIONS, people=1))
    process, address = start(folder)
    press = """(pause) => new Promise(done => {
      const begin = performance.now();
      setTimeout(() => {
        window.dispatchEvent(new KeyboardEvent("keydown", { key: "1" }));
        const took = performance.now() - begin;
        window.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        done(took / 1000);
      }, 1000 * pause);
    })"""
    took = []
    try:
        with Browser(folder) as browser:
            browser.open(f"{address}/#{token}")
            browser.wait_for("Before you begin")
            browser.run("document.querySelector('button.main').click()")
            for number, pause in enumerate(PAUSES):
                # the pause begins when the question is there
                browser.run(f"""new Promise(done => (function look() {{
                  if (watch && main.innerText.includes("Text {number}")) done();
                  else setTimeout(look, 1); }})())""")
                browser.run("watch = new Watch(); 0")
                took.append(browser.run(f"({press})({json.dumps(pause)})"))
            browser.wait_for(f"{len(PAUSES)} answered")
    finally:
        process.terminate()
        process.wait()
    errors = [abs(a.seconds - t) for a, t in zip(loop.poll(), took, strict=True)]
    print(
        f"timing       n={len(errors):6,}  largest error {max(errors) * 1e3:.1f} ms "
        f"of pauses of {min(PAUSES)} to {max(PAUSES)} s"
    )


def main():
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    if not 1 <= given.people <= MOST_PEOPLE or not 1.0 <= given.seconds <= MOST_S:
        parser.error(
            f"--people must be in [1, {MOST_PEOPLE}] and --seconds in [1, {MOST_S:g}]"
        )
    with TemporaryDirectory() as folder:
        load(Path(folder) / "load", given.people, given.seconds)
        timing(Path(folder) / "timing")


if __name__ == "__main__":
    main()

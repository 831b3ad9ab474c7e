"""The explorer's page by its number of conditions: its size, and what a redraw takes.

    python experiments/benchmarks/explore.py [FOLDER]

The conditions with people of the study in FOLDER (`results/quickstart` when left out)
stand on the page as often as it takes to come to 86 and to 503, in one task, at all
targets and devices that the command offers. Chromium, in a window of 1,280 by 900 px,
moves the sliders in turns; printed is the median of how long until all is billed anew
and what is seen is drawn again, how much of it is billing, and how long until the rest
is drawn, too. Its clock is the machine's: other work counts.
"""

import argparse
import dataclasses
import json
import queue
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.energy.profile_file import load_profile, profile_names
from hitl_sim.report.explore import render_explorer
from hitl_sim.results import FRACTIONS
from hitl_sim.study.conclude import Analysis

CONDITIONS = (86, 503)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MOVES = 12
WAIT_S = 300
SCRIPT = """
<script>
(async () => {
  const took = [], billed = [], whole = [];
  await explorer.settled();
  const ranges = [...document.querySelectorAll("#controls input[type=range]")];
  for (let move = 0; move < MOVES; move += 1) {
    const range = ranges[move % ranges.length];
    range.value = +range.min + (0.3 + 0.04 * move) * (range.max - range.min);
    range.dispatchEvent(new Event("input"));
    await explorer.settled();
    took.push(explorer.took);
    billed.push(explorer.computed);
    whole.push(explorer.all);
  }
  await fetch("/", { method: "POST", body: JSON.stringify({ took, billed, whole }) });
})();
</script></body>
"""


def widened(result: StudyResult, num: int) -> StudyResult:
    """Return a study of one task with so many conditions, the control among them."""
    task = max(result.tasks, key=lambda one: len(one.findings))
    people = [one for one in task.findings if one.has_people]
    wanted = num - 1
    found = [people[place % len(people)] for place in range(wanted)]
    named = [
        dataclasses.replace(one, settings={**one.settings, "crowd.copy": place})
        for place, one in enumerate(found)
    ]
    wide = dataclasses.replace(task, findings=tuple(named))
    return dataclasses.replace(result, tasks=(wide,))


def page_of(results: Mapping[float, StudyResult], num: int) -> str:
    """Write the page of so many conditions."""
    profiles = [load_profile(name) for name in profile_names()]
    own = next(iter(results.values())).profile
    every = {one.hash: one for one in (own, *profiles)}
    wide = {fraction: widened(result, num) for fraction, result in results.items()}
    return render_explorer(wide, list(every.values()), f"{num} conditions")


def measure(text: str, browser: str) -> Mapping[str, list[float]]:
    """Move the page's sliders in a browser, and return milliseconds of each move."""
    free = re.sub(r"<meta http-equiv[^>]*>", "", text)
    head, _, tail = free.rpartition("</body>")
    page = (head + SCRIPT.replace("MOVES", str(MOVES)) + tail).encode()
    told: queue.Queue[bytes] = queue.Queue()

    class Answer(BaseHTTPRequestHandler):
        """Gives the page, and takes what it measured."""

        def do_GET(self) -> None:
            if self.path != "/":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def do_POST(self) -> None:
            told.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1280,900",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}/profile",
            f"http://127.0.0.1:{server.server_port}/",
        ]
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            return json.loads(told.get(timeout=WAIT_S))
        finally:
            child.terminate()
            child.wait()
            server.shutdown()


def main() -> None:
    """Measure both pages."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path("results/quickstart")
    reader.add_argument("folder", nargs="?", type=Path, default=default)
    folder = reader.parse_args().folder
    if not (folder / "manifest.json").exists():
        print(f"  not measured: {folder} holds no study")
        return
    analysis = Analysis.open(folder, None)
    own = analysis.under(None)
    results = {own.fraction: own}
    for fraction in FRACTIONS:
        results.setdefault(fraction, analysis.under(None, fraction))
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    for num in CONDITIONS:
        text = page_of(results, num)
        print(f"  {num} conditions: {len(text.encode()) / 1e6:.1f} MB")
        if browser is None:
            print("  redraw not measured: no Chromium is on PATH")
            continue
        found = measure(text, browser)
        kinds = ("took", "billed", "whole")
        seen, billed, whole = (statistics.median(found[kind]) for kind in kinds)
        print(f"  redraw of what is seen {seen:.0f} ms, billing {billed:.0f} ms of it")
        print(f"  with what is not seen {whole:.0f} ms")


if __name__ == "__main__":
    main()

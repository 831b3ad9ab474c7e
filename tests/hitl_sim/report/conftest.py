"""Analysed synthetic studies to report on, from the analysis tests' generator."""

import dataclasses
import html
import json
import math
import re
import shutil
import subprocess

import pytest

from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile

PRICES = Prices(
    boundary="workstation",
    label_cost="sunk",
    waiting="held",
    electricity_usd_per_kwh=0.2,
    pue=1.0,
)


@pytest.fixture(scope="session")
def analysed(synthetic):
    """Return a function that analyses a synthetic study of some arms."""

    def run(arms=(), *, prices=PRICES, smallest_effect=0.05, changes=None, **study):
        table, manifest = synthetic.make_study(arms, **study)
        manifest["study"].update(changes or {})
        return analyse(
            read_groups(table),
            manifest,
            load_profile("laptop-cpu"),
            prices,
            fraction=1.0,
            smoothing=1,
            smallest_effect=smallest_effect,
            seed=7,
        )

    return run


@pytest.fixture(scope="session")
def crowded(synthetic, analysed):
    """Return a study with crowds, a null arm, a failed run and a lost arm."""
    crowds = (("perfect", 0.5), ("typical", 0.7), ("spammer", 1.6))
    arms = [
        synthetic.NULL,
        synthetic.Arm("random_half", ratio=1.3, kind="random_share"),
        synthetic.Arm("lost", steps=[9e9] * 12),
    ]
    for population, ratio in crowds:
        for shared in (0.0, 0.5):
            settings = {"crowd.shared_error": shared}
            arms.append(
                synthetic.relevance(ratio + 0.2 * shared, population, settings=settings)
            )
        arms.append(synthetic.labelling(ratio + 0.4, population=population))
    outcomes = {("random_half", 2): "not_finite"}
    return analysed(arms, outcomes=outcomes, seed=2)


@pytest.fixture(scope="session")
def dialled(synthetic, analysed):
    """Return a study of a parameter that one arm crosses, one never, and one always."""
    lines = {
        "cheap": {0.5: 0.6, 0.7: 0.5, 0.9: 0.4},
        "middling": {0.5: 1.5, 0.7: 1.0, 0.9: 0.7},
        "dear": {0.5: 2.0, 0.7: 1.8, 0.9: 1.6},
    }
    arms = [synthetic.Arm("random_half", ratio=1.3, kind="random_share")]
    for name, ratios in lines.items():
        for value, ratio in ratios.items():
            parameters = {"crowd.accuracy": value}
            arm = synthetic.relevance(ratio, name=name, choose=0, settings=parameters)
            arms.append(dataclasses.replace(arm, settings=parameters))
    return analysed(arms, num_replicates=32)


@pytest.fixture(scope="session")
def weighed(crowded):
    """Return the verdicts of `crowded`."""
    return weigh(crowded)


SETTINGS = {
    "task": {"digits": {"source": "digits", "pool": 1000}},
    "workforce": {
        "size": 3,
        "hours_per_day": 8.0,
        "days_per_week": 5,
        "break_every_s": 3600.0,
        "break_s": 300.0,
        "pay_basis": "worked",
        "is_break_paid": True,
        "requester_h": 0.5,
    },
    "arm": [{"name": "relevance", "kind": "relevance", "people": 3, "share": 0.5}],
}


@pytest.fixture(scope="session")
def swept(synthetic, analysed):
    """Return a study in money and carbon whose crowds were swept in accuracy."""
    arms = [
        synthetic.relevance(ratio, settings={"crowd.accuracy": accuracy})
        for accuracy, ratio in ((1.0, 0.5), (0.8, 0.8), (0.6, 1.4))
    ]
    prices = Prices(
        boundary="workstation",
        label_cost="sunk",
        waiting="held",
        electricity_usd_per_kwh=0.2,
        device_usd_per_h=0.0,
        pue=1.0,
        grid_region="FR",
    )
    return analysed(arms, prices=prices, sd=0.05, changes=SETTINGS)


@pytest.fixture(scope="session")
def mapped(synthetic, analysed):
    """Return a study whose arm was swept over two numbers, and lost one cell."""
    arms = []
    for accuracy in (0.6, 0.75, 0.9):
        for shared in (0.0, 0.3, 0.6):
            settings = {"crowd.accuracy": accuracy, "crowd.shared_error": shared}
            ratio = math.exp(2.0 * (0.75 - accuracy) + 0.5 * (shared - 0.3))
            is_lost = (accuracy, shared) == (0.6, 0.6)
            arm = synthetic.relevance(ratio, choose=0, settings=settings)
            steps = [9e9] * 12 if is_lost else None
            arms.append(dataclasses.replace(arm, settings=settings, steps=steps))
    return analysed(arms, sd=0.05)


@pytest.fixture(scope="session")
def verdict(swept):
    """Return the verdict of `swept`."""
    (found,) = weigh(swept)
    return found


NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browse():
    """Return a function that opens a page; its console is in the errors."""
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(NAMES)} is on PATH")

    def run(url, folder, *options):
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-component-update",
            "--disable-background-networking",
            f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr",
            "--v=0",
            *options,
            url,
        ]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture(scope="session")
def probe(browse):
    """Return a function that runs a script in a page, freed of its policy.

    It gives what `probed()` of the script gives, as JSON.
    """

    def run(page, folder, script, *options, address=""):
        free = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text())
        ending = (
            f"<script>{script}</script><script>Promise.resolve(probed()).then(found =>"
            " { const told = document.createElement('pre'); told.id = 'probed';"
            " told.textContent = JSON.stringify(found); document.body.append(told); });"
            "</script></body>"
        )
        head, _, tail = free.rpartition("</body>")
        own = folder / "probe.html"
        own.write_text(head + ending + tail)
        dom = browse(
            own.as_uri() + address,
            folder,
            "--dump-dom",
            "--virtual-time-budget=20000",
            *options,
        ).stdout
        found = dom.rpartition('<pre id="probed">')[2].partition("</pre>")[0]
        return json.loads(html.unescape(found))

    return run

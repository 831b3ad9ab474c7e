"""The page in a real browser: no console message, no request, nothing beside it."""

import base64
import dataclasses
import http.server
import json
import re
import threading
from pathlib import Path

import axe_core_python
import pytest

from hitl_sim.report.number import ratio_text
from hitl_sim.report.page import write_report

EVIL = "<script>console.error('ran')</script>"
WIDTHS = (1200, 390)


@pytest.fixture(scope="module")
def page(swept, verdict, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_report(
        swept, folder, rerun_command="again", title=f"Study {EVIL}", verdicts=(verdict,)
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def wide(crowded, weighed, tmp_path_factory):
    """Write the page of five tasks with a hundred conditions in all."""
    task, verdict = crowded.tasks[0], weighed[0]
    first = [f for f in task.findings if f.role == "arm"]
    more = [dataclasses.replace(f, arm=f"{f.arm}_again") for f in first]
    findings = (*task.findings, *more)[:20]
    tasks = tuple(
        dataclasses.replace(task, findings=findings, task=f"task {i}") for i in range(5)
    )
    result = dataclasses.replace(crowded, tasks=tasks)
    folder = tmp_path_factory.mktemp("wide")
    return write_report(
        result, folder, rerun_command="again", title="Wide", verdicts=(verdict,) * 5
    )


@pytest.fixture(scope="module")
def served(page):
    """Serve the page, and note what is asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(page.parent))

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/report.html", asked
    server.shutdown()


def test_the_page_opens_without_a_console_message(page, tmp_path, browse):
    done = browse(page.as_uri(), tmp_path, "--dump-dom")
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert "Every condition" in done.stdout


def test_a_message_to_the_console_would_be_seen(tmp_path, browse):
    noisy = tmp_path / "noisy.html"
    noisy.write_text("<script>console.error('seen')</script>")
    assert "CONSOLE" in browse(noisy.as_uri(), tmp_path, "--dump-dom").stderr


def test_a_script_in_the_name_of_a_study_stays_text(page, tmp_path, browse):
    dom = browse(page.as_uri(), tmp_path, "--dump-dom").stdout
    assert dom.count("<script") == 2
    assert "&lt;script&gt;console.error('ran')&lt;/script&gt;" in dom


def test_a_script_that_is_not_the_pages_own_is_refused(page, tmp_path, browse):
    other = tmp_path / "other.html"
    text = page.read_text().replace("<h1>", "<script>document.title='ran'</script><h1>")
    other.write_text(text)
    done = browse(other.as_uri(), tmp_path, "--dump-dom")
    assert "<title>ran" not in done.stdout
    assert "Content Security Policy" in done.stderr


COUNT = """
function probed() {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const count = (text) => (text.match(/\\S+/g) || []).length;
  const sum = (found, text) =>
    [...found].reduce((all, one) => all + count(text(one)), 0);
  const all = document.querySelectorAll.bind(document);
  const names = ["title", "aria-label", "alt", "placeholder"];
  const numbers = JSON.parse(document.getElementById("numbers").textContent);
  const own = [...all("script")].find((one) => one.textContent.includes("use strict"));
  return {
    shown: count(document.body.innerText),
    cells: sum(all("tbody th, tbody td"), (one) => one.innerText),
    hidden: names.reduce((found, name) => found
      + sum(all(`[${name}]`), (one) => one.getAttribute(name)), 0),
    behind: count(JSON.stringify(numbers.words)),
    script: sum(own.textContent.match(/"[^"]*"/g), (text) => text),
  };
}
"""
MOST_WORDS, MOST_BYTES, MOST_PAGES = 3000, 1_500_000, 8


def test_the_words_of_a_wide_study_stay_few(wide, tmp_path, probe):
    """Cells of tables are numbers; hidden attributes and words in scripts count."""
    found = probe(wide, tmp_path, COUNT)
    assert found["cells"] > 1000
    prose = sum(found.values()) - 2 * found["cells"]
    assert 500 < prose <= MOST_WORDS
    assert wide.stat().st_size < MOST_BYTES


def test_a_wide_study_prints_on_few_pages_with_all_open(wide, tmp_path, browse):
    out = tmp_path / "page.pdf"
    browse(wide.as_uri(), tmp_path, f"--print-to-pdf={out}", "--no-pdf-header-footer")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", out.read_bytes()))
    assert 1 < pages <= MOST_PAGES


AXE = """
async function probed() {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const found = await axe.run();
  return found.violations.map((one) => [one.impact, one.id, one.nodes[0].html]);
}
"""
SERIOUS = {"serious", "critical"}
SCHEMES = {"light": "1", "dark": "0"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_audit_of_accessibility_finds_nothing_serious(page, tmp_path, scheme, probe):
    axe = Path(axe_core_python.__file__).parent / "axe.min.js"
    option = f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"
    script = axe.read_text() + AXE
    found = probe(page, tmp_path, script, option)
    assert [one for one in found if one[0] in SERIOUS] == []


def test_the_audit_would_find_what_cannot_be_read(page, tmp_path, probe):
    axe = Path(axe_core_python.__file__).parent / "axe.min.js"
    spoilt = tmp_path / "spoilt.html"
    pale = page.read_text().replace("--soft: #595959", "--soft: #cccccc")
    spoilt.write_text(pale.replace('lang="en"', ""))
    found = probe(spoilt, tmp_path, axe.read_text() + AXE)
    assert {"color-contrast", "html-has-lang"} <= {one[1] for one in found}


BEHIND = """
function probed() {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const cell = document.querySelector(".first td[data-n]");
  cell.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  const tip = document.getElementById("tip").innerText;
  cell.click();
  const dialog = document.getElementById("behind");
  const opened = [dialog.open, dialog.querySelector(".chosen").innerText];
  dialog.close();
  const button = document.querySelector(".sorted button.row");
  button.focus();
  button.click();
  const rows = [...dialog.querySelectorAll("tbody tr")].map((row) => row.innerText);
  dialog.close();
  return { cell: cell.innerText, tip, opened, rows,
    focused: document.activeElement === button };
}
"""


def test_a_number_shows_its_kind_intervals_and_sources(swept, page, tmp_path, probe):
    found = probe(page, tmp_path, BEHIND)
    best = min(swept.tasks[0].with_people, key=lambda f: f.ratio.value)
    assert found["cell"] == ratio_text(best.ratio)
    assert "beside the control" in found["tip"]
    assert best.ratio.quantity.kind.words in found["tip"]
    is_open, chosen = found["opened"]
    assert is_open
    assert "analytic model of profile laptop-cpu" in chosen
    assert any("expected joules per success" in row for row in found["rows"])
    assert any("human energy" in row for row in found["rows"])
    # whoever uses a keyboard is where they were
    assert found["focused"]


SORT = """
function probed() {
  const box = document.querySelector(".sorted"), body = box.querySelector("tbody");
  box.closest("details").open = true;
  const heads = [...box.querySelectorAll("thead th")];
  const column = heads.findIndex((head) => head.textContent.includes("[95"));
  const read = () => [...body.rows].map((row) => +row.cells[column].dataset.v);
  const press = () => heads[column].querySelector("button").click();
  press();
  const up = read(), said = heads[column].getAttribute("aria-sort");
  press();
  const down = read();
  const field = box.querySelector("input");
  field.value = "control";
  field.dispatchEvent(new Event("input"));
  const left = [...body.rows].filter((row) => !row.hidden).map((row) => row.innerText);
  return { up, down, said, left, count: box.querySelector("output").textContent };
}
"""


def test_conditions_are_sorted_and_filtered(swept, page, tmp_path, probe):
    found = probe(page, tmp_path, SORT)
    task = swept.tasks[0]
    ratios = sorted([1.0, *(f.ratio.value for f in task.findings)])
    assert found["up"] == pytest.approx(ratios, rel=1e-5)
    assert found["down"] == found["up"][::-1]
    assert found["said"] == "ascending"
    assert all("control" in row for row in found["left"])
    assert found["count"] == f"{len(found['left'])} / {1 + len(task.findings)}"


def test_the_page_asks_for_nothing_but_itself(served, tmp_path, browse):
    url, asked = served
    log = tmp_path / "net.json"
    browse(url, tmp_path, "--dump-dom", f"--log-net-log={log}")
    assert set(asked) <= {"/report.html", "/favicon.ico"}
    events = json.loads(log.read_text())["events"]
    hosts = {
        event["params"]["url"].split("/")[2]
        for event in events
        if "/" in str(event.get("params", {}).get("url", ""))
        and event["params"]["url"].startswith("http")
    }
    own = url.split("/")[2]
    outside = {host for host in hosts if host != own}
    # the browser's own start-up calls are not the page's
    assert not {h for h in outside if "google" not in h and "gvt" not in h}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_no_wider_than_the_window(page, tmp_path, width, browse):
    """A frame of that width shows how wide the page lays itself out."""
    text = base64.b64encode(page.read_bytes()).decode()
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"<iframe id=f width={width} height=900></iframe><script>"
        "const bytes = Uint8Array.from(atob('" + text + "'), c => c.charCodeAt(0));"
        "const f = document.getElementById('f');"
        "f.onload = () => { document.title = 'wide ' +"
        " f.contentDocument.documentElement.scrollWidth; };"
        "f.srcdoc = new TextDecoder().decode(bytes);"
        "</script>"
    )
    options = ("--dump-dom", "--virtual-time-budget=5000")
    dom = browse(frame.as_uri(), tmp_path, *options).stdout
    found = int(dom.partition("<title>wide ")[2].partition("<")[0])
    assert found <= width


def test_the_page_prints(page, tmp_path, browse):
    out = tmp_path / "page.pdf"
    browse(page.as_uri(), tmp_path, f"--print-to-pdf={out}")
    assert out.read_bytes().startswith(b"%PDF")

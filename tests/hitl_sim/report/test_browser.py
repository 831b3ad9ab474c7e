"""The page in a real browser: no console message, no request, nothing beside it."""

import base64
import http.server
import json
import shutil
import subprocess
import threading

import pytest

from hitl_sim.report.page import write_report

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
EVIL = "<script>console.error('ran')</script>"
WIDTHS = (1200, 390)

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason=f"none of {', '.join(NAMES)} is on PATH"
)


def browse(url, folder, *options):
    command = [
        BROWSER,
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


@pytest.fixture(scope="module")
def page(swept, verdict, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_report(
        swept, folder, rerun_command="again", title=f"Study {EVIL}", verdicts=(verdict,)
    )
    return folder / "report.html"


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


def test_the_page_opens_without_a_console_message(page, tmp_path):
    done = browse(page.as_uri(), tmp_path, "--dump-dom")
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert "The decision" in done.stdout


def test_a_message_to_the_console_would_be_seen(tmp_path):
    noisy = tmp_path / "noisy.html"
    noisy.write_text("<script>console.error('seen')</script>")
    assert "CONSOLE" in browse(noisy.as_uri(), tmp_path, "--dump-dom").stderr


def test_a_script_in_the_name_of_a_study_stays_text(page, tmp_path):
    dom = browse(page.as_uri(), tmp_path, "--dump-dom").stdout
    assert "<script" not in dom
    assert "&lt;script&gt;console.error('ran')&lt;/script&gt;" in dom


def test_the_page_asks_for_nothing_but_itself(served, tmp_path):
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
def test_the_page_is_no_wider_than_the_window(page, tmp_path, width):
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


def test_the_page_prints(page, tmp_path):
    out = tmp_path / "page.pdf"
    browse(page.as_uri(), tmp_path, f"--print-to-pdf={out}")
    assert out.read_bytes().startswith(b"%PDF")

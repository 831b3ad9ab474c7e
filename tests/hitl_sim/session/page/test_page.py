"""The page itself, in a browser: keys, time in focus, and who uses it."""

from pathlib import Path

import axe_core_python
import pytest

import hitl_sim as hs

from .browser import Browser, find_browser
from .conftest import RUN, questions

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
AUDIT = """axe.run().then(found => found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => [one.id, one.nodes[0].html]))"""
EVIL = "<img src=x onerror=\"document.title='broken'\">"
WATCHED = """
(() => {
  let now = 0;
  let focus = true;
  performance.now = () => now;
  document.hasFocus = () => focus;
  const found = new Watch();
  now = 2000; found.sign();                 // two seconds, then a key
  now = 2000 + IDLE_MS + 7000; found.sign();  // seven seconds idle
  now += 1000; focus = false; found.look(); // a second, then another window
  now += 5000; focus = true; found.look();  // for five seconds
  now += 500;
  return [found.told(), IDLE_MS / 1000];
})()
"""


@pytest.fixture
def browser(tmp_path):
    if find_browser() is None:
        pytest.skip("no Chromium is on PATH")
    with Browser(tmp_path) as browser:
        yield browser


def test_a_question_is_answered_by_keys_alone(browser, served):
    desk = served()
    loop = hs.crowd(page=desk.folder).open(RUN)
    ids = loop.post(questions(["first", EVIL], "label", options=["u", "v", "w"]))

    def audit():
        browser.run(f"{AXE};0")
        assert browser.run(AUDIT) == []
        for width in (390, 1200):
            browser.size(width, 844)
            wide, window = browser.run(
                "[document.documentElement.scrollWidth, innerWidth]"
            )
            assert wide <= window
        return True

    browser.open(desk.links["p0"])
    browser.wait_for("Before you begin")
    audit()
    browser.press("Tab")
    browser.press("Enter")
    browser.wait_for("first")
    audit()
    # nothing is chosen yet, and nothing is sent
    browser.press("Enter")
    browser.wait_for("Please choose an answer")
    browser.press("2")
    browser.press("Enter")
    browser.wait_for("1 answered")
    # what stands in a question is text
    browser.wait_for(EVIL)
    assert browser.run("document.title") == "Questions"
    browser.press("s")
    browser.wait_for("completion code")
    audit()
    found = [(a.question, a.person, a.said) for a in loop.poll()]
    assert found == [(ids[0], "p0", 1), (ids[1], "p0", None)]
    loop.close()
    # the only words to the console would be of a policy that was broken
    assert browser.console == []


def test_time_stands_still_without_focus_and_when_idle(browser, served):
    browser.open(served().address + "/#none")
    browser.wait_for("not valid")
    told, idle = browser.run(WATCHED)
    assert told["seconds"] == 2.0 + idle + 1.0 + 0.5
    assert told["away_s"] == 5.0
    assert told["wall_s"] == told["seconds"] + told["away_s"] + 7.0

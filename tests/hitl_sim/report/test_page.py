import base64
import dataclasses
import hashlib
import html
import html.parser
import json
import math
import re

import pytest
from markupsafe import escape

from hitl_sim.energy.display import format_value
from hitl_sim.report.basis import sources_of
from hitl_sim.report.figure.registry import draw_page
from hitl_sim.report.page import render_page, write_report
from hitl_sim.report.provenance import finding_numbers, ledger_numbers
from hitl_sim.report.table import Table
from hitl_sim.report.words import tell
from oracles import describe_population

EVIL = "<script>alert('x')</script> & \"co\""


@pytest.fixture(scope="module")
def figures(crowded, weighed):
    return dict(draw_page(crowded, weighed))


@pytest.fixture(scope="module")
def page(crowded, figures, weighed):
    return render_page(
        crowded,
        figures,
        rerun_command="hitl-sim run study.toml",
        title="A study",
        verdicts=weighed,
        words=tell(crowded, weighed),
    )


class Reader(html.parser.HTMLParser):
    """Collects what a browser would load, and checks that tags nest."""

    void = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, text):
        super().__init__()
        self.loads, self.tags, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [
            value
            for name, value in attrs
            if name in {"src", "href", "xlink:href", "srcset", "action", "data"}
        ]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_loads_nothing_from_anywhere(page):
    reader = Reader(page)
    assert all(value.startswith("#") for value in reader.loads)
    assert not {"link", "img", "iframe"} & set(reader.tags)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def numbers_of(page):
    """Return the data that stand behind the page's numbers."""
    found = re.search(
        r'<script type="application/json" id="numbers">(.*?)</script>', page
    )
    return json.loads(found[1])


def test_only_the_pages_own_script_may_run(page):
    (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'")
    own = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(policy)


def test_the_page_nests(page):
    assert Reader(page).open == []


def test_the_first_words_say_that_nothing_was_measured(page):
    body = page.partition("<body>")[2]
    said = re.sub(r"<[^>]+>", "", body).strip()
    assert said.startswith("Joules are modelled from counted work")


def test_the_page_goes_from_the_answer_to_figures_to_sections_that_open(page):
    order = [
        'class="answer"',
        "<svg",
        "<h2>Decision",
        "<h2>Every condition",
        "<h2>Bill",
        "<h2>Crowd",
        "<h2>Methods",
        "<h2>Reproduce",
    ]
    places = [page.index(text, page.index("<body>")) for text in order]
    assert places == sorted(places)
    assert page.count("<details>") == len(order) - 2


def test_the_page_says_how_to_run_it_again_and_where_it_ran(page):
    assert "<pre>hitl-sim run study.toml</pre>" in page
    assert "0.10.2" in page


def test_failed_runs_are_listed(page):
    listing = page.partition("runs that failed")[2].partition("</table>")[0]
    for text in ("random_half", "not_finite", "<td>2</td>"):
        assert text in listing


def test_every_condition_has_a_row_and_its_numbers_behind_it(crowded, page):
    data = numbers_of(page)
    names, texts = data["words"]["names"], data["words"]["sources"]
    task = crowded.tasks[0]
    for number, finding in enumerate((task.control, *task.findings)):
        entries = {names[entry[0]]: entry for entry in data["rows"][f"0.{number}"]}
        assert f'data-row="0.{number}"' in page
        found = finding_numbers(finding) | ledger_numbers(finding.ledger)
        assert set(entries) == set(found)
        spent = entries["expected joules per success"]
        if finding.joules.is_infinite:
            continue
        basis = data["bases"][spent[4]]
        own = sources_of(finding.joules.quantity)
        told = {texts[place] for place in basis[3]}
        assert told == {part for text in own for part in re.split("; | x | / ", text)}


def test_each_number_of_a_table_names_what_stands_behind_it(page):
    data = numbers_of(page)
    cells = re.findall(r"<tr[^>]*data-row=\"([^\"]+)\">(.*?)</tr>", page, re.DOTALL)
    assert cells
    for row, text in cells:
        behind = {entry[0] for entry in data["rows"][row]}
        for place in re.findall(r'<td data-n="(\d+)"(?! data-row)', text):
            assert int(place) in behind, (row, place)
    of_others = re.findall(r'data-n="(\d+)" data-row="([^"]+)"', page)
    assert of_others
    for place, row in of_others:
        assert int(place) in {entry[0] for entry in data["rows"][row]}


def test_words_behind_numbers_stand_once_and_cells_hold_numbers_alone(page):
    data = numbers_of(page)
    for texts in data["words"].values():
        assert len(set(texts)) == len(texts)
    for entries in data["rows"].values():
        for _, *written, _, _ in entries:
            for text in written:
                # a number, a prefixed unit, an interval
                assert len(re.findall(r"[A-Za-z]{2,}", text)) <= 2, text


def test_unavailable_numbers_stand_behind_the_page_with_their_reason(page):
    reasons = numbers_of(page)["words"]["reasons"]
    assert any("no grid region was given" in reason for reason in reasons)
    assert any("the study gives no device_usd_per_h" in reason for reason in reasons)


def test_each_svg_of_a_page_has_ids_of_its_own(figures):
    clips = [
        set(re.findall(r'<clipPath id="([^"]+)"', svg)) for svg in figures.values()
    ]
    assert all(clips)
    assert sum(map(len, clips)) == len(set().union(*clips))


def test_names_from_outside_are_escaped(crowded, figures, weighed):
    first = crowded.tasks[0]
    evil = dataclasses.replace(
        first.findings[-1], arm=EVIL, population=EVIL, settings={"arm.x": EVIL}
    )
    task = dataclasses.replace(first, findings=(*first.findings[:-1], evil))
    result = dataclasses.replace(
        crowded,
        question=EVIL,
        tasks=(task,),
        environment={EVIL: EVIL},
        study={EVIL: EVIL},
    )
    page = render_page(
        result,
        figures,
        rerun_command=EVIL,
        title=EVIL,
        verdicts=weighed,
        words=tell(result, weighed),
    )
    assert page.count("<script") == 2
    assert "&lt;script&gt;" in page
    assert EVIL not in page
    assert Reader(page).open == []


def test_a_table_with_rows_of_the_wrong_class_count_is_refused():
    with pytest.raises(ValueError, match="one per row"):
        Table(["a"], [["1"], ["2"]], classes=["x"])


def test_a_report_is_the_same_bytes_every_time(crowded, weighed, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        write_report(
            crowded, folder, rerun_command="again", title="A study", verdicts=weighed
        )
    files = [
        {p.relative_to(f): p.read_bytes() for p in sorted(f.rglob("*")) if p.is_file()}
        for f in folders
    ]
    assert files[0] == files[1]
    pages = {"report.html", "report.json"}
    drawn = {path.stem for path in files[0] if path.parent.name == "figures"}
    assert {str(path) for path in files[0] if path.parent.name != "figures"} == pages
    assert len(files[0]) == 2 + len(drawn)
    assert drawn == {"curves", "crowds", "ladder"}


def test_the_path_of_the_page_comes_back(crowded, tmp_path):
    path = write_report(crowded, tmp_path / "new", rerun_command="again", title="T")
    assert path == tmp_path / "new" / "report.html"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_standing_of_the_people_is_printed_beside_the_results(crowded, page):
    asked = {
        (finding.population, finding.kind)
        for task in crowded.tasks
        for finding in task.findings
        if finding.population is not None
    }
    assert asked
    for name, kind in asked:
        question = {"labelling": "label"}.get(kind, kind)
        assert escape(describe_population(name).status[question]) in page


def test_training_is_counted_in_three_ways_side_by_side(crowded, page):
    start = page.index("<h2>Bill")
    section = page[start : page.index("prices and constants", start)]
    for heading in ("final fit only", "all training", "whole loop"):
        assert heading in section
    control = crowded.tasks[0].control
    for scope in control.scopes:
        assert format_value(scope.value, "J") in section
    final, trained, whole = (scope.value for scope in control.scopes)
    assert final <= trained <= whole


def test_the_table_of_conditions_is_sorted_by_numbers_not_by_their_texts(page):
    start = page.index("<h2>Every condition")
    section = page[start : page.index("<h2>Bill")]
    assert section.count("<tr") == 1 + section.count("data-row")
    orders = [float(text) for text in re.findall(r'data-v="([^"]+)"', section)]
    assert orders
    assert max(orders) == math.inf

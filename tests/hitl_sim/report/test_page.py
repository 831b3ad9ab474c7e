import dataclasses
import html.parser
import json
import re

import pytest
from markupsafe import escape

from hitl_sim.report.figure.registry import draw_all
from hitl_sim.report.page import render_page, write_report
from hitl_sim.report.table import Table
from hitl_sim.report.words import tell
from oracles import describe_population

EVIL = "<script>alert('x')</script> & \"co\""


@pytest.fixture(scope="module")
def figures(crowded, weighed):
    return dict(draw_all(crowded, weighed))


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
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_page_nests(page):
    assert Reader(page).open == []


def test_the_first_words_say_that_nothing_was_measured(page):
    body = page.partition("<body>")[2]
    assert re.sub(r"<[^>]+>", "", body).startswith("No joule here was measured")


def test_the_page_goes_from_words_to_table_to_figures_to_sources(page):
    order = ["Guidance did not pay back", "who is asked", "<svg", "Methods", "Sources"]
    places = [page.index(text, page.index("<body>")) for text in order]
    assert places == sorted(places)


def test_the_page_says_how_to_run_it_again_and_where_it_ran(page):
    assert "<pre>hitl-sim run study.toml</pre>" in page
    assert "0.10.2" in page


def test_failed_runs_are_listed(page):
    listing = page.partition("Runs that failed")[2].partition("<h3>")[0]
    for text in ("random_half", "not_finite", "<td>2</td>"):
        assert text in listing


def test_every_condition_has_its_ledger_on_the_page(crowded, page):
    for finding in crowded.tasks[0].findings:
        assert f"{finding.label}: numbers and ledger" in page


def test_unavailable_numbers_stand_on_the_page_with_their_reason(page):
    assert "unavailable: no grid region was given" in page
    assert "unavailable: the study gives no device_usd_per_h" in page


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
    assert "<script" not in page
    assert "&lt;script&gt;" in page
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
    assert {"1-digits-learning", "1-digits-frontier"} <= drawn


def test_the_path_of_the_page_comes_back(crowded, tmp_path):
    path = write_report(crowded, tmp_path / "new", rerun_command="again", title="T")
    assert path == tmp_path / "new" / "report.html"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_json_holds_the_numbers_with_their_provenance(crowded, weighed, tmp_path):
    write_report(crowded, tmp_path, rerun_command="again", title="T", verdicts=weighed)
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    task, first = data["tasks"][0], crowded.tasks[0]
    upper_bound = task["upper_bound"]["joules"]
    assert upper_bound["value"] == first.control.joules.value
    assert upper_bound["kind"] == "modelled_analytic"
    assert data["sources"][str(upper_bound["sources"][0])].startswith("analytic model")
    lost = next(f for f in task["findings"] if f["arm"] == "lost")
    assert lost["rho"]["is_infinite"]
    assert lost["rho"]["high"] == "inf"
    assert lost["ledger"][0]["joules"]["value"] > 0


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
    start = page.index("What counts as training")
    section = page[start : page.index("Every number, and where it comes from", start)]
    for heading in ("final fit only", "all training", "whole loop", "kind"):
        assert heading in section
    finding = crowded.tasks[0].findings[0]
    assert escape(finding.label) in section
    final, trained, whole = finding.scopes
    assert final.value <= trained.value <= whole.value
    assert "modelled analytic" in section

"""The page of each kind of question, and what is read of it."""

from xml.etree import ElementTree

import numpy as np
import pytest
from desk_kit.label_studio_people import result_of

from hitl_sim.session.desk.label_studio.labelling import page_of, read_result
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import build_questions

OPTIONS = ["plain", 'a <b> & "c"', "two\nlines"]
KINDS = {
    "label": ({"options": OPTIONS}, 1),
    "verification": ({"options": OPTIONS, "suggestion": [1]}, 1),
    "relevance": ({}, 2),
    "importance": ({"options": OPTIONS}, (2, 0, 1)),
    "marks": ({"options": OPTIONS}, (0, 1, 1)),
    "preference": ({}, 2),
    "difficulty": ({}, 4),
}


def page(kind, item="it", **given):
    item = ("x", "y") if kind == "preference" else item
    (question,) = build_questions(kind, [item], people=2, **given)
    return page_of(question)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_page_offers_is_what_is_read_of_it(kind):
    given, said = KINDS[kind]
    made, data = page(kind, **given)
    tree = ElementTree.fromstring(made.config())
    shown = {tag.get("value") for tag in tree.iter() if tag.get("name")}
    fields = {value[1:] for value in shown if value and value.startswith("$")}
    assert fields == data.keys()
    offered = {tag.get("alias") for tag in tree.iter("Choice")}
    result = result_of(kind, made.options, said, 0.25)
    if kind != "importance":
        assert offered >= set(result[0]["value"]["choices"])
    assert read_result(made, result) == (said, 0.25)


def test_marks_of_nothing_are_an_answer():
    made, _ = page("marks", options=OPTIONS)
    result = result_of("marks", OPTIONS, (0, 0, 0))
    assert read_result(made, result) == ((0, 0, 0), None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("label", {"choices": []}),
        ("label", {"choices": ["other"]}),
        ("label", {"choices": OPTIONS[:2]}),
        ("label", {"choices": "plain"}),
        ("marks", {"choices": ["plain", "other"]}),
        ("importance", {"ranker": {"answer": OPTIONS[:2]}}),
        ("importance", {"ranker": {"answer": [OPTIONS[0]] * 3}}),
        ("importance", {"ranker": OPTIONS}),
        ("importance", {}),
    ],
)
def test_what_is_no_answer_says_nothing(kind, value):
    made, _ = page(kind, options=OPTIONS)
    sure = {"from_name": "confidence", "value": {"number": 0.5}}
    result = [{"from_name": "answer", "value": value}, sure]
    assert read_result(made, result) == (None, None)
    assert read_result(made, [sure]) == read_result(made, None) == (None, None)


@pytest.mark.parametrize("sure", [-0.1, 1.1, "0.5", None])
def test_what_is_no_confidence_is_left_out(sure):
    made, _ = page("label", options=OPTIONS)
    given = result_of("label", OPTIONS, 0)
    given.append({"from_name": "confidence", "value": {"number": sure}})
    assert read_result(made, given) == (0, None)


def test_contents_have_tags_of_their_own():
    picture = np.zeros((2, 2), np.uint8)
    for content, tag in (("text", "Text"), ({"a": 1.5}, "Table"), (picture, "Image")):
        made, data = page("relevance", content=[content])
        tree = ElementTree.fromstring(made.config())
        assert tree.find(f"{tag}[@name='part0']").get("value") == "$part0"
    assert data["part0"].startswith("data:image/png;base64,")


def test_groups_alone_are_shown_by_their_names():
    _, data = page("marks", 3, options=["age", "income"])
    assert data == {"part0": "age, income"}


def test_truth_is_never_sent():
    one, data = page("label", options=OPTIONS, truth=[2])
    other, same = page("label", options=OPTIONS, truth=[0])
    assert (one, data) == (other, same)


@pytest.mark.parametrize("option", ["costs $5", "None of these"])
def test_options_that_label_studio_has_a_use_for(option):
    with pytest.raises(SessionError, match=r"`options` must be without '\$'"):
        page("marks", options=["plain", option])

"""Which format a file has, and what is said of formats that are not imported."""

import json

import pytest

from hitl_sim.participants import format as package
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.format.registry import ROWS, formats, is_row, read_export
from hitl_sim.participants.reading.table_file import import_answers

_CHOICE = {"type": "choices", "from_name": "c", "value": {"choices": ["a"]}}
_HASHES = {"_task_hash": 1, "_input_hash": 1}
SAMPLES = {
    "Label Studio (JSON)": {
        "id": 1,
        "data": {"text": "one"},
        "annotations": [{"completed_by": 1, "result": [_CHOICE]}],
    },
    "Prodigy (db-out)": {"text": "x", "answer": "accept", "label": "A"} | _HASHES,
    "Doccano (JSONL)": {"id": 1, "text": "x", "label": ["a"], "user": "ann"},
    "Argilla (JSON)": {
        "id": "r",
        "fields": {"text": "x"},
        "responses": {"label": [{"user_id": "u", "value": "a", "status": "submitted"}]},
    },
    "rows with annotator, item and answer": {"annotator": 1, "item": 1, "answer": "a"},
}
OTHERS = {
    "argilla on the hub": {"text": "x", "label": [{"user_id": "u", "value": "a"}]},
    "doccano 1.0": {"id": 1, "text": "x", "annotations": [{"label": 1, "user": 2}]},
    "prodigy choice": {"options": [{"id": "a"}], "accept": ["a"], "answer": "accept"}
    | _HASHES,
}


def test_every_format_has_a_sample_here():
    assert {*(tool.name for tool in formats()), ROWS} == set(SAMPLES)


POLL = '''
"""A poll: who voted for what."""

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.format.task import Submission, Tool


def _read(found):
    for number, task in enumerate(found.tasks):
        found.question(number, "votes", "vote", "poll")
        for who, vote in task.value["votes"].items():
            yield Submission(number, who, {"vote": (vote,)})


FORMAT = Tool(
    "a poll",
    lambda value: "votes" in value,
    _read,
    word="question",
    kinds={"poll": LABEL},
    fields={},
    id_of=lambda value: value["of"],
    text_of=lambda value: "",
)
'''


def test_a_format_joins_as_one_file(tmp_path, monkeypatch):
    (tmp_path / "poll.py").write_text(POLL)
    folders = [*package.__path__, str(tmp_path)]
    monkeypatch.setattr(package, "__path__", folders)
    formats.cache_clear()
    path = tmp_path / "poll.json"
    path.write_text(json.dumps([{"of": "lunch", "votes": {"ann": "soup"}}]))
    try:
        answers = import_answers(path, Layout(is_pseudonymous=False))
    finally:
        formats.cache_clear()
    (row,) = answers.table.select(["annotator", "item", "answer"]).to_pylist()
    assert row == {"annotator": "ann", "item": "lunch", "answer": "soup"}


@pytest.mark.parametrize("value", [*SAMPLES.values(), *OTHERS.values()])
def test_an_object_is_of_one_format(value):
    found = [tool.name for tool in formats() if tool.recognise(value)]
    found += [ROWS] * is_row(value, Layout())
    assert len(found) == 1, found


@pytest.mark.parametrize("value", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("is_lines", [True, False])
def test_a_format_is_read_whatever_the_file_is_called(tmp_path, value, is_lines):
    path = tmp_path / "export.dat"
    path.write_text(json.dumps(value if is_lines else [value]))
    assert import_answers(path, Layout()).num_rows == 1


def test_an_object_of_another_kind_in_front_hides_no_format(tmp_path):
    path = tmp_path / "export.jsonl"
    lines = [{"id": 1, "text": "y", "label": [], "user": "ann"}]
    path.write_text("\n".join(map(json.dumps, [*lines, SAMPLES["Doccano (JSONL)"]])))
    assert import_answers(path, Layout()).num_rows == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"images": [], "annotations": [], "categories": []},
            "got COCO, which names no",
        ),
        ([{"id": 0, "paragraphs": []}], "got training data of spaCy"),
        ([{"text": "x", "ents": []}], "got documents of spaCy"),
        (
            [{"id": 1, "text": "x", "choice": "a", "annotator": 1, "annotation_id": 2}],
            "got Label Studio's JSON-MIN, which knows no skips. Export as JSON",
        ),
        ([{"id": 1, "completions": []}], "Label Studio before 1.0"),
        ([{"text": "x", "annotation": "a", "annotation_agent": "b"}], "Argilla before"),
        ([{"data_row": {}, "projects": {}}], "got an export of Labelbox"),
        ([{"speaker": "x", "turn": 3}], "objects with the fields 'speaker', 'turn'"),
        ([{}], "objects with the fields nothing"),
    ],
)
def test_what_is_no_export_that_is_known_says_what_it_is(tmp_path, value, said):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match="must be an export of Argilla") as caught:
        read_export(path, Layout())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def parts_of(value, path=()):
    """Yield the path of every part of a value."""
    yield path
    inner = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        inner = dict(enumerate(value))
    for key, part in inner.items():
        yield from parts_of(part, (*path, key))


def replaced(value, path, new):
    """Return a value in which one part is another."""
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize("value", [*SAMPLES.values(), *OTHERS.values()])
def test_whatever_a_part_is_answers_or_one_line_come_of_it(tmp_path, value):
    path, unclear = tmp_path / "export.json", []
    odd = (None, True, -1, 0.5, 10**30, float("nan"), "", "x", [], [1], [None], {})
    for part in parts_of([value]):
        for new in (*odd, {"a": 1}, [[1]]):
            path.write_text(json.dumps(replaced([value], part, new)))
            try:
                import_answers(path, Layout())
            except ValueError as error:
                if type(error) is not ValueError or "\n" in str(error):
                    unclear.append((part, new, error))
    assert not unclear


@pytest.mark.parametrize(
    ("layout", "option"),
    [
        (Layout(columns={"item": "id"}), "--column"),
        (Layout(seconds_per_unit=0.001), "--time-unit-s"),
        (Layout(confidence_max=100.0), "--confidence-max"),
    ],
)
def test_an_option_that_an_export_cannot_use_is_refused(tmp_path, layout, option):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(SAMPLES["Label Studio (JSON)"]))
    with pytest.raises(ValueError, match=f"`{option}` must be left out"):
        read_export(path, layout)


def test_answers_are_renamed_on_request(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(SAMPLES["Label Studio (JSON)"]))
    found = read_export(path, Layout(rename={"a": "cat"}))
    assert found.table.column("answer").to_pylist() == ["cat"]

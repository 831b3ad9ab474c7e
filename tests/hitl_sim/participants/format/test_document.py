"""JSON and JSON Lines, by content: encodings, archives, folders, and what is broken."""

import gzip
import json
import zipfile

import pytest

from hitl_sim.participants.format.document import looks_like_json, read_entries

ROWS = [{"id": 1, "text": "ä"}, {"id": 2}]
LIST = json.dumps(ROWS, ensure_ascii=False)
LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)


def values(path):
    return [entry.value for entry in read_entries(path)]


@pytest.mark.parametrize(
    "text", [LIST, LINES, f"\n{LINES}\n\n", json.dumps(ROWS, indent=1)]
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt"])
def test_lists_and_lines_are_told_apart_by_content(tmp_path, text, name):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert values(tmp_path / name) == ROWS
    assert looks_like_json(tmp_path / name)


def test_one_object_is_one_line(tmp_path):
    (tmp_path / "a.json").write_text('{\n "id": 1}')
    assert values(tmp_path / "a.json") == [{"id": 1}]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings_are_read_with_and_without_a_byte_order_mark(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes(LINES.encode(encoding))
    assert values(tmp_path / "a.json") == ROWS
    assert looks_like_json(tmp_path / "a.json")


def test_a_packed_file_is_unpacked(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    assert values(tmp_path / "a.jsonl.gz") == ROWS
    assert read_entries(tmp_path / "a.jsonl.gz")[0].file == "a"


def test_an_archive_gives_the_files_of_its_annotators(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("bob.jsonl", '{"id": 2}')
        archive.writestr("ann.jsonl", LINES)
        archive.writestr("idle.jsonl", "")
        archive.writestr("__MACOSX/._ann.jsonl", "no JSON")
        archive.writestr("readme.txt", "no JSON")
    found = [(entry.file, entry.number) for entry in read_entries(tmp_path / "a.zip")]
    assert found == [("ann", 1), ("ann", 2), ("bob", 1)]
    assert looks_like_json(tmp_path / "a.zip")


def test_a_folder_gives_the_files_in_it(tmp_path):
    (tmp_path / "ann.json").write_text(LIST, encoding="utf-8")
    (tmp_path / ".hidden.json").write_text("no JSON")
    assert [entry.file for entry in read_entries(tmp_path)] == ["ann", "ann"]
    assert looks_like_json(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got an empty file"),
        (" \n", "got an empty file"),
        ("\ufeff", "got an empty file"),
        ("[]", "got an empty list"),
        ("[1]", "got a number as number 1"),
        ('[{"id": 1}, null]', "got null as number 2"),
        ('["a"]', "got a text as number 1"),
        ('[["text", {"entities": []}]]', "got a list as number 1"),
        ("3", "got a number as number 1"),
        ('[{"id": 1,\n "annotations": [}]', "line 2, column 18: must be JSON"),
        (f'{LINES}\n{{"id": 3, "te', "line 3, column 11: must be JSON"),
        ("[" * 100_000, "too deep"),
        (
            '[{"id": "\\ud83d\\ude00"}, {"id": "\\ud83d"}]',
            "number 2: must be text, got half",
        ),
        ("annotator,item\nann,1\n", "got text that starts 'annotator,item'"),
    ],
)
def test_what_is_no_list_of_objects_says_what_it_is(tmp_path, text, said):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json") as caught:
        read_entries(tmp_path / "a.json")
    assert said in str(caught.value)


def test_another_encoding_names_the_byte(tmp_path):
    (tmp_path / "a.json").write_bytes('[{"id": "ä"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match="UTF-8, got byte 0xe4 at place 9"):
        read_entries(tmp_path / "a.json")


def test_what_is_not_there_or_holds_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got nothing there"):
        read_entries(tmp_path / "a.json")
    with pytest.raises(ValueError, match=r"must hold files in \.json"):
        read_entries(tmp_path)
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(ValueError, match="got files without any"):
        read_entries(tmp_path)
    (tmp_path / "a.zip").write_text("no archive")
    with pytest.raises(ValueError, match="must be readable"):
        read_entries(tmp_path / "a.zip")

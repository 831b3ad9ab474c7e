import gzip
import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from hitl_sim.task import load_task
from hitl_sim.task.table import standardise

RNG = np.random.default_rng(0)
NUM = 60
COLUMNS = {
    "height": RNG.normal(170.0, 9.0, NUM),
    "age": RNG.integers(18, 80, NUM),
    "label": np.array(["no", "yes", "maybe"] * 20),
}
WORDS = {"no": "bad poor weak", "yes": "good fine strong", "maybe": "middling so so"}


@pytest.fixture(params=["csv", "parquet"])
def save(request, tmp_path):
    def write(**columns):
        table = pa.table(
            {k: v for k, v in {**COLUMNS, **columns}.items() if v is not None}
        )
        path = tmp_path / f"mine.{request.param}"
        write_table = csv.write_csv if request.param == "csv" else parquet.write_table
        write_table(table, path)
        return path

    return write


def with_gap(values, row):
    return pa.array([None if k == row else v for k, v in enumerate(values.tolist())])


def test_columns_of_numbers_are_standardised_and_grouped_one_by_one(save):
    info, data = load_task(save())
    age = COLUMNS["age"]
    np.testing.assert_allclose(
        data.features[:, 1], (age - age.mean()) / age.std(), atol=1e-5
    )
    assert info.group_names == ("height", "age")
    assert info.class_names == ("maybe", "no", "yes")
    assert data.labels[:3].tolist() == [1, 2, 0]
    assert "standardised" in info.source


def test_both_formats_of_one_table_have_one_content(tmp_path):
    table = pa.table(COLUMNS)
    csv.write_csv(table, tmp_path / "a.csv")
    parquet.write_table(table, tmp_path / "b.parquet")
    hashes = {
        load_task(tmp_path / name)[0].content_hash for name in ("a.csv", "b.parquet")
    }
    assert len(hashes) == 1


def test_a_column_of_text_becomes_word_weights(save):
    texts = [WORDS[label] for label in COLUMNS["label"]]
    info, data = load_task(save(note=texts), text_column="note", num_features=8)
    assert (info.kind, info.num_features, info.num_groups) == ("text", 8, 8)
    assert data.features[0].any()
    assert not np.any(data.features[0] * data.features[1])
    np.testing.assert_allclose(data.size, 1.0)


def test_a_text_may_run_over_lines(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('label,note\n0,"one\ntwo"\n1,"three, four"\n' * 1)
    info, _ = load_task(path, text_column="note", num_features=4)
    assert info.num_items == 2


def test_another_label_column_is_named_and_whole_numbers_are_classes(save):
    path = save(label=None, kind=np.arange(NUM) % 3)
    info, data = load_task(path, label_column="kind")
    assert info.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(data.labels, np.arange(NUM) % 3)


def test_dictionary_labels_of_parquet_are_strings(tmp_path):
    table = pa.table(
        {**COLUMNS, "label": pa.array(COLUMNS["label"]).dictionary_encode()}
    )
    parquet.write_table(table, tmp_path / "mine.parquet")
    info, _ = load_task(tmp_path / "mine.parquet")
    assert info.class_names == ("maybe", "no", "yes")


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, {"label_column": "lable"}, r"`label_column` .*'age'.* got 'lable'"),
        ({}, {"text_column": "note"}, "`text_column` must be one of .* got 'note'"),
        ({}, {"text_column": "age"}, "must be a column of text, got type int64"),
        (
            {"city": ["Rome"] * NUM},
            {},
            "column 'city': must hold numbers, got type str",
        ),
        ({"label": np.arange(NUM) % 3 * 2}, {}, "column 'label': .* none of class 1"),
        ({"label": ["no"] * NUM}, {}, "column 'label': .* at least 2 classes, got 1"),
        (
            {"label": COLUMNS["height"]},
            {},
            "column 'label': .* got type (float64|double)",
        ),
        ({"height": None, "age": None}, {}, "must have feature columns"),
        ({}, {"num_groups": 3}, "`num_groups` must divide the 2 features"),
        (
            {"age": with_gap(COLUMNS["age"], 7)},
            {},
            "got nan in row 7 .*column 'age'",
        ),
        (
            {"height": np.where(np.arange(NUM) == 5, np.inf, COLUMNS["height"])},
            {},
            "got inf in row 5 .*column 'height'",
        ),
        (
            {"label": with_gap(np.arange(NUM) % 2, 4)},
            {},
            "column 'label': must have a value in every row, got none in row 4",
        ),
    ],
)
def test_tables_that_make_no_task_are_refused(save, columns, options, message):
    with pytest.raises(ValueError, match=message):
        load_task(save(**columns), **options)


def test_a_broken_file_is_refused_by_its_path(tmp_path):
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"not a table")
    with pytest.raises(ValueError, match=r"mine.parquet: must be a readable .parquet"):
        load_task(path)


def test_a_column_name_given_twice_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("x,x,label\n1,2,0\n3,4,1\n")
    with pytest.raises(
        ValueError, match="different column names, got 'x' more than once"
    ):
        load_task(path)


def test_a_constant_column_becomes_zero_and_huge_numbers_stay_finite():
    features = np.array([[7.0, 1e308], [7.0, -1e308], [7.0, 0.0]])
    scaled = standardise(features)
    np.testing.assert_array_equal(scaled[:, 0], 0.0)
    np.testing.assert_allclose(scaled[:, 1], np.sqrt(1.5) * np.array([1.0, -1.0, 0.0]))


ROWS = [("ham", "how are you"), ("spam", "win a prize now"), ("ham", "see you now")]


def write_rows(path, form):
    if form.startswith("jsonl"):
        lines = [json.dumps({"label": k, "text": t}) for k, t in ROWS]
    else:
        mark = "\t" if form.startswith("tsv") else ","
        lines = [f"label{mark}text", *(f"{k}{mark}{t}" for k, t in ROWS)]
    content = "\n".join(lines).encode() + b"\n"
    path.write_bytes(gzip.compress(content) if form.endswith("gz") else content)


FORMS = ["csv", "tsv", "jsonl", "csv.gz", "tsv.gz", "jsonl.gz"]


def test_every_text_format_of_one_table_has_one_content(tmp_path):
    found = set()
    for form in FORMS:
        path = tmp_path / f"mine.{form}"
        write_rows(path, form)
        info, _ = load_task(path, text_column="text", num_features=4)
        assert info.name == "mine"
        found.add(info.content_hash)
    assert len(found) == 1


def test_text_as_tokens_groups_the_words_of_the_vocabulary(tmp_path):
    write_rows(tmp_path / "mine.csv", "csv")
    info, data = load_task(
        tmp_path / "mine.csv",
        text_column="text",
        num_features=4,
        representation="tokens",
        length=5,
    )
    assert data.features.shape == (3, 5)
    assert (info.vocabulary, info.num_features) == (6, 5)
    assert np.sort(data.groups, axis=None).tolist() == [0, 1, 2, 3]
    assert data.features.max() == 5


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize(
    ("column", "old", "new"),
    [("text", b"prize", b"pri\xe9"), ("label", b"ham", b"h\xe4")],
)
def test_another_encoding_is_refused_by_column_byte_and_row(
    tmp_path, form, column, old, new
):
    path = tmp_path / f"mine.{form}"
    write_rows(path, form)
    path.write_bytes(path.read_bytes().replace(old, new))
    message = rf"column '{column}': must be text in UTF-8, got byte 0x.. in row [01]"
    with pytest.raises(ValueError, match=message):
        load_task(path, text_column="text", num_features=4)


@pytest.mark.parametrize("form", ["csv", "tsv.gz", "jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_in_utf_16_is_refused_as_such(tmp_path, form, encoding):
    plain, path = tmp_path / form.removesuffix(".gz"), tmp_path / f"mine.{form}"
    write_rows(plain, form.removesuffix(".gz"))
    content = plain.read_text(encoding="utf-8").encode(encoding)
    path.write_bytes(gzip.compress(content) if form.endswith("gz") else content)
    with pytest.raises(ValueError, match=r"in UTF-8, got byte 0x00 .* as in UTF-16"):
        load_task(path, text_column="text", num_features=4)


def test_a_parser_s_words_stay_on_one_line(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('label,text\nham,"one\ntwo","three\nfour"\n')
    with pytest.raises(ValueError, match="Expected 2 columns, got 3") as refused:
        load_task(path, text_column="text")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_a_missing_column_is_named_beside_those_there_are(tmp_path, form):
    path = tmp_path / f"mine.{form}"
    write_rows(path, form)
    message = r"`text_column` must be one of .*'label', 'text'.* got 'note'"
    with pytest.raises(ValueError, match=message):
        load_task(path, text_column="note")


@pytest.mark.parametrize("form", ["csv.gz", "jsonl", "tsv"])
def test_a_broken_text_file_is_refused_by_its_path(tmp_path, form):
    path = tmp_path / f"mine.{form}"
    path.write_bytes(b'{"label": \n"\xff\xfe')
    with pytest.raises(ValueError, match=rf"mine\.{form}"):
        load_task(path, text_column="text")


@pytest.mark.parametrize("ids", [np.arange(NUM), np.arange(NUM).astype(str)])
def test_a_column_of_ids_names_the_items_and_is_no_feature(save, ids):
    plain, _ = load_task(save(age=None))
    info, data = load_task(save(age=None, code=ids), item_column="code")
    assert info.item_ids == tuple(str(k) for k in range(NUM))
    assert info.group_names == ("height",)
    assert plain.item_ids is None
    assert info.content_hash == plain.content_hash
    assert data.features.shape == (NUM, 1)


def test_ids_of_a_text_file_stay_as_they_are_written(tmp_path):
    rows = "".join(f"{k:03d},{k % 2},{k / 7}\n" for k in range(20))
    path = tmp_path / "mine.csv"
    path.write_text("code,label,x\n" + rows)
    info, _ = load_task(path, item_column="code")
    assert info.item_ids[:2] == ("000", "001")


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["a", *map(str, range(1, NUM - 1)), "a"], r"got 'a' in rows 0 and 59"),
        ([" ", *map(str, range(1, NUM))], r"must have an id in every row, got ''"),
        (np.linspace(0.5, 1.0, NUM), "must be texts or whole numbers, got double"),
    ],
)
def test_ids_that_do_not_name_each_item_once_are_refused(tmp_path, ids, words):
    path = tmp_path / "mine.parquet"
    parquet.write_table(pa.table(COLUMNS | {"code": ids}), path)
    with pytest.raises(ValueError, match=words):
        load_task(path, item_column="code")

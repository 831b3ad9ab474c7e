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
            r"column 'city': must hold numbers, got type string \('Rome'\). Name "
            "it in `categorical`",
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
            r"got nan in row 8 .*column 'age' \(1 such value in 1 of 60 rows\). Fill",
        ),
        (
            {"height": np.where(np.arange(NUM) == 5, np.inf, COLUMNS["height"])},
            {},
            "got inf in row 6 .*column 'height'",
        ),
        (
            {"label": with_gap(np.arange(NUM) % 2, 4)},
            {},
            "column 'label': must have a value in every row, got none in row 5 .*1 su",
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
    message = rf"column '{column}': must be text in UTF-8, got byte 0x.. in row [12]"
    with pytest.raises(ValueError, match=message):
        load_task(path, text_column="text", num_features=4)


def write_encoded(folder, form, encoding):
    plain, path = folder / form.removesuffix(".gz"), folder / f"mine.{form}"
    write_rows(plain, form.removesuffix(".gz"))
    content = plain.read_text(encoding="utf-8").encode(encoding)
    path.write_bytes(gzip.compress(content) if form.endswith("gz") else content)
    return path


@pytest.mark.parametrize("form", ["csv", "tsv.gz", "jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_without_a_mark_is_refused_as_such(tmp_path, form, encoding):
    path = write_encoded(tmp_path, form, encoding)
    with pytest.raises(ValueError, match=r"in UTF-8, got byte 0x00 .* as in UTF-16"):
        load_task(path, text_column="text", num_features=4)


@pytest.mark.parametrize("form", ["csv", "tsv.gz", "jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, form, encoding):
    write_rows(tmp_path / "plain.csv", "csv")
    options = {"text_column": "text", "num_features": 4}
    plain, _ = load_task(tmp_path / "plain.csv", **options)
    path = write_encoded(tmp_path, form, encoding)
    info, _ = load_task(path, **options)
    assert info.content_hash == plain.content_hash


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
        (["a", *map(str, range(1, NUM - 1)), "a"], r"got 'a' in rows 1 and 60"),
        ([" ", *map(str, range(1, NUM))], r"must have an id in every row, got ''"),
        (np.linspace(0.5, 1.0, NUM), "must be texts or whole numbers, got double"),
    ],
)
def test_ids_that_do_not_name_each_item_once_are_refused(tmp_path, ids, words):
    path = tmp_path / "mine.parquet"
    parquet.write_table(pa.table(COLUMNS | {"code": ids}), path)
    with pytest.raises(ValueError, match=words):
        load_task(path, item_column="code")


def rows_of(*columns, mark=",", count=40):
    """Write rows of cells that repeat, below a header `x0,x1,...,label`."""
    header = [*(f"x{k}" for k in range(len(columns) - 1)), "label"]
    lines = [[column[i % len(column)] for column in columns] for i in range(count)]
    return "\n".join(mark.join(line) for line in [header, *lines]) + "\n"


NUMBERS, LABELS = ["1.5", "-2", "0.25"], ["no", "yes"]


@pytest.mark.parametrize(
    ("name", "mark", "told"),
    [
        ("mine.csv", ";", "';', not by ','"),
        ("mine.csv", "\t", "'\\t', not by ','"),
        ("mine.tsv", ",", "',', not by '\\t'"),
    ],
)
def test_a_table_is_read_by_the_delimiter_that_it_has(tmp_path, name, mark, told):
    usual, other = tmp_path / "usual.csv", tmp_path / name
    usual.write_text(rows_of(NUMBERS, NUMBERS[::-1], LABELS))
    other.write_text(rows_of(NUMBERS, NUMBERS[::-1], LABELS, mark=mark))
    plain, info = load_task(usual)[0], load_task(other)[0]
    assert info.content_hash == plain.content_hash
    assert plain.notes == ()
    assert info.notes == (f"cells are separated by {told}",)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_decimal_comma_is_read_and_told(tmp_path, mark):
    usual, comma = tmp_path / "usual.csv", tmp_path / "comma.csv"
    usual.write_text(rows_of(NUMBERS, LABELS))
    comma.write_text(rows_of([n.replace(".", ",") for n in NUMBERS], LABELS, mark=mark))
    info = load_task(comma)[0]
    assert info.content_hash == load_task(usual)[0].content_hash
    assert info.notes[1] == "numbers have a decimal comma"


def test_the_line_that_tells_excel_the_delimiter_is_no_header(tmp_path):
    usual, told = tmp_path / "usual.csv", tmp_path / "told.csv"
    usual.write_text(rows_of(NUMBERS, LABELS))
    told.write_text("sep=;\n" + rows_of(NUMBERS, LABELS, mark=";"))
    assert load_task(told)[0].content_hash == load_task(usual)[0].content_hash


def test_quoted_decimal_commas_are_read_and_thousands_are_not(tmp_path):
    usual, comma = tmp_path / "usual.csv", tmp_path / "comma.csv"
    usual.write_text(rows_of(["1.5", "0.125", "-2"], LABELS))
    comma.write_text(rows_of(['"1,5"', '"0,125"', "-2"], LABELS))
    assert load_task(comma)[0].content_hash == load_task(usual)[0].content_hash
    comma.write_text(rows_of(['"4,017"', '"1,200"', "900"], LABELS))
    with pytest.raises(ValueError, match=r"'x0': must hold numbers, got .*'4,017'"):
        load_task(comma)


def test_a_gap_among_decimal_commas_is_a_missing_number(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(["1,5", "NA", "2"], LABELS, mark=";"))
    with pytest.raises(ValueError, match=r"got nan in row 2 .*column 'x0' \(13 such"):
        load_task(path)


def test_labels_with_decimal_commas_are_classes(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(NUMBERS, ["0,0", "1,0"], mark=";"))
    assert load_task(path)[0].class_names == ("0", "1")


def test_blanks_in_the_header_hide_no_column(tmp_path):
    path = tmp_path / "mine.csv"
    rows = "".join(f"{k:03d}, {k / 7}, {'yn'[k % 2]}\n" for k in range(20))
    path.write_text("code , x, label\n" + rows)
    info, _ = load_task(path, item_column="code")
    assert info.group_names == ("x",)
    assert info.class_names == ("n", "y")
    assert info.item_ids[1] == "001"


def test_whole_ids_that_a_join_made_fractions_are_called_as_in_answers(tmp_path):
    path = tmp_path / "mine.csv"
    rows = "".join(f"{k}.0,{k / 7},{k % 2}\n" for k in range(20))
    path.write_text("code,x,label\n" + rows)
    assert load_task(path, item_column="code")[0].item_ids[:2] == ("0", "1")


@pytest.mark.parametrize(
    ("labels", "classes", "notes"),
    [
        (["0", "1"], ("0", "1"), ()),
        (["0.0", "1.0"], ("0", "1"), ()),
        # a parser of CSV sees numbers already
        (["0", "0.0", "1", "1.0"], ("0", "1"), None),
        (
            ["true", "x", "TRUE"],
            ("true", "x"),
            ("'TRUE', 'true' are one truth value, and one class",),
        ),
        (
            ["yes", "yes ", "no"],
            ("no", "yes"),
            ("without them 1 of 3 labels are the same class",),
        ),
        (["01", "1", "x"], ("01", "1", "x"), ("differ only in the spelling of a num",)),
        (["0", "x", "0.0"], ("0", "x"), ("'0', '0.0' are one number, and one class",)),
        (["yes", "Yes", "no"], ("Yes", "no", "yes"), ("'Yes', 'yes' differ only",)),
        (["caf\u00e9", "cafe\u0301"], ("cafe\u0301", "caf\u00e9"), ("differ only in",)),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_label_is_the_same_class_however_its_number_is_written(
    tmp_path, labels, classes, notes, form
):
    path = tmp_path / f"mine.{form}"
    if form == "csv":
        path.write_text(rows_of(NUMBERS, labels), encoding="utf-8")
    elif form == "jsonl":
        lines = [{"x0": k, "label": labels[k % len(labels)]} for k in range(40)]
        path.write_text("\n".join(map(json.dumps, lines)))
    else:
        columns = {"x0": np.arange(40), "label": (labels * 40)[:40]}
        parquet.write_table(pa.table(columns), path)
    info, _ = load_task(path)
    assert info.class_names == classes
    told = [note for note in info.notes if "class" in note]
    if notes is not None:
        assert len(told) == len(notes)
        assert all(want in note for want, note in zip(notes, told, strict=True))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            (NUMBERS, ["no", "NA", "yes"]),
            r"column 'label': must name a class in every row, got 'NA' in row 2 .*13 "
            "without a label in all.*Leave those rows out",
        ),
        (
            (NUMBERS, ["no", "NaT", "\\N"]),
            "must name a class in every row, got 'NaT' in row 2 .*26 without a label",
        ),
        (
            (NUMBERS, ["0", "None", "1"]),
            "column 'label': must have a value in every row, got none in row 2",
        ),
        (
            (NUMBERS, ["low", "low", "high|old"]),
            r"must be one label per item, got 'high\|old' in row 3 .*13 such rows.*"
            r"with '\|' between them. Keep one",
        ),
        (
            ([*["1.5"] * 9, "?"], LABELS),
            r"column 'x0': must hold numbers, got '\?' in row 10 .*; 4 such values\)",
        ),
        (
            (NUMBERS, [*"abcd"], LABELS),
            r"column 'x1': must hold numbers, got type string \('a', 'b', 'c', ...\).*"
            r"Name it in `categorical`.* its 4 values .*\(one-hot\), leave it out",
        ),
        (
            ([*["1.5"] * 9, "None"], LABELS),
            r"got nan in row 10 .*column 'x0' \(4 such values in 4 of 40 rows\). Fill",
        ),
    ],
    ids=[
        "no label",
        "other marks",
        "no number",
        "several",
        "a stray mark",
        "categories",
        "missing",
    ],
)
def test_cells_that_make_no_task_are_refused_with_a_way_out(tmp_path, columns, message):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(*columns))
    with pytest.raises(ValueError, match=message) as refused:
        load_task(path)
    assert str(refused.value).isprintable()


def test_a_list_of_labels_is_refused_by_its_type(tmp_path):
    path = tmp_path / "mine.jsonl"
    lines = [{"x": k, "label": ["a", "b"][: 1 + k % 2]} for k in range(9)]
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match=r"one label per item, got type list<"):
        load_task(path)


def test_a_line_of_numbers_is_no_header(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(rows_of(NUMBERS, NUMBERS, ["0", "1"]).splitlines()[1:]))
    message = r"must begin with the names of its columns, got a line of numbers \('1.5'"
    with pytest.raises(ValueError, match=message):
        load_task(path)


@pytest.mark.parametrize("text", ["so so", "good day"])
def test_a_line_of_values_is_no_header(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of([text, "bad day"], LABELS).partition("\n")[2])
    with pytest.raises(ValueError, match="a line of values") as refused:
        load_task(path, text_column="text")
    assert f"({text!r}, 'no')" in str(refused.value)


def test_columns_may_be_called_by_their_numbers(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(NUMBERS, NUMBERS, LABELS).replace("x", ""))
    assert load_task(path)[0].group_names == ("0", "1")


@pytest.mark.parametrize("text_column", [None, "x0"])
def test_a_header_that_comes_again_is_no_item(tmp_path, text_column):
    path = tmp_path / "mine.csv"
    cells = NUMBERS if text_column is None else ["good day", "bad day"]
    once = rows_of(cells, LABELS)
    path.write_text(once + once)
    with pytest.raises(ValueError, match="got the header again in row 41 "):
        load_task(path, text_column=text_column, num_features=8)


def test_a_header_that_comes_again_otherwise_is_no_item(tmp_path):
    path, cells = tmp_path / "mine.csv", ["good day", "x0"]
    once = rows_of(cells, LABELS)
    for again in ("label,x0\n", "\ufeffx0,label\n", " x0 ,label\n"):
        path.write_text(once + again)
        with pytest.raises(ValueError, match="got the header again in row 41 "):
            load_task(path, text_column="x0", num_features=2)
    path.write_text(once + "x0,x0\n")
    assert load_task(path, text_column="x0", num_features=2)[0].num_classes == 3


def test_a_column_without_a_name_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(NUMBERS, NUMBERS, LABELS).replace("x0,", ",", 1))
    with pytest.raises(ValueError, match="a name for every column, got none for col"):
        load_task(path)


def test_decimals_and_dictionaries_are_the_numbers_that_they_say(tmp_path):
    values = np.arange(40) / 4
    exact = pa.array(values).cast(pa.decimal128(6, 2))
    coded = pa.array(values[::-1]).dictionary_encode()
    hashes = set()
    for name, columns in (("a", (values, values[::-1])), ("b", (exact, coded))):
        path = tmp_path / f"{name}.parquet"
        table = {"x": columns[0], "y": columns[1], "label": np.arange(40) % 2}
        parquet.write_table(pa.table(table), path)
        hashes.add(load_task(path)[0].content_hash)
    assert len(hashes) == 1


def test_texts_ids_and_labels_may_be_dictionaries(tmp_path):
    hashes = set()
    for encode in (pa.array, lambda v: pa.array(v).dictionary_encode()):
        table = {"text": encode([text for _, text in ROWS]), "id": encode([*"abc"])}
        table["label"] = encode([label for label, _ in ROWS])
        parquet.write_table(pa.table(table), tmp_path / "mine.parquet")
        info, _ = load_task(
            tmp_path / "mine.parquet",
            text_column="text",
            item_column="id",
            num_features=4,
        )
        assert info.item_ids == ("a", "b", "c")
        hashes.add(info.content_hash)
    assert len(hashes) == 1


def test_times_are_refused_by_their_type(tmp_path):
    path = tmp_path / "mine.parquet"
    spans = pa.array(range(40), pa.duration("ms"))
    parquet.write_table(pa.table({"x": spans, "label": np.arange(40) % 2}), path)
    with pytest.raises(ValueError, match=r"column 'x': .* got type duration\[ms\]"):
        load_task(path)


GAPS = [*["1.5"] * 9, "NA"]


def saved(tmp_path, *columns):
    path = tmp_path / "mine.csv"
    path.write_text(rows_of(*columns, count=max(40, *map(len, columns))))
    return path


def test_missing_numbers_are_the_median_of_their_column(tmp_path):
    path = saved(tmp_path, ["1.0", "2.0", "7.0", "NA"], NUMBERS, LABELS)
    info, data = load_task(path, impute="median")
    assert info.num_items == 40
    # 1, 2, 7 and the median 2, standardised
    column = np.array([1.0, 2.0, 7.0, 2.0])
    expected = (column - column.mean()) / column.std()
    np.testing.assert_allclose(data.features[:4, 0], expected, atol=1e-5)
    assert any(
        "10 missing numbers in 10 of 40 rows are the median" in n for n in info.notes
    )


def test_rows_with_a_missing_number_are_left_out(tmp_path):
    path = saved(tmp_path, GAPS, NUMBERS, LABELS)
    info, data = load_task(path, impute="drop")
    assert info.num_items == len(data.labels) == 36
    assert any("4 of 40 rows are left out" in note for note in info.notes)


def test_each_value_of_a_category_is_a_feature(tmp_path):
    path = saved(tmp_path, ["red", "blue", "", "red"], NUMBERS, LABELS)
    info, data = load_task(path, categorical=("x0",))
    assert info.group_names[:3] == ("x0=(none)", "x0=blue", "x0=red")
    is_red = data.features[:4, 2] > 0.0
    assert is_red.tolist() == [True, False, False, True]
    assert any("its 10 empty cells are a value too" in note for note in info.notes)
    # numbers may be codes
    codes, _ = load_task(path, categorical=("x0", "x1"))
    assert "x1=1.5" in codes.group_names


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (
            (GAPS, LABELS),
            {"impute": "mean"},
            "`impute` must be one of 'median', 'drop'",
        ),
        (
            (["NA"], NUMBERS, LABELS),
            {"impute": "median"},
            "column 'x0': must hold a number at the least where `impute` is 'median'",
        ),
        (
            (["NA"], NUMBERS, LABELS),
            {"impute": "drop"},
            "`features` must be an array .* at least one",
        ),
        (
            (NUMBERS, LABELS),
            {"categorical": ("x7",)},
            r"`categorical` must name feature columns of .*\('x0'\), got 'x7'",
        ),
        (
            ([f"v{i}" for i in range(300)], LABELS),
            {"categorical": ("x0",)},
            r"column 'x0' \(`categorical`\): must have at most 256 .* values, got 300",
        ),
        (
            (["red"], LABELS),
            {"text_column": "x0", "impute": "drop"},
            "`impute` must be left out beside `text_column`",
        ),
    ],
)
def test_what_cannot_be_filled_or_split_is_refused(tmp_path, columns, options, message):
    path = saved(tmp_path, *columns)
    with pytest.raises(ValueError, match=message):
        load_task(path, **options)


def test_only_a_table_has_categories(tmp_path):
    with pytest.raises(
        ValueError, match=r"`categorical` must be left out for 'digits'"
    ):
        load_task("digits", categorical=("x0",))

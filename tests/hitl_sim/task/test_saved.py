"""Data sets in Arrow, files and folders as Hugging Face's `datasets` writes them."""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from hitl_sim.task import load_task

RNG = np.random.default_rng(5)
NUM = 60
NAMES = ["no", "yes", "maybe"]
LABELS = [0, 1, 2] * 20
COLUMNS = {"height": RNG.normal(170.0, 9.0, NUM), "label": LABELS}
CLASSES = {"label": {"names": NAMES, "_type": "ClassLabel"}}


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def pixels(side=8):
    return RNG.integers(0, 256, (NUM, side, side), dtype=np.uint8)


def told(columns, features):
    """Return a table whose schema says what its columns are, as `datasets` does."""
    words = json.dumps({"info": {"features": features}}).encode()
    return pa.table(columns).replace_schema_metadata({b"huggingface": words})


def save(folder, table, parts=2):
    """Write a split as `Dataset.save_to_disk` does."""
    folder.mkdir(parents=True)
    size = -(-table.num_rows // parts)
    names = [f"data-{k:05d}-of-{parts:05d}.arrow" for k in range(parts)]
    for k, name in enumerate(names):
        with pa.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(table.slice(k * size, size))
    state = {"_data_files": [{"filename": name} for name in names]}
    (folder / "state.json").write_text(json.dumps(state))
    return folder


def write_file(path, table, opened):
    with opened(path, table.schema) as stream:
        stream.write_table(table)
    return path


@pytest.fixture
def pictures():
    images = pixels()
    cells = [{"bytes": png(one), "path": None} for one in images]
    features = {"image": {"_type": "Image"}, **CLASSES}
    return images, told({"image": cells, "label": LABELS}, features)


def test_every_form_of_one_table_has_one_content(tmp_path):
    table = told(COLUMNS, CLASSES)
    named = pa.table({**COLUMNS, "label": [NAMES[k] for k in LABELS]})
    parquet.write_table(named, tmp_path / "a.parquet")
    made = [
        tmp_path / "a.parquet",
        write_file(tmp_path / "b.arrow", table, pa.ipc.new_stream),
        write_file(tmp_path / "c.feather", table, pa.ipc.new_file),
        save(tmp_path / "d", table),
    ]
    found = [load_task(path)[0] for path in made]
    assert len({info.content_hash for info in found}) == 1
    assert {info.class_names for info in found} == {("maybe", "no", "yes")}


def test_a_column_of_text_is_read_from_a_folder(tmp_path):
    words = [f"the word {NAMES[k]} again and again" for k in LABELS]
    folder = save(tmp_path / "a", told({"text": words, "label": LABELS}, CLASSES))
    info, _ = load_task(folder, text_column="text", num_features=4, num_groups=4)
    assert (info.kind, info.num_items) == ("text", NUM)


def test_pictures_of_a_folder_are_those_of_the_files(tmp_path, pictures):
    images, table = pictures
    info, data = load_task(save(tmp_path / "a", table), num_groups=4)
    assert info.kind == "image"
    np.testing.assert_allclose(data.features, images.reshape(NUM, -1) / 255, atol=1e-6)
    parquet.write_table(table, tmp_path / "b.parquet")
    other, _ = load_task(tmp_path / "b.parquet", num_groups=4)
    assert other.content_hash == info.content_hash
    small, _ = load_task(tmp_path / "a", image_size=4, num_groups=4)
    assert small.num_features == 16


def test_several_splits_are_not_one(tmp_path):
    for split in ("train", "test"):
        save(tmp_path / "a" / split, told(COLUMNS, CLASSES))
    (tmp_path / "a" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(
        ValueError, match="one split of a data set, got several"
    ) as found:
        load_task(tmp_path / "a")
    assert str(tmp_path / "a" / "train") in str(found.value)
    load_task(tmp_path / "a" / "test")


def test_an_item_without_a_class_is_missing(tmp_path):
    table = told({**COLUMNS, "label": [-1, *LABELS[1:]]}, CLASSES)
    with pytest.raises(ValueError, match="column 'label': must have a value in every"):
        load_task(save(tmp_path / "a", table))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ('{"_data_files": []}', "must list files of its folder"),
        ('{"_data_files": [{"filename": "../x.arrow"}]}', "must list files of its fol"),
        ("{", "must be JSON"),
        ("[]", "must be a table of JSON"),
        ('{"_data_files": [{"filename": "gone.arrow"}]}', r"must be a readable .arrow"),
    ],
)
def test_a_broken_folder_says_what_is_wrong(tmp_path, state, words):
    folder = save(tmp_path / "a", told(COLUMNS, CLASSES))
    (folder / "state.json").write_text(state)
    with pytest.raises(ValueError, match=words):
        load_task(folder)


def test_a_label_beyond_its_classes_is_refused(tmp_path):
    table = told({**COLUMNS, "label": [3, *LABELS[1:]]}, CLASSES)
    with pytest.raises(ValueError, match="3 classes that the file names, got 3"):
        load_task(save(tmp_path / "a", table))


def test_a_file_that_is_no_arrow_is_refused(tmp_path):
    (tmp_path / "a.arrow").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"must be a readable .arrow table"):
        load_task(tmp_path / "a.arrow")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (None, "got nothing"),
        ({"bytes": None, "path": "a.png"}, "got a path alone"),
        ({"bytes": b"no picture", "path": None}, "must be a whole image"),
        ({"bytes": png(np.zeros((4, 4), np.uint8)), "path": None}, "Give `image_size`"),
    ],
)
def test_a_picture_that_cannot_be_seen_is_named(tmp_path, pictures, cell, words):
    _, table = pictures
    cells = [*table.column("image").to_pylist()[:-1], cell]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    column = pa.chunked_array([pa.array(cells, kind)])
    broken = table.set_column(0, "image", column)
    with pytest.raises(ValueError, match=words) as found:
        load_task(save(tmp_path / "a", broken), num_groups=4)
    assert "row 60" in str(found.value)

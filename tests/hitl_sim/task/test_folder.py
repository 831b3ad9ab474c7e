import numpy as np
import pytest
from PIL import Image

from hitl_sim.task import load_task

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    """Four 4 x 4 grey images of each of two classes."""
    for name, level in (("cat", 60), ("dog", 200)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(4):
            pixels = np.full((4, 4), level + i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{i}.png")
    return tmp_path / "pets"


def put(folder, name, pixels, **options):
    Image.fromarray(pixels).save(folder / name, **options)


def refused(folder, message, **options):
    with pytest.raises(ValueError, match=message):
        load_task(folder, **options)


def test_subfolders_are_classes_and_pixels_are_scaled(folder):
    info, data = load_task(folder)
    assert info.class_names == ("cat", "dog")
    assert (info.name, info.kind, info.shape) == ("pets", "image", (4, 4, 1))
    np.testing.assert_array_equal(data.labels, np.repeat([0, 1], 4))
    np.testing.assert_allclose(data.features[5], 201 / 255, rtol=1e-6)


def test_one_image_in_colour_makes_all_three_channels(folder):
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0] = 255
    put(folder, "dog/red.png", pixels)
    info, data = load_task(folder)
    assert info.shape == (4, 4, 3)
    np.testing.assert_array_equal(data.features[-1][:3], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(data.features[0], 60 / 255, rtol=1e-6)


def test_images_are_resized_where_a_size_is_given(folder):
    put(folder, "dog/wide.jpg", np.full((5, 9), 90, np.uint8))
    info, data = load_task(folder, image_size=2)
    assert info.shape == (2, 2, 1)
    np.testing.assert_allclose(data.features[-1], 90 / 255, atol=0.01)


def test_images_of_two_sizes_are_refused_with_the_remedy(folder):
    put(folder, "dog/wide.png", np.zeros((5, 9), np.uint8))
    refused(folder, r"wide\.png: must have the size .* got 5 x 9. Give `image_size`")


@pytest.mark.parametrize("content", [b"", b"no image", "cut"])
def test_a_broken_image_is_refused_by_name(folder, content):
    path = folder / "cat" / "broken.png"
    if content == "cut":
        put(folder, "cat/broken.png", RNG.integers(0, 256, (64, 64), dtype=np.uint8))
        content = path.read_bytes()[:-900]
    path.write_bytes(content)
    refused(folder, r"cat.broken\.png: must be a whole image, got: ", image_size=4)


def test_an_image_of_sixteen_bits_is_refused_rather_than_clipped(folder):
    put(folder, "cat/deep.png", np.full((4, 4), 40_000, np.uint16))
    refused(folder, r"deep\.png: must have 8 bits per channel, got mode 'I;16'")


def test_a_file_that_is_no_image_and_an_empty_class_are_named(folder):
    (folder / "bird").mkdir()
    refused(folder, "bird: must hold images, got an empty folder")
    (folder / "bird" / "notes.txt").write_text("x")
    refused(folder, r"notes\.txt: must be one of .png, .jpg, .jpeg, got '.txt'")


def test_a_folder_without_two_classes_is_refused(tmp_path):
    refused(tmp_path, "at least 2 classes, got 0")

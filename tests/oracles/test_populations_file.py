import re

import jax
import pytest

from oracles import POPULATIONS, build_population, describe_population
from oracles.populations import KINDS

NIGHT = """
[night]
summary = "Our own crowd, after ten in the evening."
based_on = "typical"
status = { label = "calibrated (on our pilot)" }

[night.accuracy]
label = { value = 0.81, status = "calibrated", source = "our pilot, 40 people" }

[night.lapse]
relevance = { value = 0.2, status = "assumed", source = "they are tired" }
"""
DAY = NIGHT.replace("night", "day")


@pytest.fixture
def write(tmp_path):
    def to(text):
        path = tmp_path / "my_people.toml"
        path.write_text(text)
        return str(path)

    return to


def test_a_file_with_one_population_is_named_by_its_path(write):
    found = describe_population(write(NIGHT))
    assert (found.name, found.values("label")["accuracy"]) == ("night", 0.81)
    assert found.status["label"] == "calibrated (on our pilot)"
    assert found.status["marks"] == "assumed"


def test_one_of_several_is_named_after_a_colon(write):
    path = write(NIGHT + DAY)
    assert describe_population(f"{path}:day").name == "day"
    with pytest.raises(ValueError, match=rf"\(night, day\), as '{path}:night'"):
        describe_population(path)
    with pytest.raises(ValueError, match="must name one of those"):
        describe_population(f"{path}:noon")


def test_what_a_population_does_not_say_is_that_of_its_base_kind_by_kind(write):
    found, base = describe_population(write(NIGHT)), POPULATIONS["typical"]
    assert found.values("relevance") == base.values("relevance") | {"lapse": 0.2}
    assert found.values("label") == base.values("label") | {"accuracy": 0.81}
    for kind in ("marks", "preference", "difficulty"):
        assert found.values(kind) == base.values(kind)


def test_a_file_may_bring_its_own_default(write):
    text = NIGHT.replace('based_on = "typical"\n', "")
    pause = '[default.pause]\nall = { value = 0.5, status = "assumed", source = "x" }\n'
    found = describe_population(write(pause + text)).values("label")
    assert found["pause"] == 0.5
    assert found["seconds"] == 4.2


def test_a_population_may_be_based_on_an_earlier_one_of_its_file(write):
    more = '\n[late]\nsummary = "Later still."\nbased_on = "night"\n'
    path = write(NIGHT + more)
    assert describe_population(f"{path}:late").values("label")["accuracy"] == 0.81


def test_a_population_of_a_file_is_built_like_a_named_one(write):
    mine = build_population(write(NIGHT), "label", 10)
    named = build_population("typical", "label", 10, accuracy=0.81)
    assert jax.tree.map(float, mine) == jax.tree.map(float, named)


def test_a_kind_of_which_nothing_is_said_is_refused_when_it_is_asked(write):
    path = write(NIGHT.replace('based_on = "typical"\n', ""))
    build_population(path, "label", 10)
    with pytest.raises(ValueError, match=r"must be given for marks in .* 'night'"):
        build_population(path, "marks", 5)


def test_the_content_hash_follows_the_numbers_of_a_kind_and_nothing_else(write):
    before = describe_population(write(NIGHT))
    other_words = describe_population(write(NIGHT.replace("40 people", "41 people")))
    other_number = describe_population(write(NIGHT.replace("0.81", "0.82")))
    for kind in KINDS:
        assert before.content_hash(kind) == other_words.content_hash(kind)
        is_same = before.content_hash(kind) == other_number.content_hash(kind)
        assert is_same == (kind != "label")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("night.accuracy", "night.mood", "`night.mood` is not a field. Allowed: "),
        ("label = { v", "noun = { v", "`night.accuracy` must be given by kind, one of"),
        ("value = 0.81, ", "", "`night.accuracy.label.value` must be given."),
        ('status = "calibrated", ', "", "`night.accuracy.label.status` must be given."),
        (', source = "our pilot, 40 people"', "", "label.source` must be given."),
        ('"our pilot, 40 people"', '" "', "label.source` must say where it comes from"),
        ("0.81", "1.81", "label.value` must be in [0, 1], got 1.81."),
        ("0.81", "nan", "label.value` must be in [0, 1], got nan."),
        (
            "lapse",
            "automation_bias",
            "`night.automation_bias.relevance.value` must be finite, got 1e+39.",
        ),
        ("0.81", '"much"', "label.value` must be a number, got 'much'."),
        ("value = 0.81", "value = 0.81, by = 1", "`night.accuracy.label.by` is not a"),
        ('"calibrated", so', '"true", so', "must be one of calibrated, assumed, got"),
        ('"calibrated (on our pilot)"', '"validated"', "must say on what"),
        ('"calibrated (on our pilot)"', '"good"', "must start with one of validated"),
        ('based_on = "typical"', 'based_on = "x"', "based_on` must be one of 'perf"),
        ("summary", "story", "`night.summary` must be given"),
        ("[night]", "[night", "must be TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(write, old, new, message):
    assert old in NIGHT
    text = NIGHT.replace("0.2", "1e39") if new == "automation_bias" else NIGHT
    path = write(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=re.escape(message)) as found:
        describe_population(path)
    assert path in str(found.value)
    assert "\n" not in str(found.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ValueError, match=r"must be readable, got .*gone.toml"):
        describe_population(str(tmp_path / "gone.toml"))


def test_a_byte_order_mark_before_a_file_is_no_part_of_it(tmp_path):
    path = tmp_path / "my_people.toml"
    path.write_text(NIGHT, encoding="utf-8-sig")
    assert describe_population(str(path)).name == "night"


def test_an_empty_file_is_refused(write):
    with pytest.raises(ValueError, match="at least one population"):
        describe_population(write(""))

"""Pages of the gallery: no pasted screens, and pictures of what their tables say."""

import math

import gallery
import pytest

from hitl_sim.report.number import RHO

PAGES = [gallery.HERE / f"{name}.md" for name in gallery.STUDIES]
PAGE = """# Who?

Written by `hitl-sim run who.toml`. Intervals are 95 %.

**Told.**

| RHO [95 %] | perfect | spammer | E\\* people |
| --- | --- | --- | --- |
| digits: control 1 mJ |  |  |  |
| &emsp;with people: rate | 0.700 [0.622, 0.762] | ∞ [1,200, ∞] | 1.04 kWh? |

![figure: curves](figures/curves.svg)

## Every condition and every reason

<details>

| arm | RHO [95 %] |
| --- | --- |
| rate |  |
| &emsp;typical | 0.9 [0.8, 1.1] |

</details>
""".replace("RHO", RHO)


def test_a_picture_shows_the_first_table():
    first, second = gallery.ratios_of(PAGE)
    assert (first.name, first.column) == ("with people: rate", "perfect")
    assert (first.value, first.low, first.high) == (0.700, 0.622, 0.762)
    assert (second.value, second.low) == (math.inf, 1200.0)


def test_without_one_it_shows_conditions_with_people():
    opening, _, rest = PAGE.partition(f"| {RHO} [95 %] | perfect")
    (only,) = gallery.ratios_of(opening + rest[rest.index("## Every") :])
    assert (only.name, only.value) == ("rate, typical", 0.9)


def test_a_page_shows_its_picture_in_place_of_those_of_a_report():
    page = gallery.with_picture(PAGE, "who")
    assert page.count("![") == 1
    assert page.index("1.04 kWh?") < page.index("(who.svg)") < page.index("## Every")
    assert gallery.with_picture(page, "who") == page


def test_many_rows_are_named_by_what_sets_them_apart_most():
    by_name = {
        f"arm, typical, accuracy {accuracy}, shared error {shared}, asked 3 times": (
            2.0 - accuracy + 0.1 * shared
        )
        for shared in (0.3, 0)
        for accuracy in (0.5, 0.9)
    }
    groups = gallery.groups_of(by_name)
    assert list(dict.fromkeys(groups.values())) == ["accuracy 0.9", "accuracy 0.5"]
    assert groups.keys() == by_name.keys()
    assert all(group in name for name, group in groups.items())
    # no number that all of them have
    assert gallery.groups_of({"perfect": 0.5, "typical, accuracy 0.5": 0.9}) == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_are_prose_with_the_picture_of_their_table(page):
    text = page.read_text(encoding="utf-8")
    assert "```" not in text
    assert "───" not in text
    assert gallery.with_picture(text, page.stem) == text
    with gallery.styled(page.stem):
        drawn = gallery.to_svg(gallery.draw(gallery.ratios_of(text)), page.stem)
    assert page.with_suffix(".svg").read_text(encoding="utf-8") == drawn

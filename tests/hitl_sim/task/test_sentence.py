import inspect

import pytest

from hitl_sim.task.sentence import read_sentences

PROSE = "The quick brown fox jumps over the lazy dog."


def read(docstring):
    return list(read_sentences(inspect.cleandoc(docstring)))


def test_sentences_are_joined_over_lines_and_parted_at_full_stops():
    found = read("""Compute the mean of all values along
        the chosen axis. Return one number for every row that is left over.""")
    assert found == [
        "Compute the mean of all values along the chosen axis.",
        "Return one number for every row that is left over.",
    ]


def test_markup_is_taken_off():
    found = read(
        "Use `x` and :class:`~a.Axes` with *care* in all of the **plots** here."
    )
    assert found == ["Use x and a.Axes with care in all of the plots here."]


def test_descriptions_of_parameters_are_read_but_not_their_names():
    found = read(f"""
        Parameters
        ----------
        The fox of the long name here : float, optional.
            {PROSE}
        """)
    assert found == [PROSE]


@pytest.mark.parametrize("title", ["Examples", "References", "See Also"])
def test_sections_without_prose_are_left_out_until_the_next(title):
    found = read(f"""
        {title}
        {"-" * len(title)}
        This sentence of the section should not be read at all.

        Notes
        -----
        {PROSE}
        """)
    assert found == [PROSE]


@pytest.mark.parametrize(
    "lines",
    [
        ">>> The doctest line of this block prints one two three four.",
        "- The item of a list that has at least eight words.",
        ".. note:: The directive of this line has at least eight words.",
        "The call f(x) of this line has code in its middle.",
        "The result x = 3 of this line has code in its middle.",
        "The gallery page sphx_glr_plot of this line is only an address.",
        "The page at https://example.org explains all of this at length.",
        "too short.",
        "the sentence without a capital letter begins in the middle somewhere.",
        "The sentence without an end has at least eight words in it",
        "The " + "very " * 40 + "long sentence.",
    ],
)
def test_what_is_no_sentence_of_prose_is_left_out(lines):
    assert read(f"{lines}\n\n{PROSE}") == [PROSE]


def test_what_is_indented_below_a_double_colon_is_code():
    found = read(f"""
        It is used like this, as the next lines of the text show::

            The indented block below the colons is never read as prose.

            Nor is its second paragraph, which looks like a plain sentence.

        {PROSE}
        """)
    assert found == [PROSE]

import pytest

from hitl_sim.table.delimiter import find_delimiter


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("usual", [",", "\t"])
def test_whatever_cuts_all_lines_alike_is_found(mark, usual):
    lines = ["a", "b", "label"], ["1.5", "2", "x"], ["3", "4.5", "y"]
    assert find_delimiter("\n".join(map(mark.join, lines)), usual) == mark


@pytest.mark.parametrize(
    ("head", "found"),
    [
        # decimal commas cut a line into more cells than the header
        ("a;b;label\n1,5;2,5;x\n3,5;4,5;y\n", ";"),
        # a text may hold what separates cells elsewhere, and lines
        ('label,text\nham,"one; two"\nspam,"three;\nfour"\n', ","),
        ("label,text\nham,one; two\nspam,three; four\n", ","),
        ('label;text\nham;"one, two"\nspam;"three"\n', ";"),
        # a line that is cut otherwise is for the reader to refuse
        ("a;b;label\n1;2;x\n3;y\n", ";"),
        ("a,b,label\n1,2,x\n3,y\n", ","),
        ("label\nx\n", ","),
        ("", ","),
    ],
)
def test_what_is_usual_stays_where_it_cuts_all_lines_alike(head, found):
    assert find_delimiter(head, ",") == found

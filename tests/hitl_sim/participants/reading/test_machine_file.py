"""What a machine says of all items: what is read, what is refused, and where."""

import numpy as np
import pytest

from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.machine_file import read_machine


def read(path, text, **layout):
    file = path / "machine.csv"
    file.write_text(text)
    return read_machine(file, Layout(**layout))


def test_a_machines_own_labels_are_right_with_its_confidence(tmp_path):
    found = read(tmp_path, "item,answer,confidence\na,x,.9\nb,y,0.25\n")
    assert (found.item, found.label) == (["a", "b"], ["x", "y"])
    np.testing.assert_allclose(found.right, [0.9, 0.25])


def test_other_labels_are_right_where_the_machine_agrees(tmp_path):
    text = "item,label,answer,confidence\na,x,x,90\nb,x,y,80\n"
    found = read(tmp_path, text, confidence_max=100.0)
    assert found.label == ["x", "x"]
    np.testing.assert_allclose(found.right, [0.9, 0.2])


def test_a_machine_that_tells_no_confidence_is_taken_for_certain(tmp_path):
    found = read(tmp_path, "item,label,answer,gold\na,x,x,x\nb,x,y,x\n")
    np.testing.assert_allclose(found.right, [1.0, 0.0])


def test_numbers_and_renamed_answers_are_one_label(tmp_path):
    text = "item,label,answer\n1.0,1,1.0\n2.0,0,no\n"
    found = read(tmp_path, text, rename={"no": "0"})
    assert (found.item, found.label) == (["1", "2"], ["1", "0"])
    np.testing.assert_allclose(found.right, [1.0, 1.0])


REFUSED = {
    "item,confidence\na,1\n": "column 'answer' must be there, got 'item', 'confidence'",
    "item,answer\na,x\n": "column 'confidence' or 'label' must be there",
    "item,answer,confidence\na,x,1.5\n": r"column 'confidence': must be a number in",
    "item,answer,confidence\na,x,1\nb,y,\n": "item 'b' must have a conf",
    "item,answer,confidence\na,NA,1\nb,y,1\n": "item 'a' must have an answer, got none",
    "item,answer,label\na,x,y\nb,y,\n": "item 'b' must have a label, got none",
    "item,answer,confidence\na,x,1\na,y,1\n": "column 'item': must be answered once",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_place(text, tmp_path):
    with pytest.raises(ValueError, match=REFUSED[text]) as caught:
        read(tmp_path, text)
    assert "machine.csv" in str(caught.value)

"""Files for spreadsheets run nothing."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.kernel.sheets import csv_lines, harmless


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-2", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_text_that_begins_like_a_formula_gets_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("value", ["plain", "", "a=b", "'=1", 5, -5, -1.5, None])
def test_other_values_stay_as_they_are(value):
    assert harmless(value) is value


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2)))
def test_no_cell_of_any_file_begins_like_a_formula_and_nothing_else_changes(rows):
    read = list(csv.reader(io.StringIO("".join(csv_lines(rows)), newline="")))
    assert len(read) == len(rows)
    for told, found in zip(rows, read, strict=True):
        assert all(seen in (cell, f"'{cell}") for cell, seen in zip(told, found, strict=True))
        assert not any(seen.startswith(("=", "+", "-", "@", "\t", "\r")) for seen in found)

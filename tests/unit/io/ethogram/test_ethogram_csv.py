"""Events as a table."""

import csv

import pytest

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.ethogram import Ethogram, write_csv


def test_rows_are_those_of_the_contract(tmp_path):
    bouts = (
        Bout("A0", 0, 9, "rest", 'Sits, "still".', 3, 0.51234, "measured", (0,)),
        Bout("A1", 5, 5, "Sprünge", "", -1, 1.0, "human"),
    )
    path = tmp_path / "e.csv"
    write_csv(Ethogram("v", bouts, ("A0", "A1"), 30.0, 100), path)
    header = "animal,start_frame,end_frame,label,description,cluster,confidence,source"
    assert path.read_text("utf-8").splitlines()[0] == header
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert rows[0]["description"] == 'Sits, "still".'
    assert [(row["cluster"], row["confidence"]) for row in rows] == [("3", "0.5123"), ("", "1")]
    assert rows[1]["label"] == "Sprünge"
    with pytest.raises(ExportError, match="folder does not exist"):
        write_csv(Ethogram("v", bouts, ("A0",), 30.0, 100), tmp_path / "no" / "e.csv")

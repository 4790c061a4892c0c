"""Events as a table."""

import csv

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.ethogram import FORMATS, Ethogram


def test_rows_are_those_of_the_contract(tmp_path):
    bouts = (
        Bout("A0", 0, 9, "rest", 'Sits, "still".', 3, 0.51234, "measured", (0,)),
        Bout("A1", 5, 5, "Sprünge", "", -1, 1.0, "human"),
    )
    path = tmp_path / "e.csv"
    FORMATS["csv"].write([Ethogram("v", bouts, ("A0", "A1"), 30.0, 100)], path)
    header = "animal,start_frame,end_frame,label,description,cluster,confidence,source"
    assert path.read_text("utf-8").splitlines()[0] == header
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert rows[0]["description"] == 'Sits, "still".'
    assert [(row["cluster"], row["confidence"]) for row in rows] == [("3", "0.5123"), ("", "1")]
    assert rows[1]["label"] == "Sprünge"

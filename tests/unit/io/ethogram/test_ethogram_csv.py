"""Events as a table, read by pandas."""

import pandas as pd
from hypothesis import given
from tests.unit.io.ethogram.recordings import ethogram, recordings, some, write

HEADER = "animal,start_frame,end_frame,label,description,cluster,confidence,source"


def test_rows_are_those_of_the_contract(tmp_path):
    path = tmp_path / "e.csv"
    assert write("csv", [ethogram()], path) == ()
    assert path.read_text("utf-8").splitlines()[0] == HEADER
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    assert rows[0]["description"] == 'Sits, "still";\nthen not.'
    assert [row["cluster"] for row in rows] == ["3", "4", "", "3"]
    assert [row["confidence"] for row in rows] == ["0.5123", "0.75", "1", "0.25"]
    assert rows[2]["label"] == "Sprünge <b>&"
    assert (rows[1]["start_frame"], rows[1]["end_frame"]) == ("10", "10")


@some(40)
@given(recordings())
def test_every_bout_comes_back(tmp_path, one):
    path = tmp_path / "e.csv"
    write("csv", [one], path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(table.itertuples(index=False, name=None)) == [
        (b.animal, str(b.start_frame), str(b.end_frame), b.label, b.description,
         "" if b.cluster < 0 else str(b.cluster), f"{b.confidence:.4g}", b.source)
        for b in one.bouts
    ]  # fmt: skip

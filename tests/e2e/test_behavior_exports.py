"""From eight seconds of the three mice, by the installed command, to each export and the report."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import av
import h5py
import pandas as pd
import pytest
import sleap_io as sio
from tests.e2e.commands import run_here

from napari_behaviorvlm.io.samples import three_mice

SECONDS = 8


def shortened(source, target):
    """The first seconds of a video, its packets as they are."""
    with av.open(str(source)) as long, av.open(str(target), "w") as short:
        stream = long.streams.video[0]
        copy = short.add_stream_from_template(stream)
        for packet in long.demux(stream):
            if packet.dts is None or packet.pts * stream.time_base >= SECONDS:
                continue
            packet.stream = copy
            short.mux(packet)
    return target


def behaviorvlm(*arguments, cwd):
    """Run the command that an installation puts on the path; its JSON object."""
    command = Path(sys.executable).with_name("behaviorvlm")
    assert shutil.which(command), "install the package first"
    done = subprocess.run(
        [command, *map(str, arguments), "--json"], cwd=cwd, capture_output=True, text=True,
        timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("Tag ü")
    shortened(three_mice().video, place / "drei Mäuse.mp4")
    done = behaviorvlm(
        "behavior", "run", "drei Mäuse.mp4", "--animals", 3, "--k", 6, "--names", "Ä", "B", "C",
        cwd=place,
    )  # fmt: skip
    return place, done


def test_every_export_says_the_same(run):
    place, done = run
    folder = "drei Mäuse.behavior"

    def export(name, out):
        done = run_here(["behavior", "export", folder, name, out, "--json"], place, os.environ)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        assert made["files"] == [out]
        return place / out

    table = pd.read_csv(export("csv", "e.csv"), keep_default_na=False)
    assert len(table) == done["merge"]["bouts"]
    assert set(table.animal) == {"Ä", "B", "C"}
    frames = (table.end_frame - table.start_frame + 1).sum()
    assert frames <= 3 * 25 * SECONDS
    project = json.loads(export("boris", "e.boris").read_text())
    (observation,) = project["observations"].values()
    spent = pd.DataFrame([row[:3] for row in observation["events"]], columns=["s", "who", "what"])
    pairs = spent.groupby(["who", "what"]).s.apply(lambda s: s.diff().iloc[1::2].sum())
    told = table.assign(s=(table.end_frame - table.start_frame + 1) / 25).groupby(
        ["animal", "label"]
    )  # fmt: skip
    pd.testing.assert_series_equal(
        pairs.drop("untracked", level=1, errors="ignore"), told.s.sum(), check_names=False,
        atol=0.01,
    )  # fmt: skip
    rows = pd.read_csv(export("boris-csv", "b.csv"))
    assert len(rows) == len(observation["events"])
    events = sio.load_slp(str(export("sleap", "e.slp")), open_videos=False).events
    assert len([one for one in events if one.type.name != "untracked"]) == len(table)
    with h5py.File(export("nwb", "e.nwb")) as file:
        bouts = file["processing/behavior"]
        stops = sum(len(bouts[f"bouts_{one}/stop_time"]) for one in set(table.animal))
    assert stops == len(table)
    with h5py.File(export("moseq", "r.h5")) as file:
        followed = sum(int((group["syllable"][:] >= 0).sum()) for group in file.values())
    assert followed == pytest.approx(frames, rel=0.02)


def test_the_run_leaves_a_page_and_export_overwrites_nothing(run):
    place, done = run
    page = place / done["report"]
    assert page.name == "index.html"
    assert list((page.parent / "pictures").glob("*.webp"))
    again = behaviorvlm("behavior", "report", "drei Mäuse.behavior", "copy", cwd=place)
    assert (place / again["report"]).read_text("utf-8").count("<article") == 6
    mine = place / "mine.csv"
    mine.write_text("mine")
    command = Path(sys.executable).with_name("behaviorvlm")
    refused = subprocess.run(
        [command, "behavior", "export", "drei Mäuse.behavior", "csv", "mine.csv"], cwd=place,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
    assert mine.read_text() == "mine"

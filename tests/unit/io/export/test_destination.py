"""An export never costs anybody their work."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import FORMATS, export, space


def _everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_again_replaces_its_own(session, run, tmp_path, name):
    run(export(session, name, tmp_path / "out"))
    before = set(_everything(tmp_path / "out"))
    session.labels.status[1] = 0
    run(export(session, name, tmp_path / "out"))
    assert set(_everything(tmp_path / "out")) <= before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_is_refused(session, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not an export of ours"):
        export(session, "csv", tmp_path)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"scorer": "Ben"}, "scorer 'Ann', not 'Ben'"), ({"name": "other"}, "session 'Mouse 1")],
)
def test_another_scorer_or_session_is_refused(session, run, tmp_path, change, word):
    run(export(session, "dlc", tmp_path / "out"))
    before = _everything(tmp_path / "out")
    with pytest.raises(ExportError, match=word):
        export(replace(session, **change), "dlc", tmp_path / "out")
    assert _everything(tmp_path / "out") == before


def test_another_format_is_refused(session, run, tmp_path):
    run(export(session, "csv", tmp_path / "out"))
    with pytest.raises(ExportError, match="format 'csv', not 'parquet'"):
        export(session, "parquet", tmp_path / "out")


@pytest.mark.parametrize("action", ["added", "changed", "removed"])
def test_work_done_in_an_export_is_not_lost(session, run, tmp_path, action):
    out = tmp_path / "out"
    run(export(session, "dlc", out))
    labels = next(out.rglob("CollectedData_Ann.csv"))
    if action == "added":
        (out / "dlc-models-pytorch").mkdir()
        (out / "dlc-models-pytorch/snapshot-200.pt").write_bytes(b"weights")
    elif action == "changed":
        labels.write_text(labels.read_text().replace("2", "3", 1))
    else:
        labels.unlink()
    before = _everything(out)
    with pytest.raises(ExportError, match=f"was {action} since"):
        export(session, "dlc", out)
    assert _everything(out) == before


def test_work_added_while_exporting_is_not_lost(session, run, tmp_path):
    work = export(session, "csv", tmp_path / "out")
    next(work)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="not an export of ours"):
        run(work)
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


def test_stopping_leaves_nothing(session, tmp_path):
    for name in FORMATS:
        work = export(session, name, tmp_path / "out")
        next(work)
        work.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["labels.slp", "labels.pkg.slp", "poses.csv", "poses.nwb", "coco.json"]
)
def test_a_file_name_is_refused(session, tmp_path, name):
    with pytest.raises(ExportError, match="folder of files"):
        export(session, "sleap", tmp_path / name)


def test_unknown_format_and_choice(session, tmp_path):
    with pytest.raises(ExportError, match="choose dlc, sleap, .*, csv, parquet, anipose"):
        export(session, "boris", tmp_path / "out")
    with pytest.raises(ExportError, match="accepted or all"):
        export(session, "csv", tmp_path / "out", only="some")


@pytest.mark.parametrize("name", ["dlc", "sleap", "sleap-pkg", "lightning-pose", "coco"])
def test_labels_without_video(make_session, tmp_path, name):
    with pytest.raises(ExportError, match="no video of camera 'Cam é 1'"):
        export(make_session(videos={}), name, tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written(session, run, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="permission"):
        run(export(session, "csv", tmp_path / "out"))


def test_manifest_says_what_was_written(session, run, tmp_path):
    report = run(export(session, "dlc", tmp_path / "out"))
    manifest = json.loads((tmp_path / "out/behaviorvlm/export.json").read_text())
    assert manifest["only"] == "accepted"
    assert manifest["labels"] == report.labels == {"Cam é 1": 4, "cam 2": 5}
    assert manifest["frames"] == report.frames == {"Cam é 1": 2, "cam 2": 2}


@pytest.mark.parametrize("name", ["sleap", "sleap-pkg"])
def test_full_disk_is_seen_before_hdf5_meets_it(session, run, tmp_path, monkeypatch, name):
    """HDF5 may crash the process instead of raising."""
    usage = space.shutil.disk_usage(tmp_path)
    full = usage._replace(free=1 << 20)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: full)
    with pytest.raises(ExportError, match=r"The disk that holds .*/out is full"):
        run(export(session, name, tmp_path / "out"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["dlc", "csv", "parquet", "anipose"])
def test_full_disk_is_one_sentence(name, tmp_path):
    """A limit on file sizes stands in for a disk that fills up while the export runs."""
    done = subprocess.run(
        [sys.executable, __file__, name, str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())


def _export_on_a_full_disk(name: str, out: Path) -> None:
    import signal
    import tempfile

    sys.path.insert(0, str(Path(__file__).parent))
    import conftest

    session = conftest.make_session.__wrapped__(Path(tempfile.gettempdir()))()
    assert FORMATS[name].writer, "imported before the limit: bytecode is written too"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    with pytest.raises(ExportError, match=r"^The |^.*/out would be larger than its disk allows"):
        conftest.finish(export(session, name, out))


if __name__ == "__main__":
    _export_on_a_full_disk(sys.argv[1], Path(sys.argv[2]))

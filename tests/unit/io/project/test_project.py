"""What a project folder looks like after somebody pulled the plug."""

from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm.io.atomic import PARTIAL
from napari_behaviorvlm.io.project import Project


def test_leftovers_of_killed_processes_are_swept_by_the_next_writer(tmp_path):
    project = small_project(tmp_path / "small")
    folder = project.folder
    project.close()
    chunks = folder / "derived" / "candidates" / "key"
    results = folder / "derived" / "labels"
    for place in (folder, chunks, results):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{PARTIAL}abc-file.npz").write_bytes(b"half")
        (place / f"{PARTIAL}abc-folder").mkdir()
    (chunks / "chunk_000000.npz").write_bytes(b"whole")
    Project(folder, writable=False).close()
    assert len(list(folder.rglob(f"{PARTIAL}*"))) == 6
    Project(folder).close()
    assert list(folder.rglob(f"{PARTIAL}*")) == []
    assert (chunks / "chunk_000000.npz").read_bytes() == b"whole"

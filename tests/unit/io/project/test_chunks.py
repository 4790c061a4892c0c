import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.project.chunks import (
    CHUNK_FRAMES,
    CandidateChunks,
    ProjectCandidates,
    chunk_range,
    chunks_of,
    write_table,
)
from napari_behaviorvlm.io.project.derived import content_key


def table_of(rows):
    rows = sorted(set(rows))
    frame, camera, number = (np.array(column, int) for column in zip(*rows, strict=True))
    n = len(rows)
    xy = np.column_stack([frame + 0.25, camera * 100.0 + number])
    return CandidateTable(
        frame.astype(np.int64), camera.astype(np.int16), number.astype(np.int32), xy,
        np.arange(n, dtype=float), np.full(n, np.nan),
    )  # fmt: skip


N_FRAMES = 3 * CHUNK_FRAMES + 7


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, N_FRAMES - 1), st.integers(0, 1), st.integers(1, 5)), min_size=1
    ),
    st.integers(0, N_FRAMES - 1),
    st.integers(1, 500),
)
def test_what_is_written_is_read(tmp_path_factory, rows, first, length):
    folder = tmp_path_factory.mktemp("chunks")
    folders = tuple(CandidateChunks(folder / name) for name in "ab")
    for chunks in folders:
        chunks.folder.mkdir()
    table = table_of(rows)
    write_table(folders, table, N_FRAMES)
    candidates = ProjectCandidates(folders, N_FRAMES)
    assert candidates.missing(range(N_FRAMES)) == []
    assert candidates.counts() == (N_FRAMES, len(table))
    frames = range(first, min(first + length, N_FRAMES))
    wanted = table.select((table.frame >= frames.start) & (table.frame < frames.stop))
    found = candidates.read(frames)
    for name, value in vars(wanted).items():
        np.testing.assert_array_equal(getattr(found, name), value)


def test_chunks_cover_every_frame_once():
    frames = [
        frame for chunk in chunks_of(range(N_FRAMES)) for frame in chunk_range(chunk, N_FRAMES)
    ]
    assert frames == list(range(N_FRAMES))
    assert chunks_of(range(CHUNK_FRAMES, CHUNK_FRAMES + 1)) == range(1, 2)
    assert chunks_of(range(5, 5)) == range(0)


def test_missing_chunks_are_named_by_camera(tmp_path):
    folders = tuple(CandidateChunks(tmp_path / name) for name in "ab")
    for chunks in folders:
        chunks.folder.mkdir()
    folders[1].write(0, table_of([(0, 0, 1)]))
    candidates = ProjectCandidates(folders, CHUNK_FRAMES + 1)
    assert candidates.missing(range(CHUNK_FRAMES + 1)) == [(0, 0), (0, 1), (1, 1)]
    assert len(candidates.read(range(3))) == 1


def test_a_damaged_chunk_is_named(tmp_path):
    chunks = CandidateChunks(tmp_path)
    chunks.path(0).write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ProjectError, match="chunk_000000.npz is damaged"):
        chunks.read(0, 0)


def test_keys_depend_on_every_number_and_not_on_order():
    array = np.arange(6.0).reshape(2, 3)
    assert content_key({"a": 1, "b": array}) == content_key({"b": array.copy(), "a": 1})
    changed = array.copy()
    changed[1, 2] += 1e-12
    assert content_key({"b": array}) != content_key({"b": changed})
    assert content_key({"b": array}) != content_key({"b": array.reshape(3, 2)})

"""A write is complete or it never was."""

import errno
import os
import stat
from pathlib import Path

import pytest

from napari_behaviorvlm.core.errors import ExportError, ProjectError
from napari_behaviorvlm.io import atomic


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_replace_the_old_file(tmp_path):
    path = tmp_path / "ä file.bin"
    path.write_bytes(b"old")
    atomic.atomic_write_bytes(path, b"new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert names(tmp_path) == ["ä file.bin"]


def test_text_keeps_its_line_ends(tmp_path):
    path = tmp_path / "a.txt"
    with atomic.atomic_write(path, "w") as handle:
        assert handle.name.endswith("a.txt")
        handle.write("ö\n\r\n")
    assert path.read_bytes() == "ö\n\r\n".encode()


def test_old_file_is_there_until_the_end(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with atomic.atomic_write(path) as handle:
        handle.write(b"new")
        handle.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_failure_in_the_block_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(ValueError, match="half"), atomic.atomic_write(path) as handle:
        raise ValueError(f"half of {handle.write(b'half')}")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_the_callers_own_errors_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), atomic.atomic_write(tmp_path / "a"):
        (tmp_path / "source").read_bytes()
    assert names(tmp_path) == []


def test_full_disk_at_sync(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ExportError) as caught:
        atomic.atomic_write_bytes(path, b"new", error=ExportError)
    assert str(caught.value) == f"The disk that holds {path} is full; nothing was changed."
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_really_full_disk(tmp_path, monkeypatch):
    """Data that reach the disk only when the handle is flushed count as well."""
    real_open = Path.open
    monkeypatch.setattr(Path, "open", lambda *_, **__: real_open(Path("/dev/full"), "wb"))
    with pytest.raises(ProjectError, match="is full"):
        atomic.atomic_write_bytes(tmp_path / "a", b"x" * 10)
    assert names(tmp_path) == []


def test_full_disk_told_by_hdf5_in_words(tmp_path):
    with pytest.raises(ProjectError, match="is full"), atomic.atomic_write(tmp_path / "a"):
        raise OSError("Can't write data (errno = 28, error message = 'No space left on device')")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "permission"), (errno.EIO, "cannot be written")],
)
def test_disk_that_refuses(tmp_path, monkeypatch, number, words):
    def refuse(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(ProjectError, match=words) as caught:
        atomic.atomic_write_bytes(tmp_path / "a", b"")
    assert str(tmp_path / "a") in str(caught.value)


def test_missing_folder_and_folder_in_the_way(tmp_path):
    with pytest.raises(ProjectError, match="folder does not exist"):
        atomic.atomic_write_bytes(tmp_path / "none" / "a", b"")
    with pytest.raises(ProjectError, match="is a folder"):
        atomic.atomic_write_bytes(tmp_path, b"")


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_permissions(tmp_path):
    path = tmp_path / "a"
    old = os.umask(0o022)
    try:
        atomic.atomic_write_bytes(path, b"")
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    finally:
        os.umask(old)
    path.chmod(0o640)
    atomic.atomic_write_bytes(path, b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_links_stay_links(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a")
    atomic.atomic_write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


def test_folder_appears_when_complete(tmp_path):
    path = tmp_path / "out"
    with atomic.atomic_directory(path) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a").write_text("1")
        assert folder.parent == tmp_path
        assert not path.exists()
    assert (path / "sub" / "a").read_text() == "1"
    assert names(tmp_path) == ["out"]


def test_folder_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    (path / "mine").write_text("1")
    with (
        pytest.raises(ExportError, match="exists already"),
        atomic.atomic_directory(path, error=ExportError),
    ):
        pytest.fail("the block must not run")
    assert names(path) == ["mine"]


def test_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("1")
    with atomic.atomic_directory(path, exist_ok=True) as folder:
        (folder / "new").write_text("2")
        assert names(path) == ["old"]
    assert names(path) == ["new"]
    assert names(tmp_path) == ["out"]


def test_empty_folder_counts_as_absent(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    with atomic.atomic_directory(path) as folder:
        (folder / "new").write_text("2")
    assert names(path) == ["new"]


def test_failed_folder_leaves_the_old_one(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("1")
    with (
        pytest.raises(ProjectError, match="is full"),
        atomic.atomic_directory(path, exist_ok=True) as folder,
    ):
        full_disk((folder / "new").write_text("2"))
    assert names(path) == ["old"]
    assert names(tmp_path) == ["out"]


def test_move_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("1")
    rename = type(path).rename

    def fail_for_new(self, target):
        if self.name.startswith(atomic.PARTIAL):
            raise OSError(errno.EACCES, "no")
        return rename(self, target)

    monkeypatch.setattr(type(path), "rename", fail_for_new)
    with pytest.raises(ProjectError), atomic.atomic_directory(path, exist_ok=True):
        pass
    assert names(path) == ["old"]


def test_kill_between_the_two_moves_is_undone(tmp_path, monkeypatch):
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("1")
    path.rename(tmp_path / ".replaced-01234567-out")
    with pytest.raises(KeyError), atomic.atomic_directory(path, exist_ok=True):
        raise KeyError
    assert names(path) == ["old"]


def test_sweep(tmp_path):
    (tmp_path / ".partial-1-a").write_text("")
    (tmp_path / ".partial-2-b").mkdir()
    (tmp_path / ".partial-2-b" / "c").write_text("")
    (tmp_path / "keep").write_text("")
    atomic.sweep_partial(tmp_path)
    assert names(tmp_path) == ["keep"]


def written(paths, then=lambda place: None, **more):
    with atomic.atomic_files(paths, **more) as places:
        for path in places:
            path.write_text(path.name)
            then(path)


def test_several_files_take_their_places_together(tmp_path):
    paths = [tmp_path / "new" / "deep" / name for name in ("a", "ä.csv")]
    written(paths, then=lambda place: None if not any(map(Path.exists, paths)) else 1 / 0)
    assert [path.read_text() for path in paths] == ["a", "ä.csv"]
    assert names(paths[0].parent) == ["a", "ä.csv"]


def test_several_files_are_not_overwritten_unasked(tmp_path):
    (tmp_path / "b").write_text("mine")
    paths = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(ExportError, match="b exists already"):
        written(paths, error=ExportError)
    assert names(tmp_path) == ["b"]
    with pytest.raises(ProjectError, match="exists already"):
        written([tmp_path / "c"], then=lambda place: (tmp_path / "c").write_text("theirs"))
    assert (tmp_path / "c").read_text() == "theirs"
    written(paths, replace=True)
    assert (tmp_path / "b").read_text() == "b"
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError, match="because it is a folder"):
        written([tmp_path / "folder"], replace=True)


def test_a_failure_leaves_neither_files_nor_new_folders(tmp_path):
    with pytest.raises(ZeroDivisionError):
        written([tmp_path / "x" / "y" / "a"], then=lambda place: 1 / 0)
    assert names(tmp_path) == []


def test_what_a_killed_process_left_long_ago_is_swept(tmp_path):
    old, fresh = tmp_path / f"{atomic.PARTIAL}0123abcd", tmp_path / f"{atomic.PARTIAL}89abcdef"
    for folder in (old, fresh):
        folder.mkdir()
        (folder / "e.csv").write_text("half")
    os.utime(old, (0, 0))
    written([tmp_path / "e.csv"])
    assert names(tmp_path) == [fresh.name, "e.csv"]

"""Writing files and folders so that a crash, a full disk or a second process loses nothing.

Everything is written beside its destination first and moved into place when complete. Readers
therefore see the old state or the new one, never half of either.
"""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal, overload

from napari_behaviorvlm.core.errors import BehaviorVLMError, ProjectError

PathLike = str | os.PathLike[str]
ErrorClass = type[BehaviorVLMError]

PARTIAL = ".partial-"
"""Prefix of everything unfinished; whoever holds a folder alone may sweep it (`sweep_partial`)."""

_REPLACED = ".replaced-"

_ABANDONED = 3600.0
"""Seconds."""

_REASONS = {
    errno.ENOSPC: "The disk that holds {path} is full; nothing was changed.",
    errno.EDQUOT: "The disk quota that {path} counts towards is used up; nothing was changed.",
    errno.EFBIG: "{path} would be larger than its disk allows; nothing was changed.",
    errno.EROFS: "{path} cannot be written because its disk is read-only.",
    errno.EACCES: "{path} cannot be written because you lack the permission to write there.",
    errno.EPERM: "{path} cannot be written because you lack the permission to write there.",
    errno.ENOENT: "{path} cannot be written because its folder does not exist.",
    errno.ENOTDIR: "{path} cannot be written because a part of its path is not a folder.",
    errno.EISDIR: "{path} cannot be written as a file because it is a folder.",
    errno.EEXIST: "{path} exists already; remove it or choose another name.",
    errno.ENAMETOOLONG: "{path} cannot be written because its name is too long.",
}

# Only writing fails for these reasons, so they belong to the destination wherever they arise.
_WRITE_ONLY = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def explain_os_error(problem: OSError, path: PathLike) -> str:
    """Say in one sentence why ``path`` could not be written."""
    text = _REASONS.get(_error_number(problem), "{path} cannot be written: {reason}.")
    return text.format(path=Path(path), reason=problem.strerror or problem)


def _error_number(problem: OSError) -> int:
    # HDF5 and Arrow put the number into the text only.
    if problem.errno is None and os.strerror(errno.ENOSPC) in str(problem):
        return errno.ENOSPC
    return problem.errno or 0


@contextlib.contextmanager
def explained(path: PathLike, error: ErrorClass = ProjectError) -> Iterator[None]:
    """Turn every `OSError` of the block into ``error`` with one sentence about ``path``."""
    try:
        yield
    except OSError as problem:
        raise error(explain_os_error(problem, path)) from problem


@contextlib.contextmanager
def _explained_writing(path: Path, temporary: Path, error: ErrorClass) -> Iterator[None]:
    """Turn those errors that are about writing ``temporary``; the caller's own pass through."""
    try:
        yield
    except OSError as problem:
        about = str(problem.filename or "")
        if _error_number(problem) in _WRITE_ONLY or about.startswith(str(temporary)):
            raise error(explain_os_error(problem, path)) from problem
        raise


@overload
def atomic_write(
    path: PathLike, mode: Literal["wb"] = "wb", *, error: ErrorClass = ProjectError
) -> contextlib.AbstractContextManager[IO[bytes]]: ...
@overload
def atomic_write(
    path: PathLike, mode: Literal["w"], *, error: ErrorClass = ProjectError
) -> contextlib.AbstractContextManager[IO[str]]: ...
def atomic_write(
    path: PathLike, mode: Literal["wb", "w"] = "wb", *, error: ErrorClass = ProjectError
) -> contextlib.AbstractContextManager[IO[Any]]:
    r"""Open a file that takes the place of ``path`` when the block ends well.

    Parameters
    ----------
    path : path
        Destination; its folder must exist. A symbolic link is followed, so that it stays one.
    mode : {"wb", "w"}
        Bytes, or text in UTF-8 with line ends as given (``\n`` stays ``\n`` everywhere).
    error : type of BehaviorVLMError
        Raised, with one sentence, where the disk refuses.

    Returns
    -------
    context manager of a file object
        Its ``name`` is the path of the temporary file (with the suffix of ``path``), for libraries
        that open files themselves.

    Raises
    ------
    BehaviorVLMError
        Of the class ``error``. Then, as after any other exception, the old file is untouched and
        the temporary one is gone.
    """
    return _replacing_file(Path(path), mode, error)


@contextlib.contextmanager
def _replacing_file(path: Path, mode: str, error: ErrorClass) -> Iterator[IO[Any]]:
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise error(_REASONS[errno.EISDIR].format(path=path))
    temporary = _beside(target, PARTIAL)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with explained(path, error):
            handle = temporary.open(mode.replace("w", "x"), **text)  # type: ignore[call-overload]
        with _explained_writing(path, temporary, error), handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        with explained(path, error):
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
            _sync_folder(target.parent)
    finally:
        _remove_file(temporary)


def atomic_write_bytes(path: PathLike, data: bytes, *, error: ErrorClass = ProjectError) -> None:
    """Make ``data`` the contents of ``path``, wholly or not at all (see `atomic_write`)."""
    with atomic_write(path, error=error) as handle:
        handle.write(data)


def atomic_write_text(path: PathLike, text: str, *, error: ErrorClass = ProjectError) -> None:
    """Make ``text`` (UTF-8) the contents of ``path``, wholly or not at all."""
    atomic_write_bytes(path, text.encode("utf-8"), error=error)


@contextlib.contextmanager
def atomic_directory(
    path: PathLike, *, exist_ok: bool = False, error: ErrorClass = ProjectError
) -> Iterator[Path]:
    """Fill a folder that takes the place of ``path`` when the block ends well.

    The files in it are not synced one by one: a killed process loses nothing, a power cut within
    seconds of the end may.

    Parameters
    ----------
    path : path
        Destination; its parent folder must exist. An empty folder there counts as absent.
    exist_ok : bool
        Replace a folder that is there: it is moved aside, and deleted when the new one stands.
    error : type of BehaviorVLMError
        Raised, with one sentence, where the disk refuses or the folder exists.

    Yields
    ------
    Path
        An empty folder beside ``path``.

    Raises
    ------
    BehaviorVLMError
        Of the class ``error``. Then, as after any other exception, the old folder is untouched and
        the temporary one is gone.
    """
    path, target = Path(path), Path(os.path.realpath(path))
    _put_back_replaced(target)
    if not exist_ok and _holds_something(target):
        raise error(_REASONS[errno.EEXIST].format(path=path))
    temporary = _beside(target, PARTIAL)
    try:
        with explained(path, error):
            temporary.mkdir()
        with _explained_writing(path, temporary, error):
            yield temporary
        with explained(path, error):
            _move_into_place(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def atomic_files(
    paths: Sequence[Path], *, replace: bool = False, error: ErrorClass = ProjectError
) -> Iterator[list[Path]]:
    """Write several files of one folder that take their places when the block ends well.

    Parameters
    ----------
    paths : sequence of Path
        Destinations, all in one folder; it is made if it is missing.
    replace : bool
        Whether files that are there may be replaced.
    error : type of BehaviorVLMError
        Raised, with one sentence, where the disk refuses or a file exists.

    Yields
    ------
    list of Path
        Where to write each of them: the same names in a temporary folder.

    Raises
    ------
    BehaviorVLMError
        Of the class ``error``. Then, as after any other exception, no file has changed.
    """
    folder = paths[0].parent
    _refuse_present(paths, replace=replace, error=error)
    made = _missing_folders(folder)
    temporary = folder / f"{PARTIAL}{secrets.token_hex(4)}"
    try:
        with explained(folder, error):
            temporary.mkdir(parents=True)
        _sweep_old(folder)
        with _explained_writing(paths[0], temporary, error):
            yield [temporary / path.name for path in paths]
        _refuse_present(paths, replace=replace, error=error)  # it may have taken its time
        with explained(paths[0], error):
            for path in paths:
                (temporary / path.name).replace(path)
            _sync_folder(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for empty in made:
            with contextlib.suppress(OSError):
                empty.rmdir()


def _sweep_old(folder: Path) -> None:
    """Delete what `atomic_files` of a killed process left; nobody writes files for an hour."""
    for leftover in folder.glob(f"{PARTIAL}????????"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED:
                shutil.rmtree(leftover, ignore_errors=True)


def _refuse_present(paths: Sequence[Path], *, replace: bool, error: ErrorClass) -> None:
    for path in paths:
        if path.is_dir():
            raise error(_REASONS[errno.EISDIR].format(path=path))
        if path.exists() and not replace:
            raise error(_REASONS[errno.EEXIST].format(path=path))


def _missing_folders(folder: Path) -> list[Path]:
    """Folders that have to be made, the innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def sweep_partial(folder: PathLike) -> None:
    """Delete what killed processes left unfinished; only for who holds the folder alone."""
    for leftover in Path(folder).glob(f"{PARTIAL}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            _remove_file(leftover)


def _beside(target: Path, prefix: str) -> Path:
    return target.with_name(f"{prefix}{secrets.token_hex(4)}-{target.name[-40:]}")


def _holds_something(target: Path) -> bool:
    if target.is_dir():
        return any(target.iterdir())
    return target.exists()


def _move_into_place(temporary: Path, target: Path) -> None:
    replaced = _beside(target, _REPLACED)
    if target.exists():
        target.rename(replaced)
    try:
        temporary.rename(target)
    except OSError:
        if replaced.exists():
            replaced.rename(target)
        raise
    _sync_folder(target.parent)
    if replaced.is_dir():
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        _remove_file(replaced)


def _put_back_replaced(target: Path) -> None:
    """Undo a replacement that was killed between its two moves."""
    if target.exists() or not target.parent.is_dir():
        return
    for replaced in target.parent.glob(f"{_REPLACED}????????-*"):
        if replaced.name.endswith(f"-{target.name[-40:]}"):
            with contextlib.suppress(OSError):
                replaced.rename(target)
            return


def _remove_file(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        # Some network disks cannot sync folders; the move itself has happened.
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)

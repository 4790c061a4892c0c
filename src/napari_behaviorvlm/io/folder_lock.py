"""The lock that a program holds while it writes to a folder of people's work."""

from pathlib import Path

from filelock import FileLock, Timeout

from napari_behaviorvlm.core.errors import ProjectError


def lock_folder(folder: Path, name: str) -> FileLock:
    """Take the lock of a folder; ``release()`` gives it back, the process's end does as well.

    Parameters
    ----------
    folder : Path
    name : str
        File in the folder that stands for the lock.

    Raises
    ------
    ProjectError
        If another program holds it, or the folder cannot be written.
    """
    lock = FileLock(folder / name, thread_local=False)  # windows open it in a thread of their own
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ProjectError(
            f"{folder} is in use by another behaviorvlm or napari: "
            "wait until it has finished, or close it."
        ) from None
    except OSError as error:
        raise ProjectError(
            f"{folder} cannot be written ({error.strerror}): check that you may write there."
        ) from None
    return lock

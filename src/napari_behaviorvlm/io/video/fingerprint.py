"""Recognise a recording by its content, without reading all of it."""

import hashlib
from pathlib import Path

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.images import image_files

_MEBIBYTE = 1 << 20


def fingerprint(path: Path) -> str:
    """Give a cheap key of the content of a video or image folder.

    A file's key is made of its size and its first and last MiB, a folder's of the names and sizes
    of its images. It does not change when the recording is moved or copied.

    Parameters
    ----------
    path : Path
        Video file or folder of images.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    VideoError
        If there is nothing to read at ``path``.
    """
    path = Path(path)
    digest = hashlib.sha256()
    if path.is_dir():
        for file in image_files(path):
            digest.update(f"{file.name}\0{file.stat().st_size}\n".encode())
        return digest.hexdigest()
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            digest.update(f"{size}\n".encode())
            digest.update(stream.read(_MEBIBYTE))
            # Never the same bytes twice, however short the file.
            stream.seek(max(size - _MEBIBYTE, min(size, _MEBIBYTE)))
            digest.update(stream.read())
    except OSError as problem:
        raise VideoError(f"{path} cannot be read: {problem.strerror}.") from problem
    return digest.hexdigest()

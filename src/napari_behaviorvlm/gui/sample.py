"""The sample session as layers: six views side by side, frames decoded as they are looked at."""

from typing import Any

from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.io.video import FrameReader, open_video

COLUMNS = 3
GAP = 16
"""Pixels between two views."""

LayerData = tuple[Any, dict[str, Any], str]


def six_view_mouse_layers() -> list[LayerData]:
    """Six image layers (frames, height, width), placed in two rows; nothing is decoded yet."""
    videos = six_view_mouse().videos("reflectance")
    return [
        _layer(camera, open_video(path), *divmod(at, COLUMNS))
        for at, (camera, path) in enumerate(videos.items())
    ]


def _layer(camera: str, reader: FrameReader, row: int, column: int) -> LayerData:
    width, height = reader.size
    options = {
        "name": camera,
        "translate": (0, row * (height + GAP), column * (width + GAP)),
        "contrast_limits": (0, 255),
        "colormap": "gray",
    }
    return _frames(reader), options, "image"


def _frames(reader: FrameReader) -> Any:
    """All frames as a dask array, one chunk a frame."""
    import dask.array as da

    width, height = reader.size
    return da.map_blocks(
        lambda block_info=None: reader.read(block_info[None]["chunk-location"][0])[None],
        chunks=((1,) * reader.n_frames, (height,), (width,)),
        dtype=reader.dtype,
    )

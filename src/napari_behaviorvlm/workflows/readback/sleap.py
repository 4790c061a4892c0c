"""SLEAP files, read by sleap-io."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """Positions of every .slp file, and the 3D points of those with cameras."""
    import sleap_io as sio

    for path in sorted(out.glob("*.slp")):
        labels = sio.load_slp(str(path), open_videos=False)
        cells = Cells(session, path.name)
        points = _points(cells, labels) if path.name.endswith(".3d.slp") else None
        yield Found(path.name, _positions(cells, labels, session), points)


def _positions(cells: Cells, labels: Any, session: ExportSession) -> NDArray[np.float64]:
    keypoints = cells.keypoints([node.name for node in labels.skeletons[0].nodes])
    cameras = {id(video): _camera(video, labels, session) for video in labels.videos}
    rows = cells.rows([labelled.frame_idx for labelled in labels])
    xy = cells.empty()
    for row, labelled in zip(rows, labels, strict=True):
        for instance in labelled.instances:
            points = instance.points
            seen = np.asarray(points["visible"], bool)
            xy[row, cameras[id(labelled.video)], keypoints[seen]] = points["xy"][seen]
    return xy


def _camera(video: Any, labels: Any, session: ExportSession) -> int:
    """Camera axis position of a video: by the cameras in the file, else by the recording's path."""
    for recording in labels.sessions:
        camera = recording.get_camera(video)
        if camera is not None:
            return session.rig.index(camera.name)
    source = video.source_video or video
    name = source.filename if isinstance(source.filename, str) else source.filename[0]
    for at, camera in enumerate(session.rig.names):
        known = session.videos.get(camera)
        first = known if known is None or isinstance(known, Path) else known[0]
        if first is not None and Path(name).is_relative_to(first.absolute()):
            return at
    raise ExportError(f"a .slp file names the video {name}, which is none of the recording's.")


def _points(cells: Cells, labels: Any) -> NDArray[np.float64]:
    points = cells.no_points()
    keypoints = cells.keypoints([node.name for node in labels.skeletons[0].nodes])
    for recording in labels.sessions:
        for frame, group in recording.frame_groups.items():
            for instance in group.instance_groups:
                if instance.instance_3d is not None:
                    points[cells.rows([frame])[0], keypoints] = instance.points
    return points

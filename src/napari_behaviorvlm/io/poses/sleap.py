"""SLEAP: projects (.slp) and analysis files (.h5)."""

from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.poses.table import PoseTable


def read_slp(path: Path, view: str | None) -> PoseTable:
    """Read the poses of one video of an .slp file, made by hand or predicted.

    Raises
    ------
    TableError
        If the file cannot be read, holds several videos and none is named, or has several animals
        that are not tracked.
    """
    import sleap_io

    try:
        # Videos are not needed, and their paths are often those of another machine.
        labels = sleap_io.load_slp(str(path), open_videos=False)
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise TableError(f"{path} cannot be read as a SLEAP project: {error}.") from error
    if not labels.skeletons or not labels.labeled_frames:
        raise TableError(f"{path} holds no poses.")
    video = _video(path, labels, view)
    keypoints = tuple(node.name for node in labels.skeleton.nodes)
    frames = [frame for frame in labels.labeled_frames if frame.video is video]
    tracks = [t for t in labels.tracks if any(_has(frame, t) for frame in frames)]
    if not tracks and any(len(_chosen(frame)) > 1 for frame in frames):
        raise TableError(
            f"{path} shows several animals in a frame but says not which is which: "
            "track them in SLEAP first."
        )
    animals = tuple(track.name for track in tracks) or ("A0",)
    last = max(int(frame.frame_idx) for frame in frames)
    positions = np.full((last + 1, len(animals), len(keypoints), 2), np.nan)
    for frame in frames:
        for instance in _chosen(frame):
            if tracks and instance.track is None:
                continue
            at = next((i for i, t in enumerate(tracks) if t is instance.track), 0)
            positions[int(frame.frame_idx), at] = instance.numpy()[:, :2]
    return PoseTable(animals, keypoints, positions)


def _has(frame: Any, track: Any) -> bool:
    return any(instance.track is track for instance in frame.instances)


def _chosen(frame: Any) -> list[Any]:
    """Instances of a frame; what a person corrected stands for what was predicted."""
    by_hand = list(frame.user_instances)
    replaced = {id(instance.track) for instance in by_hand if instance.track is not None}
    if by_hand and not replaced:
        return by_hand
    return by_hand + [
        instance
        for instance in frame.predicted_instances
        if instance.track is None or id(instance.track) not in replaced
    ]


def _video(path: Path, labels: Any, view: str | None) -> Any:
    videos = [v for v in labels.videos if any(f.video is v for f in labels.labeled_frames)]
    names = [_name(video) for video in videos]
    if view is not None:
        stems = [PureWindowsPath(name).stem for name in names]
        for found in (names, stems):
            if found.count(view) == 1:
                return videos[found.index(view)]
        raise TableError(f"{path} has no poses of a video {view!r}; it has {', '.join(names)}.")
    if len(videos) != 1:
        raise TableError(
            f"{path} holds poses of {len(videos)} videos; say which one is meant: "
            f"{', '.join(names)}."
        )
    return videos[0]


def _name(video: Any) -> str:
    filename = video.filename
    first = filename[0] if isinstance(filename, list) else filename
    return PureWindowsPath(str(first)).name  # takes both kinds of slashes


def read_analysis(path: Path) -> PoseTable:
    """Read an analysis .h5 file.

    Raises
    ------
    TableError
        If its arrays do not fit each other.
    """
    import h5py

    with h5py.File(path) as file:
        keypoints = _texts(file["node_names"])
        animals = _texts(file["track_names"]) if "track_names" in file else ()
        tracks = np.asarray(file["tracks"], dtype=float)
    if tracks.ndim != 4:
        raise TableError(f"{path} has 'tracks' of shape {tracks.shape}, not of four dimensions.")
    positions = _in_order(path, tracks, len(keypoints), len(animals))
    animals = animals or tuple(f"A{i}" for i in range(positions.shape[1]))
    if len(animals) != positions.shape[1]:
        raise TableError(f"{path} names {len(animals)} tracks but holds {positions.shape[1]}.")
    return PoseTable(animals, keypoints, positions)


def _in_order(path: Path, tracks: Any, n_keypoints: int, n_animals: int) -> Any:
    """Bring the axes into the order (frames, animals, keypoints, 2)."""
    # SLEAP writes for Matlab, (tracks, 2, nodes, frames); others the way Python has it.
    if (
        tracks.shape[1] == 2
        and tracks.shape[2] == n_keypoints
        and n_animals in {0, tracks.shape[0]}
    ):
        return tracks.transpose(3, 0, 2, 1)
    if tracks.shape[3] == 2 and tracks.shape[2] == n_keypoints:
        return tracks
    raise TableError(
        f"{path} has 'tracks' of shape {tracks.shape}, which does not fit its {n_keypoints} nodes."
    )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values[()])

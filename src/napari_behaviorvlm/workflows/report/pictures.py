"""The two kinds of pictures: a frame from all sides, and doubtful labels enlarged."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.doubt import is_labelled
from napari_behaviorvlm.identity.review import ReviewItem
from napari_behaviorvlm.workflows.report.colours import keypoint_styles
from napari_behaviorvlm.workflows.report.crops import Window, read_picture, window_uri
from napari_behaviorvlm.workflows.report.inputs import ReportInput
from napari_behaviorvlm.workflows.report.marks import Line, Mark, Picture, TextPlacer

FloatArray = NDArray[np.float64]

VIEW_SIZE = 720, 560
CROP_SIZE = 300, 260
_VIEW_FONT = 20
_CROP_FONT = 19
_LEAST_REACH = 50.0
_MOST_REACH = 150.0


@dataclass(frozen=True)
class Doubtful:
    """One doubtful label, seen by every camera."""

    item: ReviewItem
    pictures: list[Picture]


@dataclass(frozen=True, eq=False)
class _View:
    """What one camera shows of one frame; arrays over keypoints, NaN where unknown."""

    xy: FloatArray
    reprojected: FloatArray
    candidate: NDArray[np.int16]
    dots: FloatArray


def best_row(data: ReportInput) -> int:
    """Row of the frame that shows most: many labels in many views, near the middle if equal."""
    if data.frame is not None:
        return data.labels.row(data.frame)
    count = is_labelled(data.labels).sum((1, 2)) + np.isfinite(data.poses.points[..., 0]).sum(1)
    middle = np.abs(np.arange(len(count)) - len(count) / 2)
    return int(np.lexsort((middle, -count))[0])


def frame_pictures(data: ReportInput, row: int) -> list[Picture]:
    """Pictures of one frame from all cameras, with candidates, names and the skeleton."""
    return [_frame_picture(data, row, camera) for camera in range(len(data.rig))]


def doubtful_labels(data: ReportInput) -> list[Doubtful]:
    """Return the head of the review queue with pictures of each label from all cameras."""
    items = distinct_items(data)
    # Videos are read forwards, which is many times faster than jumping about.
    order = sorted(range(len(items)), key=lambda index: items[index].frame)
    done = {index: Doubtful(items[index], _strip(data, items[index])) for index in order}
    return [done[index] for index in range(len(items))]


def distinct_items(data: ReportInput) -> list[ReviewItem]:
    """Head of the queue; of a mistake that lasts over frames only one frame."""
    shown: dict[tuple[str, str, int], list[ReviewItem]] = {}
    chosen: list[ReviewItem] = []
    for item in data.queue:
        like = shown.setdefault((item.keypoint, item.camera, item.run), [])
        if any(abs(item.frame - other.frame) < item.run for other in like):
            continue
        like.append(item)
        chosen.append(item)
        if len(chosen) >= data.n_doubtful:
            break
    return chosen


def _view(data: ReportInput, row: int, camera: int, projected: FloatArray) -> _View:
    labelled = is_labelled(data.labels)[row, camera]
    xy = np.where(labelled[:, None], data.labels.xy[row, camera], np.nan)
    dots = data.candidates.of(int(data.labels.frames[row]), camera).xy
    return _View(xy, projected[:, camera], data.labels.candidate[row, camera], dots)


def _frame_picture(data: ReportInput, row: int, camera: int) -> Picture:
    view = _view(data, row, camera, project_rig(data.rig, data.poses.points[row]))
    name, frame = data.rig.names[camera], int(data.labels.frames[row])
    image = read_picture(data.read_image, name, frame)
    glow = read_picture(data.read_fluorescence, name, frame)
    window = _animal_window(data, view, camera, None if image is None else image.shape)
    lines = _bones(data, view, window)
    marks = [*_free_candidates(view, window), *_labels(data, view, window)]
    labelled = int(np.isfinite(view.xy[:, 0]).sum())
    return Picture(
        name, window.width, window.height, window_uri(image, window), window_uri(glow, window),
        lines, _with_texts(marks, window, _VIEW_FONT), _count_words(labelled, len(view.dots)),
        font=_VIEW_FONT,
    )  # fmt: skip


def _count_words(labelled: int, dots: int) -> str:
    return f"{labelled} of {dots} dots named" if dots else f"{labelled} points labelled"


def _animal_window(
    data: ReportInput, view: _View, camera: int, shape: tuple[int, ...] | None
) -> Window:
    points = np.concatenate([view.xy, view.reprojected])
    points = points[np.isfinite(points).all(axis=1)]
    if len(points):
        low, high = points.min(0), points.max(0)
        center, reach = (low + high) / 2, np.maximum((high - low) / 2 * 1.3 + 25, 60)
        return Window.around(tuple(center), tuple(reach), *VIEW_SIZE)
    size = data.rig.cameras[camera].size or (1280, 1024)
    width, height = (shape[1], shape[0]) if shape else size
    return Window.around((width / 2, height / 2), (width / 2, height / 2), *VIEW_SIZE)


def _bones(data: ReportInput, view: _View, window: Window) -> list[Line]:
    """Edges of the 3D skeleton; where a point is not known in 3D, its label."""
    known = np.isfinite(view.reprojected.sum(axis=1))
    at = window.place(np.where(known[:, None], view.reprojected, view.xy))
    return [
        Line("bone", *at[a].tolist(), *at[b].tolist())
        for a, b in data.skeleton.edge_indices
        if np.isfinite(at[[a, b]]).all()
    ]


def _labels(data: ReportInput, view: _View, window: Window, focus: int | None = None) -> list[Mark]:
    """Named labels; with a ``focus`` the others are marked as mere surroundings."""
    at = window.place(view.xy)
    inside = window.contains(view.xy).tolist()
    marks = []
    for keypoint, style in enumerate(keypoint_styles(data.skeleton)):
        if not inside[keypoint]:
            continue
        name, number = data.skeleton.keypoints[keypoint], int(view.candidate[keypoint])
        marks.append(Mark(
            kind="label" if focus in (None, keypoint) else "other",
            x=float(at[keypoint, 0]), y=float(at[keypoint, 1]),
            colour=style.colour, shape=style.shape,
            text=_words(name, number, alone=focus in (None, keypoint)),
            title=f"{name}, candidate {number}" if number else name,
        ))  # fmt: skip
    return marks


def _words(name: str, number: int, *, alone: bool) -> str:
    if not alone:
        return str(number) if number else ""
    return f"{number} {name}" if number else name


def _free_candidates(view: _View, window: Window) -> list[Mark]:
    """Dots that nobody named."""
    used = set(view.candidate[np.isfinite(view.xy[:, 0])].tolist())
    inside = window.contains(view.dots) if len(view.dots) else np.zeros(0, bool)
    at = window.place(view.dots)
    return [
        Mark("candidate", float(at[i, 0]), float(at[i, 1]), text=str(i + 1),
             title=f"candidate {i + 1}, not named")
        for i in np.flatnonzero(inside).tolist()
        if i + 1 not in used
    ]  # fmt: skip


def _with_texts(marks: list[Mark], window: Window, font: int) -> list[Mark]:
    centers = np.array([(mark.x, mark.y) for mark in marks]).reshape(-1, 2)
    placer = TextPlacer(window.width, window.height, font, centers)
    placed = []
    for mark in sorted(marks, key=lambda mark: mark.kind != "label"):
        if mark.text:
            x, y, leader = placer.place(mark.x, mark.y, mark.text, 7.0)
            placed.append(replace(mark, text_x=x, text_y=y, leader=leader))
        else:
            placed.append(mark)
    return placed


def _strip(data: ReportInput, item: ReviewItem) -> list[Picture]:
    row = data.labels.row(item.frame)
    projected = project_rig(data.rig, data.poses.points[row])
    views = [_view(data, row, camera, projected) for camera in range(len(data.rig))]
    return [_crop(data, item, camera, view) for camera, view in enumerate(views)]


def _crop(data: ReportInput, item: ReviewItem, camera: int, view: _View) -> Picture:
    name, keypoint = data.rig.names[camera], data.skeleton.index(item.keypoint)
    row = data.labels.row(item.frame)
    label, point = view.xy[keypoint], view.reprojected[keypoint]
    error = float(np.linalg.norm(label - point))
    reach = float(np.clip(np.nan_to_num(0.8 * error), _LEAST_REACH, _MOST_REACH))
    both = [xy for xy in (label, point) if np.isfinite(xy).all()]
    caption = _crop_caption(data, row, camera, keypoint)
    if not both:
        return Picture(name, *CROP_SIZE, caption=caption, named=name == item.camera)
    center = np.mean(both, axis=0) if error < 2 * reach else both[0]
    window = Window.around(tuple(center), (reach, reach), *CROP_SIZE)
    marks, lines = _crop_marks(data, view, window, keypoint)
    image = read_picture(data.read_image, name, item.frame)
    glow = read_picture(data.read_fluorescence, name, item.frame)
    return Picture(
        name, *CROP_SIZE, window_uri(image, window), window_uri(glow, window), lines,
        _with_texts(marks, window, _CROP_FONT), caption, name == item.camera, _CROP_FONT,
    )  # fmt: skip


def _crop_marks(
    data: ReportInput, view: _View, window: Window, keypoint: int
) -> tuple[list[Mark], list[Line]]:
    marks = [*_free_candidates(view, window), *_labels(data, view, window, keypoint)]
    name = data.skeleton.keypoints[keypoint]
    label, point = window.place(view.xy[keypoint]), window.place(view.reprojected[keypoint])
    lines = []
    if np.isfinite(point).all():
        marks.append(Mark("reprojection", float(point[0]), float(point[1]),
                          title=f"where {name} falls from 3D"))  # fmt: skip
        if np.isfinite(label).all():
            lines.append(Line("error", *label.tolist(), *point.tolist()))
    return marks, lines


def _crop_caption(data: ReportInput, row: int, camera: int, keypoint: int) -> str:
    alone = data.poses.leave_one_out[row, camera, keypoint]
    error = alone if np.isfinite(alone) else data.poses.view_error[row, camera, keypoint]
    if np.isfinite(error):
        return f"{error:.1f} px off"
    if is_labelled(data.labels)[row, camera, keypoint]:
        return "nothing to compare with"
    return "not labelled here"

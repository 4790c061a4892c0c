"""The animal, the cameras and the floor in 3D, with a slider over time."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.geometry.stage import (
    across,
    extent,
    floor_height,
    picture_corners,
    up_direction,
)
from napari_behaviorvlm.workflows.report.colours import keypoint_styles
from napari_behaviorvlm.workflows.report.inputs import ReportInput

FloatArray = NDArray[np.float64]

STEPS = 60


def scene(data: ReportInput) -> str:
    """Plot about `STEPS` frames of the skeleton with cameras and floor; JSON."""
    import plotly.graph_objects as go

    points = np.where(np.isinf(data.poses.points), np.nan, data.poses.points)
    rows = _shown_rows(points)
    up = up_direction(data.rig, points)
    first = _pose_traces(data, points[rows[0]] if len(rows) else points[:0])
    fixed = [_floor(points, up), _path(points, up), *_cameras(data.rig, points)]
    frames = [
        go.Frame(data=_pose_traces(data, points[row]), name=str(data.labels.frames[row]),
                 traces=[0, 1])
        for row in rows
    ]  # fmt: skip
    figure = go.Figure([*first, *fixed], frames=frames)
    figure.update_layout(_layout(data, points, up, [frame.name for frame in frames]))
    return str(figure.to_json())


def _shown_rows(points: FloatArray) -> NDArray[np.intp]:
    known = np.flatnonzero(np.isfinite(points[..., 0]).any(1))
    if len(known) <= STEPS:
        return known
    return known[np.linspace(0, len(known) - 1, STEPS).round().astype(np.intp)]


def _pose_traces(data: ReportInput, pose: FloatArray) -> list[object]:
    import plotly.graph_objects as go

    if not len(pose):
        pose = np.full((len(data.skeleton), 3), np.nan)
    pose = np.round(pose, 2)
    gap = np.full((1, 3), np.nan)
    bones = [np.concatenate([pose[[a, b]], gap]) for a, b in data.skeleton.edge_indices]
    x, y, z = (np.concatenate(bones) if bones else gap).T
    styles = keypoint_styles(data.skeleton)
    return [
        go.Scatter3d(x=x, y=y, z=z, mode="lines", line={"color": "#52606d", "width": 5},
                     hoverinfo="skip", showlegend=False),
        go.Scatter3d(
            x=pose[:, 0], y=pose[:, 1], z=pose[:, 2], mode="markers", showlegend=False,
            marker={"size": 6, "color": [style.colour for style in styles],
                    "symbol": [style.shape for style in styles],
                    "line": {"color": "#1f2933", "width": 1}},
            text=[escape(name) for name in data.skeleton.keypoints],
            hovertemplate="%{text}<br>%{x:.1f}, %{y:.1f}, %{z:.1f}<extra></extra>",
        ),
    ]  # fmt: skip


def _floor(points: FloatArray, up: FloatArray) -> object:
    import plotly.graph_objects as go

    center, reach = extent(points)
    height = floor_height(points, up)
    middle = center + (height - center @ up) * up
    a, b = (axis * float(np.abs(axis) @ reach) for axis in across(up))
    corners = np.array([middle - a - b, middle + a - b, middle + a + b, middle - a + b])
    x, y, z = corners.T
    return go.Mesh3d(x=x, y=y, z=z, i=[0, 0], j=[1, 2], k=[2, 3], color="#9aa5b1", opacity=0.25,
                     hoverinfo="skip", name="floor")  # fmt: skip


def _path(points: FloatArray, up: FloatArray) -> object:
    """Trace of the animal's middle on the floor."""
    import plotly.graph_objects as go

    known = np.isfinite(points.sum(axis=-1))
    rows = np.flatnonzero(known.sum(1) > points.shape[1] // 2)
    rows = rows[:: max(1, len(rows) // 600)]
    height = floor_height(points, up)
    middle = np.array([points[row][known[row]].mean(0) for row in rows]).reshape(-1, 3)
    middle = np.round(middle + (height - middle @ up)[:, None] * up, 1)
    x, y, z = middle.T
    return go.Scatter3d(x=x, y=y, z=z, mode="lines", hoverinfo="skip", showlegend=False,
                        line={"color": "#7b8794", "width": 2}, name="path")  # fmt: skip


def _cameras(rig: Rig, points: FloatArray) -> list[object]:
    import plotly.graph_objects as go

    center, _ = extent(points)
    size = 0.12 * float(np.median([np.linalg.norm(camera.center - center) for camera in rig]))
    outlines = [_outline(camera, size) for camera in rig]
    x, y, z = np.round(np.concatenate(outlines), 2).T
    at = np.array([camera.center for camera in rig])
    return [
        go.Scatter3d(x=x, y=y, z=z, mode="lines", hoverinfo="skip", showlegend=False,
                     line={"color": "#0072B2", "width": 3}, name="cameras"),
        go.Scatter3d(x=at[:, 0], y=at[:, 1], z=at[:, 2], mode="text", showlegend=False,
                     text=[escape(name) for name in rig.names], hoverinfo="text",
                     textfont={"size": 13, "color": "#0b2f57"}),
    ]  # fmt: skip


def _outline(camera: Camera, size: float) -> FloatArray:
    """Pyramid of a camera's view as one line with gaps, shape (n, 3)."""
    world = picture_corners(camera, size)
    gap = np.full(3, np.nan)
    line = [*world, world[0], gap]
    for corner in world:
        line += [camera.center, corner, gap]
    return np.array(line)


def _layout(
    data: ReportInput, points: FloatArray, up: FloatArray, frames: list[str]
) -> dict[str, object]:
    center, reach = extent(points)
    at = np.array([camera.center for camera in data.rig])
    far = np.maximum(np.abs(at - center).max(axis=0) * 1.15, reach)
    first, second = across(up)
    eye = 1.0 * first + 0.75 * second + 0.7 * up
    axes = {
        f"{name}axis": {
            "range": _range(center, reach, i), "gridcolor": "#d5dae0",
            "title": {"text": f"{name}, {escape(data.unit)}"}, "showbackground": False,
            "zeroline": False, "nticks": 6,
        }
        for i, name in enumerate("xyz")
    }  # fmt: skip
    return {
        "height": 620, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "paper_bgcolor": "#ffffff",
        "font": {"family": "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
                 "size": 12, "color": "#1f2933"},
        "scene": {**axes, "aspectmode": "manual", "aspectratio": _ratio(reach),
                  "dragmode": "turntable",
                  "camera": {"up": _xyz(up), "eye": _xyz(eye), "center": _xyz(-0.13 * up)}},
        "sliders": [_slider(frames)] if len(frames) > 1 else [],
        "updatemenus": _buttons(center, reach, far, playable=len(frames) > 1),
    }  # fmt: skip


def _range(center: FloatArray, half: FloatArray, axis: int) -> list[float]:
    return [float(center[axis] - half[axis]), float(center[axis] + half[axis])]


def _ratio(half: FloatArray, size: float = 1.15) -> dict[str, float]:
    """Sides of the box, so that a unit is as long along every axis."""
    return _xyz(size * half / half.max())


def _xyz(vector: FloatArray) -> dict[str, float]:
    return dict(zip("xyz", np.round(vector, 4).tolist(), strict=True))


def _slider(frames: list[str]) -> dict[str, object]:
    show = {"mode": "immediate", "frame": {"duration": 0, "redraw": True},
            "transition": {"duration": 0}}  # fmt: skip
    return {
        "active": 0, "x": 0.12, "len": 0.86, "pad": {"t": 4, "b": 12}, "ticklen": 3,
        "currentvalue": {"prefix": "frame ", "font": {"size": 13}},
        "steps": [{"label": frame, "method": "animate", "args": [[frame], show]}
                  for frame in frames],
    }  # fmt: skip


def _buttons(
    center: FloatArray, reach: FloatArray, far: FloatArray, *, playable: bool
) -> list[dict[str, object]]:
    def zoom(label: str, half: FloatArray, size: float) -> dict[str, object]:
        change: dict[str, object] = {
            f"scene.{name}axis.range": _range(center, half, i) for i, name in enumerate("xyz")
        }
        change["scene.aspectratio"] = _ratio(half, size)
        return {"label": label, "method": "relayout", "args": [change]}

    play = {"mode": "immediate", "fromcurrent": True, "transition": {"duration": 0},
            "frame": {"duration": 90, "redraw": True}}  # fmt: skip
    stop = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}}
    menus: list[dict[str, object]] = [{
        "type": "buttons", "direction": "right", "x": 0.01, "y": 0.99, "xanchor": "left",
        "yanchor": "top", "buttons": [zoom("Animal", reach, 1.15), zoom("With cameras", far, 0.85)],
    }]  # fmt: skip
    if playable:
        menus.append({
            "type": "buttons", "direction": "right", "x": 0.01, "y": 0, "xanchor": "left",
            "yanchor": "top", "pad": {"t": 28}, "showactive": False,
            "buttons": [{"label": "Play", "method": "animate", "args": [None, play]},
                        {"label": "Stop", "method": "animate", "args": [[None], stop]}],
        })  # fmt: skip
    return menus

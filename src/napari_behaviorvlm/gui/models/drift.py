"""How well each camera agrees with the others, over the session, and which one left its place.

A camera that somebody bumped disagrees with all others from then on. Its error is measured by
leaving it out: the distance between its labels and the points made from the other cameras only, so
that it cannot draw the points to its side. Medians over the keypoints of some frames make single
wrong labels harmless. The work does not grow with the session: a sample of each bin is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Poses
from napari_behaviorvlm.gui.models.curves import quantiles

FloatArray = NDArray[np.float64]

_BINS = 240
_SHORTEST_BIN = 5
_SAMPLED_FRAMES = 24
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)

FLOOR_PX = 1.0
"""A camera is never called off for less."""
_TIMES_USUAL = 3.0
_STANDS_OUT = 1.5
_FEWEST_BINS = 3
_BRIDGED_BINS = 2


@dataclass(frozen=True)
class Disagreement:
    """A camera that left the others.

    Parameters
    ----------
    camera : int
        Position on the camera axis.
    pixels : float
        Median error in that time.
    first, last : int
        Frames.
    begins_px, ends_px : float
        Median error of the first and of the last quarter of that time.
    """

    camera: int
    pixels: float
    first: int
    last: int
    begins_px: float
    ends_px: float

    @property
    def grows(self) -> bool:
        """Whether it drifts away, rather than having jumped."""
        return self.ends_px > max(_STANDS_OUT * self.begins_px, self.begins_px + FLOOR_PX)


@dataclass(eq=False)
class CameraErrors:
    """Errors of cameras in successive bins of frames.

    Parameters
    ----------
    starts : ndarray of int64, shape (B + 1,)
        First frame of each bin; the last entry is the number of frames.
    median : ndarray, shape (B, C)
        Median error of each camera, px; NaN where it has no labels.
    spread : ndarray, shape (C, 5)
        5, 25, 50, 75 and 95 % of a camera's errors in the whole session lie below, px.
    left_out : bool
        Whether errors are those against the *other* cameras; with two cameras there are too few.
    """

    starts: NDArray[np.int64]
    median: FloatArray
    spread: FloatArray
    left_out: bool

    @classmethod
    def measure(cls, poses: Poses) -> "CameraErrors":
        """Measure a session."""
        n_frames, n_cameras = poses.view_error.shape[:2]
        length = max(_SHORTEST_BIN, -(-n_frames // _BINS))
        starts = np.append(np.arange(0, n_frames, length), n_frames).astype(np.int64)
        found = cls(starts, np.full((len(starts) - 1, n_cameras), np.nan),
                    np.full((n_cameras, len(_SHARES)), np.nan), n_cameras > 2)  # fmt: skip
        found._remeasure(poses, range(len(starts) - 1))
        found._respread(poses)
        return found

    def update(self, poses: Poses, rows: Sequence[int]) -> None:
        """Follow an edit of some rows; the cost grows with their number only."""
        bins = np.unique(np.searchsorted(self.starts, np.asarray(rows), side="right") - 1)
        self._remeasure(poses, bins.tolist())
        self._respread(poses)

    def _errors(self, poses: Poses, rows: NDArray[np.intp]) -> FloatArray:
        """Errors of some frames by camera, shape (C, n)."""
        source = poses.leave_one_out if self.left_out else poses.view_error
        errors = np.moveaxis(source[rows], 1, 0)
        return errors.reshape(errors.shape[0], -1)

    def _remeasure(self, poses: Poses, bins: Sequence[int]) -> None:
        for at in bins:
            rows = _sampled(int(self.starts[at]), int(self.starts[at + 1]), _SAMPLED_FRAMES)
            self.median[at] = quantiles(self._errors(poses, rows), (0.5,))[0]

    def _respread(self, poses: Poses) -> None:
        rows = _sampled(0, int(self.starts[-1]), _BINS * 5)
        self.spread[:] = quantiles(self._errors(poses, rows), _SHARES).T

    @property
    def centers(self) -> FloatArray:
        """Middle frame of each bin, shape (B,)."""
        return (self.starts[:-1] + self.starts[1:] - 1) / 2

    def disagreements(self, poses: Poses) -> list[Disagreement]:
        """Cameras that stand out from the others for some time, the worst first."""
        off = self._off()
        found = [
            self._describe(poses, camera, start, stop)
            for camera in range(off.shape[1])
            for start, stop in _runs(off[:, camera], np.isnan(self.median[:, camera]))
        ]
        return sorted(found, key=lambda entry: -entry.pixels * (entry.last - entry.first))

    def _off(self) -> NDArray[np.bool_]:
        """Bins in which a camera is off: few cameras, far above the rest and above the usual."""
        n_cameras = self.median.shape[1]
        if n_cameras < 3 or np.isnan(self.median).all():
            return np.zeros(self.median.shape, bool)
        limit = max(FLOOR_PX, _TIMES_USUAL * float(np.nanmedian(self.median)))
        error = np.nan_to_num(self.median)
        order = np.sort(error, axis=1)[:, ::-1]
        most = (n_cameras - 1) // 2
        with np.errstate(divide="ignore", invalid="ignore"):
            contrast = np.nan_to_num(order[:, :most] / order[:, 1 : most + 1])
        stands_out = contrast.argmax(axis=1)
        lowest = np.take_along_axis(order, stands_out[:, None], axis=1)
        clear = (contrast.max(axis=1) > _STANDS_OUT)[:, None]
        off: NDArray[np.bool_] = clear & (error >= lowest) & (error > limit)
        return off

    def _describe(self, poses: Poses, camera: int, start: int, stop: int) -> Disagreement:
        errors = self.median[start:stop, camera]
        quarter = max(1, len(errors) // 4)
        n_bins = len(self.median)
        first = 0 if start == 0 else self._turn(poses, camera, start)
        last = int(self.starts[-1]) if stop == n_bins else self._turn(poses, camera, stop)
        return Disagreement(
            camera, float(np.nanmedian(errors)), first, last - 1,
            float(np.nanmedian(errors[:quarter])), float(np.nanmedian(errors[-quarter:])),
        )  # fmt: skip

    def _turn(self, poses: Poses, camera: int, edge: int) -> int:
        """Frame near a bin's edge at which the camera's error changes most clearly."""
        low, high = max(0, edge - 1), min(len(self.median), edge + 1)
        rows = np.arange(self.starts[low], self.starts[high])
        source = poses.leave_one_out if self.left_out else poses.view_error
        error = quantiles(source[rows, camera], (0.5,))[0]
        known = np.flatnonzero(np.isfinite(error))
        if len(known) < 2:
            return int(self.starts[edge])
        values = np.log(np.maximum(error[known], 1e-3))  # one wild frame must not decide
        before = np.arange(1, len(known))
        total = np.cumsum(values)
        gain = total[:-1] ** 2 / before + (total[-1] - total[:-1]) ** 2 / (len(known) - before)
        return int(rows[known[int(gain.argmax()) + 1]])


def _sampled(start: int, stop: int, most: int) -> NDArray[np.intp]:
    if stop - start <= most:
        return np.arange(start, stop)
    return np.linspace(start, stop - 1, most).round().astype(np.intp)


def _runs(off: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Join bins that are off, over small gaps; short runs are mistakes of labels."""
    bins = np.flatnonzero(off)
    if not len(bins):
        return []
    seen = np.cumsum(~unknown)
    breaks = np.flatnonzero(np.diff(seen[bins]) > _BRIDGED_BINS + 1)
    starts, ends = np.append(0, breaks + 1), np.append(breaks, len(bins) - 1)
    runs = [(int(bins[a]), int(bins[b]) + 1) for a, b in zip(starts, ends, strict=True)]
    return [(a, b) for a, b in runs if off[a:b].sum() >= _FEWEST_BINS]


def camera_sentence(
    errors: CameraErrors, found: Sequence[Disagreement], names: Sequence[str], fps: float | None
) -> str:
    """Say in a sentence or two how the cameras agree.

    Parameters
    ----------
    errors : CameraErrors
    found : sequence of Disagreement
        From `CameraErrors.disagreements`.
    names : sequence of str
        Of the cameras.
    fps : float or None
        Frames per second, for times.
    """
    usual = errors.spread[:, 2]
    if not np.isfinite(usual).any():
        return "There are no 3D points yet: label first."
    if len(names) < 3:
        return (
            f"The two cameras agree within {_px(np.nanmax(usual))}; with two cameras alone nobody "
            "can tell which one is off."
        )
    if found:
        last = int(errors.starts[-1]) - 1
        return " ".join(_disagreement(entry, names, fps, last) for entry in found[:3])
    limit = max(FLOOR_PX, _TIMES_USUAL * float(np.nanmedian(usual)))
    if np.nanmedian(usual) > 3 * FLOOR_PX or np.nanmax(usual) > limit:
        worst = int(np.nanargmax(usual))
        return (
            f"The cameras disagree by {_px(np.nanmedian(usual))}, most of all {names[worst]} "
            f"({_px(usual[worst])}), but not one alone: check the calibration."
        )
    return f"All cameras agree within {_px(np.nanmax(usual))}."


def _disagreement(
    entry: Disagreement, names: Sequence[str], fps: float | None, last: int
) -> str:  # fmt: skip
    name = names[entry.camera]
    if entry.first == 0 and entry.last == last:
        when = "throughout the session"
    elif entry.last == last:
        when = f"since frame {entry.first}{_seconds(entry.first, fps)}"
    else:
        when = f"from frame {entry.first} to {entry.last}{_seconds(entry.first, fps)}"
    if entry.grows:
        return (
            f"{name} drifts away from the others {when}: from {_px(entry.begins_px)} to "
            f"{_px(entry.ends_px)}."
        )
    return f"{name} disagrees with the others by {_px(entry.pixels)} {when}."


def _px(pixels: float) -> str:
    return f"{pixels:.1f} px" if pixels >= 0.1 else f"{pixels:.2f} px"


def _seconds(frame: int, fps: float | None) -> str:
    return f" ({frame / fps:.1f} s)" if fps else ""

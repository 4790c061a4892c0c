"""Flags as sentences for a person."""

from collections.abc import Callable

import numpy as np

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import Source
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.flags import FlagTable, Reason

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SOURCES = {
    Source.HUMAN: "a person", Source.GEOMETRIC: "the geometric solver",
    Source.VLM: "the vision-language model", Source.FUSED: "the fused strategy",
}  # fmt: skip


def number_word(number: int) -> str:
    """Small numbers in words ("four"), larger ones in digits."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def describe(flags: FlagTable, index: int, rig: Rig, skeleton: Skeleton, unit: str = "mm") -> str:
    """One flag in plain words.

    Parameters
    ----------
    flags : FlagTable
    index : int
        Row of the table.
    rig, skeleton : Rig, Skeleton
        Names of cameras and keypoints.
    unit : str
        Of the calibration.

    Returns
    -------
    str
        Without a capital or a full stop: "cam3 disagrees with the other four by 21 px".
    """
    return _WORDS[Reason(int(flags.reason[index]))](flags, index, rig, skeleton, unit)


def _length(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _high_error(flags: FlagTable, index: int, *_: object) -> str:
    if np.isnan(flags.value[index]):
        views = number_word(int(flags.detail[index]))
        return f"no two of its {views} views meet, so there is no 3D point"
    return (
        f"the views do not meet in one point: {flags.value[index]:.1f} px apart "
        f"(usual here: under {flags.high[index]:.1f})"
    )


def _view_disagrees(flags: FlagTable, index: int, rig: Rig, *_: object) -> str:
    camera = rig.names[flags.camera[index]]
    others = number_word(int(flags.detail[index]))
    if not np.isfinite(flags.value[index]):
        return f"{camera} cannot see the point on which the other {others} agree"
    return f"{camera} disagrees with the other {others} by {flags.value[index]:.0f} px"


def _few_views(flags: FlagTable, index: int, *_: object) -> str:
    views = int(flags.value[index])
    if views < 2:
        return "labelled in one view only, so there is no 3D point"
    return f"only {number_word(views)} views support it"


def _low_margin(flags: FlagTable, index: int, *_: object) -> str:
    return f"the name is uncertain: {100 * flags.value[index]:.0f} % sure"


def _bone_length(flags: FlagTable, index: int, _rig: Rig, skeleton: Skeleton, unit: str) -> str:
    a, b = skeleton.edges[flags.detail[index]]
    value, low, high = flags.value[index], flags.low[index], flags.high[index]
    if value < low:
        return f"{a} and {b} are only {_length(value)} {unit} apart (usual: {_length(low)} or more)"
    return f"{a} and {b} are {_length(value)} {unit} apart (usual: at most {_length(high)})"


def _jump(flags: FlagTable, index: int, _rig: Rig, skeleton: Skeleton, unit: str) -> str:
    words = (
        f"jumps {_length(flags.value[index])} {unit} off its path "
        f"(usual: under {_length(flags.high[index])})"
    )
    if flags.detail[index] >= 0:
        words += f", to where {skeleton.keypoints[flags.detail[index]]} should be: swapped?"
    return words


def _sources_disagree(flags: FlagTable, index: int, rig: Rig, *_: object) -> str:
    other = _SOURCES.get(Source(int(flags.detail[index])), "another source")
    return f"{other} puts it {flags.value[index]:.0f} px away in {rig.names[flags.camera[index]]}"


def _missing(flags: FlagTable, index: int, *_: object) -> str:
    frames = int(np.round(flags.value[index]))
    away = "one frame" if frames == 1 else f"{number_word(frames)} frames"
    return f"not found, though it is found {away} away and on the other side"


def _handedness(flags: FlagTable, index: int, _rig: Rig, skeleton: Skeleton, *_: object) -> str:
    partner = skeleton.keypoints[flags.detail[index]]
    return f"lies on the wrong side of the body: exchanged with {partner}?"


_WORDS: dict[Reason, Callable[[FlagTable, int, Rig, Skeleton, str], str]] = {
    Reason.HIGH_ERROR: _high_error,
    Reason.VIEW_DISAGREES: _view_disagrees,
    Reason.FEW_VIEWS: _few_views,
    Reason.LOW_MARGIN: _low_margin,
    Reason.BONE_LENGTH: _bone_length,
    Reason.JUMP: _jump,
    Reason.SOURCES_DISAGREE: _sources_disagree,
    Reason.MISSING: _missing,
    Reason.HANDEDNESS: _handedness,
}

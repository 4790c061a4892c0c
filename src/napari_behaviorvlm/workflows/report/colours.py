"""Marks that everybody can tell apart: a colour per body region, a shape per side.

The colours are Okabe and Ito's (2008), which stay apart for colour-blind readers.
"""

from dataclasses import dataclass

from napari_behaviorvlm.core.skeleton import Skeleton

PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#0072B2", "#D55E00")
ALARM = "#D55E00"
_SYMBOL_3D = {"circle": "circle", "square": "square", "diamond": "diamond"}


@dataclass(frozen=True)
class KeypointStyle:
    """How a keypoint is drawn.

    Parameters
    ----------
    colour : str
        Hexadecimal.
    shape : str
        "circle" for the left, "square" for the right, "diamond" for points without a side.
    """

    colour: str
    shape: str


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend: a region (or keypoint) and its colour."""

    name: str
    colour: str


def keypoint_styles(skeleton: Skeleton) -> list[KeypointStyle]:
    """Colour and shape of every keypoint, in the skeleton's order."""
    left = {a for a, _ in skeleton.symmetric}
    right = {b for _, b in skeleton.symmetric}
    return [
        KeypointStyle(
            colour, "circle" if name in left else "square" if name in right else "diamond"
        )
        for name, colour in zip(skeleton.keypoints, _colours(skeleton), strict=True)
    ]


def legend(skeleton: Skeleton) -> list[LegendEntry]:
    """Regions with their colours; keypoints where the skeleton has no regions."""
    colours = dict(zip(skeleton.keypoints, _colours(skeleton), strict=True))
    if not skeleton.regions:
        return [LegendEntry(name, colour) for name, colour in colours.items()]
    entries = [LegendEntry(region, colours[names[0]])
               for region, names in skeleton.regions.items() if names]  # fmt: skip
    covered = {name for names in skeleton.regions.values() for name in names}
    return entries + [
        LegendEntry(name, colour) for name, colour in colours.items() if name not in covered
    ]


def _colours(skeleton: Skeleton) -> list[str]:
    groups: dict[str, int] = {}
    for number, names in enumerate(skeleton.regions.values()):
        groups.update(dict.fromkeys(names, number))
    following = len(skeleton.regions)
    for name in skeleton.keypoints:
        if name not in groups:
            groups[name] = following
            following += 1
    return [PALETTE[groups[name] % len(PALETTE)] for name in skeleton.keypoints]

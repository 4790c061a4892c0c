"""Which keypoints are head, rear, trunk and tail.

An egocentric frame needs a front and a back that do not swap. Here they come from the keypoints'
names, never from the shape or the direction of movement.
"""

import re
from dataclasses import dataclass
from typing import Self

from napari_behaviorvlm.core.errors import TableError

_HEAD = ("nose|snout", "ear", "head|eye|mouth", "neck|spinef|back ?top|thorax")
_REAR = (
    "tail ?(base|root|start|set)|base ?(of ?)?(the ?)?tail|tti",
    "rump|sacrum|hips?$|back ?bottom|spine ?l|abdomen",
    "hind",
)
_TAIL = "tail|tti"


@dataclass(frozen=True)
class BodyPlan:
    """Roles of the keypoints, as positions on the keypoint axis.

    Parameters
    ----------
    head, rear : tuple of int
        Their means are the two ends of the body axis.
    trunk : tuple of int
        All but the tail: their mean is where the animal is.
    tail : tuple of int
        Tail beyond its base; may be empty.
    """

    head: tuple[int, ...]
    rear: tuple[int, ...]
    trunk: tuple[int, ...]
    tail: tuple[int, ...] = ()

    @classmethod
    def from_names(cls, keypoints: tuple[str, ...]) -> Self:
        """Find the roles by the names that labs use.

        Parameters
        ----------
        keypoints : tuple of str
            Names in the order of the keypoint axis ("nose", "ear_L", "tailBase", ...).

        Raises
        ------
        TableError
            If no front or no rear can be told; the axis must then be given by hand.
        """
        names = [_words(name) for name in keypoints]
        rear = _first_group(names, _REAR, exclude=())
        tail = tuple(i for i, name in enumerate(names) if re.search(_TAIL, name) and i not in rear)
        head = _first_group(names, _HEAD, exclude=(*rear, *tail))
        for what, found in (("front", head), ("rear", rear)):
            if not found:
                raise TableError(
                    f"No keypoint of {', '.join(keypoints)} can be taken for the animal's {what}; "
                    "name the keypoints of head and rear."
                )
        trunk = tuple(i for i in range(len(names)) if i not in tail)
        return cls(head, rear, trunk, tail)


def _words(name: str) -> str:
    """Lower-case words: "tailBase", "tail_base" and "Tail base" are one."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_.\-]+", " ", parted).strip().lower()


def _first_group(
    names: list[str], patterns: tuple[str, ...], exclude: tuple[int, ...]
) -> tuple[int, ...]:
    for pattern in patterns:
        found = [i for i, name in enumerate(names) if re.search(pattern, name)]
        found = [i for i in found if i not in exclude]
        if found:
            return tuple(found)
    return ()

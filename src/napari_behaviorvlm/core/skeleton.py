"""The body points of an animal and how they belong together."""

from dataclasses import dataclass, field
from typing import Self

from napari_behaviorvlm.core.errors import SkeletonError


@dataclass(frozen=True)
class Skeleton:
    """Named keypoints, the edges between them, body regions and left-right pairs.

    Parameters
    ----------
    keypoints : tuple of str
        Names in order; this order is the keypoint axis of every array in this package.
    edges : tuple of (str, str)
        Bones, for drawing and for lengths.
    regions : dict of str to tuple of str
        Body regions ("ears", "tail") and their keypoints. Order within a region is the chain order.
    symmetric : tuple of (str, str)
        (left, right) pairs.

    Raises
    ------
    SkeletonError
        If names repeat, are empty, or an edge, region or pair names an unknown keypoint.
    """

    keypoints: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    regions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    symmetric: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.keypoints:
            raise SkeletonError("The skeleton lists no keypoints.")
        repeated = sorted({name for name in self.keypoints if self.keypoints.count(name) > 1})
        if repeated:
            raise SkeletonError(f"The skeleton lists {', '.join(repeated)} more than once.")
        if any(not name.strip() for name in self.keypoints):
            raise SkeletonError("The skeleton has a keypoint without a name.")
        known = set(self.keypoints)
        for what, group in self._references():
            unknown = [name for name in group if name not in known]
            if unknown:
                raise SkeletonError(f"{what} names the unknown keypoint {unknown[0]!r}.")

    def _references(self) -> list[tuple[str, tuple[str, ...]]]:
        return [
            *(("A skeleton edge", edge) for edge in self.edges),
            *((f"The skeleton region {name!r}", group) for name, group in self.regions.items()),
            *(("A symmetric pair", pair) for pair in self.symmetric),
        ]

    def __len__(self) -> int:
        return len(self.keypoints)

    def index(self, keypoint: str) -> int:
        """Position of a keypoint on the keypoint axis.

        Raises
        ------
        SkeletonError
            If there is no such keypoint.
        """
        try:
            return self.keypoints.index(keypoint)
        except ValueError:
            raise SkeletonError(f"The skeleton has no keypoint {keypoint!r}.") from None

    @property
    def edge_indices(self) -> list[tuple[int, int]]:
        """Edges as pairs of positions on the keypoint axis."""
        return [(self.index(a), self.index(b)) for a, b in self.edges]

    @property
    def symmetric_indices(self) -> list[tuple[int, int]]:
        """Left-right pairs as positions on the keypoint axis."""
        return [(self.index(a), self.index(b)) for a, b in self.symmetric]

    @classmethod
    def quantum_dot_mouse(cls) -> Self:
        """Return the twelve-point mouse of the BehaviorVLM paper, the default of new projects."""
        return cls(
            keypoints=(
                "ear_L", "ear_R", "back_top", "back_middle", "back_bottom",
                "forepaw_L", "forepaw_R", "hindpaw_L", "hindpaw_R",
                "tail_base", "tail_middle", "tail_tip",
            ),
            edges=(
                ("ear_L", "ear_R"), ("ear_L", "back_top"), ("ear_R", "back_top"),
                ("back_top", "back_middle"), ("back_middle", "back_bottom"),
                ("back_bottom", "tail_base"), ("tail_base", "tail_middle"),
                ("tail_middle", "tail_tip"), ("back_top", "forepaw_L"), ("back_top", "forepaw_R"),
                ("back_bottom", "hindpaw_L"), ("back_bottom", "hindpaw_R"),
            ),
            regions={
                "ears": ("ear_L", "ear_R"),
                "back": ("back_top", "back_middle", "back_bottom"),
                "paws": ("forepaw_L", "forepaw_R", "hindpaw_L", "hindpaw_R"),
                "tail": ("tail_base", "tail_middle", "tail_tip"),
            },
            symmetric=(
                ("ear_L", "ear_R"), ("forepaw_L", "forepaw_R"), ("hindpaw_L", "hindpaw_R"),
            ),
        )  # fmt: skip

"""Identity from geometry alone: no vision-language model, no network, no picture.

What it is: dots are matched across views into 3D points, followed over time, and named by an
anatomy learned from the seed frames (distances, and vectors in the body's frame, which know left
from right). What it is not: it never looks at the animal. It cannot know a keypoint that no camera
sees, and it trusts the seeds: a seed frame with left and right exchanged teaches that.
"""

from collections.abc import Generator
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.learning import Learned, learn
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.views import IdealViews
from napari_behaviorvlm.identity.windows import GeometricSettings, Recording


@dataclass
class GeometricStrategy:
    """Names candidates by geometry, anatomy and motion.

    Parameters
    ----------
    settings : GeometricSettings
    """

    settings: GeometricSettings = field(default_factory=GeometricSettings)
    name: str = "geometric"
    _last: tuple[CandidateTable, Seeds, Learned] | None = field(default=None, repr=False)

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames; see `Strategy.label`.

        The answer for a frame is the same whichever other frames are asked for in the same call, so
        that a caller may save and go on in pieces (of ``settings.window`` frames best of all).
        """
        frames = np.unique(np.asarray(frames, np.int64))
        if len(rig) < 2:
            raise IdentityError("Identity needs at least two calibrated cameras.")
        seeds.require_poses(skeleton)
        yield Progress(0, len(frames), "Learning the animal's anatomy")
        views = IdealViews(rig)
        learned = self._learned(views, skeleton, seeds, candidates)
        recording = Recording(views, skeleton, candidates, learned, self.settings, votes)
        parts: list[Labelling] = []
        done = 0
        for context, inside in recording.windows(frames):
            parts.append(recording.label(context, inside))
            done += len(inside)
            yield Progress(done, len(frames), "Naming points")
        return _joined(parts, frames, len(rig), len(skeleton))

    def _learned(
        self, views: IdealViews, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable
    ) -> Learned:
        """Learn what the recording teaches; kept for the next call about the same tables."""
        if self._last is None or self._last[0] is not candidates or self._last[1] is not seeds:
            settings = self.settings
            learned = learn(
                views, skeleton, seeds, candidates,
                settings=settings.learning, fusion=settings.fusion, solver=settings.solver,
            )  # fmt: skip
            self._last = (candidates, seeds, learned)
        return self._last[2]


def _joined(
    parts: list[Labelling], frames: NDArray[np.int64], n_cameras: int, n_keypoints: int
) -> Labelling:
    """Put windows together; frames without candidates stay unlabelled."""
    whole = nothing_labelled(frames, n_cameras, n_keypoints)
    for part in parts:
        rows = np.searchsorted(frames, part.labels.frames)
        for table, piece in ((whole.labels, part.labels), (whole.poses, part.poses)):
            for column in fields(table):
                if column.name != "frames":
                    getattr(table, column.name)[rows] = getattr(piece, column.name)
        whole.margin[rows] = part.margin
        whole.alternative[rows] = part.alternative
    return whole


def nothing_labelled(frames: NDArray[np.int64], n_cameras: int, n_keypoints: int) -> Labelling:
    """Answer for frames without candidates: nothing is labelled."""
    labels = Labels.empty(frames, n_cameras, n_keypoints)
    poses = Poses.empty(frames, n_cameras, n_keypoints)
    margin = np.full(poses.n_views.shape, np.nan, np.float32)
    return Labelling(labels, poses, margin, np.zeros(labels.status.shape, np.int16))

"""What a report is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.flags import FlagTable
from napari_behaviorvlm.identity.review import ReviewQueue
from napari_behaviorvlm.workflows.judgements import Judgements

Image = NDArray[np.uint8]
ReadImage = Callable[[str, int], "Image | None"]


@dataclass(frozen=True, eq=False)
class ReportInput:
    """A session as it stands, and how to read its pictures.

    Parameters
    ----------
    title : str
        Name of the session.
    rig, skeleton : Rig, Skeleton
    labels, poses : Labels, Poses
        Of the same frames.
    flags : FlagTable
    queue : ReviewQueue
        The whole queue; its first ``n_doubtful`` entries are shown enlarged.
    candidates : CandidateTable
    read_image : callable
        ``read_image(camera_name, frame)`` gives the picture in which the animal is seen, uint8,
        shape (H, W) or (H, W, 3) in red, green, blue; None where there is none.
    read_fluorescence : callable, optional
        The same for the picture in which the dots glow.
    unit : str
        Of the calibration.
    strategy : str
        How identities were found: "geometric", "paper", "fused" or empty.
    seed_frames : sequence of int
        Frames that a person labelled.
    truth : ndarray, shape (F, K, 3), optional
        True positions, where they are known.
    identities_right : float, optional
        Share of labels on the right dot, 0..1, where the truth is known.
    fps : float, optional
        Frames per second.
    frame : int, optional
        Frame that is shown from all sides; by default the one with most labels.
    n_doubtful : int
        How many of the labels to look at first are shown enlarged.
    places : sequence of (str, str)
        What lies where: description and path.
    notes : sequence of (str, str)
        Further rows of the summary table.
    judgements : Judgements, optional
        What people decided about proposals.
    """

    title: str
    rig: Rig
    skeleton: Skeleton
    labels: Labels
    poses: Poses
    flags: FlagTable
    queue: ReviewQueue
    candidates: CandidateTable
    read_image: ReadImage
    read_fluorescence: ReadImage | None = None
    unit: str = "mm"
    strategy: str = "geometric"
    seed_frames: Sequence[int] = ()
    truth: NDArray[np.float64] | None = None
    identities_right: float | None = None
    fps: float | None = None
    frame: int | None = None
    n_doubtful: int = 12
    places: Sequence[tuple[str, str]] = ()
    notes: Sequence[tuple[str, str]] = ()
    judgements: Judgements | None = None

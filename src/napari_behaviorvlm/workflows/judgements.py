"""What people's decisions say of the proposals they were made about."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Status
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.decisions import Decisions
from napari_behaviorvlm.workflows.proposals import Proposals
from napari_behaviorvlm.workflows.review import RULE_UNFLAGGED

MOVED = 2.0
"""A label that a person moved by more px than this was wrong."""


@dataclass(frozen=True, eq=False)
class Judgements:
    """Proposed labels that people decided about after they were proposed, one row each.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        As proposed; NaN where the strategy gave none.
    right : ndarray of bool, shape (n,)
        Whether the person left the label where it was.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.right)

    @classmethod
    def none(cls) -> "Judgements":
        """Return no judgements."""
        return cls(np.zeros(0), np.zeros(0, bool))


def project_judgements(project: Project) -> Judgements:
    """Compare people's decisions with what was proposed.

    Left out are seed frames, what a rule accepted without looking, and decisions that are older
    than the proposals: those were made with the decision in mind and cannot be judged by it.
    """
    proposals = Proposals.of(project)
    created = {run.key: run.created for run in project.store.runs()}
    covered = np.zeros(project.config.n_frames, bool)
    covered[[f for f in project.store.seed_frames() if f < len(covered)]] = True
    parts = [Judgements.none()]
    for folder, (first, labels, poses) in zip(
        reversed(proposals.folders), proposals.results, strict=True
    ):
        rows = slice(first, first + len(labels.frames))
        decisions = project.store.decisions(since=created[folder.name], without=RULE_UNFLAGGED)
        inside = (decisions.frame >= rows.start) & (decisions.frame < rows.stop)
        inside[inside] = ~covered[decisions.frame[inside]]
        parts.append(_judged(labels, poses, first, decisions.select(inside)))
        covered[rows] = True
    return Judgements(
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.right for part in parts]),
    )


def _judged(labels: Labels, poses: Poses, first: int, decisions: Decisions) -> Judgements:
    row = decisions.frame - first
    cells = row, decisions.camera, decisions.keypoint
    own, point = labels.confidence[cells], poses.confidence[row, decisions.keypoint]
    confidence = np.where(np.isnan(own), point, own).astype(np.float64)
    kept = np.isin(decisions.status, (Status.ACCEPTED, Status.CORRECTED))
    with np.errstate(invalid="ignore"):
        kept &= np.linalg.norm(decisions.xy - labels.xy[cells], axis=1) <= MOVED
    proposed = np.isin(labels.status[cells], LABELLED)
    return Judgements(confidence[proposed], kept[proposed])

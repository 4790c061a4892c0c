"""What labelling starts from, whatever the strategy: dots, seeds, and what people said."""

from dataclasses import asdict, dataclass, fields

import numpy as np

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.review import RULE_UNFLAGGED

HUMAN_VOTE = 20.0
"""Weight of a person's word for a candidate (log likelihood ratio): nothing outvotes it."""


@dataclass(frozen=True, eq=False)
class LabelInputs:
    """What a strategy is given.

    Parameters
    ----------
    frames : range
        To be labelled.
    table : SeedTable
        Seed labels as people left them.
    seeds : Seeds
        The same, by view.
    examples : Seeds
        Seed frames, and other frames of which people decided about at least half of the keypoints:
        what anatomy is learned from.
    candidates : CandidateTable
        Of the whole recording.
    """

    frames: range
    table: SeedTable
    seeds: Seeds
    examples: Seeds
    candidates: CandidateTable

    def content(self, project: Project) -> dict[str, object]:
        """Everything that labels depend on besides strategy and frames, for a content key."""
        dots, seeds = self.candidates, self.table
        return {
            "candidates": [dots.frame, dots.camera, dots.number, dots.xy],
            "seeds": [getattr(seeds, f.name) for f in fields(seeds)],
            "skeleton": asdict(project.skeleton),
            "cameras": [
                [c.name, c.size, c.matrix, c.distortion, c.rotation, c.translation, c.fisheye]
                for c in project.rig
            ],
        }


def label_inputs(project: Project, span: FrameSpan) -> LabelInputs:
    """Read what a strategy is given.

    Raises
    ------
    IdentityError
        If frames have no candidates, there are no seeds, or the calibration contradicts them.
    """
    frames = span.within(project.config.n_frames)
    if project.candidates().missing(frames):
        raise IdentityError(
            f"Some of these frames have no candidates yet: run `behaviorvlm detect "
            f"{project.folder}` first."
        )
    table = read_seed_table(project)
    seeds = Seeds.from_table(table, project.rig, project.skeleton)
    _require_fitting_calibration(project, seeds)
    candidates = project.candidates().read(range(project.config.n_frames))
    return LabelInputs(frames, table, seeds, _examples(project, table, seeds), candidates)


def _examples(project: Project, table: SeedTable, seeds: Seeds) -> Seeds:
    """Add the frames that people went through in review to the seed frames."""
    decisions = project.store.decisions(without=RULE_UNFLAGGED)
    kept = np.isin(decisions.status, (Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED))
    kept &= ~np.isin(decisions.frame, seeds.frames)
    chosen = decisions.select(kept)
    frame, at = np.unique(chosen.frame, return_inverse=True)
    n_keypoints = len(project.skeleton)
    views = np.zeros((len(frame), n_keypoints), np.int64)
    placed = chosen.status != Status.OCCLUDED
    np.add.at(views, (at[placed], chosen.keypoint[placed]), 1)
    enough = (views >= 2).sum(axis=1) * 2 >= n_keypoints
    if not enough.any():
        return seeds
    mine = chosen.select(enough[at])
    both = SeedTable(
        np.concatenate([table.frame, mine.frame]),
        np.concatenate([table.camera, mine.camera.astype(np.int16)]),
        np.concatenate([table.keypoint, mine.keypoint.astype(np.int16)]),
        np.concatenate([table.xy, mine.xy]),
    )
    return Seeds.from_table(both, project.rig, project.skeleton)


def _require_fitting_calibration(project: Project, seeds: Seeds) -> None:
    """Refuse a calibration that the seeds contradict; one camera that disagrees is outvoted."""
    points = seeds.xy.transpose(0, 2, 1, 3).reshape(-1, len(project.rig), 2)
    found = check_rig(project.rig, points)
    if found.problem is not None and len(found.disagreeing) > len(project.rig) / 2:
        raise IdentityError(f"The seeds contradict the calibration. {found.problem}")


def read_seed_table(project: Project) -> SeedTable:
    """Read the labels of the seed frames as people left them.

    Raises
    ------
    IdentityError
        If there are none.
    """
    kept = (Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED)
    rows = [
        (*cell, np.nan if label.x is None else label.x, np.nan if label.y is None else label.y)
        for frame in project.store.seed_frames()
        for cell, label in project.store.labels(frame, frame + 1)
        if label.status in kept
    ]
    if not rows:
        raise IdentityError(
            "There are no seed frames yet: label about three frames by hand and give them with "
            f"`behaviorvlm seed {project.folder} FILE`."
        )
    frame, camera, keypoint, x, y = (np.array(column) for column in zip(*rows, strict=True))
    return SeedTable(
        frame.astype(np.int64), camera.astype(np.int16), keypoint.astype(np.int16),
        np.column_stack([x, y]),
    )  # fmt: skip


def human_votes(project: Project) -> CandidateVotes | None:
    """Candidates that a person named, as votes; None if there are none."""
    decisions = project.store.decisions()
    named = decisions.select(
        (decisions.source == Source.HUMAN)
        & (decisions.status == Status.CORRECTED)
        & (decisions.candidate > 0)
    )
    if not len(named):
        return None
    return CandidateVotes(
        named.frame, named.camera.astype(np.int16), named.candidate.astype(np.int32),
        named.keypoint.astype(np.int16), np.full(len(named), HUMAN_VOTE),
    )  # fmt: skip

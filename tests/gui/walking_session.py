"""A labelling session whose every frame is labelled, made in a moment: three points, four views."""

import numpy as np
from tests.unit.workflows.small_session import small_project, truth

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.workflows.state import retriangulate


def walking_session(folder, n_frames=120, shift=None, noise=0.2):
    """Open a project with labels on all frames.

    ``shift`` is (camera, first frame, pixels): from there on that camera sees everything beside its
    place, as if somebody had bumped it.
    """
    small_project(folder, n_frames).close()
    session = LabellingSession.open(folder, "Ann")
    labels, poses, rig = session.labels, session.poses, session.rig
    xy = project_rig(rig, truth(n_frames).reshape(-1, 3)).reshape(n_frames, 3, len(rig), 2)
    labels.xy[:] = xy.transpose(0, 2, 1, 3)
    labels.xy[:] += np.random.default_rng(0).normal(0, noise, labels.xy.shape)
    if shift is not None:
        camera, first, pixels = shift
        labels.xy[first:, camera, :, 0] += pixels
    labels.status[:], labels.source[:] = Status.PROPOSED, Source.GEOMETRIC
    retriangulate(labels, poses, rig, ((row, k) for row in range(n_frames) for k in range(3)))
    session.take(session.judge())
    return session

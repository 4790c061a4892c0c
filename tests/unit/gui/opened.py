"""Opening a `pair_session` for tests of what an annotator does."""

from dataclasses import fields

import numpy as np
from tests.unit.gui.pair_session import pair_project

from napari_behaviorvlm.gui.models.session import LabellingSession


class Opened:
    """A session and everything it said."""

    def __init__(self, folder, *args, judged=True, **more):
        pair_project(folder, *args, **more).close()
        self.session = LabellingSession.open(folder, "Bea")
        if judged:
            self.session.take(self.session.judge())
        self.said = []
        self.session.said.connect(self.said.append)

    def close(self):
        self.session.close()


def arrays(session):
    """Copies of all arrays of labels, poses and decisions."""
    found = {
        f"{type(table).__name__}.{column.name}": np.array(getattr(table, column.name))
        for table in (session.labels, session.poses)
        for column in fields(table)
    }
    return {**found, "decided": session.decided.copy()}


def assert_same(session, wanted, *, numerics=0.0):
    """The arrays of a session are these, to the last bit; 3D up to ``numerics`` if given.

    A point that was edited is computed together with others, which moves its last digits.
    """
    for name, values in arrays(session).items():
        if numerics and name.startswith("Poses."):
            np.testing.assert_allclose(values, wanted[name], numerics, numerics, err_msg=name)
        else:
            np.testing.assert_array_equal(values, wanted[name], err_msg=name)


def one_keypoint_a_dot(session):
    """No dot of a view is two keypoints'."""
    held = session.labels.candidate
    positioned = np.isfinite(session.labels.xy[..., 0]) & (held > 0)
    for row, camera in np.argwhere(positioned.any(axis=2)):
        numbers = held[row, camera][positioned[row, camera]]
        if len(set(numbers.tolist())) < len(numbers):
            return False
    return True

"""Recordings of which everything is known, for tests of exports."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.ethogram import FORMATS, Ethogram, FramePiece, Stretch

ANIMALS = ("A0", "Ünal / 2", "mouse:3")

BOUTS = (
    Bout("A0", 0, 9, "rest", 'Sits, "still";\nthen not.', 3, 0.51234, "measured", (0,)),
    Bout("A0", 10, 10, "rest", "", 4, 0.75, "vlm", (1,)),
    Bout("A0", 11, 40, "Sprünge <b>&", "Springt 1 m.", -1, 1.0, "human", (2, 3)),
    Bout("Ünal / 2", 30, 99, "rest", "Liegt.", 3, 0.25, "clusters", (4,)),
)
GONE = (Stretch("A0", 60, 99), Stretch("mouse:3", 0, 99))


def ethogram(recording="day 1", **more):
    known = {
        "bouts": BOUTS, "animals": ANIMALS, "fps": 30.0, "n_frames": 100,
        "video": Path("/films/day 1.mp4"), "size": (640, 480), "untracked": GONE,
        "definitions": {"rest": "does not move"},
    }  # fmt: skip
    return Ethogram(recording, **{**known, **more})


def write(name, ethograms, path):
    """Write one file of a format; what it has to say."""
    return FORMATS[name].write(ethograms, path, path)


def some(examples):
    """So many random recordings; they may share a folder."""
    return settings(
        max_examples=examples, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
).map(str.strip).filter(bool)  # fmt: skip


@st.composite
def recordings(draw, overlapping=True):
    """Any recording: bouts in any order of labels, also at both ends and of one frame."""
    animals = tuple(draw(st.lists(WORDS, min_size=1, max_size=3, unique_by=str.casefold)))
    n_frames = draw(st.integers(1, 200))
    labels = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
    bouts = []
    for animal in animals:
        reached = -1
        for _ in range(draw(st.integers(0, 6))):
            first = draw(st.integers(0 if overlapping else reached + 1, n_frames - 1))
            last = draw(st.integers(first, n_frames - 1))
            bouts.append(Bout(
                animal, first, last, draw(st.sampled_from(labels)), draw(WORDS | st.just("")),
                draw(st.integers(-1, 30)), draw(st.floats(0, 1)),
                draw(st.sampled_from(["measured", "vlm", "human", "clusters"])),
            ))  # fmt: skip
            reached = last
            if not overlapping and reached >= n_frames - 1:
                break
    bouts.sort(key=lambda bout: (animals.index(bout.animal), bout.start_frame, bout.end_frame))
    gone = tuple(
        Stretch(animal, at, draw(st.integers(at, n_frames - 1)))
        for animal in animals if draw(st.booleans())
        for at in [draw(st.integers(0, n_frames - 1))]
    )  # fmt: skip
    fps = draw(st.sampled_from([25.0, 30.0, 29.97, 120.0, 7.5]))
    return Ethogram("v", tuple(bouts), animals, fps, n_frames, untracked=gone)


def frames_of(stretches):
    """Set of all frames of (first, last) pairs."""
    return {frame for first, last in stretches for frame in range(first, last + 1)}


def framewise(one, dimensions=3, piece=32):
    """The same recording with numbers for every frame, handed out in pieces."""
    noise = np.random.default_rng(0)
    shape = (one.n_frames, len(one.animals))
    gone = np.zeros(shape, bool)
    for stretch in one.untracked:
        gone[stretch.start_frame : stretch.end_frame + 1, one.animals.index(stretch.animal)] = True
    cluster = np.where(gone, -1, noise.integers(0, 5, shape))
    embedded = np.where(gone[..., None], np.nan, noise.normal(size=(*shape, dimensions)))
    centre = np.where(gone[..., None], np.nan, noise.uniform(0, 500, (*shape, 2)))
    heading = np.where(gone, np.nan, noise.uniform(-np.pi, np.pi, shape))
    everything = FramePiece(slice(0, one.n_frames), cluster, embedded.astype(np.float32), centre,
                            heading)  # fmt: skip

    def pieces():
        for start in range(0, one.n_frames, piece):
            rows = slice(start, min(start + piece, one.n_frames))
            yield FramePiece(rows, cluster[rows], everything.embedded[rows], centre[rows],
                             heading[rows])  # fmt: skip

    return everything, pieces

"""A small behaviour session: three animals, clips of a second, named bouts."""

import numpy as np

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession, Content
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording

ANIMALS = ("Mia", "Tom", "Ute")
FPS, FRAMES, CLIP = 25.0, 500, 25

BOUTS = (
    ("Mia", 0, 99, "walk"), ("Mia", 100, 149, "rest"), ("Mia", 150, 299, "walk"),
    ("Mia", 350, 474, "groom"),
    ("Tom", 0, 249, "rest"), ("Tom", 250, 474, "chase"),
    ("Ute", 25, 124, "rear"),
)  # fmt: skip


def clips():
    """Clips of a second; Ute is lost from frame 200 on."""
    rows = [(animal, start) for animal in range(3) for start in range(0, 475, CLIP)
            if animal < 2 or start < 200]  # fmt: skip
    animal, start = np.array(rows).T
    return Clips(ANIMALS, FRAMES, FPS, animal, start, start + CLIP - 1, start // CLIP % 4,
                 np.full(len(start), 0.7))  # fmt: skip


def bodies():
    """Animals that go to the right, one below the other."""
    frames = np.arange(FRAMES)
    x = np.stack([40 + 0.3 * frames + 10 * at for at in range(3)], axis=1)
    y = np.stack([np.full(FRAMES, 50.0 + 60 * at) for at in range(3)], axis=1)
    centre = np.stack([x, y], axis=2)
    centre[200:, 2] = np.nan
    ahead = np.array([12.0, 0.0])
    shape = centre.shape[:2]
    return BodyTracks(
        ANIMALS, FPS, centre, centre + ahead, centre - ahead, np.full(shape, 12.0),
        np.full(shape, 250.0), np.zeros(shape, bool),
    )  # fmt: skip


def bouts(table=None):
    """Bouts that refer to the clips they are made of."""
    table = clips() if table is None else table
    made = []
    for animal, start, end, label in BOUTS:
        mine = np.flatnonzero(
            (table.animal == ANIMALS.index(animal)) & (table.start >= start) & (table.end <= end)
        )
        made.append(Bout(animal, start, end, label, f"{animal} does {label}", 0, 0.6, "measured",
                         tuple(mine.tolist())))  # fmt: skip
    return made


def behavior_session(folder, video=None, author="tester"):
    """Open a session on a new folder; close ``session.folder`` at the end."""
    recording = Recording(
        "box", video, n_animals=3, animals=ANIMALS, fps=FPS, n_frames=FRAMES, size=(320, 240)
    )  # fmt: skip
    opened = BehaviorFolder.create(folder, [recording])
    table = clips()
    opened.store.use_clips("box", table)
    captions = {row: Caption("walk" if row % 2 else "rest", f"clip {row}", source="measured")
                for row in range(len(table))}  # fmt: skip
    opened.store.set_captions("box", captions)
    opened.store.replace_bouts("box", bouts(table))
    return BehaviorSession(opened, recording, lambda *_: Content(table, bodies()), author)

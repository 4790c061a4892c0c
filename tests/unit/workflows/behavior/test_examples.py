"""Pictures of single clips: which clips, which frames, and the animal in their middle."""

import numpy as np
from tests.unit.behavior.mice import bodies_of, clips_of, straight
from tests.unit.workflows.behaving_folder import folder_of

from napari_behaviorvlm.workflows.behavior.examples import (
    clip_pictures,
    shown_frames,
    typical_clips,
)


def test_the_surest_clips_of_every_animal_come_in_turn():
    clips = clips_of([(0, 0, 9), (0, 10, 19), (0, 20, 29), (1, 0, 9), (1, 10, 19)],
                     ("A0", "A1"), clusters=[2, 2, 2, 2, 1])  # fmt: skip
    clips.confidence[:] = [0.5, 0.9, 0.7, 0.6, 1.0]
    assert typical_clips(clips, 2, 9) == [1, 3, 2, 0]
    assert typical_clips(clips, 2, 2) == [1, 3]
    assert typical_clips(clips, 5, 2) == []


def test_frames_lie_in_the_clip_and_long_clips_show_their_middle():
    clips = clips_of([(0, 0, 29), (0, 30, 329), (0, 330, 330)])
    short, long, one = (shown_frames(clips, row, rate=10, seconds=2.0) for row in range(3))
    assert len(short) == 10
    assert 0 <= short[0] < short[-1] <= 29
    assert 150 <= long[0] < long[-1] <= 210
    assert len(long) == 20
    assert one == (330,)


def test_the_animal_is_in_the_middle_with_its_head_up(tmp_path):
    """The film's bright spot wanders to the right; a body that follows it has it in the middle."""
    path = straight(0.75, 60, (30.0, 55.0))  # a pixel a frame, as the spot does
    bodies = bodies_of(path[:, None], np.zeros((60, 1)))
    clips = clips_of([(0, 0, 29), (0, 30, 59)])
    with folder_of(tmp_path, n_frames=60) as folder:
        for head_up in (False, True):
            found = list(clip_pictures(
                folder, folder.recordings[0], bodies, clips, {1: (40, 50), 0: (10,)}, size=64,
                head_up=head_up,
            ))  # fmt: skip
            assert [one.clip for one in found] == [0, 1]
            assert [one.frames for one in found] == [(10,), (40, 50)]
            for one in found:
                assert one.crops.shape[1:3] == (64, 64)
                for crop in one.crops.reshape(len(one.crops), 64, 64, -1)[..., 0]:
                    assert crop[30:34, 30:34].min() > 150
                    # The spot is 20 x 10 px, and half a crop is a body of 40 px.
                    wide, high = (crop[32] > 150).sum(), (crop[:, 32] > 150).sum()
                    assert (high > 1.5 * wide) == head_up

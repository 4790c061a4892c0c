"""From recordings to clips, stage by stage, on drawn mice."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.unit.behavior.features.drawn_mice import FPS, acted, pictures

from napari_behaviorvlm.behavior import metrics
from napari_behaviorvlm.behavior.embedding.base import finish
from napari_behaviorvlm.core.bouts import UNTRACKED
from napari_behaviorvlm.core.errors import TableError, VideoError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.results import poses_of
from napari_behaviorvlm.workflows.behavior.segmenting import (
    SegmentRequest,
    has_clips,
    read_bodies,
    read_clips,
    read_clusters,
    segment,
)

pytest.importorskip("sklearn")

MABE = Path(__file__).parents[5] / "shared/data/mabe_three_mice"
QUICK = SegmentRequest(method="kmeans", n_clusters=6)


def write_video(place, frames):
    place.mkdir()
    for at, picture in enumerate(frames):
        cv2.imwrite(str(place / f"{at:04d}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    return place


def write_poses(path, bodies):
    """DeepLabCut's table of one animal."""
    points = {"nose": bodies.head, "body": bodies.centre, "tail_base": bodies.rear}
    lines = ["scorer" + ",drawn" * 9, "bodyparts," + ",".join(f"{n},{n},{n}" for n in points)]
    lines.append("coords" + ",x,y,likelihood" * 3)
    for at in range(len(bodies)):
        cells = [
            f"{p[at, 0, 0]:.3f},{p[at, 0, 1]:.3f},1.0" if np.isfinite(p[at]).all() else ",,"
            for p in points.values()
        ]
        lines.append(",".join([str(at), *cells]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Two films of one mouse with poses; in the second it is hidden for a while."""
    place = tmp_path_factory.mktemp("films")
    recordings, truths = [], []
    for number in range(2):
        bodies, truth = acted(number, bouts=9, length=30)
        frames = pictures(bodies, truth, number)
        if number:
            frames[100:160] = pictures(bodies, truth, 9)[:1] * 0 + 200
            bodies.centre[100:160] = bodies.head[100:160] = bodies.rear[100:160] = np.nan
        video = write_video(place / f"film{number}", frames)
        poses = write_poses(place / f"film{number}.csv", bodies)
        recordings.append(Recording(f"film{number}", video, poses, fps=FPS, n_frames=len(bodies)))
        truths.append(truth)
    return recordings, truths


def made(path, recordings):
    return BehaviorFolder.create(path / "lab.behavior", recordings)


def tree(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*.npy")}


def named(folder, recordings, truths):
    found = [read_clips(folder, r) for r in recordings]
    labels = np.concatenate([clips.per_frame(clips.cluster) for clips in found])
    return np.concatenate(truths), labels


@pytest.mark.parametrize("features", ["poses", "pixels", "both"])
def test_behaviour_is_found_again(tmp_path, material, features):
    recordings, truths = material
    with made(tmp_path, recordings) as folder:
        report = finish(segment(folder, replace(QUICK, features=features)))
        truth, labels = named(folder, recordings, truths)
        hidden = read_clusters(folder, "film1").labels[105:155]
        bodies = read_bodies(folder, "film1")
    assert not report.notes
    assert (hidden == UNTRACKED).all()
    assert not bodies.tracked[105:155].any()
    # Keypoints do not tell grooming from rest here: the nose's tip is drawn, its pose is not.
    expected = {"poses": 0.5, "pixels": 0.8, "both": 0.8}[features]
    assert metrics.macro_f1(truth[labels >= 0], labels[labels >= 0], "many-to-one") > expected
    followed = truth.ravel()[labels.ravel() >= 0]
    assert len(followed) > 0.8 * truth.size


def test_words_come_from_the_poses_only_where_these_say_who_is_who(tmp_path, material):
    recordings, _ = material
    with made(tmp_path, recordings[:1]) as folder:
        for features, uses in (("poses", True), ("pixels", False)):
            finish(segment(folder, replace(QUICK, features=features)))
            bodies = read_bodies(folder, "film0")
            assert (poses_of(folder, recordings[0], bodies) is not None) == uses


def test_nothing_is_computed_twice_and_the_same_input_gives_the_same_clips(tmp_path, material):
    recordings, _ = material
    quick = replace(QUICK, features="poses")
    with made(tmp_path, recordings) as folder:
        first = finish(segment(folder, quick))
        before, clips = tree(folder.folder), read_clips(folder, "film0")
        again = finish(segment(folder, quick))
        assert again.computed == ()
        assert tree(folder.folder) == before
        assert first.computed
        # Another number of clusters: tracks and features are kept.
        other = finish(segment(folder, replace(quick, n_clusters=4)))
        assert {one.split()[0] for one in other.computed} == {"clips", "clusters"}
        assert other.n_clusters == 4
        back = finish(segment(folder, quick))
        same = read_clips(folder, "film0")
    assert back.computed
    for column in ("animal", "start", "end", "cluster", "confidence"):
        assert np.array_equal(getattr(clips, column), getattr(same, column))


def test_killed_anywhere_it_goes_on_and_readers_see_the_old_result(tmp_path, material):
    recordings, _ = material
    with made(tmp_path, recordings[:1]) as folder:
        finish(segment(folder, QUICK))
        old = read_clips(folder, "film0")
        request = replace(QUICK, features="poses", n_clusters=3)
        for steps in range(1, 200):
            work = segment(folder, request)
            try:
                for _ in range(steps):
                    next(work)
            except StopIteration:
                break
            work.close()
            left = [p.name for p in folder.folder.rglob("*") if p.name.startswith(".partial")]
            assert left == []
            assert read_clips(folder, "film0").cluster.tolist() == old.cluster.tolist()
        else:
            pytest.fail("it never ends")
        assert read_clusters(folder, "film0").n_clusters == 3


def test_a_damaged_result_is_made_again(tmp_path, material):
    recordings, _ = material
    with made(tmp_path, recordings[:1]) as folder:
        request = replace(QUICK, features="poses")
        finish(segment(folder, request))
        place = next(folder.derived("film0").glob("clusters-*"))
        (place / "facts.json").write_text("{")
        assert not has_clips(folder, "film0")
        assert finish(segment(folder, request)).computed == ("clips of film0",)
        assert has_clips(folder, "film0")


def test_clusters_are_shown_with_curves_and_a_scatter(tmp_path, material):
    pytest.importorskip("torch")
    recordings, _ = material
    with made(tmp_path, recordings[:1]) as folder:
        request = SegmentRequest(n_clusters=5, features="poses")
        finish(segment(folder, request))
        found = read_clusters(folder, "film0")
    assert found.method == "dec"
    assert len(found.history["reconstruction"]) == 15
    assert found.history["reconstruction"][-1] < found.history["reconstruction"][0]
    assert found.scatter.shape == (len(found.scatter_frame), 2)
    assert found.scatter_frame.max() == 269
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()


@pytest.mark.parametrize("method", ["dec", "gmm", "kmeans"])
def test_known_clusters_are_used_for_another_recording(tmp_path, material, method):
    if method == "dec":
        pytest.importorskip("torch")
    recordings, _ = material
    request = replace(QUICK, method=method, features="poses", n_clusters=4)
    with made(tmp_path, recordings[:1]) as folder:
        report = finish(segment(folder, request))
        labels = read_clusters(folder, "film0").labels
        with BehaviorFolder.create(tmp_path / "new.behavior", recordings) as other:
            known = finish(segment(other, replace(request, known=report.model)))
            assert known.n_clusters == report.n_clusters
            assert (read_clusters(other, "film0").labels == labels).mean() > 0.99
            assert len(read_clips(other, "film1"))


def test_fewer_moments_than_clusters_and_one_frame(tmp_path, material):
    recordings, _ = material
    bodies, _ = acted(0)
    one = replace(
        recordings[0], name="one", poses=write_poses(tmp_path / "one.csv", bodies.rows(0, 1)),
        n_frames=1, video=None,
    )  # fmt: skip
    with made(tmp_path, [one]) as folder:
        report = finish(segment(folder, QUICK))
        clips = read_clips(folder, "one")
    assert report.n_clusters == 1
    assert "1 clusters instead of 6" in report.notes[0]
    assert (clips.start.tolist(), clips.end.tolist()) == ([0], [0])


def test_moments_that_are_all_alike_make_one_cluster(tmp_path, material):
    recordings, _ = material
    bodies, _ = acted(0)
    still = replace(bodies.rows(0, 90), **{
        name: np.repeat(getattr(bodies, name)[:1], 90, axis=0)
        for name in ("centre", "head", "rear", "width", "area", "touching")
    })  # fmt: skip
    alike = replace(
        recordings[0], name="still", poses=write_poses(tmp_path / "s.csv", still), video=None,
        n_frames=100,
    )  # fmt: skip
    for method in ("kmeans", "gmm"):
        with BehaviorFolder.create(tmp_path / method, [alike]) as folder:
            assert finish(segment(folder, replace(QUICK, method=method))).n_clusters == 1
            labels = read_clusters(folder, "still").labels
        assert (labels[:90] == 0).all()
        assert (labels[90:] == UNTRACKED).all()  # the video goes on, the poses do not


def test_no_animal_is_one_sentence(tmp_path):
    empty = write_video(tmp_path / "empty", np.full((5, 60, 80), 200, np.uint8))
    with made(tmp_path, [Recording("empty", empty, fps=FPS, n_frames=5)]) as folder:
        with pytest.raises(VideoError, match="empty: No animal"):
            finish(segment(folder, QUICK))
        with pytest.raises(TableError, match="no clips yet"):
            read_clips(folder, "empty")


def test_a_wrong_model_and_a_wrong_encoder_are_one_sentence(tmp_path, material):
    recordings, _ = material
    with made(tmp_path, recordings[:1]) as folder:
        with pytest.raises(TableError, match="holds no clusters"):
            finish(segment(folder, replace(QUICK, features="poses", known=tmp_path)))
        pytest.importorskip("torch")
        wrong = tmp_path / "weights.pt"
        wrong.write_text(json.dumps({}))
        with pytest.raises(TableError, match="no TorchScript module"):
            finish(segment(folder, replace(QUICK, features="both", encoder=wrong)))


@pytest.mark.skipif(not MABE.exists(), reason=f"no {MABE.name} beside the repository")
def test_three_real_mice_by_their_poses(tmp_path):
    poses = next(MABE.glob("*.h5"))
    mice = Recording("mice", None, poses, n_animals=3, fps=30.0, n_frames=1801)
    with made(tmp_path, [mice]) as folder:
        report = finish(segment(folder, SegmentRequest(method="kmeans")))
        labels, clips = read_clusters(folder, "mice").labels, read_clips(folder, "mice")
    assert report.n_clusters == 30
    present = labels != UNTRACKED
    assert 0.9 < present.mean() < 1
    # Every frame of every animal that is followed lies in one clip, every other in none.
    assert ((clips.per_frame() != UNTRACKED) == present).all()
    assert clips.lengths.sum() == present.sum()
    assert clips.seconds.max() <= 5
    assert 1 <= np.median(clips.seconds) <= 3
    assert len(np.unique(clips.cluster)) > 15

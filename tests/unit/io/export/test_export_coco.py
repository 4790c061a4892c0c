"""COCO keypoints, read by pycocotools and sleap-io."""

import contextlib
import io
import json
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import sleap_io as sio
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import Labels, Status
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.io.export import export

NAME = "Mouse-1-dia-2"


@pytest.fixture
def seen(make_session):
    """With a third camera, so that two can tell where a point is that the first does not see."""
    two = make_session()
    third = replace(two.rig.cameras[0], name="third", rotation=np.array([0.3, 0.1, 0]))
    labels, poses = two.labels, two.poses
    more = {each.name: np.concatenate([(own := getattr(labels, each.name)), own[:, 1:]], axis=1)
            for each in fields(labels) if each.name != "frames"}  # fmt: skip
    labels = Labels(labels.frames, **more)
    labels.status[0, 1:, 2], labels.xy[0, 1:, 2] = Status.ACCEPTED, (20, 21)
    labels.status[0, 2, 3] = Status.OUT_OF_VIEW
    poses.points[0] = [[5, 5, 20], [0, 0, 0], [20, -10, 10], [-30, 20, 40]]
    poses = replace(poses, **{name: np.repeat(getattr(poses, name), 2, axis=1)[:, :3]
                              for name in ("view_error", "leave_one_out")})  # fmt: skip
    return make_session(rig=Rig((*two.rig, third)), labels=labels, poses=poses)


@pytest.fixture
def written(seen, run, tmp_path) -> Path:
    run(export(seen, "coco", tmp_path / "coco"))
    return tmp_path / "coco"


def read(folder: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(folder / "annotations.json"))


def annotation(coco: COCO, camera: str, frame: int) -> dict:
    (image,) = (i for i in coco.imgs.values() if (i["camera"], i["frame"]) == (camera, frame))
    (found,) = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
    return found


def test_images(written, seen, picture):
    coco = read(written)
    assert [(i["camera"], i["frame"], i["session"]) for i in coco.dataset["images"]] == [
        (camera, frame, "Mouse 1, día 2") for camera in seen.rig.names for frame in (3, 7)
    ]
    for image in coco.dataset["images"]:
        stored = cv2.imread(str(written / image["file_name"]))[..., ::-1]
        assert stored.shape == (image["height"], image["width"], 3)
        camera = seen.rig.index(image["camera"])
        np.testing.assert_array_equal(stored, picture(camera, image["frame"]))
    assert coco.dataset["images"][0]["file_name"] == f"images/{NAME}_Cam-e-1/img000003.png"
    assert coco.dataset["info"]["contributor"] == "Ann"


def test_category_has_the_skeleton_counted_from_one(written, seen):
    (category,) = read(written).loadCats([1])
    assert category["keypoints"] == list(seen.skeleton.keypoints)
    assert category["skeleton"] == [[1, 2], [2, 3]]


def test_positions(written, seen):
    coco, accepted = read(written), (Status.ACCEPTED, Status.CORRECTED)
    for row, frame in enumerate((3, 7)):
        for c, camera in enumerate(seen.rig.names):
            x, y, v = np.reshape(annotation(coco, camera, frame)["keypoints"], (-1, 3)).T
            visible = np.isin(seen.labels.status[row, c], accepted)
            np.testing.assert_array_equal(v == 2, visible)
            np.testing.assert_array_equal(np.stack([x, y], -1)[visible],
                                          seen.labels.xy[row, c][visible])  # fmt: skip


def test_occluded_unlabelled_and_out_of_view_stay_apart(written, seen):
    coco = read(written)
    first = annotation(coco, "Cam é 1", 3)
    hidden = project(seen.rig["Cam é 1"], seen.poses.points[0, 2])
    assert first["keypoints"][6:9] == pytest.approx([*hidden, 1])
    assert first["keypoints"][3:6] == [0, 0, 0]
    assert first["visibility"] == ["visible", "rejected", "occluded", "visible"]
    assert first["num_keypoints"] == 3
    third = annotation(coco, "third", 3)
    assert third["keypoints"][11] == 0
    assert third["visibility"] == ["visible", "visible", "visible", "out_of_view"]
    assert annotation(coco, "cam 2", 3)["visibility"][3] == "unconfirmed"
    assert annotation(coco, "cam 2", 7)["visibility"][3] == "unlabelled"


@pytest.mark.parametrize("point", [[np.nan] * 3, [0, 0, -5000], [5000, 0, 0]])
def test_occluded_without_a_known_place_in_the_picture_is_not_labelled(seen, run, tmp_path, point):
    seen.poses.points[0, 2] = point
    run(export(seen, "coco", tmp_path / "coco"))
    first = annotation(read(tmp_path / "coco"), "Cam é 1", 3)
    assert first["keypoints"][6:9] == [0, 0, 0]
    assert first["visibility"][2] == "occluded"
    assert first["num_keypoints"] == 2


def test_boxes_hold_the_keypoints_and_stay_in_the_picture(written):
    for found in read(written).dataset["annotations"]:
        left, top, width, height = found["bbox"]
        x, y, v = np.reshape(found["keypoints"], (-1, 3)).T
        x, y = x[v > 0], y[v > 0]
        assert left <= x.min() - 0.5 or left == 0
        assert left + width >= min(x.max() + 1.5, 64)
        assert top <= y.min() - 0.5 or top == 0
        assert 0 <= left < left + width <= 64
        assert 0 <= top < top + height <= 48
        assert found["area"] == pytest.approx(width * height)
        assert found["iscrowd"] == 0


def test_pycocotools_scores_the_labels_themselves_as_perfect(seen, run, tmp_path):
    run(export(seen, "coco", tmp_path / "coco", only="all"))
    truth = read(tmp_path / "coco")
    answers = [
        {key: found[key] for key in ("image_id", "category_id", "keypoints")} | {"score": 0.9}
        for found in truth.dataset["annotations"]
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(answers), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.full(4, 0.05)
        evaluation.params.areaRng = [[0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    assert evaluation.eval["precision"].shape[0] == 10
    np.testing.assert_allclose(evaluation.eval["recall"], 1)


def test_sleap_io_reads_it(written, seen):
    labels = sio.load_coco(str(written / "annotations.json"))
    assert labels.skeletons[0].node_names == list(seen.skeleton.keypoints)
    assert labels.skeletons[0].edge_inds == [(0, 1), (1, 2)]
    for labelled in labels:
        name = Path(labelled.video.filename[labelled.frame_idx])
        camera = ["Cam-e-1", "cam-2", "third"].index(name.parent.name.removeprefix(f"{NAME}_"))
        row = (3, 7).index(int(name.stem.removeprefix("img")))
        visible = np.isin(seen.labels.status[row, camera], (Status.ACCEPTED, Status.CORRECTED))
        read_back = labelled.instances[0].numpy()[visible]
        np.testing.assert_allclose(read_back, seen.labels.xy[row, camera][visible], rtol=1e-6)
    assert len(labels) == 6


def test_every_number_is_plain_json(seen, run, tmp_path):
    seen.poses.points[:] = np.nan
    run(export(replace(seen, name="día"), "coco", tmp_path / "coco", only="all"))
    text = (tmp_path / "coco/annotations.json").read_text("utf-8")
    content = json.loads(text, parse_constant=pytest.fail)
    assert len(content["images"]) == len(content["annotations"]) == 8
    assert {type(v) for a in content["annotations"] for v in a["keypoints"][2::3]} == {int}

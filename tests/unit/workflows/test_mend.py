"""Cameras that were bumped or exchanged after the calibration, in a project."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.unit.workflows.paper_session import finish
from tests.unit.workflows.small_session import SKELETON, seed_rows, small_rig

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.workflows.check import check_project
from napari_behaviorvlm.workflows.mend import ORIGINAL, mend_project
from napari_behaviorvlm.workflows.seed import seed


def project_of(folder, rig, *, seeded=range(0, 90, 3), stands=None):
    """A project with a calibration ``rig`` whose cameras really stand as in ``stands``."""
    views = {name: ViewConfig(size=(640, 480)) for name in rig.names}
    project = Project.create(
        folder, ProjectConfig(name="small", n_frames=90, views=views), rig, SKELETON
    )
    if seeded:
        rows = folder.parent / "seeds.csv"
        rows.write_text(seed_rows(seeded, stands or small_rig()))
        seed(project, rows)
    return project


def calibrated_before(name="cam2", rig=None):
    """The rig as it was calibrated, before this camera was turned by two degrees and moved."""
    rig = rig or small_rig()
    camera = rig[name]
    turn = Rotation.from_rotvec(np.radians([0, 2, 0])).as_matrix()
    matrix = turn @ camera.rotation_matrix
    center = camera.center + np.array([0.0, 6.0, 8.0])
    old = replace(
        camera, rotation=Rotation.from_matrix(matrix).as_rotvec(), translation=-matrix @ center
    )
    return Rig(tuple(old if c.name == name else c for c in rig))


def test_a_bumped_camera_is_proposed_and_mended_only_when_accepted(tmp_path):
    rig = calibrated_before()
    with project_of(tmp_path / "p", rig) as project:
        found, _ = finish(mend_project(project, accept=False))
        assert [one.camera.name for one in found.moved] == ["cam2"]
        assert "was moved" in found.sentence
        assert "--accept" in found.sentence
        assert not (project.folder / ORIGINAL).exists()
        done, _ = finish(mend_project(project, accept=True))
        assert done.accepted
        kept = read_calibration(project.folder / ORIGINAL)["cam2"]
        assert np.array_equal(kept.translation, rig["cam2"].translation)
    with Project(tmp_path / "p") as project:
        mended, true = project.rig["cam2"], small_rig()["cam2"]
        assert np.linalg.norm(mended.center - true.center) < 1.0
        turn = mended.rotation_matrix @ true.rotation_matrix.T
        assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 0.2
        assert finish(mend_project(project, accept=False))[0].moved == ()


def test_two_bumped_cameras_are_mended_together(tmp_path):
    rig = calibrated_before("cam1", calibrated_before("cam3"))
    with project_of(tmp_path / "p", rig) as project:
        done, _ = finish(mend_project(project, accept=True))
        assert [one.camera.name for one in done.moved] == ["cam1", "cam3"]
        assert done.sentence.startswith("Camera 'cam1' was moved: turned by 2.0 degrees")
        assert "Camera 'cam3' was moved" in done.sentence
        assert np.array_equal(
            read_calibration(project.folder / ORIGINAL)["cam1"].translation,
            rig["cam1"].translation,
        )
    with Project(tmp_path / "p") as project:
        for name in ("cam1", "cam3"):
            mended, true = project.rig[name], small_rig()[name]
            assert np.linalg.norm(mended.center - true.center) < 1.0
        assert not [one for one in finish(check_project(project))[0] if one.serious]
        assert finish(mend_project(project, accept=False))[0].moved == ()


def test_exchanged_videos_are_named_by_check_and_mended(tmp_path):
    rig = small_rig()
    at = {"cam1": "cam3", "cam3": "cam1"}
    stands = Rig(tuple(replace(rig[at.get(c.name, c.name)], name=c.name) for c in rig))
    with project_of(tmp_path / "p", rig, seeded=[0, 30, 60], stands=stands) as project:
        serious = [one.sentence for one in finish(check_project(project))[0] if one.serious]
        assert len(serious) == 1
        assert "Cameras 'cam1' and 'cam3' look exchanged" in serious[0]
        assert "behaviorvlm mend" in serious[0]
        found, _ = finish(mend_project(project, accept=False))
        assert found.exchange.names == ("cam1", "cam3")
        assert found.sentence.endswith(
            "Accept with --accept: each video then gets the calibration that fits it."
        )
        assert finish(mend_project(project, accept=True))[0].accepted
        kept = read_calibration(project.folder / ORIGINAL)["cam1"]
        assert np.array_equal(kept.translation, rig["cam1"].translation)
    with Project(tmp_path / "p") as project:
        assert np.allclose(project.rig["cam1"].translation, rig["cam3"].translation)
        assert np.allclose(project.rig["cam3"].rotation, rig["cam1"].rotation)
        assert finish(mend_project(project, accept=False))[0].exchange is None
        assert not [one for one in finish(check_project(project))[0] if one.serious]


def test_a_rig_that_is_right_and_a_project_without_labels(tmp_path):
    with project_of(tmp_path / "right", small_rig()) as project:
        found, _ = finish(mend_project(project, accept=True))
        assert found.sentence == "No camera is clearly moved, exchanged or out of step."
        assert not (project.folder / ORIGINAL).exists()
    with (
        project_of(tmp_path / "empty", small_rig(), seeded=()) as project,
        pytest.raises(ProjectError, match="Nothing is labelled yet"),
    ):
        finish(mend_project(project, accept=False))

"""A project as plain layers; napari's model needs no Qt."""

from napari.components import ViewerModel


def test_a_project_opens_with_its_labels_on_the_dots(tmp_path):
    from tests.unit.workflows.small_session import seed_rows, small_project

    from napari_behaviorvlm.gui.mosaic import project_layers
    from napari_behaviorvlm.workflows.seed import seed

    project = small_project(tmp_path / "small")
    (tmp_path / "seeds.csv").write_text(seed_rows([2, 9], project.rig))
    seed(project, tmp_path / "seeds.csv", author="Ann")
    project.close()
    *_, (data, options, kind) = project_layers(tmp_path / "small")
    assert kind == "points"
    assert len(data) == 2 * 4 * 3
    assert set(options["features"]["keypoint"]) == {"nose", "back", "tail"}
    ViewerModel().add_points(data, **options)

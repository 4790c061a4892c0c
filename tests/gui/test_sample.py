"""File > Open Sample: the layers that the plugin's manifest gives; napari's model needs no Qt."""

import numpy as np
from napari.components import ViewerModel

from napari_behaviorvlm._npe2 import six_view_mouse
from napari_behaviorvlm.io.samples import six_view_mouse as sample_session
from napari_behaviorvlm.io.video import open_video


def test_the_sample_opens_as_six_views_side_by_side():
    viewer = ViewerModel()
    for data, options, kind in six_view_mouse():
        assert kind == "image"
        viewer.add_image(data, **options)
    assert [layer.name for layer in viewer.layers] == [f"cam{i}" for i in range(6)]
    corners = {tuple(layer.translate[1:]) for layer in viewer.layers}
    assert len(corners) == 6
    viewer.dims.set_current_step(0, 100)
    with open_video(sample_session().videos("reflectance")["cam3"]) as reader:
        np.testing.assert_array_equal(np.asarray(viewer.layers["cam3"].data[100]), reader.read(100))


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

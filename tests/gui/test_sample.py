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

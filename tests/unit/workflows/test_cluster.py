"""The same work in this process, in several, and on a Dask cluster."""

import os

import pytest
from tests.unit.vlm.asking import finish

from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.workflows import cluster as cluster_module
from napari_behaviorvlm.workflows.cluster import spread


@pytest.mark.parametrize("how", [{}, {"processes": 2}])
def test_every_job_is_done_once_and_in_order(how):
    found, steps = finish(spread(pow, [(n, 2) for n in range(4)], **how))
    assert found == [0, 1, 4, 9]
    assert steps[0].total == 4


def test_errors_of_jobs_come_through():
    with pytest.raises(TypeError):
        finish(spread(len, [((),), (1,)], processes=2))
    with pytest.raises(ProjectError, match="was killed"):
        finish(spread(os._exit, [(1,), (1,)], processes=2))


def test_a_dask_cluster_does_the_same(monkeypatch):
    distributed = pytest.importorskip("distributed")
    from napari_behaviorvlm.io.video import probe

    options = {"processes": False, "n_workers": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        address = cluster.scheduler_address
        found, _ = finish(spread(pow, [(n, 2) for n in range(3)], scheduler=address))
        assert found == [0, 1, 4]
        with pytest.raises(VideoError, match="nothing.mp4"):
            finish(spread(probe, [("nothing.mp4",)], scheduler=address))
        with pytest.raises(ProjectError, match="worker of the Dask cluster failed .TypeError"):
            finish(spread(len, [(1,)], scheduler=address))
    monkeypatch.setattr(cluster_module, "REACH", 0.3)
    with pytest.raises(ProjectError, match="cannot be reached"):
        finish(spread(pow, [(1, 2)], scheduler="tcp://localhost:1"))

"""Let Lightning Pose load a project; prints what it read as one line of JSON.

Run by ``test_export_lightning_pose.py`` with the python that BEHAVIORVLM_LIGHTNING_POSE_PYTHON
names.
"""

import json
import sys
from pathlib import Path

import imgaug.augmenters as iaa
import numpy as np
import yaml
from lightning_pose.data.datasets import MultiviewHeatmapDataset
from lightning_pose.utils.io import find_video_files_for_views

folder = Path(sys.argv[1])
views = yaml.safe_load((folder / "project.yaml").read_text())["view_names"]
dataset = MultiviewHeatmapDataset(
    root_directory=folder, csv_paths=[f"CollectedData_{view}.csv" for view in views],
    view_names=views, image_resize_height=128, image_resize_width=128,
    imgaug_transform=iaa.Sequential([]), resize=True,
)  # fmt: skip


def plain(values):
    """Numbers as JSON has them: what is missing is null."""
    array = np.asarray(values, float)
    return np.where(np.isfinite(array), array, None).tolist()


items = [dataset[at] for at in range(len(dataset))]
result = {
    "views": views,
    "images": {view: dataset.dataset[view].image_names for view in views},
    "keypoints": {view: dataset.dataset[view].keypoint_names for view in views},
    "xy": {view: plain(dataset.dataset[view].keypoints) for view in views},
    "visible": {view: dataset.dataset[view].visibility.tolist() for view in views},
    "points": [plain(item["keypoints_3d"]) for item in items],
    "intrinsics": plain(items[0]["intrinsic_matrix"]),
    "pictures": [list(item["images"].shape) for item in items],
    "videos": [
        [path.name for path in session]
        for session in find_video_files_for_views(str(folder / "videos"), views)
    ],
}
sys.stdout.write(json.dumps(result) + "\n")

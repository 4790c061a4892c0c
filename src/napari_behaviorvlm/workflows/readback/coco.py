"""COCO keypoints, read as plain JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found
from napari_behaviorvlm.workflows.readback.pictures import camera_folders, check_pictures

_FILE = "annotations.json"


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """Positions that are visible; every picture must be there, the first be the exact frame."""
    content = json.loads((out / _FILE).read_text("utf-8"))
    cells, (category,) = Cells(session, _FILE), content["categories"]
    keypoints = cells.keypoints(category["keypoints"])
    images = {image["id"]: image for image in content["images"]}
    xy, words = cells.empty(), cells.no_words()
    for annotation in content["annotations"]:
        image = images[annotation["image_id"]]
        row, camera = cells.rows([image["frame"]])[0], cells.cameras([image["camera"]])[0]
        x, y, v = np.reshape(np.asarray(annotation["keypoints"], float), (-1, 3)).T
        said = np.array([word == "occluded" for word in annotation["visibility"]])
        if (said < (v == 1)).any():
            raise ExportError(f"{_FILE} has v 1 in {image['file_name']} where nothing is occluded.")
        xy[row, camera, keypoints] = np.where(v[:, None] == 2, np.stack([x, y], axis=-1), np.nan)
        words[row, camera, keypoints] = said
    for camera in camera_folders(out).values():
        own = (image for image in images.values() if image["camera"] == camera)
        check_pictures({image["frame"]: out / image["file_name"] for image in own}, camera, session)
    yield Found(_FILE, xy=xy, occluded=words)

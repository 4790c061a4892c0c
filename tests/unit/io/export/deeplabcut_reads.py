"""Let DeepLabCut make a training set of a project; prints what it read as one line of JSON.

Run by ``test_export_dlc.py`` with the python that BEHAVIORVLM_DLC_PYTHON names.
"""

import json
import sys
from pathlib import Path

import numpy as np
from deeplabcut.generate_training_dataset.trainingsetmanipulation import (
    create_training_dataset,
    format_training_data,
    merge_annotateddatasets,
)
from deeplabcut.pose_estimation_pytorch import DLCLoader
from deeplabcut.utils.auxiliaryfunctions import read_config

config = sys.argv[1]
cfg = read_config(config)
folder = Path(cfg["project_path"])
merged = merge_annotateddatasets(cfg, folder)
values = merged.to_numpy()
data, _ = format_training_data(
    merged[cfg["scorer"]], range(len(merged)), len(cfg["bodyparts"]), folder
)
create_training_dataset(config, num_shuffles=1, userfeedback=False)
loaded = DLCLoader(config, shuffle=1).load_data("train")
made = list(folder.glob("training-datasets/**/Documentation_data-*.pickle"))
result = {
    "images": len(merged),
    "points": int(np.isfinite(values).sum()) // 2,
    "bodyparts": list(dict.fromkeys(merged.columns.get_level_values("bodyparts"))),
    "sum": float(np.nansum(values)),
    "training_images": len(data),
    "files": len(made),
    "loaded": sum(Path(image["file_name"]).is_file() for image in loaded["images"]),
}
sys.stdout.write(json.dumps(result) + "\n")

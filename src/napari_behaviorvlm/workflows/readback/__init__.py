"""Reading an export back with other people's readers, and comparing it with what was selected.

Nothing of our writers is used here: tables are read by pandas, SLEAP files by sleap-io, DeepLabCut
and Lightning Pose projects as their own programs do (pandas), COCO as plain JSON, NWB by pynwb, and
calibrations as plain TOML.
"""

from napari_behaviorvlm.workflows.readback.comparing import READERS, ReadBack, read_back

__all__ = ["READERS", "ReadBack", "read_back"]

"""Reading the calibrations of other tools, and writing anipose's.

`read_calibration` recognises the format by content; each format is one module. See docs/formats.md
for what each is taken to mean.
"""

from napari_behaviorvlm.io.calibration.anipose import write_anipose
from napari_behaviorvlm.io.calibration.reading import read_calibration
from napari_behaviorvlm.io.names import match_names

__all__ = ["match_names", "read_calibration", "write_anipose"]

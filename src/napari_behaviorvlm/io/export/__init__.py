"""Labels for other tools (DeepLabCut, SLEAP, Lightning Pose, COCO, NWB, anipose) and as tables."""

from napari_behaviorvlm.io.export.formats import FORMATS, WITHOUT_PICTURES, ExportFormat, export
from napari_behaviorvlm.io.export.session import ExportReport, ExportSession, Only

__all__ = [
    "FORMATS",
    "WITHOUT_PICTURES",
    "ExportFormat",
    "ExportReport",
    "ExportSession",
    "Only",
    "export",
]

"""Labels for other tools: DeepLabCut, SLEAP, anipose, tables; one module per format."""

from napari_behaviorvlm.io.export.formats import FORMATS, ExportFormat, export
from napari_behaviorvlm.io.export.session import ExportReport, ExportSession, Only

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "ExportSession", "Only", "export"]

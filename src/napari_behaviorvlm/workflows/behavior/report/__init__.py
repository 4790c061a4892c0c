"""A page about behaviour to read and to pass on: who does what when, and who says so."""

from napari_behaviorvlm.workflows.behavior.report.clusters import shown, summaries
from napari_behaviorvlm.workflows.behavior.report.contents import ReportContents, Told
from napari_behaviorvlm.workflows.behavior.report.film import film
from napari_behaviorvlm.workflows.behavior.report.page import render

__all__ = ["ReportContents", "Told", "film", "render", "shown", "summaries"]

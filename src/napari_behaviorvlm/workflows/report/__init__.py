"""A page to read and to pass on: what was labelled, how sure it is, and where to look again."""

from napari_behaviorvlm.workflows.report.inputs import ReportInput
from napari_behaviorvlm.workflows.report.page import render_report, write_report

__all__ = ["ReportInput", "render_report", "write_report"]

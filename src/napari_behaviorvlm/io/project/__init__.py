"""The project folder: `project.toml`, `calibration.toml`, `labels.sqlite` and `derived/`."""

from napari_behaviorvlm.io.project.project import Project

__all__ = ["Project"]

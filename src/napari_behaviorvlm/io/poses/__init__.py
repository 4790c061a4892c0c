"""Poses that other programs tracked, whatever format they are in."""

from napari_behaviorvlm.io.poses.reading import read_poses

__all__ = ["read_poses"]

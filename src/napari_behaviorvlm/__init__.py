"""Trustworthy 3D keypoint labels and behaviour timelines from multi-camera recordings."""

__version__ = "0.1.0"

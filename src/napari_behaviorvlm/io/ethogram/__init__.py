"""Bouts of recordings in the formats of other tools."""

from napari_behaviorvlm.io.ethogram.ethogram import Ethogram, FramePiece, Stretch
from napari_behaviorvlm.io.ethogram.formats import FORMATS, EthogramFormat

__all__ = ["FORMATS", "Ethogram", "EthogramFormat", "FramePiece", "Stretch"]

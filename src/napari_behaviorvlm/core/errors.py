"""Errors that a person can act on.

Every error of this package carries one clear sentence that names the file, the camera or the frame
it is about. The command line prints that sentence and exits with 1; the docks show it as a message.
"""


class BehaviorVLMError(Exception):
    """Base of all errors that are the user's to solve; its text is one clear sentence."""


class VideoError(BehaviorVLMError):
    """A video or image folder is missing, empty, truncated or not a video."""


class CalibrationError(BehaviorVLMError):
    """A calibration file cannot be read, or does not fit the recording."""


class SkeletonError(BehaviorVLMError):
    """A skeleton file is malformed or inconsistent."""


class TableError(BehaviorVLMError):
    """A table of candidates or seeds has missing columns, unknown names or impossible values."""


class ProjectError(BehaviorVLMError):
    """A project folder is missing, damaged, newer than this program, locked or not writable."""


class IdentityError(BehaviorVLMError):
    """There is not enough to decide which candidate is which keypoint (e.g. no seed frames)."""


class ExportError(BehaviorVLMError):
    """An export cannot be written, or would overwrite somebody's labels."""


class VLMError(BehaviorVLMError):
    """A vision-language model cannot be reached, refuses, or would cost more than allowed."""

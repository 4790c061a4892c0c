"""What can be wrong with an answer, in words that the model and a person understand."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an answer.

    Parameters
    ----------
    code : str
        For programs: "empty", "no_json", "truncated", "refused", "wrong_shape",
        "unknown_keypoint", "unknown_camera", "unknown_number", "candidate_twice",
        "keypoint_twice", "missing", "confidence", "unknown_region", "region_twice", "box",
        "unknown_clip", "clip_twice", "clip_order", "empty_text", "markup", "long_label",
        "unknown_label", "wrong_clip".
    item : str
        What it is about (a keypoint, a region, a clip); empty for the whole answer.
    sentence : str
        For people, and for the model in a repair turn.
    """

    code: str
    item: str
    sentence: str


def repair_text(problems: Sequence[Problem], *, most: int = 12) -> str:
    """Ask for a better answer, naming what was wrong with the last one."""
    lines = [f"- {problem.sentence}" for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"- and {len(problems) - most} more problems of this kind.")
    return (
        "Your answer could not be used:\n" + "\n".join(lines) + "\n"
        "Look at the picture again and send the whole answer once more, as one JSON object in the "
        "form that was asked for and nothing else."
    )

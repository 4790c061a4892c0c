"""Words of the pose questions, in one version.

The order serves the servers' prompt caches: the same system text for all tasks, fixed examples
(the seeds) first, then those that change, then the query.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.vlm.facts import AnyFacts, AssignFacts, AssignmentFacts, RegionsFacts
from napari_behaviorvlm.vlm.marks import STYLE
from napari_behaviorvlm.vlm.pictures import MarkedPicture
from napari_behaviorvlm.vlm.questions import Question
from napari_behaviorvlm.vlm.request import Image, Part, Text

VERSION = f"pose-2 {STYLE.version}"


@dataclass(frozen=True, eq=False)
class Example:
    """A solved picture.

    Parameters
    ----------
    picture : MarkedPicture
    answer : dict
        In the form of the contract.
    fixed : bool
        Whether it stays the same from question to question (a seed frame), so that servers may
        cache it.
    """

    picture: MarkedPicture
    answer: dict[str, object]
    fixed: bool = False


def system_text(skeleton: Skeleton) -> str:
    """Return what every pose question of a session begins with."""
    regions = "; ".join(f"{name}: {', '.join(points)}" for name, points in skeleton.regions.items())
    return (
        "You help to label a freely moving animal that carries small luminescent dots on its body. "
        "Each dot belongs to one keypoint. " + STYLE.words + " Numbers mean nothing beyond this "
        "one picture. Some candidates are reflections or specks and belong to no keypoint; some "
        "keypoints are hidden and have no candidate.\n"
        f"Keypoints: {', '.join(skeleton.keypoints)}. Body regions: {regions}.\n"
        "L and R are the animal's own left and right. Find out first where the head is, where the "
        "tail is, and whether you see the animal from above, from the side, from the front or from "
        "behind; then work along the body. A dot belongs to one keypoint only. If you cannot see "
        "a keypoint's dot, answer 0 rather than guess. Answer in JSON as asked."
    )


def regions_question(
    facts: RegionsFacts, system: str, picture: Image, examples: Sequence[Example]
) -> Question:  # fmt: skip
    """Ask for a box around each body region."""
    words = (
        "Now the picture to solve. Give for each body region the box around its keypoints, with "
        "some margin; call a region that cannot be seen not visible."
    )
    return _question(facts, system, [picture, Text(words)], examples)


def assign_question(
    facts: AssignFacts, system: str, pictures: Sequence[Image], examples: Sequence[Example]
) -> Question:  # fmt: skip
    """Ask which candidate is which keypoint.

    Parameters
    ----------
    facts : AssignFacts
    system : str
    pictures : sequence of Image
        The marked picture last, so that what the facts are about is the last picture of the
        request; an overview may come before it.
    examples : sequence of Example
    """
    where = f" It shows the {facts.region}." if facts.region else ""
    small = ""
    if len(pictures) > 1:
        small = " The small picture before it shows where it lies in the frame."
    words = (
        f"Now the picture to solve.{where}{small} Give for each of these keypoints the number of "
        f"its candidate, or 0: {', '.join(facts.keypoints)}."
    )
    return _question(facts, system, [*pictures, Text(words)], examples)


def resolve_question(
    facts: AssignFacts, system: str, pictures: Sequence[Image], examples: Sequence[Example]
) -> Question:  # fmt: skip
    """Ask for one consistent answer out of those of the regions."""
    words = (
        "Now the picture to solve. Looking at body regions one by one gave this: "
        f"{_proposal(facts.proposed or [])}. Settle what contradicts (a candidate given to two "
        "keypoints) and look for those still without one (0). Give the whole answer."
    )
    return _question(facts, system, [*pictures, Text(words)], examples)


def _proposal(proposed: Sequence[AssignmentFacts]) -> str:
    return ", ".join(f"{item.keypoint} {item.candidate}" for item in proposed)


def _question(
    facts: AnyFacts, system: str, query: list[Part], examples: Sequence[Example]
) -> Question:  # fmt: skip
    parts: list[Part] = []
    ordered = sorted(examples, key=lambda example: not example.fixed)
    last_fixed = sum(example.fixed for example in ordered) - 1
    for number, example in enumerate(ordered):
        answer = json.dumps(example.answer, separators=(",", ":"))
        words = Text(f"Solved example {number + 1}. Its answer: {answer}")
        if number == last_fixed:
            words = replace(words, breakpoint=True)
        parts += [example.picture.image, words]
    return Question(facts, system, (*parts, *query), VERSION)

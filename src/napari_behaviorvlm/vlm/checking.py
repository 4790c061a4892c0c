"""Answers held against the facts of their request.

Every problem gets a name. Items without a problem stay; an item with one is left out, so that after
the last repair turn it counts as "no answer" and never as a guess.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from napari_behaviorvlm.vlm.answers import (
    AnyAnswer,
    Assignment,
    AssignmentsAnswer,
    RegionBox,
    RegionsAnswer,
    answer_key,
)
from napari_behaviorvlm.vlm.captioning import check_caption
from napari_behaviorvlm.vlm.coordinates import Coordinates, box_to_pixels
from napari_behaviorvlm.vlm.facts import (
    AnyFacts,
    AssignFacts,
    CaptionFacts,
    ImageFacts,
    RegionsFacts,
)
from napari_behaviorvlm.vlm.merging import check_events
from napari_behaviorvlm.vlm.parsing import parse_answer
from napari_behaviorvlm.vlm.problems import Problem

Item = TypeVar("Item", bound=BaseModel)

OVERHANG = 0.02
"""Part of a side by which a box may reach over the picture's border; it is cut there."""


@dataclass(frozen=True)
class Checked:
    """An answer after all checks.

    Parameters
    ----------
    answer : AnyAnswer or None
        Only the items that are sound; None where there was nothing to read.
    problems : tuple of Problem
        Empty where the answer is whole and sound.
    """

    answer: AnyAnswer | None
    problems: tuple[Problem, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing needs repair."""
        return not self.problems


def check_text(
    facts: AnyFacts, text: str, *,
    coordinates: Coordinates = Coordinates.PIXELS, cut_off: bool = False,
) -> Checked:  # fmt: skip
    """Read and check an answer that came as text; see `parse_answer` and `check_value`."""
    parsed = parse_answer(text, answer_key(facts), cut_off=cut_off)
    if parsed.value is None:
        assert parsed.problem is not None
        return Checked(None, (parsed.problem,))
    return check_value(facts, parsed.value, coordinates=coordinates)


def check_value(
    facts: AnyFacts, value: dict[str, Any], *, coordinates: Coordinates = Coordinates.PIXELS
) -> Checked:
    """Check an answer that is JSON already.

    Parameters
    ----------
    facts : AnyFacts
        Of the request.
    value : dict
    coordinates : Coordinates
        How the model counts; boxes of the result are in pixels of the picture sent.

    Returns
    -------
    Checked
    """
    if isinstance(facts, CaptionFacts):
        return Checked(*check_caption(facts, value))
    items = value.get(answer_key(facts))
    if not isinstance(items, list):
        sentence = f"{answer_key(facts)!r} is not a list."
        return Checked(None, (Problem("wrong_shape", "", sentence),))
    if isinstance(facts, RegionsFacts):
        return _check_regions(facts, items, coordinates)
    if isinstance(facts, AssignFacts):
        return _check_assignments(facts, items)
    return Checked(*check_events(facts, items))


def read_items(
    kind: type[Item], items: list[Any], name: str
) -> tuple[list[Item], list[Problem]]:  # fmt: skip
    """Items of the right shape, and a problem for each of the others."""
    good: list[Item] = []
    problems: list[Problem] = []
    for number, item in enumerate(items, 1):
        try:
            good.append(kind.model_validate(item))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "item"
            about = str(item.get(name, "")) if isinstance(item, dict) else ""
            sentence = f"Item {number} ({about or 'without a name'}) is wrong at {place}: "
            problems.append(Problem("wrong_shape", about, f"{sentence}{first['msg']}."))
    return good, problems


# Assignments ---------------------------------------------------------------------------------


def _check_assignments(facts: AssignFacts, items: list[Any]) -> Checked:
    found, problems = read_items(Assignment, items, "keypoint")
    several = facts.views is not None
    found, named = _keep(found, lambda item: _wrong_name(facts, item, several=several))
    found, repeated = _without_repeats(found)
    found, numbered = _keep(found, lambda item: _wrong_number(facts, item))
    found, twice = _without_shared_candidates(found)
    found, doubtful = _without_impossible_confidence(found)
    problems += [*named, *repeated, *numbered, *twice, *doubtful]
    problems += _missing_assignments(facts, items)
    return Checked(AssignmentsAnswer(assignments=found), tuple(problems))


def _keep(
    items: list[Assignment], judge: Callable[[Assignment], Problem | None]
) -> tuple[list[Assignment], list[Problem]]:
    verdicts = [judge(item) for item in items]
    kept = [item for item, problem in zip(items, verdicts, strict=True) if problem is None]
    return kept, [problem for problem in verdicts if problem is not None]


def _wrong_name(facts: AssignFacts, item: Assignment, *, several: bool) -> Problem | None:
    if item.keypoint not in facts.keypoints:
        sentence = f"{item.keypoint!r} is not one of the keypoints asked for."
        return Problem("unknown_keypoint", item.keypoint, sentence)
    if several and item.camera not in {view.camera for view in facts.all_views}:
        said = "names no camera" if item.camera is None else f"names the camera {item.camera!r}"
        sentence = f"{item.keypoint} {said}, which is not one of the views."
        return Problem("unknown_camera", item.keypoint, sentence)
    return None


def _wrong_number(facts: AssignFacts, item: Assignment) -> Problem | None:
    camera = item.camera if facts.views is not None else None
    numbers = facts.numbers(camera)
    if item.candidate == 0 or item.candidate in numbers:
        return None
    listed = ", ".join(map(str, sorted(numbers))) or "none"
    sentence = (
        f"{item.keypoint}: there is no candidate {item.candidate}{_in(camera)}; "
        f"the numbers are {listed}, and 0 for not visible."
    )
    return Problem("unknown_number", item.keypoint, sentence)


def _without_repeats(items: list[Assignment]) -> tuple[list[Assignment], list[Problem]]:
    """Leave out keypoints that were answered twice, and differently."""
    answers: dict[tuple[str | None, str], Assignment] = {}
    clash: set[tuple[str | None, str]] = set()
    for item in items:
        key = (item.camera, item.keypoint)
        first = answers.setdefault(key, item)
        if first.candidate != item.candidate:
            clash.add(key)
    problems = [
        Problem("keypoint_twice", keypoint,
                f"{keypoint} was answered more than once{_in(camera)}, and differently.")
        for camera, keypoint in sorted(clash, key=str)
    ]  # fmt: skip
    return [item for key, item in answers.items() if key not in clash], problems


def _without_shared_candidates(
    items: list[Assignment],
) -> tuple[list[Assignment], list[Problem]]:  # fmt: skip
    uses: dict[tuple[str | None, int], list[str]] = {}
    for item in items:
        if item.candidate:
            uses.setdefault((item.camera, item.candidate), []).append(item.keypoint)
    shared = {key: names for key, names in uses.items() if len(names) > 1}
    problems = [
        Problem("candidate_twice", names[0],
                f"Candidate {number} was given to {' and '.join(names)}{_in(camera)}; "
                "a dot is one keypoint.")
        for (camera, number), names in shared.items()
    ]  # fmt: skip
    return [item for item in items if (item.camera, item.candidate) not in shared], problems


def _without_impossible_confidence(
    items: list[Assignment],
) -> tuple[list[Assignment], list[Problem]]:  # fmt: skip
    """Take impossible confidences away; the candidate itself stays."""
    kept, problems = [], []
    for item in items:
        fits = item.confidence is None or 0 <= item.confidence <= 1
        kept.append(item if fits else item.model_copy(update={"confidence": None}))
        if not fits:
            sentence = f"{item.keypoint}: a confidence is a number between 0 and 1."
            problems.append(Problem("confidence", item.keypoint, sentence))
    return kept, problems


def _missing_assignments(facts: AssignFacts, items: list[Any]) -> list[Problem]:
    """Keypoints that the answer does not mention at all; others have a problem of their own."""
    mentioned = {
        (item.get("camera") if facts.views else None, item.get("keypoint"))
        for item in items
        if isinstance(item, dict) and isinstance(item.get("keypoint"), str)
    }
    cameras = [view.camera for view in facts.views] if facts.views else [None]
    return [
        Problem("missing", keypoint,
                f"{keypoint} has no answer{_in(camera)}; give its number, or 0 if not visible.")
        for camera in cameras
        for keypoint in facts.keypoints
        if (camera, keypoint) not in mentioned
    ]  # fmt: skip


def _in(camera: str | None) -> str:
    return "" if camera is None else f" in {camera}"


# Regions -------------------------------------------------------------------------------------


def _check_regions(facts: RegionsFacts, items: list[Any], coordinates: Coordinates) -> Checked:
    found, problems = read_items(RegionBox, items, "region")
    counts = Counter(item.region for item in found)
    kept: list[RegionBox] = []
    for item in found:
        if item.region not in facts.regions:
            sentence = f"{item.region!r} is not one of the regions asked for."
            problems.append(Problem("unknown_region", item.region, sentence))
        elif counts[item.region] > 1:
            sentence = f"The region {item.region} was answered more than once."
            problems.append(Problem("region_twice", item.region, sentence))
        else:
            placed, problem = _placed(item, facts.image, coordinates)
            problems += [] if problem is None else [problem]
            kept += [] if placed is None else [placed]
    touched = {item.region for item in kept} | {problem.item for problem in problems}
    problems += [
        Problem("missing", region, f"The region {region} has no answer.")
        for region in facts.regions if region not in touched
    ]  # fmt: skip
    return Checked(RegionsAnswer(regions=kept), tuple(dict.fromkeys(problems)))


def _placed(
    item: RegionBox, image: ImageFacts, coordinates: Coordinates
) -> tuple[RegionBox | None, Problem | None]:
    """Bring the box to pixels of the picture sent and cut small overhangs."""
    if not item.visible:
        return item.model_copy(update={"box": None}), None
    if item.box is None or len(item.box) != 4:
        sentence = f"The box of {item.region} needs four numbers."
        return None, Problem("box", item.region, sentence)
    x0, y0, x1, y1 = box_to_pixels(item.box, coordinates, image.width, image.height)
    spare_x, spare_y = OVERHANG * image.width, OVERHANG * image.height
    inside = (
        -spare_x <= x0 and x1 <= image.width + spare_x
        and -spare_y <= y0 and y1 <= image.height + spare_y
    )  # fmt: skip
    if not inside:
        sentence = f"The box of {item.region} reaches outside of the picture."
        return None, Problem("box", item.region, sentence)
    box = [max(x0, 0.0), max(y0, 0.0), min(x1, float(image.width)), min(y1, float(image.height))]
    if box[2] - box[0] < 1 or box[3] - box[1] < 1:
        sentence = f"The box of {item.region} is empty: its second corner must lie below and right."
        return None, Problem("box", item.region, sentence)
    return item.model_copy(update={"box": box}), None

"""Answers and their JSON schemas.

The schemas keep to what structured-output servers can enforce (no tuples, no numeric limits, no
free-form maps); ranges, duplicates and unknown numbers are checked in `checking`.
"""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from napari_behaviorvlm.vlm.coordinates import BOX_WORDS, Coordinates
from napari_behaviorvlm.vlm.facts import (
    AnyFacts,
    AssignFacts,
    CaptionFacts,
    MergeFacts,
    RegionsFacts,
)


def _whole(value: object) -> object:
    """Take 3.0 and "3" for 3: models that nothing holds to a schema write it so."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _stated(value: object) -> object:
    """Take what is no number for NaN: a bad confidence must not cost the candidate beside it."""
    try:
        return None if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _words(value: object) -> object:
    return value if isinstance(value, str) else None


Whole = Annotated[int, BeforeValidator(_whole)]
Stated = Annotated[float | None, BeforeValidator(_stated)]
Words = Annotated[str | None, BeforeValidator(_words)]


class _Item(BaseModel):
    # Unknown extra keys are chatter of the model, not a mistake.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class RegionBox(_Item):
    """Where a region is.

    Parameters
    ----------
    box : list of 4 float, optional
        x0, y0, x1, y1 in pixels of the picture sent; None where the region is not visible.
    """

    region: str
    box: list[float] | None = None
    visible: bool = True


class Assignment(_Item):
    """A keypoint's candidate; 0 = not visible.

    Parameters
    ----------
    confidence : float, optional
        As stated by the model, 0..1; NaN where it stated something that is no number.
    reason : str, optional
        The model's words.
    camera : str, optional
        In requests with several views.
    """

    keypoint: str
    candidate: Whole
    confidence: Stated = None
    reason: Words = None
    camera: str | None = None


class Event(_Item):
    """Adjacent clips that are one event."""

    label: str
    description: str
    clips: list[Whole]


class RegionsAnswer(_Item):
    """Answer to `regions`."""

    regions: list[RegionBox]


class AssignmentsAnswer(_Item):
    """Answer to `assign` and `resolve`."""

    assignments: list[Assignment]

    def candidate(self, keypoint: str, camera: str | None = None) -> int | None:
        """Candidate of a keypoint: 0 = said to be hidden, None = no answer."""
        for item in self.assignments:
            if item.keypoint == keypoint and (camera is None or item.camera == camera):
                return item.candidate
        return None


class CaptionAnswer(_Item):
    """Answer to `caption`."""

    label: str
    description: str
    posture: str
    movement: str
    social: str


class MergeAnswer(_Item):
    """Answer to `merge`."""

    events: list[Event]


AnyAnswer = RegionsAnswer | AssignmentsAnswer | CaptionAnswer | MergeAnswer

CAPTION_FIELDS = ("label", "description", "posture", "movement", "social")


def answer_key(facts: AnyFacts) -> str:
    """Name at the top of the answer's object by which it is recognised."""
    return {
        "regions": "regions", "assign": "assignments", "resolve": "assignments",
        "caption": "label", "merge": "events",
    }[facts.task]  # fmt: skip


def answer_schema(
    facts: AnyFacts, coordinates: Coordinates = Coordinates.PIXELS, *, reasons: bool = True
) -> dict[str, Any]:
    """JSON schema of the answer to a request.

    Parameters
    ----------
    facts : AnyFacts
    coordinates : Coordinates
        How the model counts in pictures; the schema's words ask for that.
    reasons : bool
        Whether to ask for a reason with every assignment (it costs output tokens).

    Returns
    -------
    dict
    """
    if isinstance(facts, RegionsFacts):
        return _object({"regions": _array(_region_item(facts, coordinates))})
    if isinstance(facts, AssignFacts):
        return _object({"assignments": _array(_assignment_item(facts, reasons=reasons))})
    if isinstance(facts, CaptionFacts):
        return _object({name: {"type": "string"} for name in CAPTION_FIELDS} | _label(facts))
    return _object({"events": _array(_object({
        **_label(facts),
        "description": {"type": "string"},
        "clips": _array({"type": "integer"}),
    }))})  # fmt: skip


def _label(facts: CaptionFacts | MergeFacts) -> dict[str, Any]:
    allowed = {} if facts.labels is None else {"enum": facts.labels}
    return {"label": {"type": "string", **allowed}}


def _region_item(facts: RegionsFacts, coordinates: Coordinates) -> dict[str, Any]:
    return _object({
        "region": {"type": "string", "enum": facts.regions},
        "box": _array({"type": "number"}) | {"description": BOX_WORDS[coordinates]},
        "visible": {"type": "boolean"},
    })  # fmt: skip


def _assignment_item(facts: AssignFacts, *, reasons: bool) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if facts.views is not None:
        item["camera"] = {"type": "string", "enum": [view.camera for view in facts.views]}
    item["keypoint"] = {"type": "string", "enum": facts.keypoints}
    if reasons:
        # Before the number, so that the words lead to it instead of excusing it.
        item["reason"] = {"type": "string", "description": "What you see, in a few words"}
    item["candidate"] = {"type": "integer", "description": "Number in the picture, 0 = not visible"}
    item["confidence"] = {"type": "number", "description": "0 to 1"}
    return _object(item)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties,
        "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}

"""What a request tells besides its pictures: the fenced ```json block at its end.

The block holds everything that the pictures show (which numbers lie where, which keypoints are
asked for), so that a request can be audited, replayed, and answered by a person or a program that
sees no picture.
"""

import json
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from napari_behaviorvlm.core.errors import VLMError

_FENCE = re.compile(r"```json\s*\n(.*?)\n\s*```", re.DOTALL)


class Facts(BaseModel):
    """Base of all facts.

    Parameters
    ----------
    session : str
        Name of the recording.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    session: str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ImageFacts(_Part):
    """Size of a picture as it is sent, and where its pixels lie in the original frame.

    Parameters
    ----------
    width, height : int
        Of the picture sent.
    origin : (float, float)
        Pixel of the original frame that the centre of the picture's top-left pixel shows.
    scale : float
        Picture pixels per frame pixel: a frame position x lies at ``(x - origin_x) * scale``.
    """

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    origin: Annotated[tuple[float, float], Field(strict=False)]
    scale: float = Field(gt=0)


class CandidateFacts(_Part):
    """A numbered dot; ``x, y`` are pixels of the original frame."""

    number: int = Field(ge=1)
    x: float
    y: float


class ViewFacts(_Part):
    """One camera's picture in a request that carries several."""

    camera: str
    image: ImageFacts
    candidates: list[CandidateFacts]


class AssignmentFacts(_Part):
    """What an earlier step answered, for `resolve`."""

    keypoint: str
    candidate: int = Field(ge=0)
    camera: str | None = None


class RegionsFacts(Facts):
    """Ask where the body regions are; answered by boxes in pixels of the picture sent."""

    task: Literal["regions"] = "regions"
    frame: int
    camera: str
    image: ImageFacts
    regions: list[str]
    candidates: list[CandidateFacts] = []


class AssignFacts(Facts):
    """Ask which candidate is which keypoint.

    Parameters
    ----------
    task : {"assign", "resolve"}
        `resolve` shows what the regions gave (``proposed``) and asks for one consistent answer.
    frame : int
    camera, image, candidates
        Of a single view; absent where ``views`` carries several.
    region : str, optional
        Body region that the picture is a crop of; absent on full frames.
    keypoints : list of str
        What is asked for.
    views : list of ViewFacts, optional
    proposed : list of AssignmentFacts, optional
    """

    task: Literal["assign", "resolve"] = "assign"
    frame: int
    camera: str | None = None
    region: str | None = None
    image: ImageFacts | None = None
    keypoints: list[str]
    candidates: list[CandidateFacts] | None = None
    views: list[ViewFacts] | None = None
    proposed: list[AssignmentFacts] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        single = [self.camera, self.image, self.candidates]
        if self.views is None and any(part is None for part in single):
            raise ValueError("needs camera, image and candidates, or views")
        if self.views is not None and any(part is not None for part in single):
            raise ValueError("has views as well as a single view's keys")
        return self

    @property
    def all_views(self) -> list[ViewFacts]:
        """The views, also where there is a single one."""
        if self.views is not None:
            return self.views
        assert self.camera is not None
        assert self.image is not None
        assert self.candidates is not None
        return [ViewFacts(camera=self.camera, image=self.image, candidates=self.candidates)]

    def numbers(self, camera: str | None = None) -> set[int]:
        """Candidate numbers of a view (of the only one where ``camera`` is None)."""
        for view in self.all_views:
            if camera is None or view.camera == camera:
                return {candidate.number for candidate in view.candidates}
        return set()


class CaptionFacts(Facts):
    """Ask what the animal does in a clip.

    Parameters
    ----------
    frames : list of int
        Frames that are shown, in their order.
    kinematics : dict of str to float
        What was measured, by name with unit ("speed_mm_per_s").
    others : list of str, optional
        Names of the other animals of the recording.
    labels : list of str, optional
        The only labels that are allowed.
    synonyms : dict of str to str, optional
        Other words that stand for a label, in lower case.
    language : str, optional
        In which the texts are asked for.
    """

    task: Literal["caption"] = "caption"
    animal: str
    clip: int
    start_frame: int
    end_frame: int
    fps: float = Field(gt=0)
    frames: list[int]
    kinematics: dict[str, float] = {}
    others: list[str] | None = None
    labels: list[str] | None = Field(default=None, min_length=1)
    synonyms: dict[str, str] | None = None
    language: str | None = None


class ClipFacts(_Part):
    """A clip with its caption."""

    clip: int
    start_frame: int
    end_frame: int
    label: str
    description: str


class MergeFacts(Facts):
    """Ask which adjacent clips are one event; text only.

    Parameters
    ----------
    fps : float, optional
        Frames per second.
    labels : list of str, optional
        The only labels that are allowed.
    synonyms : dict of str to str, optional
        Other words that stand for a label, in lower case.
    language : str, optional
        In which the texts are asked for.
    """

    task: Literal["merge"] = "merge"
    animal: str
    clips: list[ClipFacts] = Field(min_length=1)
    fps: float | None = Field(default=None, gt=0)
    labels: list[str] | None = Field(default=None, min_length=1)
    synonyms: dict[str, str] | None = None
    language: str | None = None


AnyFacts = RegionsFacts | AssignFacts | CaptionFacts | MergeFacts

_ADAPTER: TypeAdapter[AnyFacts] = TypeAdapter(Annotated[AnyFacts, Field(discriminator="task")])


def facts_block(facts: AnyFacts) -> str:
    """Facts as the fenced block that ends a request."""
    content = facts.model_dump(mode="json", exclude_none=True)
    content = {"task": content.pop("task"), **content}
    return f"```json\n{json.dumps(content, ensure_ascii=False)}\n```"


def read_facts(text: str) -> AnyFacts:
    """Read the facts out of the text of a request (its last fenced block).

    Raises
    ------
    VLMError
        If there is no such block or it does not hold facts.
    """
    blocks = _FENCE.findall(text)
    if not blocks:
        raise VLMError("The request has no ```json block with facts.")
    try:
        return _ADAPTER.validate_json(blocks[-1])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "block"
        raise VLMError(f"The facts of the request are wrong at {place}: {first['msg']}.") from None

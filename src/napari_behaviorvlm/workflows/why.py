"""Why a label is what it is: the pictures a model was shown, and its words."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ProjectError, VLMError
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import has_result, read_exchanges, read_leans
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.vlm.exchange import Exchange
from napari_behaviorvlm.vlm.facts import AnyFacts, AssignFacts, ImageFacts, RegionsFacts, read_facts
from napari_behaviorvlm.vlm.parsing import parse_answer
from napari_behaviorvlm.vlm.request import Image
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.asking import ANSWERS, answer_store


@dataclass(frozen=True)
class SaidOf:
    """What a model said about one keypoint.

    Parameters
    ----------
    candidate : int or None
        Number in that view, 0 = not visible; None where it said nothing (usable).
    reason : str
    confidence : float or None
        As the model stated it.
    visible : bool or None
        Whether it saw the keypoint's region, for the step ``regions``.
    box : tuple of float, optional
        Of that region, in pixels as the model counts.
    """

    candidate: int | None
    reason: str = ""
    confidence: float | None = None
    visible: bool | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Why:
    """One exchange with a model that led to a label.

    Parameters
    ----------
    exchange : int
        Number in the project's answers.
    step : {"regions", "assign", "resolve"}
    repair : int
        0 for the first answer, 1 and 2 for those after a repair turn.
    region : str or None
        Body region that the picture is a crop of.
    picture : bytes
        PNG of the marked picture that was asked about.
    image : ImageFacts
        Its size and where it lies in the frame.
    question : str
        Words of the question, without system text, examples and facts.
    answer : str
        Words of the answer as they came.
    said : SaidOf
    model, when : str
        ``when`` is ISO 8601, UTC.
    cost : float or None
        USD.
    frame : int
    camera : str
        Of the picture; another one than the label's where its dot was followed from there.
    """

    exchange: int
    step: str
    repair: int
    region: str | None
    picture: bytes
    image: ImageFacts
    question: str
    answer: str
    said: SaidOf
    model: str
    when: str
    cost: float | None
    frame: int = -1
    camera: str = ""

    def to_dict(self) -> dict[str, object]:
        """All but the picture, for ``--json``."""
        rest = {name: value for name, value in vars(self).items() if name != "picture"}
        return {**rest, "image": self.image.model_dump(), "said": asdict(self.said)}


def why(project: Project, frame: int, camera: str, keypoint: str) -> list[Why]:
    """Find the exchanges that a label comes from, oldest first; the last one counts.

    Parameters
    ----------
    project : Project
    frame : int
    camera, keypoint : str
        By name.

    Returns
    -------
    list of Why
        Empty where no model was asked about the keypoint in this picture, nor in the pictures that
        its name leans on: other views of the frame, or a frame from which the dot was followed.

    Raises
    ------
    ProjectError
        If the project has no such frame, camera or keypoint.
    """
    at = _require_known(project, frame, camera, keypoint)
    run = _run_of(project, frame)
    if run is None or not (project.folder / ANSWERS).is_file():
        return []
    rows = read_exchanges(project.result(run.key))
    here = rows[rows[:, 0] == frame]
    direct = here[here[:, 1] == at]
    with closing(answer_store(project.folder, writable=False)) as store:
        found = _found(project, store, direct, keypoint)
        if found:
            return found
        lean = _lean(project, run, frame, project.skeleton.index(keypoint))
        return [] if lean < 0 else _found(project, store, rows[rows[:, 0] == lean], keypoint)


def _found(
    project: Project, store: AnswerStore, rows: NDArray[np.int64], keypoint: str
) -> list[Why]:  # fmt: skip
    found = (_why(project, store, int(number), keypoint) for number in np.unique(rows[:, 2]))
    return [each for each in found if each is not None]


def _lean(project: Project, run: Run, frame: int, keypoint: int) -> int:
    """Frame that a name leans on, -1 for none."""
    shape = run.end_frame - run.first_frame, len(project.skeleton)
    return int(read_leans(project.result(run.key), shape)[frame - run.first_frame, keypoint])


def _require_known(project: Project, frame: int, camera: str, keypoint: str) -> int:
    if not 0 <= frame < project.config.n_frames:
        raise ProjectError(
            f"There is no frame {frame}: the recording has {project.config.n_frames} frames."
        )
    if camera not in project.rig.names:
        raise ProjectError(f"There is no camera {camera!r}: {_listed(project.rig.names)}.")
    if keypoint not in project.skeleton.keypoints:
        raise ProjectError(
            f"There is no keypoint {keypoint!r}: {_listed(project.skeleton.keypoints)}."
        )
    return project.rig.names.index(camera)


def _listed(names: Sequence[str]) -> str:
    return f"choose one of {', '.join(names)}"


def _run_of(project: Project, frame: int) -> Run | None:
    """Newest run that labelled a frame."""
    for run in reversed(project.store.runs()):
        if run.first_frame <= frame < run.end_frame and has_result(project.result(run.key)):
            return run
    return None


def _why(project: Project, store: AnswerStore, number: int, keypoint: str) -> Why | None:
    exchange = store.exchange(number)
    if exchange is None:
        return None
    turns = exchange.request["turns"]
    facts = _facts(turns[0]["parts"])
    if facts is None or not _is_about(facts, keypoint, project):
        return None
    assert facts.image is not None
    shown, words = _query(turns[0]["parts"])
    picture = store.image(shown) if shown else None
    return Why(
        number, facts.task, len(turns) // 2, getattr(facts, "region", None),
        b"" if picture is None else _png(picture), facts.image, words, _words(exchange),
        _said(exchange, facts, keypoint, project), exchange.model, exchange.created, exchange.cost,
        facts.frame, facts.camera or "",
    )  # fmt: skip


def _facts(parts: Sequence[Mapping[str, Any]]) -> RegionsFacts | AssignFacts | None:
    try:
        facts: AnyFacts = read_facts(parts[-1].get("text", ""))
    except VLMError:
        return None
    return facts if isinstance(facts, (RegionsFacts, AssignFacts)) and facts.image else None


def _is_about(facts: RegionsFacts | AssignFacts, keypoint: str, project: Project) -> bool:
    if isinstance(facts, AssignFacts):
        return keypoint in facts.keypoints
    return _region_of(project, keypoint) is not None


def _region_of(project: Project, keypoint: str) -> str | None:
    regions = project.skeleton.regions.items()
    return next((region for region, names in regions if keypoint in names), None)


def _query(parts: Sequence[Mapping[str, Any]]) -> tuple[str | None, str]:
    """Digest of the marked picture (the last), and the question's words; examples come before."""
    last_example = max(
        (at for at, part in enumerate(parts) if part.get("text", "").startswith("Solved example")),
        default=-1,
    )
    query = parts[last_example + 1 : -1]
    shown = next((part["image"] for part in reversed(query) if "image" in part), None)
    return shown, " ".join(part["text"] for part in query if "text" in part)


def _words(exchange: Exchange) -> str:
    if exchange.value is None:
        return exchange.text
    return exchange.text or json.dumps(exchange.value, ensure_ascii=False)


def _said(
    exchange: Exchange, facts: RegionsFacts | AssignFacts, keypoint: str, project: Project
) -> SaidOf:
    key = "regions" if isinstance(facts, RegionsFacts) else "assignments"
    value = exchange.value or parse_answer(exchange.text, key).value or {}
    wanted = ("region", _region_of(project, keypoint)) if key == "regions" else (
        "keypoint", keypoint)  # fmt: skip
    items = value.get(key)
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and item.get(wanted[0]) == wanted[1]:
            return _said_of(item)
    return SaidOf(None)


def _said_of(item: Mapping[str, Any]) -> SaidOf:
    """Read an item as it was said; whatever is not of the right kind is left out."""
    candidate, confidence, box = item.get("candidate"), item.get("confidence"), item.get("box")
    visible = item.get("visible")
    numbers = isinstance(box, list) and len(box) == 4 and all(
        isinstance(side, (int, float)) for side in box
    )  # fmt: skip
    return SaidOf(
        candidate if isinstance(candidate, int) else None,
        str(item.get("reason") or ""),
        float(confidence) if isinstance(confidence, (int, float)) else None,
        visible if isinstance(visible, bool) else None,
        (box[0], box[1], box[2], box[3])
        if numbers and isinstance(box, list) and visible is not False
        else None,
    )


def _png(picture: Image) -> bytes:
    if picture.media_type == "image/png":
        return picture.data
    import cv2

    decoded = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        return b""
    return cv2.imencode(".png", decoded)[1].tobytes()


def write_picture(found: Sequence[Why], path: Path) -> Path:
    """Write the picture of the last exchange about single dots, as PNG.

    Raises
    ------
    ProjectError
        If there is no picture, or the file cannot be written.
    """
    from napari_behaviorvlm.io.atomic import atomic_write_bytes

    pictures = [each.picture for each in found if each.picture and each.step != "regions"]
    pictures = pictures or [each.picture for each in found if each.picture]
    if not pictures:
        raise ProjectError("No picture was kept for this label.")
    atomic_write_bytes(path, pictures[-1], error=ProjectError)
    return path

"""One view on its way through the paper's steps."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.vlm.answers import AssignmentsAnswer, RegionsAnswer
from napari_behaviorvlm.vlm.coordinates import box_from_pixels
from napari_behaviorvlm.vlm.facts import AssignFacts, AssignmentFacts, RegionsFacts
from napari_behaviorvlm.vlm.picture_map import Box, PictureMap, grown
from napari_behaviorvlm.vlm.pictures import MarkedPicture, eight_bit, marked_picture, overview
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.prompts import (
    Example,
    assign_question,
    regions_question,
    resolve_question,
)
from napari_behaviorvlm.vlm.questions import Outcome, Question

SNAP = 5.0
"""A seed's label within so many pixels of a candidate is that candidate."""

MARGIN = 0.25
"""Added around boxes, relative to their longer side."""

FRAME_SIDE = 1024
"""Longer side of whole pictures at most, px; crops have the default of `PictureMap`."""


@dataclass(frozen=True, eq=False)
class Solved:
    """A solved frame of a view; ``numbers`` (K,) of its candidates, 0 = hidden."""

    frame: int
    numbers: NDArray[np.int32]
    seed: bool = False


def seeds_of_view(seeds: Seeds, candidates: CandidateTable, camera: int) -> list[Solved]:
    """Seed frames of a view as solved frames."""
    solved = []
    for row, frame in enumerate(seeds.frames):
        numbers, places = view_candidates(candidates, int(frame), camera)
        found = np.zeros(seeds.xy.shape[2], np.int32)
        for keypoint, xy in enumerate(seeds.xy[row, camera]):
            distance = np.linalg.norm(places - xy, axis=1)
            if len(distance) and np.isfinite(xy).all() and distance.min() <= SNAP:
                found[keypoint] = numbers[distance.argmin()]
        solved.append(Solved(int(frame), found, seed=True))
    return solved


def view_candidates(
    candidates: CandidateTable, frame: int, camera: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Numbers and pixels of a view's candidates."""
    rows = candidates.rows(frame)
    here = candidates.camera[rows] == camera
    return candidates.number[rows][here], candidates.xy[rows][here]


@dataclass
class ViewAsker:
    """Makes the questions of one view and takes their answers.

    Parameters
    ----------
    session, name : str
        Of the recording and of the camera.
    camera : int
    skeleton : Skeleton
    candidates : CandidateTable
    read : callable
    system : str
    profile : Profile
    seeds : list of Solved
    window : int
    """

    session: str
    name: str
    camera: int
    skeleton: Skeleton
    candidates: CandidateTable
    read: Callable[[str, int], NDArray[np.generic]]
    system: str
    profile: Profile
    seeds: list[Solved]
    window: int = 3
    dots: dict[int, NDArray[np.float64]] = field(default_factory=dict, init=False)
    exchanges: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._solved: deque[Solved] = deque(self.seeds[-self.window :], maxlen=self.window)
        self._pictures: dict[tuple[int, str], MarkedPicture] = {}
        self._seed_pictures: dict[tuple[int, str], MarkedPicture] = {}
        self._seed_frames = {solved.frame for solved in self._solved}
        self._frame = -1
        self._renumbered: Mapping[int, int] = {}
        self._read: tuple[int, NDArray[np.uint8]] | None = None
        self._boxes: dict[str, Box] = {}
        self._said: dict[str, int] = {}
        self._sure: dict[str, float] = {}
        self.unanswered = 0

    @property
    def frame(self) -> int:
        """The frame being solved."""
        return self._frame

    def copy(self) -> "ViewAsker":
        """Another asker of this view with the same examples; their pictures are shared."""
        other = replace(self)
        other._solved = deque(self._solved, maxlen=self.window)
        other._seed_pictures = self._seed_pictures
        return other

    def _shelf(self, frame: int) -> dict[tuple[int, str], MarkedPicture]:
        """Where pictures of a frame are kept: those of the seeds for good."""
        return self._seed_pictures if frame in self._seed_frames else self._pictures

    # One frame ---------------------------------------------------------------------------------

    def begin(self, frame: int, renumbered: Mapping[int, int] | None = None) -> None:
        """Start a frame, showing its candidates under other numbers if these are given."""
        self._renumbered = renumbered or {}
        self._frame = frame
        numbers, places = self._shown(frame)
        self.dots = {int(n): xy for n, xy in zip(numbers, places, strict=True)}
        self.exchanges, self._boxes, self._said, self._sure = [], {}, {}, {}
        self.unanswered = 0
        shown = {frame, *(solved.frame for solved in self._solved)}
        self._pictures = {key: p for key, p in self._pictures.items() if key[0] in shown}

    def questions(self, step: str) -> list[Question]:
        """Questions of a step; none where a view has no candidates or nothing to settle.

        A damaged picture costs its view this frame only, which counts as unanswered.
        """
        if not self.dots or self._is_blind():
            return []
        return {
            "regions": self._regions, "assign_regions": self._assign_regions,
            "resolve": self._resolve, "assign_all": self._assign_all,
        }[step]()  # fmt: skip

    def take(self, question: Question, outcome: Outcome) -> None:
        """Take what became of a question; what has no answer stays unknown."""
        self.exchanges += outcome.exchanges
        answer = outcome.answer
        self.unanswered += answer is None
        if isinstance(answer, RegionsAnswer):
            where = self._whole(self._frame).map
            for item in answer.regions:
                if item.box is not None:
                    x0, y0, x1, y1 = item.box
                    self._boxes[item.region] = where.box_to_frame((x0, y0, x1, y1))
        elif isinstance(answer, AssignmentsAnswer):
            if question.facts.task == "resolve":
                self._said = {}
            for assignment in answer.assignments:
                self._said[assignment.keypoint] = assignment.candidate
                if assignment.confidence is not None:
                    self._sure[assignment.keypoint] = assignment.confidence

    def numbers(self) -> NDArray[np.int32]:
        """Numbers of the frame, shape (K,); a candidate claimed twice counts for nobody."""
        uses = Counter(self._said.values())
        said = [self._said.get(name, 0) for name in self.skeleton.keypoints]
        return np.array([n if n and uses[n] == 1 else 0 for n in said], np.int32)

    def confidence(self) -> NDArray[np.float32]:
        """Confidences as the model stated them, shape (K,); NaN without."""
        sure = [self._sure.get(name, np.nan) for name in self.skeleton.keypoints]
        return np.array(sure, np.float32)

    def show(self, example: Solved) -> None:
        """Show another solved frame as the last example."""
        self._solved.append(example)

    def remember(self, numbers: NDArray[np.int32]) -> None:
        """Make the frame an example for the next ones."""
        if self.dots:
            self._solved.append(Solved(self._frame, numbers.copy()))

    # Steps -------------------------------------------------------------------------------------

    def _regions(self) -> list[Question]:
        picture = self._whole(self._frame)
        facts = RegionsFacts(
            session=self.session, frame=self._frame, camera=self.name, image=picture.map.facts(),
            regions=list(self.skeleton.regions), candidates=picture.candidates,
        )  # fmt: skip
        examples = [
            Example(self._whole(solved.frame), self._boxes_of(solved), solved.seed)
            for solved in self._solved
        ]
        return [regions_question(facts, self.system, picture.image, examples)]

    def _assign_regions(self) -> list[Question]:
        questions = []
        for region, names in self.skeleton.regions.items():
            box = self._boxes.get(region)
            question = None if box is None else self.region_question(region, names, box)
            if question is None:
                self._said |= dict.fromkeys(names, 0)
            else:
                questions.append(question)
        return questions

    def region_question(self, region: str, names: tuple[str, ...], box: Box) -> Question | None:
        """Ask who is who in a part of the frame; None if it holds no candidates.

        Parameters
        ----------
        region : str
        names : tuple of str
            Its keypoints.
        box : (x0, y0, x1, y1)
            In frame pixels; it is grown by a margin.
        """
        crop = self._crop(self._frame, box)
        if not crop.candidates:
            return None
        facts = self._facts(crop, list(names), region=region)
        small = overview(self._image(self._frame), crop.map)
        examples = [self._crop_example(solved, names) for solved in self._solved]
        shown = [example for example in examples if example is not None]
        return assign_question(facts, self.system, [small, crop.image], shown)

    def _assign_all(self) -> list[Question]:
        picture = self._whole(self._frame)
        facts = self._facts(picture, list(self.skeleton.keypoints))
        examples = self._whole_examples()
        return [assign_question(facts, self.system, [picture.image], examples)]

    def _resolve(self) -> list[Question]:
        uses = Counter(number for number in self._said.values() if number)
        contradicts = any(count > 1 for count in uses.values())
        omitted = any(not self._said.get(name) for name in self.skeleton.keypoints)
        if not contradicts and not (omitted and set(self.dots) - set(uses)):
            return []
        picture = self._whole(self._frame)
        proposed = [
            AssignmentFacts(keypoint=name, candidate=self._said.get(name, 0))
            for name in self.skeleton.keypoints
        ]
        facts = self._facts(picture, list(self.skeleton.keypoints), proposed=proposed)
        examples = self._whole_examples()
        return [resolve_question(facts, self.system, [picture.image], examples)]

    # Pictures ----------------------------------------------------------------------------------

    def _facts(
        self, picture: MarkedPicture, keypoints: list[str], *, region: str | None = None,
        proposed: list[AssignmentFacts] | None = None,
    ) -> AssignFacts:  # fmt: skip
        return AssignFacts(
            task="assign" if proposed is None else "resolve", session=self.session,
            frame=self._frame, camera=self.name, region=region, image=picture.map.facts(),
            keypoints=keypoints, candidates=picture.candidates, proposed=proposed,
        )  # fmt: skip

    def _whole(self, frame: int) -> MarkedPicture:
        """Picture of a whole frame with all its candidates."""
        key, shelf = (frame, ""), self._shelf(frame)
        if key not in shelf:
            height, width = self._image(frame).shape[:2]
            most = min(1.0, FRAME_SIDE / max(width, height))
            where = PictureMap.of_frame(
                width, height, self.profile.limits, n_images=self.window + 1, most=most
            )
            shelf[key] = self._marked(frame, where)
        return shelf[key]

    def _crop(self, frame: int, box: Box) -> MarkedPicture:
        height, width = self._image(frame).shape[:2]
        where = PictureMap.of_window(grown(box, MARGIN), (width, height), self.profile.limits)
        return self._marked(frame, where)

    def _shown(self, frame: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Numbers of a frame's candidates as the model sees them, and their pixels."""
        numbers, places = view_candidates(self.candidates, frame, self.camera)
        if frame == self._frame and self._renumbered:
            numbers = np.array([self._renumbered[int(n)] for n in numbers], np.int32)
        return numbers, places

    def _marked(self, frame: int, where: PictureMap) -> MarkedPicture:
        numbers, places = self._shown(frame)
        return marked_picture(self._image(frame), where, [int(n) for n in numbers], places)

    def _image(self, frame: int) -> NDArray[np.uint8]:
        if self._read is None or self._read[0] != frame:
            self._read = frame, eight_bit(self.read(self.name, frame))
        return self._read[1]

    def _is_blind(self) -> bool:
        """Whether the picture of the frame cannot be read; its candidates are left alone then."""
        try:
            self._image(self._frame)
        except VideoError:
            self.dots = {}
            self.unanswered += 1
            return True
        return False

    # Examples ----------------------------------------------------------------------------------

    def _whole_examples(self) -> list[Example]:
        names = self.skeleton.keypoints
        return [
            Example(self._whole(solved.frame), _assignments(names, solved.numbers), solved.seed)
            for solved in self._solved
        ]

    def _crop_example(self, solved: Solved, names: tuple[str, ...]) -> Example | None:
        """Crop of a region in a solved frame; None where the region was hidden there."""
        at = [self.skeleton.index(name) for name in names]
        box = self._dots_box(solved, at)
        if box is None:
            return None
        key, shelf = (solved.frame, names[0]), self._shelf(solved.frame)
        if key not in shelf:
            shelf[key] = self._crop(solved.frame, box)
        return Example(shelf[key], _assignments(names, solved.numbers[at]), solved.seed)

    def _boxes_of(self, solved: Solved) -> dict[str, object]:
        """Regions answer of a solved frame, boxes as the model counts."""
        picture = self._whole(solved.frame)
        items = []
        for region, names in self.skeleton.regions.items():
            box = self._dots_box(solved, [self.skeleton.index(name) for name in names])
            if box is None:
                items.append({"region": region, "box": [0, 0, 0, 0], "visible": False})
                continue
            corners = picture.map.to_picture([box[:2], box[2:]])
            limits = (picture.map.width, picture.map.height)
            inside = np.clip(corners, 0, limits).ravel().tolist()
            told = box_from_pixels(inside, self.profile.coordinates, *limits)
            told = [round(value, 1) for value in told]
            items.append({"region": region, "box": told, "visible": True})
        return {"regions": items}

    def _dots_box(self, solved: Solved, keypoints: list[int]) -> Box | None:
        """Box around some keypoints' dots of a solved frame, with a margin."""
        numbers, places = view_candidates(self.candidates, solved.frame, self.camera)
        wanted = np.isin(numbers, solved.numbers[keypoints])
        if not wanted.any():
            return None
        (x0, y0), (x1, y1) = places[wanted].min(0) - 20, places[wanted].max(0) + 20
        return float(x0), float(y0), float(x1), float(y1)


def _assignments(names: tuple[str, ...], numbers: NDArray[np.int32]) -> dict[str, object]:
    return {"assignments": [
        {"keypoint": name, "candidate": int(number)}
        for name, number in zip(names, numbers, strict=True)
    ]}  # fmt: skip

"""Answers to facts, from the truth and the error model."""

from typing import Any

import numpy as np

from napari_behaviorvlm.vlm.facts import (
    AnyFacts,
    AssignFacts,
    CaptionFacts,
    RegionsFacts,
    ViewFacts,
)
from simulated_vlm.behavior import BehaviorOracle
from simulated_vlm.captions import caption
from simulated_vlm.merges import merge
from simulated_vlm.mistakes import ErrorModel
from simulated_vlm.truth import Truth

PADDING = 25.0
"""Pixels of the frame between a region's dots and its box."""


class Oracle:
    """Answers questions about one session.

    Parameters
    ----------
    truth : Truth
    errors : ErrorModel
    behavior : BehaviorOracle, optional
        Of captions and merges.
    """

    def __init__(
        self, truth: Truth, errors: ErrorModel, behavior: BehaviorOracle | None = None
    ) -> None:
        self.truth = truth
        self.errors = errors
        self.behavior = behavior

    def answer(self, facts: AnyFacts) -> dict[str, Any]:
        """Answer in the form of the contract, boxes in pixels of the picture sent."""
        if isinstance(facts, RegionsFacts):
            return {"regions": [self._region(facts, name) for name in facts.regions]}
        if isinstance(facts, AssignFacts):
            items = [item for view in facts.all_views for item in self._view(facts, view)]
            return {"assignments": items}
        if isinstance(facts, CaptionFacts):
            return caption(facts, self.behavior)
        return merge(facts, self.behavior)

    # Identities --------------------------------------------------------------------------------

    def _view(self, facts: AssignFacts, view: ViewFacts) -> list[dict[str, Any]]:
        true = self.truth.numbers(facts.frame, view.camera, view.candidates)
        skeleton, n_frames = self.truth.skeleton, self.truth.n_frames
        believed = self.errors.confused(skeleton, facts.frame, n_frames, true)
        said = {name: believed[name] for name in facts.keypoints}
        keep = _undisputed(facts, view) if facts.task == "resolve" else {}
        numbers = [candidate.number for candidate in view.candidates]
        for name in facts.keypoints:
            if name in keep:
                said[name] = keep[name]
            else:
                said[name] = self._slip(facts, view.camera, name, said, numbers, true[name])
        if facts.task == "resolve":  # whoever settles contradictions makes no new ones
            said = _without_repeats(said, keep)
        return [
            self._item(facts, view.camera, name, said[name], right=said[name] == true[name])
            for name in facts.keypoints
        ]

    def _slip(
        self, facts: AssignFacts, camera: str, name: str, said: dict[str, int],
        numbers: list[int], true: int,
    ) -> int:  # fmt: skip
        """Say a number after independent mistakes: drawn anew when numbers are permuted."""
        errors = self.errors
        chance = errors.chance(facts.task, facts.frame, camera, name, true, len(facts.keypoints))
        free = [n for n in numbers if n not in said.values()]
        number = said[name]
        if not number:
            return int(chance.choice(free)) if free and chance.random() < errors.invent else 0
        draw = chance.random()
        if draw < errors.miss:
            return 0
        crowd = errors.crowd ** max(len(facts.keypoints) - 4, 0)
        if draw < errors.miss + min(errors.independent * crowd, 1.0) and free:
            return int(chance.choice(free))
        return number

    def _item(
        self, facts: AssignFacts, camera: str, name: str, number: int, *, right: bool
    ) -> dict[str, Any]:  # fmt: skip
        item: dict[str, Any] = {} if facts.views is None else {"camera": camera}
        place = "not visible in this view" if not number else f"the dot at the {name} of the mouse"
        item |= {"keypoint": name, "reason": place, "candidate": number}
        if self.errors.confidence == "constant":
            item["confidence"] = 0.9
        elif self.errors.confidence != "none":
            high = right == (self.errors.confidence == "honest")
            chance = self.errors.chance("confidence", facts.frame, camera, name, facts.task)
            item["confidence"] = round(float(chance.beta(8, 2) if high else chance.beta(4, 4)), 2)
        return item

    # Regions -----------------------------------------------------------------------------------

    def _region(self, facts: RegionsFacts, region: str) -> dict[str, Any]:
        names = self.truth.skeleton.regions[region]
        seen = self.truth.numbers(facts.frame, facts.camera, facts.candidates)
        places = self.truth.position(facts.frame, facts.camera)
        shown = [n for n in names if seen[n]] if facts.candidates else list(names)
        dots = places[[self.truth.skeleton.index(name) for name in shown]]
        dots = dots[np.isfinite(dots).all(1)]
        chance = self.errors.chance("region", facts.frame, facts.camera, region)
        if not len(dots) or chance.random() < self.errors.box_miss:
            return {"region": region, "box": [0.0, 0.0, 0.0, 0.0], "visible": False}
        image = facts.image
        low, high = dots.min(0) - PADDING, dots.max(0) + PADDING
        jitter = chance.normal(0, self.errors.box_jitter, 4) * np.tile(high - low, 2)
        corners = (np.concatenate([low, high]) + jitter - np.tile(image.origin, 2)) * image.scale
        limits = np.array([image.width, image.height, image.width, image.height], float)
        box = [round(float(v), 1) for v in np.clip(corners, 0, limits)]
        visible = box[2] - box[0] > 2 and box[3] - box[1] > 2
        return {"region": region, "box": box, "visible": visible}


def _without_repeats(said: dict[str, int], keep: dict[str, int]) -> dict[str, int]:
    """Leave a number to the keypoint that is sure of it, or was named first."""
    taken = set(keep.values())
    settled = {}
    for name, number in said.items():
        free = name in keep or number not in taken
        settled[name] = number if free else 0
        taken.add(settled[name])
    return settled


def _undisputed(facts: AssignFacts, view: ViewFacts) -> dict[str, int]:
    """Keep what earlier steps said and nothing contradicts, right or wrong."""
    proposed = [
        item for item in facts.proposed or []
        if item.camera in (None, view.camera) and item.candidate
    ]  # fmt: skip
    uses = [item.candidate for item in proposed]
    return {item.keypoint: item.candidate for item in proposed if uses.count(item.candidate) == 1}

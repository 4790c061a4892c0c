"""From pictures to bodies."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.background import Background, learn
from napari_behaviorvlm.behavior.animals.bodies import bodies_from
from napari_behaviorvlm.behavior.animals.follower import Follower
from napari_behaviorvlm.behavior.animals.identity import settle_identities
from napari_behaviorvlm.behavior.animals.linking import clarity
from napari_behaviorvlm.behavior.animals.measuring import COLUMNS
from napari_behaviorvlm.behavior.animals.pictures import Reduction, Spread, passed
from napari_behaviorvlm.behavior.animals.settings import FollowSettings, FrameSource
from napari_behaviorvlm.behavior.animals.silhouettes import BodySize, Finder, Scene, measure_size
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.progress import Progress

FloatArray = NDArray[np.float64]

_BODY = 40.0
"""Length, working px, that bodies are reduced to where they are larger: enough for their shape."""
_GROUND = 6.0
"""Areas of a body that the ground of animals has at least."""
_ROWS = 1024
_OPENING = 900
"""Pictures at the beginning in which one is looked for that shows all animals apart."""
_WHOLE = 0.6
"""Share of a body's area from which an outline counts as another animal."""
_OFTEN = 0.25
"""Share of pictures that show at least as many bodies as are told."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What was learned of a recording before animals are followed in it."""

    reduction: Reduction
    background: Background
    size: BodySize
    box: tuple[int, int, int, int] | None
    visible: int


def follow(
    source: FrameSource,
    n_animals: int,
    settings: FollowSettings | None = None,
    *,
    sample: FrameSource | None = None,
    tell_visible: Callable[[int], None] | None = None,
) -> Generator[Progress, None, BodyTracks]:
    """Find and follow animals by their pixels.

    Parameters
    ----------
    source : callable
        Starts a pass over the recording.
    n_animals : int
        How many there are at most.
    settings : FollowSettings, optional
        How they are found.
    sample : callable, optional
        Starts a pass over some frames spread over the recording, from which the background is
        learned; by default the recording is passed over twice.
    tell_visible : callable, optional
        Told how many bodies a quarter of these frames shows apart: more than `n_animals` where
        animals are left out.

    Yields
    ------
    Progress

    Returns
    -------
    BodyTracks
        One row per frame, from frame 0 to the last one seen. Animals that are not seen, and all of
        them while the light is off, are NaN.

    Raises
    ------
    VideoError
        If the recording holds no frame, or no animal is seen in it.
    TableError
        If the number of animals is not positive.
    """
    settings = settings or FollowSettings()
    names = settings.animals(n_animals)
    spread = Spread(settings.background_frames, settings.working_size)
    for first, pictures in passed(sample or source):
        spread.add(pictures)
        yield Progress(first + len(pictures), settings.n_frames, "learning the empty scene")
    setting = survey(spread, n_animals, settings)
    if tell_visible is not None:
        tell_visible(setting.visible)
    finder = Finder(setting.background, setting.size, setting.box)
    chain = _Chain(n_animals, setting.size)
    for first, pictures in passed(source):
        for row, picture in enumerate(pictures):
            chain.add(first + row, finder.find(setting.reduction.reduce(picture)))
        yield Progress(first + len(pictures), settings.n_frames, "following animals")
    chain.finish()
    rows = settle_identities(chain.table.rows, settings.fps, setting.size.length)
    if not np.isfinite(rows[..., 0]).any():
        raise VideoError("No animal is seen in any frame of the recording.")
    return bodies_from(rows, names, settings.fps, setting.reduction, setting.size)


def survey(spread: Spread, n_animals: int, settings: FollowSettings) -> Setting:
    """Learn the empty scene and the size of animals, and at which size of picture to look.

    Raises
    ------
    VideoError
        If there is no frame or no animal.
    """
    stack = spread.stack
    reduction = spread.reduction
    assert reduction is not None
    for last in (False, True):
        box = None if settings.region is None else reduction.box(settings.region)
        background = learn(stack, settings)
        size = measure_size(stack, background, n_animals, box)
        if size.area <= 0:
            raise VideoError(
                f"No animal is seen in {len(stack)} frames spread over the recording: nothing as "
                "large as an animal differs from the empty scene."
            )
        if last or size.length <= 1.15 * _BODY:
            break
        larger, reduction = reduction, reduction.smaller(_BODY / size.length)
        stack = np.stack([reduction.shrink(picture, larger) for picture in stack])
    ground = background.without_islands(_GROUND * size.area)
    return Setting(reduction, ground, size, box, _visible(stack, Finder(ground, size, box)))


def _visible(stack: NDArray[np.uint8], finder: Finder) -> int:
    """Count the bodies that a good share of pictures shows apart from each other."""
    counts = []
    for picture in stack:
        scene = finder.find(picture)
        if scene is not None:
            counts.append(sum(blob.area > _WHOLE * finder.size.area for blob in scene.blobs))
    return int(np.quantile(counts, 1 - _OFTEN, method="lower")) if counts else 0


class _Chain:
    """Links pictures in order, beginning where animals are told apart best.

    The first pictures may show animals in a heap. They are kept until one shows all animals apart
    (or there are too many), and animals are followed from the clearest one in both directions.
    """

    def __init__(self, n_animals: int, size: BodySize) -> None:
        self.table = _Table(n_animals)
        self._follower = Follower(n_animals, size)
        self._size = size
        self._waiting: list[tuple[int, Scene | None]] = []
        self._clear = -np.inf
        self._start = 0
        self._begun = False

    def add(self, frame: int, scene: Scene | None) -> None:
        if self._begun:
            self.table.put(frame, self._follower.step(scene))
            return
        blobs = scene.blobs if scene is not None else []
        clear = clarity(len(self._follower.animals), blobs, self._size)
        if clear > self._clear:
            self._clear, self._start = clear, len(self._waiting)
        self._waiting.append((frame, scene))
        if clear >= 0 or len(self._waiting) >= _OPENING:
            self.finish()

    def finish(self) -> None:
        """Follow through what is still waiting."""
        waiting, self._waiting, self._begun = self._waiting, [], True
        for place, (frame, scene) in enumerate(waiting[self._start :]):
            self.table.put(frame, self._follower.step(scene))
            if place == 0:
                back = self._follower.turned_back()
        for frame, scene in reversed(waiting[: self._start]):
            self.table.put(frame, back.step(scene))


class _Table:
    """Rows by frame number, growing by pieces."""

    def __init__(self, n_animals: int) -> None:
        self._shape = (n_animals, len(COLUMNS))
        self._pieces: list[FloatArray] = []
        self._stop = 0

    def put(self, frame: int, row: FloatArray) -> None:
        while frame >= len(self._pieces) * _ROWS:
            self._pieces.append(np.full((_ROWS, *self._shape), np.nan))
        self._pieces[frame // _ROWS][frame % _ROWS] = row
        self._stop = max(self._stop, frame + 1)

    @property
    def rows(self) -> FloatArray:
        return np.concatenate(self._pieces)[: self._stop]

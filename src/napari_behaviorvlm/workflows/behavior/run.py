"""The whole way from videos to events, step after step."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.captions import caption
from napari_behaviorvlm.workflows.behavior.events import merge
from napari_behaviorvlm.workflows.behavior.last_run import segment_settings
from napari_behaviorvlm.workflows.behavior.request import (
    CaptionSummary,
    MergeSummary,
    WordsRequest,
)
from napari_behaviorvlm.workflows.behavior.segmenting import (
    SegmentReport,
    SegmentRequest,
    read_clips,
)
from napari_behaviorvlm.workflows.behavior.segmenting import segment as segment_folder
from napari_behaviorvlm.workflows.behavior.spreading import prepare


@dataclass(frozen=True)
class BehaviorRequest:
    """What is to be done with the recordings of a folder.

    Parameters
    ----------
    segment : SegmentRequest
        How clips are found.
    scheduler : str, optional
        Address of a Dask scheduler that recordings are spread over, or "local".
    processes : int
        Recordings worked on at the same time on this machine.
    words : WordsRequest
        How they get their names.
    """

    segment: SegmentRequest = field(default_factory=SegmentRequest)
    words: WordsRequest = field(default_factory=WordsRequest)
    scheduler: str | None = None
    processes: int = 1


@dataclass
class BehaviorResult:
    """What the steps did; filled as they end.

    Parameters
    ----------
    segment : SegmentReport, optional
    caption : CaptionSummary, optional
    merge : MergeSummary, optional
    """

    segment: SegmentReport | None = None
    caption: CaptionSummary | None = None
    merge: MergeSummary | None = None

    def to_dict(self) -> dict[str, object]:
        """All fields, for ``--json``."""
        steps = {"segment": self.segment, "caption": self.caption, "merge": self.merge}
        return {name: asdict(done) for name, done in steps.items() if done is not None}

    @property
    def sentences(self) -> list[str]:
        """The result in words, one line a step."""
        return [
            done.sentence for done in (self.segment, self.caption, self.merge) if done is not None
        ]

    @property
    def notes(self) -> list[str]:
        """What a user should know besides."""
        steps = (self.segment, self.caption, self.merge)
        return [note for done in steps if done is not None for note in done.notes]


Steps = Generator[Progress, None, Any]


def segment(
    folder: BehaviorFolder, request: SegmentRequest, *, scheduler: str | None = None,
    processes: int = 1,
) -> Generator[Progress, None, SegmentReport]:  # fmt: skip
    """Segment all recordings, and make the store refer to their clips.

    Parameters
    ----------
    folder : BehaviorFolder
    request : SegmentRequest
    scheduler, processes
        Where several recordings are worked on at the same time; see `spread`.

    Yields
    ------
    Progress

    Returns
    -------
    SegmentReport

    Raises
    ------
    BehaviorVLMError
        As `napari_behaviorvlm.workflows.behavior.segmenting.segment`.
    """
    if scheduler is not None or (processes > 1 and len(folder.recordings) > 1):
        yield from prepare(folder, request, scheduler=scheduler, processes=processes)
    report = yield from segment_folder(folder, request)
    for recording in folder.recordings:
        folder.store.use_clips(recording.name, read_clips(folder, recording))
    folder.remember("segment", segment_settings(request, report.n_clusters))
    return report


def stages(
    folder: BehaviorFolder, request: BehaviorRequest, result: BehaviorResult
) -> Iterator[tuple[str, Callable[[], Steps]]]:
    """Name the steps of a whole run and how to start each.

    Parameters
    ----------
    folder : BehaviorFolder
    request : BehaviorRequest
    result : BehaviorResult
        Filled as the steps end.

    Yields
    ------
    str, callable
        A title, and what starts the step; it must be run to its end before the next is asked for.
    """

    def first() -> Steps:
        result.segment = yield from segment(
            folder, request.segment, scheduler=request.scheduler, processes=request.processes
        )

    def second() -> Steps:
        result.caption = yield from caption(folder, request.words)

    def third() -> Steps:
        result.merge = yield from merge(folder, request.words)

    yield "Clips", first
    yield "Captions", second
    waiting = result.caption is not None and result.caption.waiting
    if not (waiting and request.words.merge == "model"):  # it would be asked about other words
        yield "Events", third


def run_behavior(
    folder: BehaviorFolder, request: BehaviorRequest
) -> Generator[Progress, None, BehaviorResult]:
    """Do everything that is still to be done, from videos to events.

    Interrupted, it goes on where it stopped; with nothing changed, it does nothing.

    Yields
    ------
    Progress
        Of each step in turn.

    Returns
    -------
    BehaviorResult

    Raises
    ------
    BehaviorVLMError
        As the steps; what was done before is kept.
    """
    result = BehaviorResult()
    for _, start in stages(folder, request, result):
        with closing(start()) as steps:
            yield from steps
    return result

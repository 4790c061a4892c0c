"""Merging by a language model: which adjacent clips are one event.

Long recordings are asked about in windows that overlap, because models lose clips in long lists.
Two clips are joined where the window that sees them best (farthest from its edges) joins them; at
a seam both windows must agree. What a model leaves out, repeats or disorders after its repair
turns is merged by the rule, and counted. Frames without the animal are never bridged.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.naming import canonical_names
from napari_behaviorvlm.behavior.events.rule import (
    NamedClips,
    RuleSettings,
    adjacent,
    merge_rows,
)
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.vlm.answers import Event, MergeAnswer
from napari_behaviorvlm.vlm.facts import ClipFacts, MergeFacts
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Text

PROMPT_VERSION = "merge-1"

SYSTEM = (
    "You put together what scientists saw in short clips of video of laboratory animals: adjacent "
    "clips of one animal that belong to one event become that event. Answer in JSON as asked."
)
GUIDE = (
    "The clips of one animal follow below in the order of time, each with the label and the "
    "description it was given by itself. Join neighbours that are one and the same behaviour, "
    "also where one label says it in other words; keep apart what a scientist would count as "
    "two. Never join clips between which frames are missing (the next one does not start right "
    "after the end of the one before). Every clip belongs to exactly one event, and the events "
    "and their clips are in the order of time. Give every event a label (the same name for the "
    "same behaviour throughout) and one sentence that says what happens in it."
)


@dataclass(frozen=True)
class WindowSettings:
    """How many clips a question holds.

    Parameters
    ----------
    clips : int
        In one window.
    overlap : int
        Clips that neighbouring windows share.
    """

    clips: int = 40
    overlap: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.clips:
            raise TableError(
                f"Windows of {self.clips} clips cannot overlap by {self.overlap}; "
                "the overlap must be shorter than the window."
            )


class Asks(Protocol):
    """Whoever can be asked: a model session, or one that counts."""

    def ask(
        self, questions: Sequence[Question]
    ) -> Generator[Progress, None, list[Outcome]]:  # fmt: skip
        """Ask questions at once; see `ModelSession.ask`."""


@dataclass(frozen=True)
class MergeReport:
    """Events, and how they came about.

    Parameters
    ----------
    bouts : list of Bout
        Sorted as the clips; every clip is in exactly one.
    questions : int
        That were asked.
    by_rule : tuple of int
        Clips that the model did not place and the rule did.
    notes : tuple of str
        What a user should know, one sentence each.
    """

    bouts: list[Bout]
    questions: int = 0
    by_rule: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ModelMerge:
    """Merging of one recording by a model.

    Parameters
    ----------
    session : str
        Name of the recording.
    clips : Clips
        The over-segmentation.
    captions : mapping of int to Caption
        By row of the clip table.
    vocabulary : Vocabulary, optional
        The only labels allowed.
    language : str
        In which the texts are written.
    windows : WindowSettings
        Sizes of the questions.
    rule : RuleSettings
        For what the model leaves over.
    """

    session: str
    clips: Clips
    captions: Mapping[int, Caption]
    vocabulary: Vocabulary | None = None
    language: str = "English"
    windows: WindowSettings = field(default_factory=WindowSettings)
    rule: RuleSettings = field(default_factory=RuleSettings)

    def questions(self) -> list[Question]:
        """One question per window; animals with a single clip need none."""
        return [self._question(rows) for rows in self._windows()]

    def run(self, model: Asks) -> Generator[Progress, None, MergeReport]:
        """Ask, and put the answers together.

        Parameters
        ----------
        model : Asks
            Asked for all windows at once.

        Yields
        ------
        Progress
            In windows.

        Returns
        -------
        MergeReport

        Raises
        ------
        VLMError
            As the model session says.
        """
        questions = self.questions()
        outcomes = (yield from model.ask(questions)) if questions else []
        return self.put_together(outcomes)

    def put_together(self, outcomes: Sequence[Outcome]) -> MergeReport:
        """Events out of the answers, in the order of `questions`."""
        said = [
            _places(outcome.answer.events if isinstance(outcome.answer, MergeAnswer) else [])
            for outcome in outcomes
        ]
        windows = self._windows()
        owner = _owners(windows)
        events = {row: said[at].get(row) for row, at in owner.items()}
        named = self._named([event for event in events.values() if event is not None])
        left = [row for row, event in events.items() if event is None]
        bouts = [
            bout
            for rows in self._groups(windows, owner, said)
            for bout in self._bouts(named, rows, events)
        ]
        bouts.sort(key=lambda bout: bout.clips[0])
        return MergeReport(bouts, len(outcomes), tuple(left), _notes(len(self.clips), left))

    # Asking ------------------------------------------------------------------------------------

    def _windows(self) -> list[list[int]]:
        step = self.windows.clips - self.windows.overlap
        windows = []
        for _, group in groupby(range(len(self.clips)), key=lambda row: self.clips.animal[row]):
            rows = list(group)
            last = max(len(rows) - self.windows.overlap, 1)
            pieces = [rows[at : at + self.windows.clips] for at in range(0, last, step)]
            windows += [piece for piece in pieces if len(piece) > 1]
        return windows

    def _question(self, rows: Sequence[int]) -> Question:
        words = self.vocabulary
        allowed = "" if words is None else f"\nAllowed labels:\n{words.sentences}"
        guide = f"{GUIDE} Write in {self.language}.{allowed}"
        facts = MergeFacts(
            session=self.session, animal=self.clips.animals[int(self.clips.animal[rows[0]])],
            clips=[self._clip(row) for row in rows], fps=self.clips.fps,
            labels=None if words is None else words.names,
            synonyms=None if words is None else words.synonyms or None, language=self.language,
        )  # fmt: skip
        return Question(facts, SYSTEM, (Text(guide, breakpoint=True),), PROMPT_VERSION,
                        reasons=False, max_tokens=1024 + 96 * len(rows))  # fmt: skip

    def _clip(self, row: int) -> ClipFacts:
        caption = NamedClips(self.clips, self.captions, {}).caption(row)
        return ClipFacts(
            clip=row, start_frame=int(self.clips.start[row]), end_frame=int(self.clips.end[row]),
            label=caption.label, description=caption.description,
        )  # fmt: skip

    # Putting together --------------------------------------------------------------------------

    def _named(self, events: Sequence[Event]) -> NamedClips:
        """Name the labels of captions and events: one table for both."""
        named = NamedClips(self.clips, self.captions, {})
        use = named.use(range(len(self.clips)))
        for event in events:  # an event's word weighs more: it was chosen seeing all clips
            use[event.label] += 2 * sum(int(self.clips.lengths[row]) for row in event.clips)
        return NamedClips(self.clips, self.captions, canonical_names(use, self.vocabulary))

    def _groups(
        self, windows: Sequence[Sequence[int]], owner: Mapping[int, int],
        said: Sequence[Mapping[int, Event]],
    ) -> list[list[int]]:  # fmt: skip
        """Stretches of clips that the model joined, or that it left to the rule."""
        groups: list[list[int]] = []
        for row in range(len(self.clips)):
            before = row - 1
            joins = row and adjacent(self.clips, before, row)
            if joins and _together(before, row, windows, owner, said):
                groups[-1].append(row)
            else:
                groups.append([row])
        return groups

    def _bouts(
        self, named: NamedClips, rows: list[int], events: Mapping[int, Event | None]
    ) -> list[Bout]:  # fmt: skip
        weight = {row: int(self.clips.lengths[row]) for row in rows}
        longest = max(rows, key=lambda row: weight[row])
        event = events.get(longest)
        if event is None:
            return [named.bout(group) for group in merge_rows(named, rows, self.rule)]
        return [named.bout(rows, event.label, event.description.strip(), "vlm")]


def _places(events: Sequence[Event]) -> dict[int, Event]:
    return {row: event for event in events for row in event.clips}


def _owners(windows: Sequence[Sequence[int]]) -> dict[int, int]:
    """Window of every clip in which it is farthest from an edge."""
    best: dict[int, tuple[int, int]] = {}
    for at, rows in enumerate(windows):
        for place, row in enumerate(rows):
            depth = min(place, len(rows) - 1 - place)
            if row not in best or depth > best[row][0]:
                best[row] = (depth, at)
    return {row: at for row, (_, at) in best.items()}


def _together(
    first: int, second: int, windows: Sequence[Sequence[int]], owner: Mapping[int, int],
    said: Sequence[Mapping[int, Event]],
) -> bool:  # fmt: skip
    """Whether the windows that are asked about two neighbours put them into one event.

    Neighbours that both were left over stay together too: the rule decides about them.
    """
    asked = {owner[row] for row in (first, second) if row in owner}
    if not asked or first not in owner or second not in owner:
        return False
    seen = [at for at in asked if first in windows[at] and second in windows[at]]
    left = [said[owner[row]].get(row) is None for row in (first, second)]
    if any(left):
        return all(left)
    return bool(seen) and all(
        first in said[at] and said[at].get(first) is said[at].get(second) for at in seen
    )


def _notes(n_clips: int, left: Sequence[int]) -> tuple[str, ...]:
    if not left:
        return ()
    placed = n_clips - len(left)
    return (
        f"The model placed {placed} of {n_clips} clips; the other {len(left)} went by labels.",
    )  # fmt: skip

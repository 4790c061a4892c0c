"""The step that makes events of captioned clips."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.model import PROMPT_VERSION, MergeReport, ModelMerge
from napari_behaviorvlm.behavior.events.naming import canonical_names
from napari_behaviorvlm.behavior.events.rule import NamedClips, RuleSettings, rule_merge
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.asking import CountingModel
from napari_behaviorvlm.workflows.behavior.asking import asked_of, counting_model
from napari_behaviorvlm.workflows.behavior.last_run import merge_settings
from napari_behaviorvlm.workflows.behavior.request import Asked, MergeSummary, WordsRequest
from napari_behaviorvlm.workflows.behavior.segmenting import read_clips
from napari_behaviorvlm.workflows.behavior.words import (
    one_name_each,
    use_vocabulary,
    vocabulary_content,
)

STEP = "merge"
VERSION = 1
"""Raise it when the same captions give other events: part of keys."""


def merge(folder: BehaviorFolder, request: WordsRequest) -> Generator[Progress, None, MergeSummary]:
    """Join the clips of all recordings to events with names that are the same everywhere.

    Nothing is done where nothing has changed since the last time. Clips stay, and events refer to
    them; what people made or changed stays as it is.

    Yields
    ------
    Progress
        `Counted` where a model is asked.

    Returns
    -------
    MergeSummary

    Raises
    ------
    TableError
        If a recording was not segmented yet.
    VLMError
        If the model cannot be asked (any more), or the budget is used up.
    """
    words = use_vocabulary(folder, request.vocabulary)
    given = {one.name: _Given.of(folder, one.name) for one in folder.recordings}
    key = _key(given, request, words)
    names = [one.name for one in folder.recordings]
    computed = [name for name in names if folder.store.done(STEP, name) != key]
    asked, notes = Asked(), []
    if computed:
        found, asked = yield from _merged(folder, request, words, given)
        for name, bouts in one_name_each({n: r.bouts for n, r in found.items()}, words).items():
            folder.store.replace_bouts(name, bouts)
            folder.store.set_done(STEP, name, key)
            notes += [f"{name}: {note}" for note in found[name].notes]
    folder.remember(STEP, merge_settings(request))
    return _summary(folder, MergeSummary(0, {}, tuple(computed), 0, asked, tuple(notes)))


@dataclass(frozen=True, eq=False)
class _Given:
    clips: Clips
    captions: Mapping[int, Caption]

    @classmethod
    def of(cls, folder: BehaviorFolder, name: str) -> "_Given":
        clips = read_clips(folder, folder.recording(name))
        folder.store.use_clips(name, clips)
        return cls(clips, folder.store.captions(name))

    @property
    def content(self) -> dict[str, object]:
        table = self.clips
        return {
            "clips": [table.animal, table.start, table.end, table.cluster, table.confidence],
            "captions": {str(row): asdict(one) for row, one in self.captions.items()},
        }


def _key(
    given: Mapping[str, _Given], request: WordsRequest, words: Vocabulary | None
) -> str:  # fmt: skip
    asks = request.merge == "model"
    chosen = request.model
    return content_key({
        "step": STEP, "version": VERSION, "merge": request.merge, "absorb": request.absorb,
        "recordings": {name: one.content for name, one in given.items()},
        "vocabulary": vocabulary_content(words),
        "model": [
            PROMPT_VERSION, request.language, chosen and chosen.base_url, chosen and chosen.model
        ] if asks else [],
    })  # fmt: skip


def _merged(
    folder: BehaviorFolder, request: WordsRequest, words: Vocabulary | None,
    given: Mapping[str, _Given],
) -> Generator[Progress, None, tuple[dict[str, MergeReport], Asked]]:  # fmt: skip
    rule = RuleSettings(absorb=request.absorb)
    found: dict[str, MergeReport] = {}
    if request.merge == "rule":
        names = _shared_names(given.values(), words)
        for name, one in given.items():
            yield Progress(len(found), len(given), f"Merging clips of {name} by their labels")
            found[name] = MergeReport(rule_merge(one.clips, one.captions, rule, names))
        return found, Asked()
    with counting_model(folder, request) as model:
        for name, one in given.items():
            task = ModelMerge(
                name, one.clips, one.captions, words, request.language, rule=rule
            )  # fmt: skip
            found[name] = yield from _counted(model, task.run(model))
        return found, asked_of(model)


def _shared_names(given: Iterable[_Given], words: Vocabulary | None) -> dict[str, str]:
    """One name per behaviour over all animals and recordings, by the frames it is used for."""
    use: Counter[str] = Counter()
    for one in given:
        use += NamedClips(one.clips, one.captions, {}).use(range(len(one.clips)))
    return canonical_names(use, words)


def _counted(
    model: CountingModel, steps: Generator[Progress, None, MergeReport]
) -> Generator[Progress, None, MergeReport]:
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                report: MergeReport = end.value
                return report
            yield model.counted(step)


def _summary(folder: BehaviorFolder, summary: MergeSummary) -> MergeSummary:
    bouts: list[Bout] = [
        bout for one in folder.recordings for bout in folder.store.bouts(one.name)
    ]  # fmt: skip
    labels = Counter(bout.label for bout in bouts)
    kept = sum(bout.source == "human" for bout in bouts)
    return replace(summary, bouts=len(bouts), labels=dict(labels.most_common()), kept=kept)

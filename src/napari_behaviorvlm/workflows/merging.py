"""Events out of captioned clips: by rule, or by a model with the rule behind."""

from collections.abc import Generator, Mapping, Sequence

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.model import Asks, MergeReport, ModelMerge
from napari_behaviorvlm.behavior.events.naming import canonical_names
from napari_behaviorvlm.behavior.events.rule import NamedClips, RuleSettings, rule_merge
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.progress import Progress

Captioned = tuple[Clips, Mapping[int, Caption]]
"""Clips of a recording, and their captions by row."""


def shared_names(
    recordings: Sequence[Captioned], vocabulary: Vocabulary | None = None
) -> dict[str, str]:
    """One name per behaviour over all animals and recordings.

    Parameters
    ----------
    recordings : sequence of (Clips, captions)
        All that are to be comparable.
    vocabulary : Vocabulary, optional
        The lab's words.
    """
    use: dict[str, float] = {}
    for clips, captions in recordings:
        for label, frames in NamedClips(clips, captions, {}).use(range(len(clips))).items():
            use[label] = use.get(label, 0) + frames
    return canonical_names(use, vocabulary)


def merge_by_rule(
    clips: Clips, captions: Mapping[int, Caption], names: Mapping[str, str] | None = None,
    settings: RuleSettings | None = None, *, vocabulary: Vocabulary | None = None,
) -> Generator[Progress, None, MergeReport]:  # fmt: skip
    """Merge by labels; see `rule_merge`.

    Yields
    ------
    Progress

    Returns
    -------
    MergeReport
    """
    yield Progress(0, len(clips), "Merging clips by their labels")
    bouts = rule_merge(clips, captions, settings, names, vocabulary=vocabulary)
    return MergeReport(bouts)


def merge_by_model(merge: ModelMerge, model: Asks) -> Generator[Progress, None, MergeReport]:
    """Merge by a model; see `ModelMerge`.

    Yields
    ------
    Progress
        In questions.

    Returns
    -------
    MergeReport

    Raises
    ------
    VLMError
        As the model session says.
    """
    return (yield from merge.run(model))

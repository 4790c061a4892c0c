"""The words of a behaviour folder: its vocabulary, and one name for each behaviour."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, read_vocabulary
from napari_behaviorvlm.behavior.events.naming import canonical_names, with_original
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.atomic import atomic_write_bytes
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder


def use_vocabulary(folder: BehaviorFolder, given: Path | None) -> Vocabulary | None:
    """Vocabulary of a folder; one that is given is kept in it from now on.

    Raises
    ------
    TableError
        If it cannot be read, or its words are ambiguous.
    """
    if given is not None:
        words = read_vocabulary(given)
        try:
            content = given.read_bytes()
        except OSError as error:
            raise TableError(f"The vocabulary {given} cannot be read: {error}.") from None
        if not (folder.vocabulary.is_file() and folder.vocabulary.read_bytes() == content):
            atomic_write_bytes(folder.vocabulary, content)
        return words
    return read_vocabulary(folder.vocabulary) if folder.vocabulary.is_file() else None


def vocabulary_content(words: Vocabulary | None) -> list[object]:
    """Return what results depend on, for a content key."""
    if words is None:
        return []
    return [[word.name, word.definition, list(word.synonyms)] for word in words.words]


def one_name_each(
    bouts: Mapping[str, list[Bout]], words: Vocabulary | None
) -> dict[str, list[Bout]]:
    """Call the same behaviour by the same name in all recordings.

    Parameters
    ----------
    bouts : mapping of str to list of Bout
        By recording.
    words : Vocabulary, optional
        The lab's words.
    """
    use: dict[str, float] = {}
    for one in (bout for several in bouts.values() for bout in several):
        use[one.label] = use.get(one.label, 0.0) + one.n_frames
    names = canonical_names(use, words)
    return {
        recording: [
            bout if names[bout.label] == bout.label else replace(
                bout, label=names[bout.label],
                description=with_original(bout.description, bout.label, names[bout.label]),
            )
            for bout in several
        ]
        for recording, several in bouts.items()
    }  # fmt: skip

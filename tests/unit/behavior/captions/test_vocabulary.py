"""A lab's words, read and found again."""

import pytest

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, Word, read_vocabulary
from napari_behaviorvlm.core.errors import TableError

TOML = """
[[behavior]]
name = "chase"
definition = "Runs behind another mouse."
synonyms = ["Verfolgung", "追いかける"]

[[behavior]]
name = "Rest"
"""


def test_a_vocabulary_is_read(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text(TOML, "utf-8")
    words = read_vocabulary(path)
    assert words.names == ["chase", "Rest", "other"]
    assert words.find("CHASE ") == "chase"
    assert words.find("追いかける") == "chase"
    assert words.find("verfolgung") == "chase"
    assert words.find("run") is None
    assert words.measured("rest") == "Rest"
    assert "chase: Runs behind another mouse." in words.sentences


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"no \[\[behavior\]\]"), ("behavior = 3", r"no \[\[behavior\]\]"), ("[[", "not valid"),
        ("[[behavior]]\ndefinition = 'x'", "Behaviour 1 needs a name"),
        ("[[behavior]]\nname = ' '", "empty name"),
        ("[[behavior]]\nname = 'a'\n[[behavior]]\nname = 'b'\nsynonyms = ['A']", "one behaviour"),
    ],
)  # fmt: skip
def test_bad_vocabularies_are_refused_with_their_file(tmp_path, text, sentence):
    path = tmp_path / "words.toml"
    path.write_text(text)
    with pytest.raises(TableError, match=sentence) as caught:
        read_vocabulary(path)
    assert "words.toml" in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(TableError, match="cannot be read"):
        read_vocabulary(tmp_path / "none.toml")


def test_a_vocabulary_with_its_own_other_has_one():
    assert Vocabulary([Word("Other"), Word("rest")]).names == ["Other", "rest"]

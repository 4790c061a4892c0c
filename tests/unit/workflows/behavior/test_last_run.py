"""What is not said is as the folder was last run."""

from pathlib import Path

import pytest
from tests.unit.workflows.behaving_folder import folder_of

from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.behavior.last_run import (
    caption_settings,
    last_segment,
    last_words,
    merge_settings,
    segment_settings,
)
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest


@pytest.fixture
def folder(tmp_path):
    with folder_of(tmp_path) as opened:
        yield opened


def test_a_new_folder_has_the_usual_settings(folder):
    assert last_segment(folder) == SegmentRequest()
    assert last_words(folder) == WordsRequest(model=Settings())


@pytest.mark.parametrize(
    "request_",
    [
        SegmentRequest("gmm", 7, "pixels", seed=3, encoder=Path("/nets/e.pt")),
        SegmentRequest("umap+gmm", None, known=Path("/other/derived/shared/model-1")),
    ],
)
def test_a_segmentation_is_asked_for_again_as_it_was(folder, request_):
    folder.remember("segment", segment_settings(request_, 5))
    assert last_segment(folder) == request_
    assert folder.config.settings["segment"]["clusters"] == 5


def test_words_too_with_their_server_and_never_a_key(folder):
    server = Settings("http://127.0.0.1:8199", "simulated", key_env="MY_KEY", budget=3.0)
    asked = WordsRequest("model", "model", server, language="Deutsch", absorb=0.5)
    folder.remember("caption", caption_settings(asked))
    folder.remember("merge", merge_settings(asked))
    last = last_words(folder)
    assert (last.captioner, last.merge, last.language, last.absorb) == (
        "model", "model", "Deutsch", 0.5
    )  # fmt: skip
    assert last.model == Settings("http://127.0.0.1:8199", "simulated")
    secret = Settings("https://ann:secret@lab.example/v1", "m")
    folder.remember("caption", caption_settings(WordsRequest("model", model=secret)))
    assert "secret" not in (folder.folder / "behavior.toml").read_text()


def test_nonsense_in_the_file_counts_as_nothing(folder):
    folder.remember("segment", {"method": "magic", "k": "many", "seed": True})
    assert last_segment(folder) == SegmentRequest()

"""Which model a person works with, and how that is kept."""

import pytest

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.gui.models import model_choice, model_strategies
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.models.run_steps import RunChoice, strategies
from napari_behaviorvlm.vlm.endpoint import OFFICIAL


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_choice_is_kept_and_a_damaged_file_is_no_obstacle(tmp_path):
    path = tmp_path / "not yet" / "model.toml"
    mine = ModelChoice("http://10.0.0.5:8000", "qwen3-vl", "LAB_KEY", 7, 0.5, 2.0)
    mine.write(path)
    assert ModelChoice.read(path) == mine
    path.write_text('model = 5\nconcurrency = 3\nprice_in = 1\nkey = "secret"')
    assert ModelChoice.read(path) == ModelChoice(concurrency=3, price_in=1.0)
    path.write_bytes(b"\xff\xfe")
    assert ModelChoice.read(path) == ModelChoice()
    assert ModelChoice.read(tmp_path / "absent") == ModelChoice()


def test_the_key_is_never_part_of_what_is_kept(tmp_path, environment):
    environment.setenv("LAB_KEY", "sk-very-secret")
    choice = ModelChoice("http://10.0.0.5:8000", "m", "LAB_KEY")
    choice.write(tmp_path / "model.toml")
    assert "secret" not in (tmp_path / "model.toml").read_text()
    assert "secret" not in repr(choice) + choice.key_words + choice.words
    assert "LAB_KEY is sent" in choice.key_words


def test_words_about_the_key(environment):
    assert ModelChoice().key_words.startswith("ANTHROPIC_API_KEY is not set: set it")
    assert ModelChoice("http://127.0.0.1:1").key_words == "No key is sent."
    environment.setenv("ANTHROPIC_API_KEY", "sk-1")
    assert "ANTHROPIC_API_KEY is sent" in ModelChoice().key_words
    assert ModelChoice("http://127.0.0.1:1").key_words == "No key is sent."
    assert "MINE is not set" in ModelChoice("http://127.0.0.1:1", key_env="MINE").key_words


def test_settings_follow_the_choice_and_the_environment(environment):
    assert ModelChoice().address == OFFICIAL
    environment.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:8199")
    assert ModelChoice(model="m").words == "m at http://127.0.0.1:8199"
    settings = ModelChoice("http://a:1", "m", "K", 2, 3.0, 15.0).settings(4.0)
    assert (settings.base_url, settings.model, settings.key_env) == ("http://a:1", "m", "K")
    assert (settings.budget, settings.concurrency) == (4.0, 2)
    assert (settings.price.input, settings.price.output) == (3.0, 15.0)
    assert ModelChoice().settings().price is None


def test_options_of_the_panel_become_a_request(tmp_path, monkeypatch):
    monkeypatch.setattr(model_choice, "user_file", lambda: tmp_path / "model.toml")
    ModelChoice("http://a:1", "m").write()
    options = {"budget": 2.5, "regions": False, "refine": True}
    request = model_strategies.request_of("paper", RunChoice(FrameSpan(3, 9), "paper", options))
    assert (request.strategy, request.span, request.regions) == ("paper", FrameSpan(3, 9), False)
    assert (request.model.model, request.model.budget) == ("m", 2.5)
    unlimited = RunChoice(FrameSpan(), "paper", {**options, "budget": 0.0})
    assert model_strategies.request_of("paper", unlimited).model.budget is None


def test_strategies_that_ask_are_offered_after_the_one_that_does_not():
    model_strategies.offer_model_strategies()
    offered = strategies()
    assert offered[0].name == "geometric"
    assert not offered[0].asks
    assert [each.name for each in offered if each.asks][-2:] == ["paper", "fused"]


def test_fused_takes_a_limit_of_calls(tmp_path, monkeypatch):
    monkeypatch.setattr(model_choice, "user_file", lambda: tmp_path / "model.toml")
    fused = model_strategies.FUSED
    options = {option.name: option.default for option in fused.options}
    assert options == {"budget": 5.0, "calls_per_frame": 3.0}
    request = model_strategies.request_of("fused", RunChoice(FrameSpan(), "fused", options))
    assert (request.strategy, request.calls_per_frame) == ("fused", 3.0)

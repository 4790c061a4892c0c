"""`behaviorvlm behavior` as a person runs it: from a video to events, and all that goes wrong."""

import json
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from simulated_vlm import BehaviorOracle, BehaviorTruth, SimulatedServer, WordErrors
from tests.fixtures.filmed_mice import copied, mice, write_video
from tests.unit.vlm.asking import TRUTH

from napari_behaviorvlm.cli.main import main
from napari_behaviorvlm.core.bout_edits import Relabel
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("mice") / "mice.mp4", mice(240))


@pytest.fixture(scope="module")
def segmented(video, tmp_path_factory):
    folder = tmp_path_factory.mktemp("segmented") / "b"
    main(["behavior", "segment", str(video), "--animals", "2", "--project", str(folder), *FAST])
    return folder


@pytest.fixture
def folder(segmented, tmp_path):
    return copied(segmented, tmp_path / "b")


@pytest.fixture
def tell(capsys):
    """Run a command in this process; its JSON object."""

    def run(*arguments):
        capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


FAST = ("--method", "kmeans", "--k", "4")


def test_from_a_video_to_events_and_once_only(tell, capsys, folder):
    first = tell("behavior", "run", folder, *FAST)
    assert first["video_seconds"] == pytest.approx(12)
    assert first["merge"]["bouts"] > 2
    again = tell("behavior", "run", folder, *FAST)
    assert [again[step]["computed"] for step in ("segment", "caption", "merge")] == [[], [], []]
    status = tell("behavior", "status", folder)
    assert status["recordings"][0]["tracked"] > 0.95
    assert {"rest", "walk"} <= set(status["recordings"][0]["labels"])
    table = folder / "events.csv"
    assert tell("behavior", "export", folder, "csv", table)["files"] == [str(table)]
    assert len(table.read_text().splitlines()) == first["merge"]["bouts"] + 1
    with BehaviorFolder.open(folder) as opened:
        one = opened.store.bouts("mice")[0]
        opened.store.apply(Relabel((one.id,), "my word"), "ann")
    assert main(["behavior", "merge", str(folder), "--absorb", "1"]) == 0
    assert "1 bout that people made or changed stayed" in capsys.readouterr().out
    with BehaviorFolder.open(folder, writable=False) as opened:
        assert opened.store.bout(one.id)[1].label == "my word"


def test_a_model_over_http_killed_and_gone_on(shell, tell, folder):
    truth = BehaviorTruth(("A0", "A1"), ("rest", "run"), np.zeros((240, 2), np.int64))
    with SimulatedServer(TRUTH, behavior=BehaviorOracle(truth, WordErrors())) as server:
        asked = ("--base-url", server.url, "--model", "simulated")
        caption = ("behavior", "caption", folder, "--captioner", "model", *asked)
        plan = tell(*caption, "--dry-run")
        assert not server.calls
        server.can = replace(server.can, latency=0.3)
        running = shell.start(*caption, "--concurrency", 1)
        until = time.monotonic() + 60
        while len(server.calls) < 5 and time.monotonic() < until:  # the first ones learn to know it
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        running.wait()
        server.can = replace(server.can, latency=0.0)
        done = tell(*caption)
        assert done["sources"] == {"vlm": plan["clips"]}
        assert done["asked"]["known"] >= 1
        assert done["asked"]["calls"] + done["asked"]["known"] == plan["clips"]
        merged = tell("behavior", "merge", folder, "--merge", "model", *asked)
        assert merged["labels"] == {"rest": 2}
        calls = len(server.calls)
        again = tell("behavior", "run", folder, "--no-report")  # what is not said stays as it was
        assert again["caption"]["sources"] == {"vlm": plan["clips"]}
        assert [again[step]["computed"] for step in ("segment", "caption", "merge")] == [[]] * 3
        assert len(server.calls) == calls
        anew = tell("behavior", "run", folder, "--no-report", "--captioner", "measured", "--merge",
                    "rule")  # fmt: skip
        assert anew["segment"]["computed"] == []
        assert anew["caption"]["sources"] == {"measured": plan["clips"]}


def test_what_cannot_be_analysed_is_said_in_one_sentence(capsys, tmp_path):
    nobody = write_video(tmp_path / "empty.mp4", mice(40, animals=0))
    still = write_video(tmp_path / "one.mp4", mice(1))
    cases = [
        (("run", nobody, *FAST), "empty: No animal is seen"),
        (("run", still, *FAST), "one: One frame does not tell"),
        (("caption", tmp_path / "other.mp4"), "behavior run"),
    ]
    for arguments, words in cases:
        assert main(["behavior", *map(str, arguments)]) == 1
        said = capsys.readouterr().err.strip()
        assert words in said
        assert "\n" not in said
    for wrong in (("--method", "magic"), ("--fps", "0"), ("--scale", "0")):
        with pytest.raises(SystemExit, match="2"):
            main(["behavior", "run", str(still), *wrong])


def test_one_animal_is_not_taken_for_granted_silently(capsys, tmp_path):
    film = write_video(tmp_path / "one.mp4", mice(150, animals=1))
    assert main(["behavior", "segment", str(film), *FAST]) == 0
    assert "say --animals N if there are more" in capsys.readouterr().err
    assert main(["behavior", "segment", str(film), *FAST]) == 0
    assert "--animals" not in capsys.readouterr().err
    other = tmp_path / "other"
    clusters = ("--clusters", str(tmp_path / "one.behavior"))
    assert main(["behavior", "segment", str(film), "--project", str(other), *clusters]) == 0
    assert "of 4 clusters" in capsys.readouterr().out


def test_more_bodies_than_animals_are_told(video, capsys, tmp_path):
    where = ("--project", str(tmp_path / "b"))
    assert main(["behavior", "segment", str(video), "--animals", "1", *where, *FAST]) == 0
    assert "2 bodies are often seen at once, but 1 followed" in capsys.readouterr().err

"""`behaviorvlm behavior` as a person runs it: from a video to events, and all that goes wrong."""

import json
import shutil
import signal
import time
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from simulated_vlm import BehaviorOracle, BehaviorTruth, SimulatedServer, WordErrors
from tests.unit.vlm.asking import TRUTH

from napari_behaviorvlm.cli.main import main
from napari_behaviorvlm.core.bout_edits import Relabel
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder

FPS = 20


def write_video(path, pictures):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": "18"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def mice(n_frames, animals=2):
    """Dark ellipses on a light floor: the first rests and walks in turns, the second walks."""
    pictures, place = [], np.array([60.0, 60.0])
    noise = np.random.default_rng(0)
    for frame in range(n_frames):
        picture = np.full((180, 320), 190, np.uint8)
        walking = (frame // 60) % 2
        place[0] += 2.5 * walking * (1 if (frame // 120) % 2 == 0 else -1)
        second = 160 + 90 * np.cos(frame / 60), 130 + 15 * np.sin(frame / 60)
        for middle in [tuple(place), second][:animals]:
            at = tuple(round(16 * float(v)) for v in middle)
            cv2.ellipse(picture, at, (18 * 16, 8 * 16), 0, 0, 360, 40, -1, cv2.LINE_AA, 4)
        pictures.append(
            np.clip(picture + noise.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        )
    return pictures


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
    copy = tmp_path / "b"
    shutil.copytree(segmented, copy)
    video = BehaviorFolder.open(segmented, writable=False).recordings[0].video
    text = (copy / "behavior.toml").read_text()
    old = next(line for line in text.splitlines() if line.startswith("video"))
    (copy / "behavior.toml").write_text(text.replace(old, f'video = "{video.as_posix()}"'))
    return copy


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


def test_what_cannot_be_analysed_is_said_in_one_sentence(capsys, tmp_path):
    nobody = write_video(tmp_path / "nobody.mp4", mice(40, animals=0))
    still = write_video(tmp_path / "one.mp4", mice(1))
    cases = [
        (("run", nobody, *FAST), "nobody: No animal is seen"),
        (("run", still, *FAST), "one: One frame does not tell"),
        (("caption", tmp_path / "other.mp4"), "behavior run"),
    ]
    for arguments, words in cases:
        assert main(["behavior", *map(str, arguments)]) == 1
        said = capsys.readouterr().err.strip()
        assert words in said
        assert "\n" not in said
    with pytest.raises(SystemExit, match="2"):
        main(["behavior", "run", str(still), "--method", "magic"])

"""Whatever is wrong, one clear sentence, exit code 1 or 2, and nothing lost."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tomllib

import av
import numpy as np
import pytest
import tomli_w
from tests.e2e.conftest import Shell, new_arguments

from napari_behaviorvlm.cli.main import main


def short_video(path, n_frames, size=(1024, 1024)):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(n_frames):
            picture = av.VideoFrame.from_ndarray(np.zeros(size[::-1], np.uint8), "gray")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cam2"), (b"", "empty"), (b"GIF89a, not a video" * 50, "video"), ("truncated", "")],
)
def test_a_video_that_is_none(process, sample, content, words):
    path = process.folder / "cam2 ü.mp4"
    if content == "truncated":
        original = sample.videos("reflectance")["cam2"].read_bytes()
        path.write_bytes(original[: len(original) // 2])
    elif content is not None:
        path.write_bytes(content)
    sentence = process.fails(*new_arguments(sample, "mouse", cam2=path))
    assert path.name in sentence
    assert words in sentence
    assert not (process.folder / "mouse").exists()


def test_unequal_frame_counts(process, sample):
    path = short_video(process.folder / "short.mp4", 9)
    sentence = process.fails(*new_arguments(sample, "mouse", cam4=path))
    assert "short.mp4 9" in sentence
    assert "--shortest" in sentence
    process(*new_arguments(sample, "mouse", cam4=path), "--shortest")
    assert process.json("status", "mouse")["frames"] == 9


def test_another_size(shell, sample):
    path = short_video(shell.folder / "small.mp4", 9, (640, 480))
    sentence = shell.fails(*new_arguments(sample, "mouse", cam4=path))
    assert "640x480" in sentence
    assert "1024x1024" in sentence


def test_a_camera_without_a_video_and_the_reverse(shell, sample):
    videos = {k: v for k, v in sample.videos("reflectance").items() if k != "cam5"}
    given = [f"{k}={v}" for k, v in videos.items()]
    base = ["new", "mouse", "--calibration", sample.calibration, "--video"]
    assert "cam5" in shell.fails(*base, *given)
    extra = [*given, f"cam5={videos['cam0']}", f"cam9={videos['cam0']}"]
    assert "cam9" in shell.fails(*base, *extra)


def test_names_that_differ_only_in_case_or_form(shell, sample):
    calibration = shell.folder / "Kalibrierung ü.toml"
    text = sample.calibration.read_text()
    calibration.write_text(text.replace('"cam0"', '"Käfig 0"').replace('"cam1"', '"CAM1"'))
    videos = sample.videos("reflectance")
    names = ["Ka\u0308fig 0", *list(videos)[1:]]
    given = [f"{name}={path}" for name, path in zip(names, videos.values(), strict=True)]
    shell("new", "Maus ä", "--calibration", calibration, "--video", *given)
    assert shell.json("status", "Maus ä")["cameras"][:2] == ["Käfig 0", "CAM1"]


@pytest.mark.parametrize("content", [None, "", "[cam_0]\nname = 3", "hello", "[metadata]\n"])
def test_a_calibration_that_is_none(shell, sample, content):
    path = shell.folder / "calibration.toml"
    if content is not None:
        path.write_text(content)
    arguments = new_arguments(sample, "mouse")
    arguments[arguments.index(sample.calibration)] = path
    assert "calibration.toml" in shell.fails(*arguments)


def test_the_calibration_of_another_rig_is_noticed(project):
    shell = Shell(project.parent)
    text = (project / "calibration.toml").read_text()
    (project / "calibration.toml").write_text(
        text.replace('"cam0"', '"x"').replace('"cam3"', '"cam0"').replace('"x"', '"cam3"')
    )
    done = shell("check", project, code=1)
    assert "cam0" in done.stdout
    assert "cam3" in done.stdout
    text = (project / "calibration.toml").read_text()
    for at in range(6):
        text = text.replace(f'"cam{at}"', f'"was{at}"')
    for at in range(6):
        text = text.replace(f'"was{at}"', f'"cam{(at + 2) % 6}"')
    (project / "calibration.toml").write_text(text)
    assert "6 cameras look exchanged" in shell("check", project, code=1).stdout
    assert "another rig" in shell.fails("label", project)
    content = tomllib.loads(text)
    for camera in content.values():
        if "rotation" in camera:
            camera["rotation"] = camera["rotation"][::-1]
    (project / "calibration.toml").write_text(tomli_w.dumps(content))
    assert "another rig" in shell("check", project, code=1).stdout
    assert "another rig" in shell.fails("label", project)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("7,cam0,ear_X,1,2", "ear_X"),
        ("7,cam9,ear_L,1,2", "cam9"),
        ("99999,cam0,ear_L,1,2", "99999"),
        ("7,cam0,ear_L,1,", ""),
        ("7,cam0,ear_L,nan?,2", ""),
    ],
)
def test_seeds_that_do_not_fit_change_nothing(project, line, words):
    shell = Shell(project.parent)
    path = project.parent / "seeds.csv"
    path.write_text(f"frame,camera,keypoint,x,y\n{line}\n")
    before = shell.json("status", project)
    assert words in shell.fails("seed", project, path)
    assert shell.json("status", project) == before


@pytest.mark.parametrize(
    "line", ["3,cam0,1,nan,4", "3,cam0,1,1e300,4", "3,cam0,0,1,4", "3,cam8,1,1,1"]
)
def test_candidates_that_cannot_be(project, line):
    shell = Shell(project.parent)
    path = project.parent / "dots.csv"
    path.write_text(f"frame,camera,number,x,y\n0,cam0,1,10,10\n{line}\n")
    before = shell.json("status", project)
    assert "dots.csv" in shell.fails("candidates", "import", project, path)
    assert shell.json("status", project) == before


def test_a_newer_project_is_refused(project):
    config = project / "project.toml"
    config.write_text(config.read_text().replace("format = 1", "format = 2"))
    assert "newer behaviorvlm" in Shell(project.parent).fails("status", project)


def test_a_damaged_project_file_is_named(project):
    (project / "project.toml").write_text("name = ")
    assert "project.toml is damaged" in Shell(project.parent).fails("status", project)


def test_no_project(shell):
    assert "no project folder" in shell.fails("status", "nowhere")
    (shell.folder / "empty").mkdir()
    assert "not a behaviorvlm project" in shell.fails("detect", "empty")


def test_two_processes_on_one_project(project):
    shell = Shell(project.parent)
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys; from pathlib import Path; from napari_behaviorvlm.io.project import Project\n"
         f"p = Project(Path({str(project)!r})); print('open', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "open\n"
    assert "in use" in shell.fails("label", project)
    assert shell.json("status", project)["frames"] > 0
    holder.communicate()
    shell("label", project)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(project):
    shell = Shell(project.parent)
    for path in (project, *project.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        assert "written" in shell.fails("label", project)
        assert shell.json("status", project)["frames"] > 0
    finally:
        for path in (project, *project.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_a_project_is_never_made_over_something_else(shell, sample):
    (shell.folder / "mouse").mkdir()
    (shell.folder / "mouse" / "thesis.txt").write_text("years of work")
    assert "not empty" in shell.fails(*new_arguments(sample, "mouse"))
    assert (shell.folder / "mouse" / "thesis.txt").read_text() == "years of work"


def test_label_before_anything_else(shell, sample):
    shell(*new_arguments(sample, "mouse"))
    assert "detect" in shell.fails("label", "mouse")


def test_wrong_use_exits_with_2(shell):
    assert "PROJECT" in shell.fails("status", code=2)
    assert "A:B" in shell.fails("label", "x", "--frames", "b", code=2)
    assert "invalid choice" in shell.fails("export", "x", "docx", "out", code=2)
    assert shell("--help").stdout.startswith("usage")


def test_a_video_that_was_replaced_is_noticed(project, sample):
    shell = Shell(project.parent)
    path = short_video(project.parent / "short.mp4", 9)
    config = project / "project.toml"
    old = sample.videos("fluorescence")["cam1"]
    config.write_text(config.read_text().replace(old.as_posix(), path.as_posix()))
    assert "short.mp4" in shell.fails("detect", project)
    assert "short.mp4 has 9 frames" in shell("check", project, code=1).stdout


def test_damaged_results_are_computed_again_when_told(project):
    shell = Shell(project.parent)
    result = next((project / "derived" / "labels").iterdir())
    (result / "label_xy.npy").write_bytes(b"")
    assert "behaviorvlm label" in shell.fails("review", project)
    shutil.rmtree(project / "derived" / "labels")
    shell("label", project)
    assert shell.json("review", project)["total"] > 0


def test_a_full_disk_loses_nothing(project):
    """RLIMIT_FSIZE makes every large write fail as a full disk does."""
    connection = sqlite3.connect(project / "labels.sqlite")
    connection.execute("DELETE FROM run")
    connection.commit()
    connection.close()
    shutil.rmtree(project / "derived" / "labels")
    done = subprocess.run(
        [sys.executable, "-c",
         "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
         "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
         "from napari_behaviorvlm.cli.main import main\n"
         f"sys.exit(main(['label', {str(project)!r}]))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    Shell(project.parent)("label", project)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("detect", "x", "--threshold", "nan"), "'nan' is not an amount"),
        (("detect", "x", "--threshold", "-3"), "'-3' is not an amount"),
        (("detect", "x", "--jobs", "0"), "not a whole number above zero"),
        (("review", "x", "--top", "-1"), "not a whole number, zero or more"),
        (("new", "x", "--calibration", "c", "--video", "cam0=v", "--fps", "inf"), "'inf'"),
        (("new", "x", "--calibration", "c", "--video", "cam0=v", "--fps", "0"), "above zero"),
        (("new", "x", "--calibration", "c", "--video", "cam0=v", "--unit", " "), "like mm"),
        (("new", "x", "--calibration", "c", "--video", "cam0=v", "cam0=w"), "more than once"),
        (("new", "x", "--calibration", "c"), "Give a --video"),
        (("candidates", "import", "x", "y.csv", "--frames", "0:3"), "taken whole"),
        (("label", "x", "--batch"), "not with geometric"),
        (("label", "x", "--strategy", "fused", "--batch"), "not with fused"),
        (("label", "x", "--strategy", "paper", "--wait"), "--wait goes with --batch"),
        (("label", "x", "--strategy", "paper", "--scheduler", "h"), "--strategy geometric"),
        (("label", "x", "--jobs", "2", "--scheduler", "h"), "not allowed with"),
        (("label", "x", "--price", "3"), "IN:OUT"),
        (("export", "x", "nwb", "out", "--session-start", "noon"), "2026-05-01T14:30"),
    ],
)
def test_arguments_that_cannot_be_meant_exit_with_2(capsys, arguments, words):
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    assert words in printed.err


def test_a_table_without_candidates_leaves_those_that_are_there(project):
    shell = Shell(project.parent)
    (project.parent / "none.csv").write_text("frame,camera,number,x,y\n")
    before = shell.json("status", project)
    assert "holds no candidates" in shell.fails("candidates", "import", project, "none.csv")
    assert shell.json("status", project) == before


def test_what_check_finds_is_one_sentence_on_stderr(project, sample):
    path = short_video(project.parent / "short.mp4", 9)
    config, old = project / "project.toml", sample.videos("fluorescence")["cam1"]
    config.write_text(config.read_text().replace(old.as_posix(), path.as_posix()))
    shell = Shell(project.parent)
    assert "must be mended" in shell.fails("check", project)
    done = shell("check", project, "--json", code=1)
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert "short.mp4 has 9 frames" in answer["findings"][0]["sentence"]
    assert len(done.stderr.strip().splitlines()) == 1

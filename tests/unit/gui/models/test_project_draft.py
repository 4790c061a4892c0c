"""Which video belongs to which camera."""

from pathlib import Path

from napari_behaviorvlm.gui.models.project_draft import ProjectDraft, match_files


def paths(*names):
    return [Path("/data") / name for name in names]


def matched(cameras, *names):
    return {c: str(p.relative_to("/data")) for c, p in match_files(cameras, paths(*names)).items()}


def test_equal_names_go_first():
    assert matched(["cam0", "cam1"], "cam1.mp4", "cam0.avi") == {
        "cam0": "cam0.avi", "cam1": "cam1.mp4",
    }  # fmt: skip


def test_names_within_names_as_whole_words():
    cameras = ["cam1", "cam10", "Käfig 2"]
    files = "reflectance_cam10.mp4", "m1-CAM1-day3.mp4", "trial 4 käfig 2 b.mp4"
    assert matched(cameras, *files) == {
        "cam1": "m1-CAM1-day3.mp4", "cam10": "reflectance_cam10.mp4",
        "Käfig 2": "trial 4 käfig 2 b.mp4",
    }  # fmt: skip


def test_names_of_folders():
    assert matched(["left", "right"], "right/video.mp4", "left/video.mp4") == {
        "left": "left/video.mp4", "right": "right/video.mp4",
    }  # fmt: skip


def test_what_is_not_clear_is_left_open():
    assert matched(["a", "b"], "a_1.mp4", "a_2.mp4", "b_1.mp4") == {"b": "b_1.mp4"}
    assert matched(["a", "b"], "a_b.mp4") == {}


def test_a_choice_beats_the_name_and_frees_the_file():
    a, b = paths("cam0.mp4", "cam1.mp4")
    draft = ProjectDraft(cameras=("cam0", "cam1")).with_files("videos", [a, b, a])
    assert draft.files["videos"] == (a, b)
    assert draft.assigned("videos") == {"cam0": a, "cam1": b}
    swapped = draft.with_choice("videos", "cam0", b)
    assert swapped.assigned("videos") == {"cam0": b}
    assert swapped.unused("videos") == [a]
    both = swapped.with_choice("videos", "cam1", a)
    assert both.assigned("videos") == {"cam0": b, "cam1": a}
    none = both.with_choice("videos", "cam0", None)
    assert none.assigned("videos") == {"cam1": a}
    assert none.request().videos == {"cam1": a}
    assert none.request().fluorescence == {}

"""Videos find their cameras by name."""

import unicodedata

import pytest

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.names import match_names, pair_names, recognise, suggestion


def test_equal_names_in_the_order_of_the_calibration():
    assert list(match_names(["b", "a"], ["a", "b"]).items()) == [("b", "b"), ("a", "a")]


def test_case_unicode_form_and_spaces():
    decomposed = unicodedata.normalize("NFD", "Käfig")
    pairs = match_names(["Käfig", "CAM 1", "top "], [decomposed, "cam 1", "Top"])
    assert pairs == {"Käfig": decomposed, "CAM 1": "cam 1", "top ": "Top"}


def test_exact_names_go_first():
    assert match_names(["Cam", "cam"], ["cam", "Cam"]) == {"Cam": "Cam", "cam": "cam"}
    assert match_names(["Cam", "cam"], ["cam", "CAM"]) == {"Cam": "CAM", "cam": "cam"}


def test_ten_is_not_one():
    pairs = match_names(["cam_1", "cam_10"], ["cam_10", "cam_1"])
    assert pairs == {"cam_10": "cam_10", "cam_1": "cam_1"}


@pytest.mark.parametrize(
    ("calibrated", "videos"),
    [(["Cam", "cAm"], ["CAM", "cam"]), (["Cam", "cAm"], ["CAM"]), (["cam"], ["CAM", "Cam"])],
)
def test_ambiguous(calibrated, videos):
    with pytest.raises(CalibrationError, match="differ only in case"):
        match_names(calibrated, videos)


def test_both_sides_are_listed():
    with pytest.raises(CalibrationError) as caught:
        match_names(["cam1", "cam5", "cam6"], ["cam1", "cam7"])
    assert str(caught.value) == (
        "The calibration has cameras 'cam5', 'cam6' but there is no video for them; there is a "
        "video for camera 'cam7' but the calibration only knows cam1, cam5, cam6."
    )


def test_one_camera_without_video():
    with pytest.raises(CalibrationError) as caught:
        match_names(["cam1", "cam5"], ["cam1"])
    assert str(caught.value) == ("The calibration has camera 'cam5' but there is no video for it.")


def test_what_is_missing_is_called_by_its_name():
    with pytest.raises(CalibrationError, match="no fluorescence video for it"):
        match_names(["cam1", "cam5"], ["cam1"], what="fluorescence video")


def test_pairs_leave_out_what_is_unknown():
    assert pair_names(["a", "x"], ["A", "b"]) == {"a": "A"}


def test_several_spellings_may_mean_one_name():
    meant = recognise(["cam", "CAM", "Cam ", "x"], ["cam", "top"])
    assert meant == {"cam": "cam", "CAM": "cam", "Cam ": "cam"}
    assert recognise(["CAM", "Cam"], ["cam", "Cam"]) == {"Cam": "Cam"}


def test_suggestion():
    assert suggestion("ear_l", ["ear_L", "nose"]) == " (did you mean 'ear_L'?)"
    assert suggestion("zzz", ["ear_L", "nose"]) == " (known are ear_L, nose)"

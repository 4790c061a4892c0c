"""Answers: found in messy text, checked against the facts, every problem named."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.vlm.answers import answer_schema
from napari_behaviorvlm.vlm.checking import check_text, check_value
from napari_behaviorvlm.vlm.coordinates import Coordinates, box_from_pixels, box_to_pixels
from napari_behaviorvlm.vlm.facts import AssignFacts, CaptionFacts, MergeFacts, RegionsFacts
from napari_behaviorvlm.vlm.parsing import parse_answer
from napari_behaviorvlm.vlm.problems import Problem, repair_text

IMAGE = {"width": 640, "height": 480, "origin": [0.0, 0.0], "scale": 1.0}
DOTS = [{"number": n, "x": 10.0 * n, "y": 5.0} for n in (1, 2, 5)]
EARS = AssignFacts(
    session="s", frame=0, camera="cam0", image=IMAGE, keypoints=["ear_L", "ear_R"], candidates=DOTS
)
REGIONS = RegionsFacts(session="s", frame=0, camera="cam0", image=IMAGE, regions=["ears", "tail"])
GOOD = {"assignments": [{"keypoint": "ear_L", "candidate": 1}, {"keypoint": "ear_R",
        "candidate": 5, "confidence": 0.5, "reason": "it \"shines\" {"}]}  # fmt: skip


def assignments(*pairs, **more):
    return {"assignments": [{"keypoint": k, "candidate": c, **more} for k, c in pairs]}


def codes(checked):
    return [(problem.code, problem.item) for problem in checked.problems]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        json.dumps(GOOD, indent=2),
        f"```json\n{json.dumps(GOOD)}\n```",
        f"Sure! Here it is:\n```\n{json.dumps(GOOD)}\n```\nTell me if you need more {{ }}.",
        f'<think>maybe {{"assignments": [1]}}</think>\n{json.dumps(GOOD)}',
        f"A draft: {json.dumps(assignments(('ear_L', 2)))} but finally {json.dumps(GOOD)}",
        f"I see {{two}} dots. {json.dumps(GOOD)}",
        json.dumps(GOOD).replace('"candidate": 1', '"candidate": 1.0'),
    ],
)
def test_answers_are_found_in_whatever_stands_around_them(text):
    checked = check_text(EARS, text)
    assert checked.sound
    assert checked.answer.candidate("ear_L") == 1
    assert checked.answer.candidate("ear_R") == 5
    assert checked.answer.assignments[1].reason == 'it "shines" {'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<think>I never stop", "empty"),
        ("I cannot tell.", "no_json"),
        ("[1, 2]", "no_json"),
        ('{"answer": {"assignments": []}}', "wrong_shape"),
        ('{"assignments": "ear_L is 1"}', "wrong_shape"),
        ('{"assignments": {"ear_L": 1}}', "wrong_shape"),
        (json.dumps(GOOD)[:-1], "truncated"),
        (json.dumps(GOOD)[:60], "truncated"),
        ("```json\n" + json.dumps(GOOD)[:60], "truncated"),
        (
            '{"assignments": [{"keypoint": "ear_L", "keypoint": "ear_R", "candidate": 1}]}',
            "no_json",
        ),
        ('{"assignments": NaN}', "no_json"),
        ("{" * 5000, "truncated"),
        ('{"assignments": ' + "[" * 100_000, "truncated"),
    ],
)
def test_answers_that_cannot_be_read_say_why(text, code):
    checked = check_text(EARS, text)
    assert checked.answer is None
    assert [problem.code for problem in checked.problems] == [code]


def test_every_cut_of_an_answer_is_noticed():
    text = json.dumps(GOOD)
    for end in range(1, len(text)):
        assert check_text(EARS, text[:end]).answer is None
    assert check_text(EARS, text, cut_off=True).sound  # the limit hit after the last brace


@given(st.text(alphabet='{}[]",:\\ab1 \n`', max_size=200))
def test_no_text_makes_the_parser_fail(text):
    parsed = parse_answer(text, "assignments")
    assert (parsed.value is None) != (parsed.problem is None)


def test_unknown_names_numbers_and_omissions_are_named_and_left_out():
    checked = check_value(EARS, assignments(("nose", 1), ("ear_L", 3)))
    assert codes(checked) == [
        ("unknown_keypoint", "nose"), ("unknown_number", "ear_L"), ("missing", "ear_R"),
    ]  # fmt: skip
    assert checked.answer.assignments == []
    assert "the numbers are 1, 2, 5" in checked.problems[1].sentence


def test_a_candidate_given_twice_counts_for_nobody():
    checked = check_value(EARS, assignments(("ear_L", 2), ("ear_R", 2)))
    assert codes(checked) == [("candidate_twice", "ear_L")]
    assert checked.answer.candidate("ear_L") is None
    assert check_value(EARS, assignments(("ear_L", 0), ("ear_R", 0))).sound  # hidden, both


def test_a_keypoint_answered_twice():
    same = check_value(EARS, assignments(("ear_L", 2), ("ear_L", 2), ("ear_R", 0)))
    assert same.sound
    checked = check_value(EARS, assignments(("ear_L", 2), ("ear_L", 5), ("ear_R", 1)))
    assert codes(checked) == [("keypoint_twice", "ear_L")]
    assert checked.answer.candidate("ear_L") is None
    assert checked.answer.candidate("ear_R") == 1


@pytest.mark.parametrize("confidence", [2.0, -0.1, math.inf, "high", [0.9], {}])
def test_an_impossible_confidence_is_taken_away(confidence):
    checked = check_value(EARS, assignments(("ear_L", 1), ("ear_R", 5), confidence=confidence))
    assert codes(checked) == [("confidence", "ear_L"), ("confidence", "ear_R")]
    assert [item.confidence for item in checked.answer.assignments] == [None, None]


@pytest.mark.parametrize("candidate", ["one", "", "1.", None, 1.5, True, [1], math.inf])
def test_a_candidate_of_another_type_is_not_guessed_at(candidate):
    checked = check_value(EARS, assignments(("ear_L", candidate), ("ear_R", 5)))
    assert codes(checked) == [("wrong_shape", "ear_L")]
    assert checked.answer.candidate("ear_L") is None


def test_what_loose_servers_write_is_understood():
    items = [
        {"keypoint": "ear_L", "candidate": "2", "confidence": "0.7", "reason": None, "note": "?"},
        {"keypoint": "ear_R", "candidate": 5.0, "reason": ["above", "the eye"]},
    ]
    checked = check_value(EARS, {"assignments": items, "task": "assign", "model": "x"})
    assert checked.sound
    assert [item.candidate for item in checked.answer.assignments] == [2, 5]
    assert [item.confidence for item in checked.answer.assignments] == [0.7, None]


def test_several_views_each_have_their_numbers():
    view = {"image": IMAGE, "candidates": DOTS}
    facts = AssignFacts(
        session="s", frame=0, keypoints=["ear_L"],
        views=[{"camera": "a", **view}, {"camera": "b", **view, "candidates": DOTS[:1]}],
    )  # fmt: skip
    both = {"assignments": [{"camera": "a", "keypoint": "ear_L", "candidate": 1},
                            {"camera": "b", "keypoint": "ear_L", "candidate": 1}]}  # fmt: skip
    assert check_value(facts, both).sound
    both["assignments"][1]["candidate"] = 5
    assert codes(check_value(facts, both)) == [("unknown_number", "ear_L")]
    both["assignments"][1]["camera"] = "c"
    assert [c for c, _ in codes(check_value(facts, both))] == ["unknown_camera", "missing"]


def box(region, *corners, visible=True):
    return {"region": region, "box": list(corners), "visible": visible}


def test_boxes_are_cut_at_the_border_and_refused_beyond():
    answer = {"regions": [box("ears", -5, 10, 100, 480), box("tail", 1, 1, 900, 50)]}
    checked = check_value(REGIONS, answer)
    assert codes(checked) == [("box", "tail")]
    assert checked.answer.regions[0].box == [0.0, 10.0, 100.0, 480.0]


@pytest.mark.parametrize(
    "item", [box("tail", 5, 5, 5, 9), box("tail", 9, 9, 5, 5), box("tail", 1, 2, 3), box("tail")]
)
def test_boxes_without_area_are_refused(item):
    checked = check_value(REGIONS, {"regions": [box("ears", 0, 0, 9, 9), item]})
    assert codes(checked) == [("box", "tail")]


def test_hidden_unknown_repeated_and_missing_regions():
    checked = check_value(REGIONS, {"regions": [box("ears", visible=False)]})
    assert codes(checked) == [("missing", "tail")]
    assert checked.answer.regions[0].box is None
    twice = [box("ears", 0, 0, 9, 9), box("ears", 1, 1, 9, 9), box("nose", 0, 0, 9, 9)]
    found = codes(check_value(REGIONS, {"regions": twice}))
    assert set(found) == {
        ("region_twice", "ears"), ("unknown_region", "nose"), ("missing", "tail"),
    }  # fmt: skip


@pytest.mark.parametrize("coordinates", list(Coordinates))
def test_boxes_in_every_convention(coordinates):
    wanted = [100.0, 40.0, 220.0, 90.0]
    said = box_from_pixels(wanted, coordinates, 640, 480)
    assert box_to_pixels(said, coordinates, 640, 480) == pytest.approx(wanted)
    answer = {"regions": [box("ears", *said), box("tail", visible=False)]}
    checked = check_value(REGIONS, answer, coordinates=coordinates)
    assert checked.answer.regions[0].box == pytest.approx(wanted)
    if coordinates is Coordinates.THOUSANDTHS_Y_FIRST:
        assert said[0] == pytest.approx(40 / 480 * 1000)


MERGE = MergeFacts(
    session="s", animal="m", clips=[
        {"clip": c, "start_frame": c, "end_frame": c, "label": "l", "description": "d"}
        for c in (4, 5, 6, 9)
    ],
)  # fmt: skip


def events(*clips):
    return {"events": [{"label": "run", "description": "", "clips": list(c)} for c in clips]}


@pytest.mark.parametrize(
    ("answer", "found", "kept"),
    [
        (events([4, 5], [6, 9]), [], [[4, 5], [6, 9]]),
        (events([6, 9], [4, 5]), [("clip_order", "")], [[4, 5], [6, 9]]),
        (events([4, 6], [5], [9]), [("clip_order", "1"), ("missing", "4"), ("missing", "6")],
         [[5], [9]]),
        (events([4, 5], [5, 6], [9]), [("clip_twice", "2"), ("missing", "6")], [[4, 5], [9]]),
        (events([4, 5, 6]), [("missing", "9")], [[4, 5, 6]]),
        (events([4, 5, 6, 9, 10]), [("unknown_clip", "1"), *(("missing", c) for c in "4569")], []),
        (events([5, 4], [6, 9]), [("clip_order", "1"), ("missing", "4"), ("missing", "5")],
         [[6, 9]]),
    ],
)  # fmt: skip
def test_merges_hold_every_clip_once_in_order(answer, found, kept):
    checked = check_value(MERGE, answer)
    assert codes(checked) == found
    assert [event.clips for event in checked.answer.events] == kept


def test_captions_need_all_their_texts():
    facts = CaptionFacts(
        session="s", animal="m", clip=1, start_frame=0, end_frame=30, fps=30.0, frames=[0, 10]
    )
    texts = dict.fromkeys(("label", "description", "posture", "movement", "social"), " still ")
    assert check_value(facts, texts).answer.label == "still"
    assert codes(check_value(facts, texts | {"social": ""})) == [("empty_text", "social")]


def test_the_repair_turn_names_each_problem():
    text = repair_text([Problem("missing", str(n), f"keypoint {n} is missing.") for n in range(15)])
    assert "keypoint 11 is missing." in text
    assert "and 3 more problems" in text


@pytest.mark.parametrize("facts", [EARS, REGIONS, MERGE])
def test_schemas_keep_to_what_servers_enforce(facts):
    text = json.dumps(answer_schema(facts))
    for unsupported in ("minimum", "maximum", "minItems", "prefixItems", "anyOf"):
        assert unsupported not in text
    assert '"additionalProperties": false' in text
    reasons = json.dumps(answer_schema(EARS))
    assert reasons.index("reason") < reasons.index("candidate")  # thinks before it answers

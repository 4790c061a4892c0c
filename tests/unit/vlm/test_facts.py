"""The facts block: contracts that annotators' scripts rely on."""

import json

import pytest

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.facts import AssignFacts, RegionsFacts, facts_block, read_facts

CONTRACT = """{"task": "assign", "session": "demo", "frame": 12, "camera": "cam0", "region": "paws",
 "image": {"width": 640, "height": 512, "origin": [310.0, 220.5], "scale": 2.0},
 "keypoints": ["forepaw_L", "forepaw_R", "hindpaw_L", "hindpaw_R"],
 "candidates": [{"number": 1, "x": 412.3, "y": 300.9}]}"""


def test_the_example_of_the_contract_is_read_and_written_as_it_stands():
    facts = read_facts(f"Look at the picture.\n```json\n{CONTRACT}\n```\n")
    assert isinstance(facts, AssignFacts)
    assert facts.image is not None
    assert facts.image.origin == (310.0, 220.5)
    assert facts.numbers() == {1}
    written = json.loads(facts_block(facts).removeprefix("```json\n").removesuffix("\n```"))
    assert written == json.loads(CONTRACT)
    assert next(iter(written)) == "task"


def test_several_views_take_the_place_of_the_single_view():
    single = json.loads(CONTRACT)
    view = {key: single.pop(key) for key in ("camera", "image", "candidates")}
    other = {**view, "camera": "cam1", "candidates": [{"number": 7, "x": 1.0, "y": 2.0}]}
    facts = AssignFacts.model_validate_json(json.dumps({**single, "views": [view, other]}))
    assert facts.numbers("cam1") == {7}
    assert [v.camera for v in facts.all_views] == ["cam0", "cam1"]
    with pytest.raises(ValueError, match="as well as a single view"):
        AssignFacts.model_validate_json(json.dumps({**single, **view, "views": [other]}))
    with pytest.raises(ValueError, match="needs camera, image and candidates, or views"):
        AssignFacts.model_validate_json(json.dumps(single))


def test_the_last_block_counts_and_a_broken_one_is_named():
    facts = RegionsFacts(
        session="s", frame=3, camera="cam0", regions=["ears"],
        image={"width": 10, "height": 10, "origin": [0.0, 0.0], "scale": 1.0},
    )  # fmt: skip
    text = f"```json\n{CONTRACT}\n```\nthen\n{facts_block(facts)}"
    assert read_facts(text) == facts
    with pytest.raises(VLMError, match="no ```json block"):
        read_facts("nothing here")
    with pytest.raises(VLMError, match="candidates.0.number"):
        read_facts("```json\n" + CONTRACT.replace('"number": 1', '"number": 0') + "\n```")

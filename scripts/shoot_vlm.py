"""Make the pictures of docs/vlm.md: what a model is sent (docs/images/vlm_*.png).

Usage: python scripts/shoot_vlm.py [OUT]. The sample session, a question about one region with its
examples, and a question about a whole frame; exactly the bytes that would be sent.
"""

import io
import json
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.identity.strategies.paper_views import ViewAsker, seeds_of_view
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.prompts import system_text
from napari_behaviorvlm.vlm.questions import Question
from napari_behaviorvlm.vlm.request import Image as Sent
from napari_behaviorvlm.workflows.label_inputs import label_inputs
from napari_behaviorvlm.workflows.pictures import ProjectPictures
from napari_behaviorvlm.workflows.sample import make_sample_project

ROOT = Path(__file__).parents[1]
FRAME, CAMERA, REGION = 120, 0, "paws"
HEIGHT = 420
"""Of every picture in the sheet, pixels."""

ROWS, LETTER = 5, 8
TITLE = 20 * ROWS
"""Room for the words over a picture, pixels; width of a letter."""


def main() -> None:
    """Make both pictures."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    with tempfile.TemporaryDirectory() as folder:
        make_sample_project(Path(folder) / "sample", six_view_mouse())
        with Project(Path(folder) / "sample", writable=False) as project:
            region, whole = questions(project)
    sheet(region, last=2).save(out / "vlm_region.png", optimize=True)
    sheet(whole, last=1).save(out / "vlm_frame.png", optimize=True)


def questions(project: Project) -> tuple[Question, Question]:
    """Ask about a region and about a whole frame of the sample."""
    given = label_inputs(project, FrameSpan())
    with np.load(six_view_mouse().truth) as truth, ProjectPictures(project) as pictures:
        asker = ViewAsker(
            project.config.name, project.rig.names[CAMERA], CAMERA, project.skeleton,
            given.candidates, pictures, system_text(project.skeleton), Profile(),
            seeds_of_view(given.seeds, given.candidates, CAMERA),
        )  # fmt: skip
        asker.begin(FRAME)
        names = project.skeleton.regions[REGION]
        at = [project.skeleton.index(name) for name in names]
        dots = truth["projections"][FRAME, CAMERA, at]
        low, high = dots.min(0) - 25, dots.max(0) + 25
        region = asker.region_question(REGION, names, (*low, *high))
        assert region is not None
        return region, asker.questions("assign_all")[0]


def sheet(question: Question, last: int) -> Image.Image:
    """Pictures of a question in their order, each under its words; the last are to be solved."""
    pictures = [part for part in question.parts if isinstance(part, Sent)]
    words = [part.text for part in question.parts if not isinstance(part, Sent)]
    titles = [
        *(answer_of(text) for text in words[:-1]),
        *(["where it lies"] if last == 2 else []),
        "to be solved",
    ]
    tiles = [tile(each, title) for each, title in zip(pictures, titles, strict=False)]
    width = sum(each.width for each in tiles) + 8 * (len(tiles) - 1)
    joined = Image.new("RGB", (width, tiles[0].height), "white")
    left = 0
    for each in tiles:
        joined.paste(each, (left, 0))
        left += each.width + 8
    assert len(tiles) == len(words) - 1 + last
    return joined.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)


def answer_of(text: str) -> str:
    """Return the answer that stands with an example, short enough for a title."""
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    named = [f"{item['keypoint']} {item['candidate'] or 'hidden'}" for item in found["assignments"]]
    return "solved: " + ", ".join(named)


def tile(picture: Sent, title: str) -> Image.Image:
    """One picture under its title."""
    with Image.open(io.BytesIO(picture.data)) as opened:
        shown = opened.convert("RGB")
    scale = min(1.0, HEIGHT / shown.height)
    shown = shown.resize((round(shown.width * scale), round(shown.height * scale)))
    framed = Image.new("RGB", (shown.width, HEIGHT + TITLE), "white")
    framed.paste(shown, (0, TITLE))
    lines = textwrap.wrap(title, max(shown.width // LETTER, 12))
    ImageDraw.Draw(framed).text(
        (4, 4), "\n".join(lines[:ROWS]), fill="black", font=ImageFont.load_default(15)
    )
    return framed


if __name__ == "__main__":
    main()

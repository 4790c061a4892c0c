"""How many of the numbers on the pictures that a model is sent are read, each at its place, by OCR.

    python -m benchmarks.legibility                # the sample; real ones where present
    python -m benchmarks.legibility --frames 1     # fewer pictures

Pictures as they are sent (default size, JPEG): the whole frame, a crop around the animal, and one
around each body region. A number counts as read only if the text reader (rapidocr) finds exactly it
and nothing else within 14 px of its plate's middle. Recordings without dots of their own get
invented ones. A text reader is no vision-language model: the figure says that the numbers can be
read, not that a model reads them.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.strategies.paper_views import FRAME_SIDE
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.io.skeleton import read_skeleton
from napari_behaviorvlm.io.video import open_video
from napari_behaviorvlm.vlm import marks
from napari_behaviorvlm.vlm.picture_map import Box, PictureMap, grown
from napari_behaviorvlm.vlm.pictures import eight_bit, marked_picture
from napari_behaviorvlm.vlm.placement import place_labels
from napari_behaviorvlm.vlm.tokens import ImageLimits

REAL = Path(__file__).parents[2] / "shared" / "data" / "mouse_cylinder_5cam"
NEAR = 14
MARGIN = 0.25
KINDS = ("whole frame", "animal", "region")

Picture = tuple[str, NDArray[np.uint8], NDArray[np.float64], list[tuple[str, Box | None]]]


def box_of(dots: NDArray[np.float64]) -> Box:
    """Return a box around dots, as large as a region's box at least."""
    low, high = dots.min(0) - 25, dots.max(0) + 25
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def sample_pictures(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Frames of the sample with their dots and five reflections each."""
    session = six_view_mouse()
    skeleton = read_skeleton(session.skeleton)
    with np.load(session.truth) as arrays:
        truth = arrays["projections"]
    for camera, (_, path) in enumerate(sorted(session.videos("reflectance").items())):
        with open_video(path) as video:
            for frame in rng.choice(len(truth), frames, replace=False):
                body = truth[frame, camera]
                dots = np.concatenate([body, body[:5] + rng.normal(0, 25, (5, 2))])
                parts: list[tuple[str, Box | None]] = [(KINDS[0], None), (KINDS[1], box_of(body))]
                for names in skeleton.regions.values():
                    at = [skeleton.index(name) for name in names]
                    parts.append((KINDS[2], box_of(body[at])))
                yield "sample", video.read(int(frame)), dots, parts


def real_pictures(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Frames of a real mouse with invented dots in its middle."""
    for path in sorted(REAL.glob("*.mp4")):
        with open_video(path) as video:
            for frame in rng.choice(200, frames, replace=False):
                picture = video.read(int(frame))
                height, width = picture.shape[:2]
                middle, spread = np.array([width, height]) / 2, min(width, height) / 8
                dots = rng.normal(middle, spread, (17, 2)).clip(10, [width - 10, height - 10])
                parts = [(KINDS[0], None), (KINDS[1], box_of(dots)), (KINDS[2], box_of(dots[:4]))]
                yield "real mouse", picture, dots, parts


def read_share(reader, picture, dots, box, rng) -> tuple[int, int]:
    """Numbers of one sent picture that are read at their place, and all its numbers."""
    height, width = picture.shape[:2]
    most = min(1.0, FRAME_SIDE / max(width, height))
    where = (
        PictureMap.of_frame(width, height, ImageLimits(), most=most)
        if box is None
        else PictureMap.of_window(grown(box, MARGIN), (width, height), ImageLimits())
    )  # fmt: skip
    placed = []

    def place(*given):
        placed.append(place_labels(*given))
        return placed[-1]

    with mock.patch.object(marks, "place_labels", place):
        sent = marked_picture(eight_bit(picture), where, rng.permutation(len(dots)) + 1, dots)
    decoded = cv2.imdecode(np.frombuffer(sent.image.data, np.uint8), cv2.IMREAD_COLOR)
    read = reader(decoded)
    if read.txts is None:
        return 0, len(sent.candidates)
    found = list(zip(read.txts, np.mean(read.boxes, axis=1), strict=True))
    right = 0
    for candidate, center in zip(sent.candidates, placed[-1].center, strict=True):
        near = [text for text, at in found if np.abs(at - center).max() < NEAR]
        right += near == [str(candidate.number)]
    return right, len(sent.candidates)


def main() -> None:
    """Read all pictures and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=2, help="of every view (default 2)")
    given = parser.parse_args()
    try:
        from rapidocr import RapidOCR
    except ImportError:
        sys.exit("This needs the text reader: pip install rapidocr onnxruntime")
    reader = RapidOCR()
    pictures, right, total = Counter(), Counter(), Counter()
    for pick in (sample_pictures, real_pictures):
        rng = np.random.default_rng(0)
        for name, picture, dots, parts in pick(given.frames, rng):
            for kind, box in parts:
                read, shown = read_share(reader, picture, dots, box, rng)
                for row in ((name, kind), (name, "all")):
                    pictures[row] += 1
                    right[row] += read
                    total[row] += shown
    print(f"{'':12} {'':12} {'pictures':>9} {'numbers':>8} {'read %':>7}")
    for name, kind in sorted(total, key=lambda row: (row[0], (*KINDS, "all").index(row[1]))):
        row = (name, kind)
        share = 100 * right[row] / max(total[row], 1)
        print(f"{name:12} {kind:12} {pictures[row]:9} {total[row]:8} {share:7.1f}")


if __name__ == "__main__":
    main()

"""Clusters and clips against known behaviour, by source of features and by method.

    python benchmarks/segmentation.py                       # the sample, seed 0
    python benchmarks/segmentation.py --recording DIR ...   # other seeds of its generator
    python benchmarks/segmentation.py --seeds 3 --methods dec kmeans

Per method, source (poses, pixels, both), recording and seed of the method: NMI of clusters per
frame; frame-wise macro-F1 of the clips after matching clusters to behaviours many-to-one (each
cluster gets its most frequent behaviour: what naming the clusters perfectly would give) and
one-to-one (Hungarian; an over-segmentation cannot be good at it); boundary F1 within 0.5 s of the
clips named many-to-one. Mean and range over recordings and seeds. Seconds of wall time per second
of video, without decoding, by stage. Whoever touches another is judged like all others.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from napari_behaviorvlm.behavior import metrics
from napari_behaviorvlm.behavior.animals import bodies_of
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.behavior.segmenting import (
    METHODS,
    SegmentRequest,
    read_bodies,
    read_clips,
    read_clusters,
    segment,
)

ROOT = Path(__file__).parents[1]
SOURCES = ("poses", "pixels", "both")


def scores(folder, recording, truth, fps):
    """NMI, macro-F1 many-to-one and one-to-one, boundary F1."""
    labels = read_clusters(folder, recording).labels
    clips = read_clips(folder, recording)
    found = clips.per_frame(clips.cluster)
    named = metrics.apply_matching(found, metrics.match_clusters(truth, found, "many-to-one"))
    seen = labels >= 0
    return (
        metrics.normalized_mutual_information(truth[seen], labels[seen]),
        metrics.macro_f1(truth, found, "many-to-one"),
        metrics.macro_f1(truth, found, "one-to-one"),
        metrics.boundary_f1(truth, named, 0.5 * fps),
        len(clips),
    )


def as_followed(folder, recording, truth):
    """Truth in the order of the followed animals, and the share of time each is itself.

    Animals followed by pixels have no names: each is the one it is nearest to most of the time.
    """
    bodies = read_bodies(folder, recording.name)
    true = bodies_of(read_poses(recording.poses, recording.fps)).centre[: len(bodies)]
    gaps = np.linalg.norm(bodies.centre[: len(true), :, None] - true[:, None], axis=-1)
    nearest = np.where(np.isfinite(gaps), gaps, np.inf)
    own = nearest == nearest.min(axis=2, keepdims=True)
    own &= np.isfinite(nearest)
    share = own.mean(axis=0)
    rows, columns = linear_sum_assignment(-share)
    return truth[: len(bodies), columns], float(share[rows, columns].mean())


def timed(steps):
    """Run a workflow; seconds by stage, told by its messages."""
    spent, last, start = {}, "", time.perf_counter()
    while True:
        try:
            message = next(steps).message.split(":")[-1].strip().split(" ")[0]
        except StopIteration as end:
            now = time.perf_counter()
            spent[last] = spent.get(last, 0.0) + now - start
            return end.value, spent
        now = time.perf_counter()
        spent[last] = spent.get(last, 0.0) + now - start
        last, start = message, now


def class_table(folder, recording, truth, names):
    clips = read_clips(folder, recording)
    found = clips.per_frame(clips.cluster)
    named = metrics.apply_matching(found, metrics.match_clusters(truth, found, "many-to-one"))
    by_class = metrics.class_f1(truth, named)
    return " ".join(f"{names[c]} {v:.2f}" for c, v in sorted(by_class.items()))


def load(place):
    """Give recording, truth (frames, animals) as numbers, and names of behaviours."""
    with np.load(place / "truth.npz") as known:
        truth, names = known["behaviour"].astype(np.int64), known["behaviours"].tolist()
    video = next(place.glob("*.mp4"))
    recording = Recording(
        place.name, video, place / "poses.csv", n_animals=truth.shape[1], fps=probe(video).fps,
        n_frames=len(truth),
    )  # fmt: skip
    return recording, truth, names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recording", type=Path, nargs="*", help="folders like the sample's")
    parser.add_argument("--seeds", type=int, default=1, help="of the methods")
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--sources", nargs="*", default=SOURCES)
    parser.add_argument("--clusters", type=int)
    parser.add_argument("--classes", action="store_true", help="F1 of every behaviour, too")
    parser.add_argument("--keep", type=Path, help="folder for results, used again the next time")
    options = parser.parse_args()
    places = options.recording or [ROOT / "sample_data" / "three_mice"]
    print(f"{'method':9} {'source':7} {'NMI':>16} {'F1 many-to-one':>18} "
          f"{'F1 one-to-one':>18} {'boundary F1':>18} {'clips':>6} {'s':>6}")  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        base = options.keep or Path(temporary)
        for source in options.sources:
            for method in options.methods:
                rows = []
                for place in places:
                    recording, truth, names = load(place)
                    where = base / f"{place.resolve().name}-{source}"
                    made = (
                        BehaviorFolder.open(where) if BehaviorFolder.is_one(where)
                        else BehaviorFolder.create(where, [recording])
                    )  # fmt: skip
                    with made as folder:
                        for seed in range(options.seeds):
                            request = SegmentRequest(
                                method=method, features=source, seed=seed,
                                n_clusters=options.clusters,
                            )  # fmt: skip
                            start = time.perf_counter()
                            _, spent = timed(segment(folder, request))
                            seconds = time.perf_counter() - start
                            own, same = as_followed(folder, recording, truth)
                            found = scores(folder, recording.name, own, recording.fps)
                            rows.append((*found, seconds))
                            if options.classes:
                                print("   ", class_table(folder, recording.name, own, names))
                    if method == options.methods[0] and place == places[0]:
                        words = ", ".join(f"{k} {v:.1f}" for k, v in spent.items() if v > 0.2)
                        length = len(truth) / recording.fps
                        print(
                            f"    {length:.0f} s of video, each animal is itself in {same:.0%} of "
                            f"frames; seconds: {words}"
                        )
                table = np.array(rows)
                cells = [f"{c.mean():.3f} ({c.min():.2f}-{c.max():.2f})" for c in table[:, :4].T]
                shown = " ".join(f"{cell:>18}" for cell in cells)
                counts = f"{table[:, 4].mean():6.0f} {np.median(table[:, 5]):6.1f}"
                print(f"{method:9} {source:7} {shown} {counts}", flush=True)


if __name__ == "__main__":
    main()

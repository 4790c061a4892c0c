"""The whole way from video to named events against known behaviour.

    python benchmarks/behavior.py                         # the sample and six further recordings
    python benchmarks/behavior.py --seeds 11 12 --sources pixels --per-behaviour

The sample's generator draws further recordings from seeds that nothing was tuned on (kept under
--recordings, so that the next call finds them). Each goes through the same steps as
`behaviorvlm behavior run`: from poses, from pixels alone, from both. Frame-wise macro-F1 and F1 of
the moments of change within 0.5 s, mean (lowest-highest) over recordings, for

clusters   every cluster called by its most frequent true behaviour (many-to-one)
best names clips called by their true majority: what no caption of these clips can pass
measured   the measured captioner and the rule
careful, sloppy   captions and merging by the *simulated* model of `simulated_vlm` over HTTP, at two
           error rates

"named" takes labels by their word, "matched" after the best one-to-one matching to behaviours.
Animals followed by pixels have no names: each counts as the one that it is nearest to most of the
time.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from segmentation import ROOT, SOURCES, as_followed, load
from simulated_vlm import (
    CAREFUL,
    SLOPPY,
    BehaviorOracle,
    BehaviorTruth,
    SimulatedServer,
    sample_truth,
)

from napari_behaviorvlm.behavior import metrics
from napari_behaviorvlm.behavior.embedding.base import finish
from napari_behaviorvlm.behavior.events.evaluation import score_bouts
from napari_behaviorvlm.behavior.events.rule import rule_merge
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.behavior.captions import caption
from napari_behaviorvlm.workflows.behavior.events import merge
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.segmenting import (
    METHODS,
    SegmentRequest,
    read_clips,
    segment,
)

SEEDS = (201, 202, 203, 204, 205, 206)
STEPS = ("clusters", "best names", "measured", "careful", "sloppy")


def recordings(folder, seeds, seconds):
    """Draw what is missing; yields folders like the sample's."""
    from sample_data.three_mice_generator.__main__ import generate

    for seed in seeds:
        place = folder / f"seed{seed}-{seconds:g}s"
        if not place.is_dir():
            drawing = place.with_name(f"{place.name}.part")
            generate(drawing, seconds, seed)  # stopped in the middle, it is no recording
            drawing.rename(place)
        yield place


def by_clusters(truth, clips):
    found = clips.per_frame(clips.cluster)
    named = metrics.apply_matching(found, metrics.match_clusters(truth, found, "many-to-one"))
    scores = metrics.class_f1(truth, named)
    return (
        float(np.mean(list(scores.values()))), metrics.macro_f1(truth, found, "one-to-one"),
        metrics.boundary_f1(truth, named, 0.5 * clips.fps), scores,
    )  # fmt: skip


def by_bouts(truth, names, bouts, clips):
    score = score_bouts(truth, names, bouts, clips.animals, clips.fps)
    by_number = {names.index(name): f1 for name, f1 in score.per_behaviour.items()}
    return score.named, score.matched, score.boundaries, by_number


def best_named(truth, names, clips):
    columns = zip(clips.animal, clips.start, clips.end, strict=True)
    labels = [names[np.bincount(truth[s : e + 1, a]).argmax()] for a, s, e in columns]
    captions = {row: Caption(label, source="truth") for row, label in enumerate(labels)}
    return rule_merge(clips, captions)


def events(folder, name, request):
    finish(caption(folder, request))
    finish(merge(folder, request))
    return folder.store.bouts(name)


def by_model(folder, name, truth, names, animals, errors):
    oracle = BehaviorOracle(BehaviorTruth(animals, tuple(names), truth), errors)
    with SimulatedServer(sample_truth(), behavior=oracle) as server:
        model = Settings(base_url=server.url, model="simulated")
        return events(folder, name, WordsRequest("model", "model", model))


def judged(folder, name, truth, names, steps):
    """Yield (step, named, matched, boundaries, F1 by behaviour)."""
    clips = read_clips(folder, name)
    if "clusters" in steps:
        yield "clusters", *by_clusters(truth, clips)
    if "best names" in steps:
        yield "best names", *by_bouts(truth, names, best_named(truth, names, clips), clips)
    if "measured" in steps:
        yield "measured", *by_bouts(truth, names, events(folder, name, WordsRequest()), clips)
    for step, errors in (("careful", CAREFUL), ("sloppy", SLOPPY)):
        if step in steps:
            bouts = by_model(folder, name, truth, names, clips.animals, errors)
            yield step, *by_bouts(truth, names, bouts, clips)


def opened(base, place, source):
    where = base / f"{place.resolve().name}-{source}.behavior"
    if BehaviorFolder.is_one(where):
        return BehaviorFolder.open(where)
    return BehaviorFolder.create(where, [load(place)[0]])


def measure(places, source, options, base):
    """Scores by step: list over recordings of (named, matched, boundaries, F1 by behaviour)."""
    found = defaultdict(list)
    for place in places:
        recording, truth, names = load(place)
        with opened(base, place, source) as folder:
            request = SegmentRequest(
                method=options.method, features=source, n_clusters=options.k, seed=options.seed
            )
            finish(segment(folder, request))
            own, same = as_followed(folder, recording, truth)
            found["same"].append(same)
            for step, *scores in judged(folder, recording.name, own, names, options.steps):
                found[step].append(scores)
    return found, names


def spread(values):
    return f"{np.mean(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS, help="of the generator")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each recording")
    parser.add_argument("--recordings", type=Path, help="where they are kept")
    parser.add_argument("--keep", type=Path, help="folder for results, used again the next time")
    parser.add_argument("--no-sample", action="store_true")
    parser.add_argument("--sources", nargs="*", default=SOURCES)
    parser.add_argument("--steps", nargs="*", default=STEPS)
    parser.add_argument("--method", choices=METHODS, default=SegmentRequest().method)
    parser.add_argument("--k", type=int)
    parser.add_argument("--seed", type=int, default=0, help="of the method")
    parser.add_argument("--per-behaviour", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = options.keep or Path(temporary)
        drawn = recordings(options.recordings or base, options.seeds, options.seconds)
        places = [*([] if options.no_sample else [ROOT / "sample_data/three_mice"]), *drawn]
        print("| from | events by | F1 named | F1 matched | changes F1 |\n|---|---|---|---|---|")
        for source in options.sources:
            found, names = measure(places, source, options, base)
            for step in options.steps:
                named, matched, changes, single = zip(*found[step], strict=True)
                cells = [source, step, spread(named), spread(matched), spread(changes)]
                print("| " + " | ".join(cells) + " |", flush=True)
                if options.per_behaviour:
                    means = {
                        n: np.mean([s[i] for s in single if i in s]) for i, n in enumerate(names)
                    }
                    print("   " + " ".join(f"{n} {v:.2f}" for n, v in means.items()), flush=True)
            print(f"{len(places)} recordings; animals are themselves in {spread(found['same'])}")


if __name__ == "__main__":
    main()

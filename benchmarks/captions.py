"""Captions and merges against known behaviour: measured, and a simulated model of two qualities.

    python benchmarks/captions.py                  # seeds that nothing was tuned on
    python benchmarks/captions.py --seeds 0 1 2    # those that thresholds were tuned on

Clips are cut at the truth's own changes (what perfect clusters would give) and, to the other side,
every 2 s whatever happens. Labels count by their word (F1 named), after one-to-one matching, and
changes within 0.5 s. Model answers are *simulated* over HTTP: `simulated_vlm`, settings careful and
sloppy. "majority" gives every clip its true majority label: the ceiling of any caption. "one word"
calls everything by the most frequent behaviour: the floor.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from behaving_mice import BEHAVIORS, FPS, simulate
from simulated_vlm import (
    CAREFUL,
    SLOPPY,
    BehaviorOracle,
    BehaviorTruth,
    SimulatedServer,
    sample_truth,
)

from napari_behaviorvlm.behavior.captions.measured import measure, measured_captions
from napari_behaviorvlm.behavior.captions.vocabulary import USUAL, Vocabulary, Word
from napari_behaviorvlm.behavior.clips import cut_clips
from napari_behaviorvlm.behavior.events.evaluation import score_bouts, score_captions
from napari_behaviorvlm.behavior.events.model import ModelMerge
from napari_behaviorvlm.behavior.events.rule import rule_merge
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.behavior.captioning import CaptionRequest, caption_by_model

WORDS = Vocabulary([Word(name, "", USUAL[name]) for name in BEHAVIORS])
DARK = np.zeros((64, 64), np.uint8)


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def by_model(bodies, truth, clips, errors):
    oracle = BehaviorOracle(BehaviorTruth(bodies.animals, BEHAVIORS, truth), errors)
    with SimulatedServer(sample_truth(), behavior=oracle) as server:
        settings = Settings(base_url=server.url, model="simulated")
        with ModelSession(settings, AnswerStore()) as session:
            request = CaptionRequest("simulated", clips, bodies=bodies, vocabulary=WORDS)
            report = finish(caption_by_model(request, lambda _: DARK, session))
            merge = ModelMerge("simulated", clips, report.captions, WORDS)
            return report.captions, finish(merge.run(session)).bouts


def constant(labels):
    return {row: Caption(label, source="measured") for row, label in enumerate(labels)}


def rows(seed, seconds):
    bodies, truth = simulate(seconds, seed)
    even = (np.arange(len(truth)) // round(2 * FPS) % 2)[:, None] + np.zeros_like(truth)
    for cut, labels in (("at true changes", truth), ("every 2 s", even)):
        clips = cut_clips(labels, FPS, bodies.animals)
        columns = zip(clips.animal, clips.start, clips.end, strict=True)
        majority = [BEHAVIORS[np.bincount(truth[s : e + 1, a]).argmax()] for a, s, e in columns]
        most = BEHAVIORS[np.bincount(truth.ravel()).argmax()]
        captions = {
            "one word": constant([most] * len(clips)),
            "majority": constant(majority),
            "measured": measured_captions(measure(None, bodies, clips), WORDS),
        }
        for name, given in captions.items():
            yield cut, name, truth, clips, given, rule_merge(clips, given, vocabulary=WORDS)
        for name, errors in (("careful", CAREFUL), ("sloppy", SLOPPY)):
            given, bouts = by_model(bodies, truth, clips, errors)
            ruled = rule_merge(clips, given, vocabulary=WORDS)
            yield cut, f"simulated {name}, rule", truth, clips, given, ruled
            yield cut, f"simulated {name}, LLM", truth, clips, given, bouts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--per-behaviour", action="store_true")
    given = parser.parse_args()
    found = {}
    single = {}
    for seed in given.seeds:
        for cut, name, truth, clips, captions, bouts in rows(seed, given.seconds):
            alone = score_captions(truth, BEHAVIORS, clips, captions, vocabulary=WORDS)
            score = score_bouts(truth, BEHAVIORS, bouts, clips.animals, FPS, vocabulary=WORDS)
            numbers = (alone.named, score.named, score.matched, alone.boundaries, score.boundaries)
            found.setdefault((cut, name), []).append((*numbers, len(clips), len(bouts)))
            single.setdefault((cut, name), []).append(score.per_behaviour)
    head = ("clips", "captions by", "F1 of clips", "F1 of events", "matched", "bounds, clips",
            "bounds, events", "n clips", "n events")  # fmt: skip
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for (cut, name), values in found.items():
        mean = np.mean(values, axis=0)
        cells = [f"{v:.2f}" for v in mean[:5]] + [f"{v:.0f}" for v in mean[5:]]
        print("| " + " | ".join([cut, name, *cells]) + " |")
    if given.per_behaviour:
        for key in found:
            if key[1] == "measured":
                names = [b for b in BEHAVIORS if any(b in s for s in single[key])]
                means = {b: np.mean([s[b] for s in single[key] if b in s]) for b in names}
                print(key[0], {b: round(float(v), 2) for b, v in means.items()})


if __name__ == "__main__":
    main()

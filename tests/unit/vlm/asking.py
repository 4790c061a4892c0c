"""What the tests of this folder share: a server, a store, questions, and a way to ask them."""

from contextlib import contextmanager

import numpy as np
from simulated_vlm import Abilities, ErrorModel, SimulatedServer, Truth, sample_truth

from napari_behaviorvlm.vlm.facts import AssignFacts
from napari_behaviorvlm.vlm.patience import RetryPolicy
from napari_behaviorvlm.vlm.questions import Question
from napari_behaviorvlm.vlm.request import Image, Text
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore

QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.05, patience=1.0)
TRUTH = sample_truth()
SYSTEM = "You match numbered dots to the body points of a mouse."


def png(width=84, height=56, seed=0):
    import cv2

    pixels = np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)
    return Image(cv2.imencode(".png", pixels)[1].tobytes(), width, height)


def question(frame=0, camera="cam0", keypoints=("ear_L", "ear_R"), **more):
    """Ask for some keypoints of a frame of the sample, among all its dots in their true places."""
    places = TRUTH.position(frame, camera)
    dots = [{"number": n, "x": float(x), "y": float(y)} for n, (x, y) in enumerate(places, 1)]
    facts = AssignFacts(
        session="sample", frame=frame, camera=camera, keypoints=list(keypoints), candidates=dots,
        image={"width": 84, "height": 56, "origin": [0.0, 0.0], "scale": 1.0},
    )  # fmt: skip
    return Question(facts, SYSTEM, (png(seed=frame), Text("Which is which?")), "test-1", **more)


def right_number(keypoint):
    return TRUTH.skeleton.index(keypoint) + 1


def finish(generator):
    """Run a workflow to its end; returns its result and what it said on the way."""
    said = []
    while True:
        try:
            said.append(next(generator))
        except StopIteration as end:
            return end.value, said


@contextmanager
def running(errors=None, can=None, *, store=None, truth: Truth = TRUTH, **settings):
    """A server and a session with it."""
    with SimulatedServer(truth, errors or ErrorModel(), can or Abilities()) as server:
        chosen = {"base_url": server.url, "model": "simulated", "policy": QUICK, **settings}
        kept = store or AnswerStore()
        with ModelSession(Settings(**chosen), kept) as session:
            server.calls.clear()  # the probe's
            yield server, session

"""A simulated vision-language model: a real HTTP server that answers from a session's truth.

Results obtained with it are always called *simulated*. See `ErrorModel` for the mistakes it makes,
`Fault` for what can go wrong on the way, `SimulatedServer` for how to run it, and
``python -m simulated_vlm --help`` to run it by itself.
"""

from simulated_vlm.abilities import Abilities
from simulated_vlm.behavior import CAREFUL, SLOPPY, BehaviorOracle, BehaviorTruth, WordErrors
from simulated_vlm.faults import Fault
from simulated_vlm.mistakes import ErrorModel
from simulated_vlm.server import SimulatedServer
from simulated_vlm.truth import Truth, sample_truth

__all__ = [
    "CAREFUL", "SLOPPY", "Abilities", "BehaviorOracle", "BehaviorTruth", "ErrorModel", "Fault",
    "SimulatedServer", "Truth", "WordErrors", "sample_truth",
]  # fmt: skip

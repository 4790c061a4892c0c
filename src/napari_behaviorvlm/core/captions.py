"""What somebody says an animal does in a clip."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """Words for one clip of one animal.

    Parameters
    ----------
    label : str
        A short name ("chase").
    description : str
        A sentence.
    posture, movement, social : str
        Parts of the description that a model is asked for apart; empty where nobody said.
    confidence : float
        0..1; NaN where nobody said.
    source : str
        Who said so: "measured" (computed from the tracks, no model asked), "vlm", "human".
    exchange : int
        Number of the exchange in the answer store in which a model said it, 0 for none.
    """

    label: str
    description: str = ""
    posture: str = ""
    movement: str = ""
    social: str = ""
    confidence: float = float("nan")
    source: str = ""
    exchange: int = 0

"""Three mice that behave: where they are, how they hold themselves, and what that is called.

Lengths are in body lengths (nose to tail base). Each mouse does one thing after another, what has
been done least the soonest; bodies give way to each other unless they touch on purpose.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BEHAVIORS = ("rest", "walk", "run", "rear", "groom", "approach", "chase", "huddle")

PACE = {"walk": (0.9, 1.8), "run": (3.2, 4.6), "approach": (1.3, 2.2), "chase": (3.0, 3.6)}
"""Body lengths per second."""

LASTS = {
    "rest": (1.6, 4.0), "walk": (1.8, 4.0), "run": (1.4, 2.4), "rear": (1.4, 2.6),
    "groom": (2.0, 4.5), "approach": (4.0, 4.0), "chase": (1.8, 3.2), "huddle": (3.0, 6.0),
}  # fmt: skip
"""Seconds."""

LENGTH = {"rear": 0.58, "groom": 0.84, "huddle": 0.92}
"""Of the body as seen from above, where it is not 1."""

CONTACT = 0.34
"""Between the middles of mice side by side."""

CLOSE = 0.85
"""An approach ends so near to the other."""

_DISCS = np.array([-0.36, -0.12, 0.12, 0.34])
"""Along the body, from its middle: what pushes others away."""
_RADIUS = 0.17


@dataclass
class Mouse:
    """One mouse: its pose and what it is at."""

    place: FloatArray
    angle: float
    doing: str = "rest"
    left: float = 0.0
    other: int = -1
    pace: float = 0.0
    length: float = 1.0
    bend: float = 0.0
    nod: float = 0.0
    lift: float = 0.0
    waits: float = 0.0
    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(BEHAVIORS, 0.0))

    @property
    def ahead(self) -> FloatArray:
        """Unit vector to the head."""
        return np.array([np.cos(self.angle), np.sin(self.angle)])


@dataclass(frozen=True)
class Behaving:
    """What the mice do.

    Parameters
    ----------
    label : ndarray of int, shape (frames, mice)
        Index into `BEHAVIORS`.
    place : ndarray, shape (frames, mice, 2)
        Middle of the body, body lengths.
    angle, length, bend, nod, lift : ndarray, shape (frames, mice)
        Direction of the body; its length; how it is curved (radians from rear to neck); the head
        against the neck (radians); 0..1 how far the front is off the floor.
    """

    label: NDArray[np.int8]
    place: FloatArray
    angle: FloatArray
    length: FloatArray
    bend: FloatArray
    nod: FloatArray
    lift: FloatArray


def behave(seconds: float, fps: float, box: tuple[float, float], seed: int, n: int = 3) -> Behaving:
    """Let mice behave in a box.

    Parameters
    ----------
    seconds, fps : float
    box : (float, float)
        Width and height of the floor, body lengths.
    seed : int
    n : int
        Mice.
    """
    chance = np.random.default_rng(seed)
    size = np.array(box)
    mice = [
        Mouse(size * (0.25 + 0.5 * np.array([at / max(n - 1, 1), chance.uniform()])),
              chance.uniform(-np.pi, np.pi))
        for at in range(n)
    ]  # fmt: skip
    frames = round(seconds * fps)
    rows = []
    for frame in range(frames):
        for at, mouse in enumerate(mice):
            if mouse.left <= 0:
                _begin(at, mice, chance)
        for at, mouse in enumerate(mice):
            _step(at, mice, size, 1 / fps, frame / fps, chance)
            mouse.spent[mouse.doing] += 1 / fps
            mouse.left -= 1 / fps
        _part(mice, size)
        rows.append([(BEHAVIORS.index(m.doing), *m.place, m.angle, m.length, m.bend, m.nod, m.lift)
                     for m in mice])  # fmt: skip
    table = np.array(rows)
    return Behaving(
        table[..., 0].astype(np.int8), table[..., 1:3], *np.moveaxis(table[..., 3:], 2, 0)
    )


# What comes next ---------------------------------------------------------------------------------


def _begin(at: int, mice: list[Mouse], chance: np.random.Generator) -> None:
    """Start what the mouse has done least, among what can be done now."""
    mouse = mice[at]
    away = [np.linalg.norm(other.place - mouse.place) if other is not mouse else np.inf
            for other in mice]  # fmt: skip
    near = int(np.argmin(away))
    if mouse.doing == "approach" and away[near] < CLOSE + 0.25 and mice[near].doing == "rest":
        _huddle(at, near, mice, chance)
        return
    can = ["rest", "walk", "run", "rear", "groom"]
    quiet = [i for i, other in enumerate(mice) if i != at and other.doing in {"rest", "groom"}]
    far = [i for i in quiet if away[i] > 2.0]
    if far:
        can.append("approach")
    if quiet and away[near] < 3.5 and near in quiet:
        can.append("chase")
    can = [each for each in can if each != mouse.doing] or can
    usual = {"rest": 1.3, "walk": 1.4, "groom": 1.1}
    done = np.array([mouse.spent[each] / usual.get(each, 0.8) for each in can])
    odds = np.exp(-(done - done.min()) / 2.5)
    doing = str(chance.choice(can, p=odds / odds.sum()))
    if doing == "approach":
        mouse.other = int(chance.choice(far))
        mice[mouse.other].left = max(mice[mouse.other].left, 6.0)
        mice[mouse.other].doing = "rest"
    _start(mouse, doing, chance)
    if doing == "chase":
        mouse.other = near
        _start(mice[near], "run", chance)
        mice[near].left = mouse.left
        mice[near].angle = _toward(mice[near].place - mouse.place)
        mouse.waits = 0.25


def _start(mouse: Mouse, doing: str, chance: np.random.Generator) -> None:
    mouse.doing, mouse.left = doing, chance.uniform(*LASTS[doing])
    mouse.pace = chance.uniform(*PACE[doing]) if doing in PACE else 0.0
    mouse.waits = 0.0


def _huddle(at: int, other: int, mice: list[Mouse], chance: np.random.Generator) -> None:
    seconds = chance.uniform(*LASTS["huddle"])
    for one, partner in ((at, other), (other, at)):
        mice[one].doing, mice[one].left, mice[one].other = "huddle", seconds, partner
        mice[one].pace = 0.0


# One step ----------------------------------------------------------------------------------------


def _step(
    at: int, mice: list[Mouse], size: FloatArray, dt: float, time: float,
    chance: np.random.Generator,
) -> None:  # fmt: skip
    mouse = mice[at]
    pace, turn = 0.0, 0.0
    if mouse.doing in {"walk", "run"}:
        pace, turn = mouse.pace, _wander(mouse, mice, size, chance)
    elif mouse.doing in {"approach", "chase"}:
        pace, turn = _follow(mouse, mice[mouse.other], dt)
    elif mouse.doing == "huddle":
        pace, turn = _nestle(mouse, mice[mouse.other])
    mouse.waits = max(mouse.waits - dt, 0.0)
    most = 2.4 + 1.2 * pace
    turn = float(np.clip(turn, -most, most))
    mouse.angle += turn * dt + chance.normal(0, 0.004)
    mouse.place = mouse.place + mouse.ahead * pace * dt
    _pose(mouse, turn, dt, time + 0.37 * at)


def _wander(
    mouse: Mouse, mice: list[Mouse], size: FloatArray, chance: np.random.Generator
) -> float:  # fmt: skip
    """Turn at random, away from walls and from others (radians per second)."""
    look = mouse.place + mouse.ahead * (0.7 + 0.25 * mouse.pace)
    away = np.clip(1.0 - look, 0, None) - np.clip(look - (size - 1.0), 0, None)
    for other in mice:
        gap = look - other.place
        if other is not mouse and np.linalg.norm(gap) < 1.3:
            away = away + 0.8 * gap / max(float(np.linalg.norm(gap)), 0.1)
    turn = chance.normal(0, 2.2)
    if np.linalg.norm(away) > 0.05:
        turn += 7.0 * np.sin(_toward(away) - mouse.angle)
    return turn


def _follow(mouse: Mouse, other: Mouse, dt: float) -> tuple[float, float]:
    """Pace and turn towards another's rump (chase) or flank (approach)."""
    aim = other.place - 0.55 * other.ahead if mouse.doing == "chase" else other.place
    way = aim - mouse.place
    gap = float(np.linalg.norm(way))
    turn = 8.0 * np.sin(_toward(way) - mouse.angle)
    if np.cos(_toward(way) - mouse.angle) < 0:
        turn = 8.0 * np.sign(turn)
    if mouse.doing == "approach" and gap < CLOSE:
        mouse.left = min(mouse.left, dt)
        return 0.0, turn
    if mouse.waits > 0:
        return 0.0, turn
    near = 0.75 if mouse.doing == "chase" else 0.0
    slow = np.clip((gap - near) / 0.4, 0.0, 1.0)
    return mouse.pace * float(slow) * max(np.cos(_toward(way) - mouse.angle), 0.15), turn


def _nestle(mouse: Mouse, other: Mouse) -> tuple[float, float]:
    """Lie down beside another: the nearer side, the same direction."""
    side = np.array([-other.ahead[1], other.ahead[0]])
    sign = 1.0 if np.dot(mouse.place - other.place, side) > 0 else -1.0
    way = other.place + sign * CONTACT * side - mouse.place
    mouse.place = mouse.place + 0.06 * way
    same = np.cos(other.angle - mouse.angle) > -0.2
    target = other.angle if same else other.angle + np.pi
    return 0.0, 3.0 * float(np.sin(target - mouse.angle))


def _pose(mouse: Mouse, turn: float, dt: float, time: float) -> None:
    """Let length, curve, head and front follow what the mouse does."""
    doing = mouse.doing
    quick = 1 - np.exp(-dt / 0.12)
    length = LENGTH.get(doing, 1.0)
    if doing in {"run", "chase"}:
        length = 1.06 + 0.05 * np.sin(2 * np.pi * 4.0 * time)
    elif doing in {"rest", "huddle"}:
        length += 0.012 * np.sin(2 * np.pi * 1.7 * time)
    elif doing == "rear":
        length += 0.04 * np.sin(2 * np.pi * 0.9 * time)
    nod, bend = 0.0, 0.10 * turn
    if doing == "groom":
        nod = 0.38 * np.sin(2 * np.pi * 5.0 * time) + 0.25 * np.sin(2 * np.pi * 0.6 * time)
        bend = 0.35 * np.sin(2 * np.pi * 0.35 * time)
    elif doing in PACE:
        nod = 0.08 * np.sin(2 * np.pi * 2.2 * time)
    elif doing == "rear":
        nod = 0.25 * np.sin(2 * np.pi * 0.8 * time)
    mouse.length += quick * (length - mouse.length)
    mouse.bend += quick * (float(np.clip(bend, -0.9, 0.9)) - mouse.bend)
    mouse.nod += 0.7 * (nod - mouse.nod)
    mouse.lift += quick * ((1.0 if doing == "rear" else 0.0) - mouse.lift)


def _part(mice: list[Mouse], size: FloatArray) -> None:
    """Push bodies apart, and back from the walls."""
    for _ in range(3):
        for i, one in enumerate(mice):
            for other in mice[i + 1 :]:
                _push(one, other)
    for mouse in mice:
        for share in (0.45 * mouse.length, -0.45 * mouse.length):
            end = mouse.place + share * mouse.ahead
            mouse.place = mouse.place + np.clip(0.14 - end, 0, None)
            mouse.place = mouse.place - np.clip(end - (size - 0.14), 0, None)


def _push(one: Mouse, other: Mouse) -> None:
    ours = one.place + np.outer(_DISCS * one.length, one.ahead)
    theirs = other.place + np.outer(_DISCS * other.length, other.ahead)
    gaps = ours[:, None] - theirs
    away = np.linalg.norm(gaps, axis=2)
    i, j = np.unravel_index(int(away.argmin()), away.shape)
    deep = 2 * _RADIUS - away[i, j]
    if deep > 0:
        shove = 0.5 * deep * gaps[i, j] / max(away[i, j], 1e-3)
        one.place, other.place = one.place + shove, other.place - shove


def _toward(way: FloatArray) -> float:
    return float(np.arctan2(way[1], way[0]))

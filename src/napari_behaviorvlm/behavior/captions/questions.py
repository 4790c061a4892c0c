"""Asking a vision-language model what an animal does in a clip."""

from collections.abc import Sequence
from dataclasses import dataclass

from napari_behaviorvlm.behavior.captions.measures import ClipMeasures, Unit
from napari_behaviorvlm.behavior.captions.sentences import kinematics
from napari_behaviorvlm.behavior.captions.strips import STYLE, VERSION, Strip, StripStyle
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.vlm.answers import CaptionAnswer
from napari_behaviorvlm.vlm.facts import CaptionFacts
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Text

PROMPT_VERSION = f"caption-1 {VERSION}"

SYSTEM = (
    "You describe the behaviour of laboratory animals in short clips of video for scientists who "
    "study them. Say what can be seen, not what the animal may feel or want, and rather a plain "
    "word than a wrong one. Answer in JSON as asked."
)


@dataclass(frozen=True, eq=False)
class CaptionQuestions:
    """Makes the questions of a recording.

    Everything that is the same for all its clips comes first, so that servers can cache it.

    Parameters
    ----------
    session : str
        Name of the recording.
    animals : tuple of str
        All of the recording.
    vocabulary : Vocabulary, optional
        The only labels allowed, and "other". Free words without it.
    language : str
        In which the texts are written ("English", "Deutsch").
    unit : Unit, optional
        Of the measured numbers; body lengths without it.
    style : StripStyle
        How strips are drawn.
    """

    session: str
    animals: tuple[str, ...]
    vocabulary: Vocabulary | None = None
    language: str = "English"
    unit: Unit | None = None
    style: StripStyle = STYLE

    def question(self, measures: ClipMeasures, strip: Strip) -> Question:
        """Question about one clip.

        Parameters
        ----------
        measures : ClipMeasures
            Of the clip; its numbers go along.
        strip : Strip
            Its frames.
        """
        seconds = f"{measures.seconds:.1f} s"
        words = (
            f"Now the clip in question: {len(strip.frames)} frames over {seconds}. What does "
            f"{measures.animal} do? The numbers below were measured from its track."
        )
        parts = (Text(self.guide, breakpoint=True), strip.image, strip.overview, Text(words))
        return Question(self.facts(measures, strip.frames), SYSTEM, parts, PROMPT_VERSION,
                        reasons=False, max_tokens=1024)  # fmt: skip

    def facts(self, measures: ClipMeasures, frames: Sequence[int]) -> CaptionFacts:
        """Facts of a clip."""
        words = self.vocabulary
        others = [name for name in self.animals if name != measures.animal]
        return CaptionFacts(
            session=self.session, animal=measures.animal, clip=measures.clip,
            start_frame=measures.start_frame, end_frame=measures.end_frame, fps=measures.fps,
            frames=list(frames), kinematics=kinematics(measures, self.unit),
            others=others or None, labels=None if words is None else words.names,
            synonyms=None if words is None else words.synonyms or None, language=self.language,
        )  # fmt: skip

    @property
    def guide(self) -> str:
        """What every question of the recording begins with."""
        if self.vocabulary is None:
            labels = (
                "label: a short name of the behaviour of one or two words, the same for the same "
                "behaviour in every clip (for example rest, walk, run, rear, groom, approach, "
                "chase, huddle)."
            )
        else:
            labels = "label: one of these and no other word:\n" + self.vocabulary.sentences + "\n"
        return (
            f"{self.style.words}\nAnswer with five texts in {self.language}. {labels}\n"
            "description: one plain sentence that tells what the animal does, in the order in "
            "which it happens, and towards whom. posture: how the body is held. movement: where "
            "and how fast it moves. social: where the others are and what passes between them, "
            "or that nobody is near."
        )


def caption_of(outcome: Outcome) -> Caption | None:
    """Caption out of what became of a question; None where there is no sound answer."""
    answer = outcome.answer
    if not isinstance(answer, CaptionAnswer):
        return None
    return Caption(
        answer.label, answer.description, answer.posture, answer.movement, answer.social,
        source="vlm", exchange=outcome.exchanges[-1] if outcome.exchanges else 0,
    )  # fmt: skip

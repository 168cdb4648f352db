"""The steps of a request's life, as the line of dots above it."""

from dataclasses import dataclass

from tenants.phases import STEPS, Phase, Tone


@dataclass(frozen=True, kw_only=True)
class StepView:
    """`state` is done, current, stopped or ahead."""

    number: int
    word: str
    state: str


def steps_of(phase: Phase) -> tuple[StepView, ...]:
    """Where a request is. The last step of one that ended well is done, not current."""
    if phase.over and phase.tone is Tone.GOOD:
        return steps_at(len(STEPS) + 1)
    return steps_at(phase.step, stopped=phase.over or phase.tone is Tone.BAD)


def steps_at(step: int, *, stopped: bool = False) -> tuple[StepView, ...]:
    """All steps, with `step` (from 1) as the one that is going on."""
    here = "stopped" if stopped else "current"
    return tuple(
        StepView(
            number=number,
            word=word,
            state="done" if number < step else "ahead" if number > step else here,
        )
        for number, word in enumerate(STEPS, 1)
    )

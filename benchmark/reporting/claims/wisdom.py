"""Common wisdom about teacher forcing, and replications at equal compute."""

from collections.abc import Callable

from benchmark.reporting.claims.declaration import Claim, Part
from benchmark.reporting.claims.effects import Arm, Effect, difference, ratio, ratio_to_reach, two_arms, value
from benchmark.reporting.claims.quantities import Quantity, fall, gain_since_half, measured, quality, spent, to_reach
from benchmark.running.cell import Track

WISDOM_SOURCE = "common wisdom, as glossaries have it"

Place = tuple[str, str]

COPYCAT: Place = ("copycat_tagging", "gru")
DIALOGUE: Place = ("dialogue_state", "lstm")
G2P: Place = ("g2p_sentences", "transformer")

TRAINED_FREELY: tuple[Place, ...] = (
    COPYCAT,
    ("hmm_language", "lstm"),
    ("ring_tracking", "gru"),
    ("cliff_language", "gru"),
    ("dyck_language", "gru"),
    ("running_sum", "gru"),
    ("addition", "gru"),
    ("sorting", "gru"),
    DIALOGUE,
    ("lorenz63", "gru"),
    ("mackey_glass", "gru"),
    ("laser", "gru"),
    G2P,
)
LONG: tuple[Place, ...] = (
    COPYCAT,
    ("hmm_language", "lstm"),
    ("ring_tracking", "gru"),
    ("cliff_language", "gru"),
    ("dyck_language", "gru"),
    ("running_sum", "gru"),
    ("running_sum_anchored", "gru"),
    ("laser", "gru"),
    ("python_functions", "gru"),
    ("g2p_sentences_long", "transformer"),
)
SLIPPED: tuple[Place, ...] = (
    COPYCAT,
    ("ring_tracking", "gru"),
    ("cliff_language", "gru"),
    ("dyck_language", "gru"),
    DIALOGUE,
)
REAL: tuple[tuple[Place, tuple[str, ...]], ...] = (
    (G2P, ("scheduled_sampling", "free_running", "reinforce")),
    (("folk_tunes", "gru"), ("scheduled_sampling", "free_running", "reinforce")),
    (("laser", "gru"), ("scheduled_sampling", "free_running")),
)


def _arm(method: str, place: Place, quantity: Quantity) -> Arm:
    task, model = place
    return Arm(method, task, quantity, model)


def _beside(method: str, place: Place, quantity: Quantity, track: Track = "updates") -> tuple[Arm, Arm]:
    """The method and teacher forcing."""
    task, model = place
    return two_arms(method, "teacher_forcing", task, quantity, model, track)


def _free_running_over_teacher_forcing(
    words: str, effect: Callable[[Arm, Arm], Effect], quantity: Quantity, threshold: float
) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"{place[0]}: {words}, free running over teacher forcing",
            effect(*_beside("free_running", place, quantity)),
            "above",
            threshold,
        )
        for place in TRAINED_FREELY
    )


WISDOM = (
    Claim(
        "C32",
        "at equal compute most gains vanish",
        "Against a well-run maximum-likelihood baseline with equal compute, most reported gains vanish.",
        "many replications",
        "holds on real tasks",
        tuple(
            Part(
                f"{place[0]}: quality at equal model evaluations, {method} less teacher forcing",
                difference(*_beside(method, place, quality(), "evaluations")),
                "below",
                0.01,
            )
            for place, methods in REAL
            for method in methods
        ),
        "most",
    ),
    Claim(
        "S1",
        "teacher forcing accelerates training",
        "Teacher forcing dramatically accelerates training.",
        WISDOM_SOURCE,
        "holds on most tasks, not on copycat_tagging",
        _free_running_over_teacher_forcing("model evaluations to 90 % of the ceiling", ratio_to_reach, to_reach(), 2.0),
        "most",
    ),
    Claim(
        "S2",
        "without it gradients are noisier",
        "Without teacher forcing gradient signals are noisy and training is unstable.",
        WISDOM_SOURCE,
        "to be seen",
        _free_running_over_teacher_forcing("noise of the gradient", ratio, measured("gradient_noise"), 1.0),
        "most",
    ),
    Claim(
        "S3",
        "quality degrades over long outputs",
        "Quality degrades over long outputs, of a hundred tokens and more.",
        WISDOM_SOURCE,
        "holds on most tasks; whether exposure bias is the cause is another question",
        tuple(
            Part(
                f"{place[0]}: fall of quality along the output of teacher forcing",
                value(_arm("teacher_forcing", place, fall())),
                "above",
                0.05,
            )
            for place in LONG
        ),
        "most",
    ),
    Claim(
        "S4",
        "scheduled sampling: robust, but costly",
        "Scheduled sampling makes models robust to their own slips, at the cost of more expensive training.",
        WISDOM_SOURCE,
        "depends on the task",
        (
            *(
                Part(
                    f"{place[0]}: effect of one random slip in a gold prefix, scheduled sampling less teacher forcing",
                    difference(*_beside("scheduled_sampling", place, measured("effect_of_random_slip"))),
                    "above",
                    0.02,
                )
                for place in SLIPPED
            ),
            *(
                Part(
                    f"{place[0]}: CPU-seconds of training, scheduled sampling over teacher forcing",
                    ratio(*_beside("scheduled_sampling", place, spent("training_cpu_seconds"))),
                    "above",
                    1.1,
                )
                for place in (COPYCAT, G2P)
            ),
        ),
    ),
    Claim(
        "S5",
        "RLHF partially removes exposure bias",
        "Reinforcement learning from (simulated) human feedback partially removes exposure bias.",
        WISDOM_SOURCE,
        "holds, with a loss of diversity (C33)",
        tuple(
            Part(
                f"{place[0]}: gain of the policy on its own start",
                value(_arm("rlhf", place, gain_since_half())),
                "above",
                0.0,
            )
            for place in (DIALOGUE, COPYCAT)
        ),
    ),
)

"""Claims about policy gradients, rewards and diversity."""

from itertools import pairwise

from benchmark.reporting.claims.declaration import Claim, Part
from benchmark.reporting.claims.effects import Arm, difference, ratio, share_dominated, two_arms, value
from benchmark.reporting.claims.quantities import measured, quality

_BY_NOISE = (
    "reinforce:baseline=none",
    "reinforce:baseline=moving_average",
    "reinforce:baseline=self_critical",
    "reinforce",
)
_REMEDIES = (
    "scheduled_sampling",
    "free_running",
    "reinforce",
    "dagger",
    "input_noise",
    "label_smoothing",
    "averaged_weights",
)

REWARDS = (
    Claim(
        "C11",
        "policy gradient from scratch collapses",
        "A policy gradient without a warm start collapses.",
        "texar's notes on its sequence-generation examples",
        "collapses",
        tuple(
            Part(
                f"{task}: quality of REINFORCE without a warm start",
                value(Arm("reinforce:warm_start=0.0", task, quality())),
                "below",
                0.1,
            )
            for task in ("sorting", "g2p_sentences")
        ),
    ),
    Claim(
        "C15",
        "a temperature sweep dominates",
        "Maximum likelihood with a sweep of the temperature dominates other methods on quality against diversity.",
        "Caccia et al. 2020 (arXiv 1811.02549)",
        "dominates",
        (
            Part(
                f"cliff_language: share of {len(_REMEDIES)} methods that teacher forcing dominates at some temperature",
                share_dominated("cliff_language", _REMEDIES),
                "above",
                0.5,
            ),
        ),
    ),
    Claim(
        "C16",
        "better baselines, less gradient variance",
        "The variance of the gradient falls from no baseline over a moving average and self-critical to leave-one-out.",
        "Kool et al. 2019; Rennie et al. 2017 (arXiv 1612.00563)",
        "the order holds",
        tuple(
            Part(
                f"copycat_tagging: noise of the gradient, {first} over {second}",
                ratio(*two_arms(first, second, "copycat_tagging", measured("gradient_noise"), "gru")),
                "above",
                1.0,
            )
            for first, second in pairwise(_BY_NOISE)
        ),
    ),
    Claim(
        "C33",
        "RLHF reduces diversity",
        "Reinforcement learning from human feedback reduces the diversity of outputs.",
        "Kirk et al. 2024 (arXiv 2310.06452)",
        "holds",
        tuple(
            Part(
                f"{task}: distinct beginnings, RLHF less teacher forcing",
                difference(
                    *two_arms("rlhf", "teacher_forcing", task, measured("distinct_prefixes_at_temperature_1"), model)
                ),
                "below",
                0.0,
            )
            for task, model in (("dialogue_state", "lstm"), ("copycat_tagging", "gru"))
        ),
    ),
)

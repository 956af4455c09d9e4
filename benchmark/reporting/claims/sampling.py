"""Claims about scheduled sampling and training on own tokens with gold targets."""

from benchmark.reporting.claims.declaration import Claim, Part
from benchmark.reporting.claims.effects import Arm, Effect, difference, ratio, two_arms, value
from benchmark.reporting.claims.quantities import Quantity, beyond_control, measured, quality

BENGIO = "Bengio et al. 2015 (arXiv 1506.03099)"
COPYCAT = ("copycat_tagging", "gru")
CLOSE = 0.01
"""How near to the closed form a trained model must come, in nats."""


def _over(method: str, task: str, measure: str) -> Effect:
    return ratio(*two_arms(method, "teacher_forcing", task, measured(measure)))


def _gain(quantity: Quantity, task: str, model: str = "", over: str = "teacher_forcing") -> Effect:
    return difference(*two_arms("scheduled_sampling", over, task, quantity, model))


def _closed_form(method: str, eps: str) -> tuple[Part, Part]:
    arm = Arm(method, "two_symbols", beyond_control("free_running", f"scheduled sampling, eps = {eps}"))
    text = f"two_symbols: KL of {method} less the closed form at eps = {eps}, in nats"
    return Part(text, value(arm), "below", CLOSE), Part(text, value(arm), "above", -CLOSE)


SAMPLING = (
    Claim(
        "C5",
        "always sampling collapses",
        "Always feeding the model's own tokens collapses.",
        BENGIO,
        "a large divergence from the process even on gold prefixes",
        (
            *(
                Part(
                    f"{task}: KL on gold prefixes, free running over teacher forcing",
                    _over("free_running", task, "per_step_error"),
                    "above",
                    10.0,
                )
                for task in ("hmm_language", "dyck_language", "cliff_language")
            ),
            Part(
                "hmm_language: KL on own prefixes, free running over teacher forcing",
                _over("free_running", "hmm_language", "regret"),
                "above",
                10.0,
            ),
        ),
    ),
    Claim(
        "C6",
        "moderate gains on tasks of low entropy",
        "Scheduled sampling brings moderate gains on conditional tasks of low entropy.",
        BENGIO,
        "a small gain",
        (
            Part(
                "g2p_sentences: quality, scheduled sampling less teacher forcing",
                _gain(quality(), "g2p_sentences"),
                "above",
                0.0,
            ),
        ),
    ),
    Claim(
        "C7",
        "next-step and decoding error come apart",
        "Next-step and decoding error come apart: teacher forcing has the better next step and the worse decoding.",
        BENGIO,
        "reproduced strongly",
        (
            Part(
                "copycat_tagging: decoding accuracy, scheduled sampling less teacher forcing",
                _gain(measured("free_running"), *COPYCAT),
                "above",
                0.1,
            ),
            Part(
                "copycat_tagging: next-step less decoding accuracy of teacher forcing",
                difference(
                    *(
                        Arm("teacher_forcing", "copycat_tagging", measured(prefix), "gru")
                        for prefix in ("gold_prefix", "free_running")
                    )
                ),
                "above",
                0.3,
            ),
            Part(
                "copycat_tagging: next-step accuracy, scheduled sampling less teacher forcing",
                _gain(measured("gold_prefix"), *COPYCAT),
                "below",
                0.0,
            ),
        ),
    ),
    Claim(
        "C8",
        "a coin for each sequence is much worse",
        "A coin for each sequence is much worse than a coin for each token.",
        BENGIO + ", footnote",
        "probably refuted on copycat_tagging",
        tuple(
            Part(
                f"{task}: quality, coin by token less coin by sequence",
                _gain(quality(), task, model, over="scheduled_sampling:coin=sequence"),
                "above",
                0.02,
            )
            for task, model in (COPYCAT, ("g2p_sentences", ""))
        ),
    ),
    Claim(
        "C9",
        "scheduled sampling is inconsistent",
        "Scheduled sampling is inconsistent: its optimum is not the data, and is known in closed form.",
        "Huszár 2015 (arXiv 1511.05101)",
        "met to a hundredth of a nat",
        (
            *_closed_form("scheduled_sampling:schedule=constant,end=0.5", ".5"),
            *_closed_form("free_running", "0"),
            Part(
                "hmm_language: KL on gold prefixes, scheduled sampling over teacher forcing",
                _over("scheduled_sampling", "hmm_language", "per_step_error"),
                "above",
                2.0,
            ),
        ),
    ),
)

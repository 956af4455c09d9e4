"""Claims about exposure bias itself: how large it is, how it grows, what flattens it."""

from benchmark.reporting.claims.declaration import Claim, Part, Side
from benchmark.reporting.claims.effects import Arm, margin_of_ratios, ratio, value
from benchmark.reporting.claims.quantities import Quantity, cost_exponent, growth, measured

_LANGUAGES = ("hmm_language", "dyck_language", "cliff_language")
_OWN_KL = "grid_own_KL(P||Q)"
_SMALL = 1.1
"""A ratio up to which exposure bias is called small; He et al. report 1.03."""
_FLAT = 0.05
"""Growth of the divergence on own prefixes, in nats, up to which it is called flat."""


def _teacher_forced(task: str, quantity: Quantity) -> Arm:
    return Arm("teacher_forcing", task, quantity)


def _distilled(teacher: str, own: float, divergence: str, quantity: Quantity) -> Arm:
    method = f"on_policy_distillation:own={own},teacher={teacher},divergence={divergence}"
    return Arm(method, "cliff_language", quantity)


def _distillation(teacher: str) -> tuple[Part, ...]:
    def arm(own: float, divergence: str, quantity: Quantity = measured("regret")) -> Arm:  # noqa: B008
        return _distilled(teacher, own, divergence, quantity)

    on_policy, off_policy = arm(1.0, "reverse_kl"), arm(0.0, "reverse_kl")
    rise = growth(_OWN_KL)
    start = f"cliff_language, {teacher} teacher"
    return (
        Part(f"{start}: regret, gold over own prefixes, reverse KL", ratio(off_policy, on_policy), "above", 1.5),
        Part(
            f"{start}: how much the source of prefixes matters over how much the divergence does",
            margin_of_ratios((off_policy, on_policy), (arm(1.0, "forward_kl"), on_policy)),
            "above",
            1.0,
        ),
        Part(f"{start}: rise of KL on own prefixes, off-policy", value(arm(0.0, "reverse_kl", rise)), "above", _FLAT),
        Part(f"{start}: rise of KL on own prefixes, on-policy", value(arm(1.0, "reverse_kl", rise)), "below", _FLAT),
    )


def _slips(method: str, side: Side, words: str) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"{task}: effect of one plausible slip in a gold prefix on {method} ({words})",
            value(Arm(method, task, measured("effect_of_second_best_slip"), model)),
            side,
            -0.05,
        )
        for task, model in (("copycat_tagging", "gru"), ("dialogue_state", "lstm"))
    )


EXPOSURE = (
    Claim(
        "C17",
        "exposure bias is small and does not grow",
        "Exposure bias is small, about 3 %, and does not grow along the sequence.",
        "He et al. 2021 (arXiv 1905.10617)",
        "reproduces under this definition",
        (
            *(
                Part(
                    f"{task}: EB-M of teacher forcing",
                    value(_teacher_forced(task, measured("exposure_marginal_ratio"))),
                    "below",
                    _SMALL,
                )
                for task in _LANGUAGES
            ),
            *(
                Part(
                    f"{task}: EB-C of teacher forcing",
                    value(_teacher_forced(task, measured("exposure_ratio"))),
                    "below",
                    _SMALL,
                )
                for task in _LANGUAGES
            ),
            *(
                Part(
                    f"{task}: growth of EB-C along the sequence",
                    value(_teacher_forced(task, growth("exposure_ratio_TV"))),
                    "below",
                    _SMALL - 1,
                )
                for task in _LANGUAGES
            ),
        ),
    ),
    Claim(
        "C18",
        "exposure bias is large and super-linear",
        "Exposure bias is large, above 60 %, and errors accumulate faster than linearly.",
        "Arora et al. 2022 (arXiv 2204.01171)",
        "reproduces under this definition, on the same models",
        (
            *(
                Part(
                    f"{task}: ExAccErr of teacher forcing, in %",
                    value(_teacher_forced(task, measured("excess_accumulated_error"))),
                    "above",
                    60.0,
                )
                for task in _LANGUAGES
            ),
            *(
                Part(
                    f"{task}: exponent of accumulated KL on own prefixes",
                    value(_teacher_forced(task, cost_exponent(_OWN_KL))),
                    "above",
                    1.1,
                )
                for task in _LANGUAGES
            ),
        ),
    ),
    Claim(
        "C19",
        "on-policy distillation flattens error",
        "On-policy reverse-KL distillation flattens excess error, which keeps rising off-policy.",
        "Gu et al. 2024, MiniLLM (arXiv 2306.08543)",
        "own prefixes matter more than the direction",
        (*_distillation("process"), *_distillation("learned")),
    ),
    Claim(
        "C21",
        "errors of one's own kind raise later error",
        "An error of the model's own kind put into its history raises later error.",
        "arXiv 2509.09677",
        "teacher forcing degrades, training on own prefixes with the expert's labels does not",
        (*_slips("teacher_forcing", "below", "claimed: harmed"), *_slips("dagger", "above", "claimed: not harmed")),
    ),
    Claim(
        "C22",
        "path-star: only teacherless solves it",
        "On path-star, teacher forcing stays at chance, one in the number of arms; teacherless training solves it.",
        "Bachmann & Nagarajan 2024 (arXiv 2403.06963)",
        "reproduced with two arms",
        (
            Part(
                "path_star: exact match of teacher forcing",
                value(Arm("teacher_forcing", "path_star", measured("free_running"))),
                "below",
                0.6,
            ),
            Part(
                "path_star: exact match of teacherless training",
                value(Arm("teacherless", "path_star", measured("free_running"))),
                "above",
                0.9,
            ),
        ),
    ),
    Claim(
        "C31",
        "cloning pays T squared, DAgger pays T",
        "Behaviour cloning pays about T squared in cumulative cost, learning from expert labels on own states about T.",
        "Ross & Bagnell 2010; Ross et al. 2011 (arXiv 1011.0686)",
        "exponents of about 2 and 1",
        (
            Part(
                "cliff_language: exponent of cumulative cost, teacher forcing",
                value(_teacher_forced("cliff_language", cost_exponent())),
                "above",
                1.5,
            ),
            Part(
                "cliff_language: exponent of cumulative cost, DAgger",
                value(Arm("dagger:end=0.0", "cliff_language", cost_exponent())),
                "below",
                1.5,
            ),
        ),
    ),
)

"""Claims about chaotic series of vectors."""

from benchmark.reporting.claims.declaration import Claim, Part, Side
from benchmark.reporting.claims.effects import Effect, ratio, two_arms
from benchmark.reporting.claims.quantities import measured

TEUTSCH = "Teutsch & Mäder 2022 (arXiv 2210.08959)"
BOTH = ("mackey_glass", "lorenz63")

_PRICE: tuple[tuple[str, str, Side], ...] = (
    ("error after two Lyapunov times", "nrmse_at_2_lyapunov_times", "below"),
    ("one-step error", "one_step_nrmse", "above"),
)
"""What a stabiliser is claimed to do to two errors, as a ratio to teacher forcing's."""

ONE_STEP, ONE_TIME = "one_step_nrmse", "nrmse_at_1_lyapunov_times"


def _errors(task: str, first: str, second: str, measure: str) -> Effect:
    return ratio(*two_arms(first, second, task, measured(measure)))


CHAOTIC = (
    Claim(
        "C1",
        "teacher forcing is worse freely (Mackey-Glass)",
        "With equal one-step error, teacher forcing is 24 times worse than free running when it runs freely.",
        TEUTSCH,
        "teacher forcing worse by at least 5 times",
        (
            Part(
                "mackey_glass: error after one Lyapunov time, teacher forcing over free running",
                _errors("mackey_glass", "teacher_forcing", "free_running", ONE_TIME),
                "above",
                5.0,
            ),
            Part(
                "mackey_glass: one-step error, teacher forcing over free running",
                _errors("mackey_glass", "teacher_forcing", "free_running", ONE_STEP),
                "below",
                2.0,
            ),
        ),
    ),
    Claim(
        "C2",
        "the sign flips on Lorenz-63",
        "On Lorenz-63 the sign flips: training by free running is worse than by teacher forcing.",
        TEUTSCH,
        "free running at least as bad as teacher forcing",
        (
            Part(
                "lorenz63: error after one Lyapunov time, free running over teacher forcing",
                _errors("lorenz63", "free_running", "teacher_forcing", ONE_TIME),
                "above",
                1.0,
            ),
        ),
    ),
    Claim(
        "C3",
        "increasing beats decreasing curricula",
        "A share of gold inputs that increases over training beats one that decreases.",
        TEUTSCH,
        "increasing no worse than decreasing",
        tuple(
            Part(
                f"{task}: error after one Lyapunov time, increasing over decreasing",
                _errors(task, "scheduled_sampling:schedule=increasing", "scheduled_sampling", ONE_TIME),
                "below",
                1.0,
            )
            for task in BOTH
        ),
    ),
    Claim(
        "C25",
        "input noise and pushforward stabilise",
        "Input noise and pushforward stabilise long roll-outs at a slight one-step cost.",
        "Brandstetter et al. 2022 (arXiv 2202.03376)",
        "one-step error up, error at a long horizon down",
        tuple(
            Part(
                f"{task}: {text}, {method} over teacher forcing",
                _errors(task, method, "teacher_forcing", measure),
                side,
                1.0,
            )
            for task in BOTH
            for method in ("input_noise", "pushforward")
            for text, measure, side in _PRICE
        ),
    ),
)

"""Mackey-Glass: the delay equation against known answers, what the controls reach, and that splits are disjoint."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from benchmark.contracts import Output, stream
from tasks import mackey_glass
from tasks.mackey_glass import MackeyGlass, integrate
from tests.factories import least_cpu_seconds

TASK = MackeyGlass()
LONGEST = TASK.curve.longest
LAG = 17 * 4  # integration steps


def constant(values) -> tuple[np.ndarray, np.ndarray]:
    """Histories that have always had these values, and their slopes, [H + 1, R] each."""
    history = np.tile(np.asarray(values, dtype=float), (LAG + 1, 1))
    return history, np.zeros_like(history)


def test_the_two_fixed_points_stay_where_they_are():
    """Production .2 v / (1 + v^10) equals decay .1 v at 0 and 1."""
    assert integrate(*constant([0.0, 1.0]), 50) == pytest.approx(np.tile([0.0, 1.0], (50, 1)), abs=1e-12)


def test_the_integrator_agrees_with_the_method_of_steps_by_an_adaptive_solver():
    """From a constant history, one delay after the other, each with the dense solution of the one before it."""

    def right_hand_side(before, begin):
        return lambda time, value: mackey_glass._slope(value, before(time - 17 - begin))

    solution, value, exact = (lambda _: np.array([0.7])), np.array([0.7]), []
    for _ in range(4):
        solved = solve_ivp(
            right_hand_side(solution, -17),
            (0, 17),
            value,
            rtol=1e-10,
            atol=1e-10,
            dense_output=True,
            t_eval=range(1, 18),
        )
        solution, value = solved.sol, solved.y[:, -1]
        exact += solved.y[0].tolist()
    found = integrate(*constant([0.7]), 68)[:, 0]
    assert found == pytest.approx(np.array(exact), abs=5e-4)


def test_the_series_has_the_known_range_and_moments():
    """Delay 17: values from .42 to 1.32, mean .930, deviation .226."""
    values = TASK.series("train").double() * mackey_glass._DEVIATION + mackey_glass._MEAN
    assert float(values.min()) == pytest.approx(0.42, abs=0.02)
    assert float(values.max()) == pytest.approx(1.32, abs=0.02)
    assert float(values.mean()) == pytest.approx(0.930, abs=0.002)
    assert float(values.std()) == pytest.approx(0.226, abs=0.002)


def test_the_series_pulsates_once_in_about_fifty_steps():
    series = TASK.series("train")[..., 0].double()
    power = torch.fft.rfft(series, dim=1).abs().square().mean(0)  # [frequencies]
    assert series.shape[1] / float(power[1:].argmax() + 1) == pytest.approx(50, abs=3)


def test_nearby_solutions_part_at_the_rate_of_the_lyapunov_exponent():
    near, slopes = on_the_attractor(TASK.series("train")[:, :34, 0].double())
    both = np.concatenate([near, near + 1e-9], 1)
    values = integrate(both, np.concatenate([slopes, slopes], 1), 2000)
    one, other = np.split(values, 2, axis=1)
    distance = np.stack([np.linalg.norm((one - other)[t - 17 : t], axis=0) for t in (500, 2000)])  # [2, R]
    per_step = np.log(distance[1] / distance[0]).mean() / 1500
    assert per_step == pytest.approx(TASK.lyapunov, abs=0.001)


def on_the_attractor(standardised, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Histories [H + 1, R] on the integrator's grid, and their slopes, from the last 18 of samples [R, N]."""
    samples = np.round(standardised.numpy() * mackey_glass._DEVIATION + mackey_glass._MEAN, decimals)
    last = samples.shape[1] - 1
    spline, grid = CubicSpline(np.arange(last + 1), samples, axis=1), np.linspace(last - 17, last, LAG + 1)
    return spline(grid).T, spline(grid, 1).T


def test_the_integrator_continues_a_window_as_the_series_does():
    batch = TASK.sample("test", 64, (168, 168), stream("mackey_glass", "windows"))
    history = on_the_attractor(batch.tokens[:, : TASK.prefix, 0].double())
    forecast = (integrate(*history, 168).T - mackey_glass._MEAN) / mackey_glass._DEVIATION
    assert forecast == pytest.approx(batch.tokens[:, TASK.prefix :, 0].double().numpy(), abs=1e-3)


def test_no_stretch_of_the_series_stands_in_two_splits():
    splits = [TASK.series(split)[..., 0] for split in ("train", "validation", "test")]
    assert [len(series) for series in splits] == [256, 64, 128]
    seen = [{pair.tobytes() for pair in series.unfold(1, 2, 2).numpy().reshape(-1, 2)} for series in splits]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_the_frozen_controls_are_what_their_forecasts_reach():
    batch = TASK.sample("test", 1024, (LONGEST, LONGEST), stream("mackey_glass", "controls"))
    history = on_the_attractor(batch.tokens[:, : TASK.prefix, 0].double(), decimals=3)
    forecast = (integrate(*history, LONGEST).T - mackey_glass._MEAN) / mackey_glass._DEVIATION
    found = {
        "persistence": nrmse(batch, batch.tokens[:, TASK.prefix - 1, None].expand(-1, LONGEST, -1)),
        "integrator from a history rounded to .001": nrmse(batch, torch.from_numpy(forecast)[..., None]),
    }
    assert found == pytest.approx(TASK.controls, abs=0.01)
    assert nrmse(batch, torch.zeros(len(batch), LONGEST, 1)) == pytest.approx(TASK.floor, abs=0.01)


def nrmse(batch, forecast) -> float:
    """The task's own metric of a forecast [B, L, D]."""
    tokens = torch.cat([batch.tokens[:, : TASK.prefix], forecast.float()], 1)
    score = TASK.score(batch, Output(tokens, batch.own, tokens, torch.zeros(len(batch), dtype=torch.bool)))
    return TASK.metric.figure((score.value * score.weight).sum() / score.weight.sum())


def test_a_batch_is_drawn_in_milliseconds():
    assert least_cpu_seconds(lambda: TASK.sample("train", 64, (128, 128), stream("time"))) < 0.01

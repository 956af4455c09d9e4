"""Lorenz-63: the flow against known answers, what the controls reach, and that splits are disjoint."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from benchmark.contracts import Output, stream
from tasks import lorenz63
from tasks.lorenz63 import Lorenz63, advance
from tests.factories import least_cpu_seconds

TASK = Lorenz63()
LONGEST = TASK.curve.longest


def states(split) -> np.ndarray:
    """Every sample of a split in the units of the flow, [R, N, D]."""
    return TASK.series(split).double().numpy() * lorenz63._DEVIATION + lorenz63._MEAN


def test_the_three_fixed_points_stay_where_they_are():
    eight = math.sqrt(8 / 3 * 27)
    points = np.array([[0, 0, 0], [eight, eight, 27], [-eight, -eight, 27]]).T  # [D, R]
    assert advance(points) == pytest.approx(points, abs=1e-12)


def test_a_step_agrees_with_an_adaptive_solver_of_high_order():
    start = states("test")[:5, 0]  # [R, D]
    found = start.T
    for _ in range(20):  # one unit of time
        found = advance(found)
    exact = [
        solve_ivp(lambda _, s: lorenz63._flow(s), (0, 1), one, method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
        for one in start
    ]
    assert found == pytest.approx(np.stack(exact, 1), abs=2e-3)


def test_the_flow_is_symmetric_under_a_half_turn_around_z():
    state, turn = states("test")[:, 0].T, np.array([[-1.0], [-1.0], [1.0]])
    assert np.array_equal(advance(turn * state), turn * advance(state))


def test_all_samples_lie_in_the_cylinder_that_holds_the_attractor():
    """y^2 + (z - rho)^2 <= (beta rho)^2 / (4 (beta - 1)) (Leonov et al. 1987), and z >= 0."""
    beta, rho = 8 / 3, 28.0
    for split in ("train", "validation", "test"):
        _, y, z = np.moveaxis(states(split), -1, 0)
        assert (y**2 + (z - rho) ** 2).max() <= (beta * rho) ** 2 / (4 * (beta - 1))
        assert z.min() >= 0


def test_nearby_trajectories_part_at_the_rate_of_the_lyapunov_exponent():
    near = states("train")[:, 0].T
    far, distance = near + np.array([[1e-9], [0.0], [0.0]]), []
    for _ in range(260):
        near, far = advance(near), advance(far)
        distance.append(np.log(np.linalg.norm(near - far, axis=0)).mean())
    per_step = (distance[259] - distance[59]) / 200  # the first 60 turn the difference into the direction that grows
    assert per_step == pytest.approx(TASK.lyapunov, rel=0.03)


def test_no_state_stands_in_two_splits():
    splits = [TASK.series(split).numpy() for split in ("train", "validation", "test")]
    assert [len(series) for series in splits] == [512, 64, 128]
    seen = [{state.tobytes() for state in series.reshape(-1, 3)} for series in splits]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_the_frozen_controls_are_what_their_forecasts_reach():
    batch = TASK.sample("test", 8192, (LONGEST, LONGEST), stream("lorenz63", "controls"))
    last = batch.tokens[:, TASK.prefix - 1]  # [B, D]
    state = np.round(last.double().numpy() * lorenz63._DEVIATION + lorenz63._MEAN, 3).T
    forecast = []
    for _ in range(LONGEST):
        state = advance(state)
        forecast.append((state.T - lorenz63._MEAN) / lorenz63._DEVIATION)
    found = {
        "persistence": nrmse(batch, last[:, None].expand(-1, LONGEST, -1)),
        "integrator from a state rounded to .001": nrmse(batch, torch.from_numpy(np.stack(forecast, 1))),
    }
    assert found == pytest.approx(TASK.controls, abs=0.015)  # spread over draws: .004
    assert nrmse(batch, torch.zeros(len(batch), LONGEST, 3)) == pytest.approx(TASK.floor, abs=0.02)


def nrmse(batch, forecast) -> float:
    """The task's own metric of a forecast [B, L, D]."""
    tokens = torch.cat([batch.tokens[:, : TASK.prefix], forecast.float()], 1)
    score = TASK.score(batch, Output(tokens, batch.own, tokens, torch.zeros(len(batch), dtype=torch.bool)))
    return TASK.metric.figure((score.value * score.weight).sum() / score.weight.sum())


def test_a_batch_is_drawn_in_milliseconds():
    assert least_cpu_seconds(lambda: TASK.sample("train", 64, (128, 128), stream("time"))) < 0.01

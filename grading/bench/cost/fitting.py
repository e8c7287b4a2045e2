"""Fits coefficients to measurements: the most probable ones given the measurements and what was believed before.

Errors are those of log(latency), weighed as Huber does, so one odd row does not bend the rest. numpy is needed here only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

HUBER = 1.5
STEPS = 60
SMALLEST = 1e-9
Array = Any


@dataclass(frozen=True)
class Fit:
    """theta: log coefficients. spread: their covariance, given the data and the beliefs. sigma: of log residuals."""

    theta: Array
    spread: Array
    sigma: float

    def predict(self, x: Array) -> Array:
        """Milliseconds for rows of features."""
        return x @ np.exp(self.theta)

    def at(self, x: Array) -> tuple[float, float]:
        """(milliseconds, standard deviation of their logarithm that the data leave open) for one row of features."""
        parts = x * np.exp(self.theta)
        share = parts / parts.sum()
        return float(parts.sum()), float(np.sqrt(share @ self.spread @ share))


def fit(x: Array, y: Array, mean: Array, spread: Array, *, sigma: float, start: Array | None = None) -> Fit:
    """Gauss-Newton with damping.

    Args:
        x: features, (rows, parts), generic ms. y: measured ms.
        mean, spread: belief before: mean of log coefficients and its covariance (parts, parts).
        sigma: standard deviation of a log residual that the model cannot explain.
        start: where to look first; the mean where not given. It changes how long it takes, not what comes out.
    """
    inverse = np.linalg.inv(spread)
    target, damping = np.log(y), 1e-3
    theta = mean.copy() if start is None else start.copy()
    cost = _cost(x, target, theta, mean, inverse, sigma)
    for _ in range(STEPS):
        jacobian, residual = _linear(x, target, theta)
        scaled = np.abs(residual) / sigma
        weights = np.minimum(1.0, HUBER / np.maximum(scaled, SMALLEST)) / sigma**2
        hessian = jacobian.T @ (weights[:, None] * jacobian) + inverse
        gradient = jacobian.T @ (weights * residual) - inverse @ (theta - mean)
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        trial = theta + np.clip(step, -1.0, 1.0)
        after = _cost(x, target, trial, mean, inverse, sigma)
        if after < cost:
            done, theta, cost, damping = cost - after < 1e-7 * cost + 1e-10, trial, after, damping / 5
            if done:
                break
        else:
            damping *= 5
            if damping > 1e8:
                break
    jacobian, residual = _linear(x, target, theta)
    hessian = jacobian.T @ jacobian / sigma**2 + inverse
    return Fit(theta, np.linalg.inv(hessian), float(np.median(np.abs(residual)) * 1.4826) if len(y) else sigma)


def _linear(x: Array, target: Array, theta: Array) -> tuple[Array, Array]:
    """(share of each part in each row, log measured minus log predicted)."""
    parts = x * np.exp(theta)
    total = parts.sum(axis=1)
    return parts / total[:, None], target - np.log(total)


def _cost(x: Array, target: Array, theta: Array, mean: Array, inverse: Array, sigma: float) -> float:
    scaled = np.abs(target - np.log(x @ np.exp(theta))) / sigma
    robust = np.where(scaled <= HUBER, 0.5 * scaled**2, HUBER * (scaled - 0.5 * HUBER))
    away = theta - mean
    return float(robust.sum() + 0.5 * away @ inverse @ away)

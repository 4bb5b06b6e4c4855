"""The dropout integral: against adaptive quadrature, closed forms and its means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from regulars.clv.dropout_time import (
    dropout_integral,
    log_counted_integral,
    log_dropout_integral,
)


def by_quad(function, start, end):
    points = start + (end - start) * 2.0 ** -np.arange(1, 30)
    return quad(function, start, end, points=points, limit=500, epsabs=0)[0]


@settings(deadline=None, max_examples=60)
@given(
    logs=st.tuples(*[st.floats(-3, 3)] * 4),
    x=st.sampled_from([0, 1, 3, 30, 700]),
    share=st.floats(0, 0.99),
    age=st.floats(0.5, 50),
)
def test_integral_equals_adaptive_quadrature(logs, x, share, age):
    p, alpha, q, beta = np.exp(logs)
    p, q, start = p + x, q + 1, share * age if x else 0.0

    def relative(u):
        near, far = (alpha + u) / (alpha + start), (beta + u) / (beta + start)
        return near**-p * far**-q

    area = by_quad(relative, start, age)
    scale = -p * np.log(alpha + start) - q * np.log(beta + start)
    found = dropout_integral(p, alpha, q, beta, start, age)
    assert found.log_value - scale == pytest.approx(np.log(area), abs=1e-8)
    alone = log_dropout_integral(p, alpha, q, beta, start, age)
    assert alone == pytest.approx(found.log_value, rel=1e-10, abs=1e-10)
    means = {
        "log_alpha": lambda u: np.log(alpha + u),
        "log_beta": lambda u: np.log(beta + u),
        "inverse_alpha": lambda u: 1 / (alpha + u),
        "inverse_beta": lambda u: 1 / (beta + u),
    }
    for name, weigh in means.items():
        expected = by_quad(lambda u, w=weigh: w(u) * relative(u), start, age) / area
        assert getattr(found, name) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("x", [0, 10, 5000])
def test_integral_is_the_closed_form_when_both_offsets_agree(x):
    k = 0.6 + x + 1.7  # (3 + u)^-k integrates to a power
    found = dropout_integral(0.6 + x, 3.0, 1.7, 3.0, 2.0, 40.0).log_value
    expected = (1 - k) * np.log(5.0) + np.log1p(-((5 / 43) ** (k - 1))) - np.log(k - 1)
    assert found == pytest.approx(expected, rel=1e-12)
    endless = log_dropout_integral(0.6 + x, 3.0, 1.7, 3.0, 2.0, np.inf)
    assert endless == pytest.approx((1 - k) * np.log(5.0) - np.log(k - 1), rel=1e-12)


def test_integral_is_empty_over_an_empty_span():
    found = dropout_integral(3.0, 1.0, 2.0, 4.0, 5.0, 5.0)
    assert found.log_value == -np.inf
    assert found.inverse_alpha == pytest.approx(1 / 6)


@pytest.mark.parametrize("n", [0, 1, 7, 40])
def test_counted_integral_equals_adaptive_quadrature(n):
    p, alpha, q, beta, end = 2.5 + n, 6.0, 1.6, 11.0, 26.0

    def integrand(u):
        share = u / (alpha + u)
        return share**n * (alpha + u) ** (n - p) * (beta + u) ** -q

    found = log_counted_integral(np.array(float(n)), p, alpha, q, beta, end)
    assert found == pytest.approx(np.log(by_quad(integrand, 0.0, end)), abs=1e-9)

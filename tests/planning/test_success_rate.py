"""Success rates: Wilson's interval against published values."""

from __future__ import annotations

import pytest

from grasp_planning.success_rate import SuccessRate


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(successes: int, trials: int, low: float, high: float) -> None:
    assert SuccessRate(successes, trials).ci95 == pytest.approx((low, high), abs=5e-5)


def test_all_of_them() -> None:
    assert SuccessRate(10, 10).ci95[1] == pytest.approx(1.0)
    assert str(SuccessRate(40, 50)) == "40/50 = 80% (95 % interval 67% to 89%)"


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (3, 2), (-1, 2)])
def test_what_is_not_a_rate(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        SuccessRate(successes, trials)

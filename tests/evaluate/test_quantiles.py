import pytest
from scipy import special, stats

from keepfit.evaluate.quantiles import beta_quantile, incomplete_beta, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 29, 100, 1_233, 100_000, 3_000_000])
@pytest.mark.parametrize("confidence", [0.51, 0.8, 0.95, 0.99, 0.9995, 0.999999])
def test_quantiles_of_t_agree_with_scipy(freedom, confidence):
    expected = stats.t.ppf((1 + confidence) / 2, freedom)
    assert t_quantile(confidence, freedom) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (3, 1), (1, 9), (17, 4), (300, 702), (0.5, 40)])
@pytest.mark.parametrize("p", [0.0005, 0.025, 0.5, 0.975, 0.9995])
def test_quantiles_of_beta_agree_with_scipy(a, b, p):
    assert beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.2, 0.5, 0.93, 1.0])
@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2, 5), (50, 0.5), (1000, 1000)])
def test_the_incomplete_beta_function_agrees_with_scipy(a, b, x):
    expected = special.betainc(a, b, x)
    assert incomplete_beta(a, b, x) == pytest.approx(expected, rel=1e-9, abs=1e-300)

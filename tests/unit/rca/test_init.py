import subprocess
import sys

import pytest

import rca

HEAVY = ("torch", "sklearn", "streamlit", "scipy.stats", "networkx", "statsmodels")


def test_exports_are_there():
    assert set(rca.__all__) == {
        "RANKERS",
        "CaseResult",
        "CausalRanker",
        "MaxZ",
        "Random",
        "Report",
        "evaluate",
        "make_ranker",
    }
    assert all(hasattr(rca, name) for name in rca.__all__)


@pytest.mark.parametrize("package", ["rca", "detectors"])
def test_importing_it_costs_numpy_and_pandas_only(package):
    program = f"import sys, {package}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_ranking_costs_no_more_than_scipys_special_functions():
    program = (
        "import sys, numpy, pandas, rca;"
        "x = numpy.random.default_rng(0).normal(size=(60, 4)); x[40:] += 9;"
        "ranking = rca.CausalRanker().rank(pandas.DataFrame(x));"
        f"print(ranking.abstained, [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False []"

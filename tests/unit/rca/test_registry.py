import pytest

from aiops.types import InvalidInput, Ranker
from rca.ranker import CausalRanker
from rca.registry import RANKERS, make_ranker


@pytest.mark.parametrize("name", RANKERS)
def test_every_name_gives_a_fresh_ranker(name):
    assert isinstance(make_ranker(name), Ranker)
    assert make_ranker(name) is not make_ranker(name)


def test_the_default_is_the_causal_ranker_and_two_more_are_it_with_another_graph():
    graphs = {
        name: made.graph for name in RANKERS if isinstance(made := make_ranker(name), CausalRanker)
    }
    assert graphs == {"default": "known", "evidence": "none", "granger": "granger"}
    assert all(make_ranker(name).name == name for name in graphs)


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(InvalidInput, match=r"no ranker is named 'grangr'.*granger"):
        make_ranker("grangr")

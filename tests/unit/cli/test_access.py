"""The options that say where experiments run: nothing is a cluster by accident."""

from pathlib import Path

import pytest

from aiops.cli.access import Place, Where
from aiops.types import InvalidInput
from chaos.backend import SimBackend

REAL = {
    "context": "fake",
    "kubeconfig": Path("config"),
    "prometheus": "http://127.0.0.1:9090",
    "queries": Path("queries.toml"),
    "janitor_image": "python:3",
}

MEASURED = ("--prometheus", "http://127.0.0.1:9", "--queries", "queries.toml")


class TestSimulator:
    @pytest.mark.parametrize("option", REAL)
    def test_options_of_a_cluster_are_refused(self, option):
        with pytest.raises(InvalidInput, match="are for a real cluster; add --backend k8s"):
            Where(Place.SIM, **{option: REAL[option]})

    def test_is_a_shop_of_its_own_for_each_seed(self, tmp_path):
        def seen(seed):
            with Where(Place.SIM).open(tmp_path / "journal.jsonl", seed=seed) as place:
                assert isinstance(place, SimBackend)
                place.wait(60.0)
                return place.metrics(place.cluster.start)

        assert seen(3).equals(seen(3))
        assert not seen(3).equals(seen(4))
        assert list(tmp_path.iterdir()) == []


class TestCluster:
    @pytest.fixture(autouse=True)
    def _no_kubeconfig(self, monkeypatch):
        monkeypatch.delenv("KUBECONFIG", raising=False)

    def test_needs_a_context_even_where_there_is_but_one(self):
        with pytest.raises(InvalidInput, match="no cluster is struck by default"):
            Where(Place.K8S).access()

    @pytest.mark.parametrize(
        ("told", "variable", "named"),
        [
            (Path("mine"), "theirs", "contexts of mine"),
            (None, "theirs", "contexts of theirs"),
            (None, None, "contexts of ~/.kube/config"),
        ],
    )
    def test_the_file_that_names_them_is_told(self, monkeypatch, told, variable, named):
        if variable:
            monkeypatch.setenv("KUBECONFIG", variable)
        with pytest.raises(InvalidInput, match=named):
            Where(Place.K8S, kubeconfig=told).access()

    def test_everything_is_passed_on(self):
        access = Where(Place.K8S, **REAL, namespace="mall").access()
        assert {name: getattr(access, name) for name in REAL} == REAL
        assert access.namespace == "mall"

    def test_is_opened_with_the_journal_for_its_watchdog(self, server, reach, tmp_path):
        where = Where(Place.K8S, context=reach[1], kubeconfig=reach[3])
        with where.open(tmp_path / "journal.jsonl", seed=0) as place:
            assert (place.name, place.system) == ("k8s", "shop")
            [watchdog] = place.guardians()
        assert watchdog.journal_path == tmp_path / "journal.jsonl"
        assert server.log == []


class TestCommands:
    """Every command that can reach a cluster refuses in the same words."""

    COMMANDS = (
        ("chaos", "plan", "FILE", "--backend", "k8s"),
        ("chaos", "run", "FILE", "--backend", "k8s", "-y"),
        ("chaos", "recover", "--all"),
        ("chaos", "freeze"),
        ("chaos", "unfreeze"),
        ("gameday", "--starter", "shop", "--backend", "k8s", "-y"),
        ("prove", "--backend", "k8s"),
    )

    @pytest.fixture(params=COMMANDS, ids=" ".join)
    def words(self, request, experiment):
        file = experiment(blast_radius={"max_percent": 100, "min_ready_left": 0})
        return [file if word == "FILE" else word for word in request.param]

    def test_no_context(self, aiops, words, server, reach, refused, tmp_path):
        refused(aiops(*words, "--kubeconfig", reach[3]), "no cluster is struck", "--context NAME")
        assert server.requests == []

    def test_an_unknown_context(self, aiops, words, server, reach, refused):
        measured = MEASURED if words[0] in {"prove", "gameday"} else ()
        answer = aiops(*words, "--context", "fkae", "--kubeconfig", reach[3], *measured)
        refused(answer, "there is no context 'fkae'", "'fake'")
        assert server.requests == []

    def test_a_server_that_is_away(self, aiops, words, server, reach, refused):
        server.stop()
        measured = MEASURED if words[0] in {"prove", "gameday"} else ()
        queries = Path("queries.toml")
        queries.write_text("[metrics]\nload = 'load'\n")
        refused(aiops(*words, *reach, *measured), "http://127.0.0.1:")
        assert server.log == []

    def test_nobody_who_measures_it(self, aiops, words, server, reach, refused):
        if words[0] in {"prove", "gameday"}:
            answer = aiops(*words, *reach)
            refused(answer, "nothing is measured here", "--prometheus URL and --queries FILE")
            assert server.requests == []

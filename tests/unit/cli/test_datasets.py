"""`aiops datasets` lists what is shipped."""

import pytest

from aiops import datasets


def test_lists_every_shipped_incident(aiops):
    answer = aiops("datasets")
    assert answer.code == 0
    first_words = [line.split()[0] for line in answer.out.splitlines()]
    assert first_words[:1] == ["name"]
    assert first_words[1:-1] == list(datasets.names())
    assert f"aiops investigate {datasets.names()[0]}" in answer.out


def test_names_are_whole_on_a_narrow_terminal(aiops, monkeypatch):
    wide = aiops("datasets")
    monkeypatch.setenv("COLUMNS", "40")
    assert aiops("datasets") == wide
    assert all(datasets.load(name).root_cause.service in wide.out for name in datasets.names())


def test_json_says_what_the_cases_are(aiops):
    rows = aiops("datasets", "--json").json
    assert [row["name"] for row in rows] == list(datasets.names())
    for row in rows:
        case = datasets.load(row["name"])
        assert (row["rows"], row["series"]) == case.metrics.shape
        assert row["root_cause"] == case.root_cause.service
        assert (row["system"], row["fault"]) == (case.system, case.fault)
        assert f"| licence | {row['licence']}" in datasets.card(row["name"])


@pytest.mark.parametrize("card", ["no table here", "| source | x |"])
def test_what_is_not_known_is_null(aiops, monkeypatch, save, card):
    folder = save(root_cause=None, fault=None, system=None)
    monkeypatch.setattr(datasets, "names", lambda: (folder.name,))
    load = datasets.load
    monkeypatch.setattr(datasets, "load", lambda name: load(folder))
    monkeypatch.setattr(datasets, "card", lambda name: card)
    [row] = aiops("datasets", "--json").json
    assert {key for key, value in row.items() if value is None} == {
        "system", "fault", "root_cause", "licence",
    }  # fmt: skip
    assert aiops("datasets").out.splitlines()[1].split() == [
        folder.name, "-", "-", "-", "60", "6", "-",
    ]  # fmt: skip


def test_an_installation_without_data_is_an_empty_list(aiops, monkeypatch):
    monkeypatch.setattr(datasets, "names", tuple)
    assert aiops("datasets", "--json").json == []
    answer = aiops("datasets")
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 1

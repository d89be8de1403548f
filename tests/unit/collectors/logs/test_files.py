"""Which files are found, of which service they are, and in which order."""

from pathlib import Path

import pytest

from aiops.collectors.logs.files import find_files, service_of
from aiops.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("cart.log", "cart"),
        ("cart.log.1", "cart"),
        ("cart.log.12.gz", "cart"),
        ("cart-2026-11-22.log", "cart"),
        ("cart.log-20261122.gz", "cart"),
        ("cart.2026-11-22.0.log.gz", "cart"),
        ("cart_20261122T140500.jsonl", "cart"),
        ("order-service.out", "order-service"),
        ("cart2.txt", "cart2"),
        ("messages", "messages"),
    ],
)
def test_the_service_by_the_name_of_a_file(name, service):
    assert service_of(Path(name)) == service


def test_turns_of_one_log_come_oldest_first(tmp_path):
    names = ["cart.log", "cart.log.1", "cart.log.2.gz", "cart.log.10.gz", "api.log"]
    for name in names:
        (tmp_path / name).touch()
    found = [file.path.name for file in find_files([tmp_path])]
    assert found == ["api.log", "cart.log.10.gz", "cart.log.2.gz", "cart.log.1", "cart.log"]


def test_dated_turns_come_before_the_log_itself(tmp_path):
    names = ["cart.log", "cart.log-20261122", "cart.log-20261121.gz"]
    for name in names:
        (tmp_path / name).touch()
    found = [file.path.name for file in find_files([f"{tmp_path}/cart*"])]
    assert found == names[::-1]


def test_a_rule_names_the_service_and_the_first_one_counts(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/b/0.log", "web.log"):
        (tmp_path / name).touch()
    places = [f"cart={tmp_path}/**/0.log", str(tmp_path / "a" / "b"), tmp_path / "web.log"]
    assert [(file.service, file.path.name) for file in find_files(places)] == [
        ("cart", "0.log"),
        ("web", "web.log"),
    ]


def test_a_file_that_is_named_like_a_pattern_is_that_file(tmp_path):
    path = tmp_path / "cart[1].log"
    path.touch()
    assert [file.path for file in find_files([path, str(tmp_path / "cart[[]1].log")])] == [path]


def test_a_path_with_an_equals_sign_is_a_path(tmp_path):
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1" / "web.log").touch()
    assert find_files([str(tmp_path / "day=1" / "web.log")])[0].service == "web"


@pytest.mark.parametrize("place", ["none.log", "cart=none*.log", "."])
def test_a_place_without_a_file_is_refused(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="no such file"):
        find_files([place])

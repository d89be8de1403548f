"""The base install: the commands work from another folder, and it stays small."""

import json
import tomllib

import pytest

from tests.install.conftest import OURS, ROOT, environment

pytestmark = pytest.mark.timeout(600)
LIMIT_MB = 700
HEAVY = {"boto3", "httpx", "kubernetes", "psycopg", "ray", "streamlit", "torch"}


@pytest.fixture(scope="module")
def base(wheel):
    with environment(str(wheel)) as fresh:
        yield fresh


def test_is_no_larger_than_promised(base):
    assert base.size() <= LIMIT_MB * 1_000_000


def test_leaves_the_heavy_packages_to_the_extras(base):
    assert not HEAVY & {one.split("==")[0] for one in base.versions()}


def test_imports_from_the_wheel(base):
    assert all(origin.is_relative_to(base.folder) for origin in base.origins(*OURS))


def test_says_its_version(base):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert base.run("aiops", "--version").strip() == project["version"]


def test_lists_the_shipped_datasets(base):
    listed = {row["name"] for row in json.loads(base.run("aiops", "datasets", "--json"))}
    assert listed == {case.parent.name for case in (ROOT / "datasets").glob("*/case.json")}


def test_investigates_a_shipped_dataset(base):
    name = "nezha-ob-delay-cart"
    report = base.folder / "incident.html"
    printed = base.run("aiops", "investigate", name, "--json", "--report", str(report))
    found = json.loads(printed)
    assert (found["case"], found["truth"]["service"]) == (name, "cartservice")
    assert found["ranking"]
    assert "<style" in report.read_text()


def test_proves_the_loop_with_the_shipped_guides(base):
    assert json.loads(base.run("aiops", "prove", "--json"))["ok"]


def test_plays_a_gameday_on_the_simulator(base):
    out = base.folder / "gameday"
    printed = base.run("aiops", "gameday", "--starter", "shop", "--out", str(out), "--json")
    board = json.loads(printed)
    assert (board["faults"], board["controls"]) == (5, 2)
    assert (out / "gameday.html").exists()


def test_prints_the_schema_of_experiment_files(base):
    assert "extensions" in json.loads(base.run("aiops", "chaos", "schema"))["properties"]

"""What is in the wheel, by its list of files."""

from zipfile import ZipFile

import pytest

from tests.install.conftest import OURS, ROOT

pytestmark = pytest.mark.timeout(300)
NOT_DATA = {".py", ".pyc"}


@pytest.fixture(scope="module")
def inside(wheel):
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def data_files(folder):
    files = (f for f in folder.rglob("*") if f.is_file() and f.suffix not in NOT_DATA)
    return {f.relative_to(folder).as_posix() for f in files}


def test_holds_the_five_packages_and_nothing_else(inside):
    tops = {name.split("/")[0] for name in inside}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(OURS)


@pytest.mark.parametrize("package", OURS)
def test_holds_every_data_file_of_a_package(inside, package):
    assert {f"{package}/{name}" for name in data_files(ROOT / package)} <= inside


def test_holds_every_dataset(inside):
    assert {f"aiops/_datasets/{name}" for name in data_files(ROOT / "datasets")} <= inside


@pytest.mark.parametrize("suffix", [".j2", ".css", ".js", ".md", ".parquet"])
def test_each_kind_of_data_is_there_at_all(inside, suffix):
    assert any(name.endswith(suffix) for name in inside)


def test_carries_its_licence(inside):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)

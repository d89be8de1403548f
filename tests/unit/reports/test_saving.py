from pathlib import Path

import pytest

from aiops.reports import write_page
from aiops.types import InvalidInput


def test_the_page_is_written_and_its_path_returned(tmp_path):
    target = tmp_path / "report.html"
    assert write_page("<p>µ</p>\n", target) == target
    assert target.read_bytes() == "<p>µ</p>\n".encode()


def test_an_old_page_is_replaced_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "report.html"
    target.write_text("old")
    write_page("new", target)
    assert target.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"no folder .*absent.* create it first"):
        write_page("", tmp_path / "absent" / "report.html")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is a folder; name a file in it"):
        write_page("", tmp_path)


def test_a_failed_write_leaves_the_old_page_whole_and_no_rest(tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old")

    def full_disk(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(InvalidInput, match=r"cannot write .*report.html: No space left on device"):
        write_page("new", target)
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_lone_surrogate_from_outside_is_written_as_its_escape(tmp_path):
    target = write_page("a\ud800b", tmp_path / "report.html")
    assert target.read_text() == "a\\ud800b"

"""Blocks hold whole lines, whatever their size; nothing is lost, and nothing raises but one error."""

import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.logs.blocks import blocks, lines_of, opened
from aiops.errors import InvalidInput


@settings(deadline=None, max_examples=100)
@given(
    content=st.binary(max_size=60).map(lambda raw: raw.replace(b"\x00", b"\n")),
    size=st.integers(1, 20),
)
def test_blocks_are_the_file(content, size):
    found = list(blocks(io.BufferedReader(io.BytesIO(content)), size))
    assert b"".join(found) == content
    assert all(found)


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.binary(max_size=5).map(lambda raw: raw.replace(b"\n", b"")), max_size=9))
def test_lines_are_cut_at_the_end_of_a_block_only_when_they_are_longer(lines):
    content = b"".join(line + b"\n" for line in lines)
    found = list(blocks(io.BufferedReader(io.BytesIO(content)), 6))
    assert all(block.endswith(b"\n") for block in found)


@settings(deadline=None, max_examples=60)
@given(
    lines=st.lists(
        st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8")), min_size=1
    )
)
def test_lines_are_those_that_were_written(lines):
    found, replaced = lines_of("\n".join(lines).encode() + b"\n")
    assert (found.to_pylist(), replaced) == (lines, 0)


def test_bytes_that_are_no_text_are_replaced_and_counted():
    lines, replaced = lines_of("ok \ufffd\r\nbad ".encode() + b"\xff\xfe!\n")
    assert lines.to_pylist() == ["ok \ufffd", "bad \ufffd\ufffd!"]
    assert replaced == 2


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert lines_of(b"\xef\xbb\xbfone")[0].to_pylist() == ["one"]


@pytest.mark.parametrize("block", [b"", b"\xef\xbb\xbf"])
def test_nothing_is_no_line(block):
    assert lines_of(block)[0].to_pylist() == []


def test_packed_files_are_unpacked(tmp_path):
    path = tmp_path / "a.log.1.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    with opened(path) as stream:
        assert list(blocks(stream)) == [b"one\ntwo\n"]


def test_a_broken_pack_a_missing_file_and_utf_16_are_one_error(tmp_path):
    whole = gzip.compress(b"one\ntwo\n" * 9999)
    for name, content, said in [
        ("cut.gz", whole[:-20], "cannot be read"),
        ("no.gz", b"plain text", "cannot be read"),
        ("bits.gz", whole[:20] + b"\xff" * 20 + whole[40:], "cannot be read"),
        ("windows.log", "one\n".encode("utf-16"), "UTF-16"),
    ]:
        (tmp_path / name).write_bytes(content)
        with (
            pytest.raises(InvalidInput, match=f"{name}: .*{said}"),
            opened(tmp_path / name) as stream,
        ):
            list(blocks(stream))
    with pytest.raises(InvalidInput, match="cannot be read"), opened(tmp_path / "none.log"):
        pass

"""Settings as a commented file: what is written is what is read again."""

import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from aiops.cli.settings_file import documented, render
from aiops.settings import (
    Backtest,
    Calls,
    Detection,
    LabelRule,
    Labels,
    Prometheus,
    Ranking,
    Settings,
    load,
)

GROUPS = (Backtest, Calls, Detection, LabelRule, Labels, Prometheus, Ranking)
TEXT = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('"\\\n\t\x7f#='))
)
NAMES = st.text(alphabet=string.ascii_letters + "_", min_size=1)
PATHS = st.none() | NAMES.map(Path)
RULES = st.builds(LabelRule, match=TEXT, service=NAMES, pattern=TEXT, where=TEXT)
SETTINGS = st.builds(
    Settings,
    prometheus=st.builds(
        Prometheus,
        url=TEXT,
        token_env=NAMES,
        token_file=PATHS,
        headers=st.dictionaries(TEXT, TEXT, max_size=2),
        timeout_s=st.floats(1e-9, 1e9),
    ),
    labels=st.builds(
        Labels,
        service=st.lists(NAMES, max_size=3).map(tuple),
        rules=st.lists(RULES, max_size=2).map(tuple),
        ignore=st.lists(TEXT, max_size=2).map(tuple),
    ),
    calls=st.builds(Calls, query=TEXT, file=PATHS),
    detection=st.builds(Detection, min_points=st.integers(1, 99)),
)


@hypothesis(deadline=None, max_examples=60)
@given(settings=SETTINGS, head=st.lists(TEXT, max_size=2), note=TEXT)
def test_what_is_written_is_what_is_read_again(tmp_path_factory, settings, head, note):
    path = tmp_path_factory.mktemp("settings") / "aiops.toml"
    path.write_text(render(settings, head=head, notes={"labels": [note]}), encoding="utf-8")
    assert load(path, environ={}) == settings


def test_defaults_stand_there_as_comments_that_can_be_taken_away():
    text = render(Settings())
    assert Settings.model_validate(tomllib.loads(text)) == Settings()
    assert not [line for line in text.splitlines() if line and line[0] not in "#["]
    freed = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in text.splitlines()
        if "…" not in line and "by" not in line
    )
    assert Settings.model_validate(tomllib.loads(freed)) == Settings()


def test_every_key_is_there_with_its_meaning():
    text = " ".join(render(Settings()).replace("\n# ", " ").split())
    for group in Settings.model_fields:
        model = type(getattr(Settings(), group))
        assert f"[{group}]" in text
        for key in model.model_fields:
            assert f"{key} = " in text
            assert " ".join(documented(model)[key].split()) in text


@pytest.mark.parametrize("model", GROUPS)
def test_every_field_has_words_in_the_source(model):
    words = documented(model)
    assert words.keys() == model.model_fields.keys()
    assert all(words.values())

import pytest

from aiops.settings import Settings, load
from aiops.types import InvalidSettings


def write(tmp_path, text):
    path = tmp_path / "aiops.toml"
    path.write_text(text)
    return path


def test_defaults_need_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(environ={}) == Settings()


def test_file_in_the_working_directory_is_read(tmp_path, monkeypatch):
    write(tmp_path, "[detection]\nmin_points = 5\n")
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).detection.min_points == 5


def test_variables_win_over_the_file(tmp_path):
    path = write(tmp_path, "[detection]\nlevel = 5\n")
    assert load(path, {"AIOPS_DETECTION__LEVEL": "8"}).detection.level == 8.0


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("[detection]\nlevle = 5\n", {}, "detection.levle: no such setting; did you mean 'level'?"),
        ("[detektion]\nlevel = 5\n", {}, "detektion: no such setting; did you mean 'detection'?"),
        ("[detection]\nlevel = -1\n", {}, "detection.level: Input should be greater than 0"),
        ("[detection\n", {}, "is not TOML"),
        ("detection = 3\n", {"AIOPS_DETECTION__LEVEL": "8"}, "detection is not a table"),
        ("", {"AIOPS_LEVEL": "8"}, "AIOPS_LEVEL: no such setting"),
        ("", {"AIOPS_DETECTION__LEVEL": "high"}, "detection.level: Input should be a valid number"),
        ("", {"AIOPS_DETECTION__LEVLE": "8"}, "did you mean 'level'?"),
    ],
)
def test_bad_settings_name_the_key(tmp_path, text, environ, said):
    with pytest.raises(InvalidSettings) as caught:
        load(write(tmp_path, text), environ)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(InvalidSettings, match=r"missing.toml: cannot be read"):
        load(tmp_path / "missing.toml", {})


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "aiops.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidSettings, match="cannot be read"):
        load(path, {})


def test_a_list_is_written_with_commas():
    settings = load(environ={"AIOPS_LABELS__SERVICE": "team, app"})
    assert settings.labels.service == ("team", "app")


@pytest.mark.parametrize("name", ["AIOPS_LABELS__RULES", "AIOPS_PROMETHEUS__HEADERS"])
def test_a_table_cannot_be_a_variable(name):
    with pytest.raises(InvalidSettings, match=f"{name}: a table cannot be a variable"):
        load(environ={name: "x"})


def test_no_setting_is_infinite():
    with pytest.raises(InvalidSettings, match="finite number"):
        load(environ={"AIOPS_BACKTEST__PAGES_PER_DAY": "inf"})

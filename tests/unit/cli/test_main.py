"""The command as a whole: what it loads, its exit codes, and one line for every error."""

import subprocess
import sys

import pytest

from aiops import datasets
from aiops.types import InvalidCase, RevertIncomplete

HEAVY = {
    "httpx", "jinja2", "kubernetes", "networkx", "numpy", "pandas", "pyarrow", "pydantic", "rich",
    "scipy", "sqlalchemy", "yaml",
}  # fmt: skip

CHAOS = (
    "validate", "plan", "run", "recover", "score", "compare", "export", "rbac", "admission", "freeze",
    "unfreeze", "cases", "list", "schema", "describe",
)  # fmt: skip
COMMANDS = (
    ["investigate"], ["init"], ["backtest"], ["datasets"], ["prove"], ["demo"], ["gameday"], ["eval"], ["eval", "rca"],
    ["chaos"], *(["chaos", name] for name in CHAOS), ["config"], ["config", "check"], ["config", "show"],
)  # fmt: skip


def run_python(code, *words):
    """Run `code` in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False
    )


ENTRY = "import sys; sys.argv[0] = 'aiops'; from aiops.cli.main import run; run()"


class TestHelp:
    def test_names_every_command(self, aiops):
        answer = aiops("--help")
        assert answer.code == 0
        assert answer.err == ""
        for name in ("investigate", "datasets", "prove", "demo", "gameday", "chaos", "eval"):
            assert f"\n  {name} " in answer.out

    def test_loads_nothing_heavy(self):
        code = (
            "import sys, atexit; from aiops.cli.main import run\n"
            "atexit.register(lambda: print('loaded', *sys.modules))\n"
            "sys.argv[0] = 'aiops'; run()"
        )
        done = run_python(code, "--help")
        assert done.returncode == 0
        text, _, loaded = done.stdout.partition("loaded ")
        assert "investigate" in text
        assert not HEAVY & {name.partition(".")[0] for name in loaded.split()}

    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_each_command_explains_itself(self, aiops, command):
        short, long = aiops(*command, "-h"), aiops(*command, "--help")
        assert short == long
        assert long.code == 0
        assert long.out.startswith(f"Usage: aiops {' '.join(command)} ")

    @pytest.mark.parametrize("group", [[], ["eval"], ["chaos"]], ids=" ".join)
    def test_the_list_of_commands_cuts_no_sentence(self, aiops, group):
        _, listed, commands = aiops(*group, "--help").out.partition("Commands:\n")
        assert listed
        assert all(line.endswith(".") for line in commands.splitlines())
        assert "..." not in commands

    def test_version(self, aiops):
        answer = aiops("--version")
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.strip().count(".") >= 1


class TestUsageErrors:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["eval"],
            ["nope"],
            ["investigate", "a", "b"],
            ["investigate", "a", "--onset", "guessed"],
            ["investigate", "a", "--nope"],
            ["prove", "--backend", "moon"],
            ["prove", "--seed", "-1"],
            ["prove", "--seed", "x"],
            ["eval", "rca"],
            ["eval", "rca", "a", "--seed", "-1"],
        ],
        ids=" ".join,
    )
    def test_exit_code_2_and_no_traceback(self, aiops, words):
        answer = aiops(*words)
        assert answer.code == 2
        assert "Usage: aiops" in answer.out + answer.err
        assert "Traceback" not in answer.out + answer.err

    def test_an_error_names_the_culprit_on_stderr(self, aiops):
        answer = aiops("prove", "--backend", "moon")
        assert answer.out == ""
        assert "moon" in answer.err
        assert "sim" in answer.err


class TestErrors:
    def test_as_a_process(self, tmp_path):
        done = run_python(ENTRY, "investigate", tmp_path / "missing")
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1

    def test_every_deliberate_error_is_one_line(self, aiops, monkeypatch, refused):
        def fail(name):
            raise InvalidCase("cart is\n  still scaled\r to zero")

        monkeypatch.setattr(datasets, "load", fail)
        refused(aiops("datasets"), "error: cart is still scaled to zero\n")

    def test_a_fault_that_may_still_be_there_has_a_code_of_its_own(self, aiops, monkeypatch):
        def fail(name):
            raise RevertIncomplete("cart is still scaled to zero")

        monkeypatch.setattr(datasets, "load", fail)
        answer = aiops("datasets")
        assert (answer.code, answer.out) == (4, "")
        assert answer.err == "error: cart is still scaled to zero\n"

    def test_what_the_system_refuses_is_told_in_its_words_with_the_file(
        self, aiops, monkeypatch, refused
    ):
        def fail(name):
            raise PermissionError(13, "Permission denied", "/somewhere/case.json")

        monkeypatch.setattr(datasets, "load", fail)
        refused(aiops("datasets"), "error: /somewhere/case.json: Permission denied\n")

    def test_a_system_error_without_a_file_keeps_its_text(self, aiops, monkeypatch, refused):
        def fail(name):
            raise OSError("the disk is gone")

        monkeypatch.setattr(datasets, "load", fail)
        refused(aiops("datasets"), "error: the disk is gone\n")

    def test_an_error_cannot_speak_to_the_terminal(self, aiops, refused):
        answer = aiops("investigate", "\x1b[2Jgone")
        refused(answer, r"\x1b[2Jgone")
        assert "\x1b" not in answer.err

    def test_a_mistake_of_ours_is_not_passed_off_as_bad_input(self, aiops, monkeypatch):
        def fail(name):
            raise ZeroDivisionError

        monkeypatch.setattr(datasets, "load", fail)
        with pytest.raises(ZeroDivisionError):
            aiops("datasets")

    def test_an_interrupt_ends_the_command_as_shells_expect(self, aiops, monkeypatch):
        def fail(name):
            raise KeyboardInterrupt

        monkeypatch.setattr(datasets, "load", fail)
        answer = aiops("datasets")
        assert (answer.code, answer.out) == (130, "")


BROKEN_SETTINGS = {
    "level = [": ["is not TOML"],
    "[detecton]\n": ["detecton", "no such setting", "did you mean 'detection'?"],
    "[detection]\nlevle = 3\n": ["detection.levle", "did you mean 'level'?"],
    "[ranking]\nalpha = 1.5\n": ["ranking.alpha", "less than 1"],
}


class TestSettings:
    """Each command that uses settings refuses bad ones before it does anything."""

    @pytest.fixture(params=["investigate", "prove", "demo", "eval"])
    def command(self, request, case, tmp_path):
        out = ["--out", tmp_path / "made"]
        words = {
            "investigate": ["investigate", case],
            "prove": ["prove", *out],
            "demo": ["demo", *out],
            "eval": ["eval", "rca", case],
        }
        yield words[request.param]
        assert not (tmp_path / "made").exists()

    @pytest.mark.parametrize("text", BROKEN_SETTINGS)
    def test_a_broken_file(self, aiops, command, tmp_path, refused, text):
        path = tmp_path / "broken.toml"
        path.write_text(text)
        refused(aiops("--config", path, *command), path, *BROKEN_SETTINGS[text])

    def test_a_file_in_the_working_directory_counts(self, aiops, command, tmp_path, refused):
        (tmp_path / "here" / "aiops.toml").write_text("[detection]\nlevel = -1\n")
        refused(aiops(*command), "aiops.toml", "detection.level", "greater than 0")

    def test_a_missing_file(self, aiops, command, tmp_path, refused):
        refused(aiops("--config", tmp_path / "no.toml", *command), tmp_path / "no.toml", "No such")

    def test_a_folder(self, aiops, command, tmp_path, refused):
        refused(aiops("--config", tmp_path, *command), tmp_path, "Is a directory")

    def test_an_unknown_variable(self, aiops, command, monkeypatch, refused):
        monkeypatch.setenv("AIOPS_LEVEL", "3")
        refused(aiops(*command), "AIOPS_LEVEL", "no such setting", "AIOPS_DETECTION__")

    def test_an_impossible_value_in_a_variable(self, aiops, command, monkeypatch, refused):
        monkeypatch.setenv("AIOPS_DETECTION__LEVEL", "high")
        refused(aiops(*command), "detection.level", "a valid number")


def test_settings_reach_the_pipeline(aiops, case, monkeypatch):
    assert aiops("investigate", case, "--json").json["anomalies"]
    monkeypatch.setenv("AIOPS_DETECTION__LEVEL", "1e6")
    assert aiops("investigate", case, "--json").json["anomalies"] == []

"""What the README tells people to type works, and what it says to see is seen."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from aiops.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    """Return the `aiops …` lines of the README's shell blocks, without their comments."""
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.split("  #")[0].split(" # ")[0] for line in lines if line.startswith("aiops ")]


def test_there_are_commands():
    assert {shlex.split(line)[1] for line in commands()} >= {
        "datasets",
        "investigate",
        "eval",
        "prove",
    }


@pytest.mark.parametrize("line", commands())
def test_runs(line, tmp_path, monkeypatch, capsys):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 0
    assert capsys.readouterr().out


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_make_goal_exists():
    goals = set(re.findall(r"`?make ([a-z][a-z0-9-]*)", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert goals >= {"demo", "test"}
    assert [goal for goal in goals if not re.search(rf"^{goal}:", makefile, re.MULTILINE)] == []

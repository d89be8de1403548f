"""How long a person waits for the first answer of the command line."""

import os
import subprocess
import sys
from pathlib import Path

AIOPS = Path(sys.executable).with_name("aiops")


def run(*command):
    environ = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environ)


def test_help_answers_in_a_quarter_of_a_second(compare):
    seconds, _ = compare(
        "aiops --help",
        lambda: run(AIOPS, "--help"),
        "python -c pass",
        lambda: run(sys.executable, "-c", "pass"),
        runs=10,
    )
    assert seconds < 0.25

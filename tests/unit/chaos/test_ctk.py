"""The real Chaos Toolkit accepts our files, and our functions send its users to us."""

import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiops.errors import InvalidExperiment
from chaos import ctk
from chaos.files import providers

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples" / "experiments").glob("*.yaml"))
FUNCTIONS = {
    "inject": providers.InjectArguments,
    "promql": providers.PromqlArguments,
    "slo": providers.SloArguments,
    "kubernetes": providers.FieldArguments,
    "available": providers.AvailableArguments,
    "count_pods": providers.CountArguments,
    "all_pods": providers.AllPodsArguments,
}
needs_toolkit = pytest.mark.skipif(
    importlib.util.find_spec("chaostoolkit") is None,
    reason="THE REAL CHAOS TOOLKIT IS NOT INSTALLED: pip install chaostoolkit, and run again",
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_what_the_file_may_write(name):
    parameters = inspect.signature(getattr(ctk, name)).parameters
    block = FUNCTIONS[name]
    assert list(parameters)[: len(block.keys())] == list(block.keys())
    assert set(parameters) - set(block.keys()) <= {"configuration", "secrets"}
    for key, field in block.model_fields.items():
        assert field.is_required() == (parameters[key].default is inspect.Parameter.empty)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_called_by_the_toolkit_a_function_says_what_to_run_instead(name):
    function = getattr(ctk, name)
    with pytest.raises(InvalidExperiment, match="aiops chaos run FILE"):
        function(*("x" for _ in inspect.signature(function).parameters))


def _validate(path):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "chaostoolkit",
            "--no-version-check",
            "--no-log-file",
            "validate",
            path,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@needs_toolkit
@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_real_toolkit_accepts_our_examples(path):
    done = _validate(path)
    assert done.returncode == 0, done.stderr
    assert "experiment syntax and semantic look valid" in done.stdout + done.stderr


@needs_toolkit
@pytest.mark.slow
def test_the_real_toolkit_refuses_an_argument_that_we_do_not_have(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(EXAMPLES[0].read_text().replace("fault:", "fualt:"))
    done = _validate(broken)
    assert done.returncode != 0
    assert "required argument 'fault' is missing" in done.stdout + done.stderr

"""Files that load, and files that are refused with the message on their last line."""

import json
from pathlib import Path

import jsonschema
import pytest

from aiops.errors import InvalidExperiment
from chaos.files import json_schema, load
from chaos.files.reading import read
from chaos.files.schema import schema_text, shipped_schema

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES = Path(__file__).parents[4] / "examples" / "experiments"
GOOD = sorted([*(CORPUS / "good").iterdir(), *EXAMPLES.glob("*.yaml")])
BAD = sorted((CORPUS / "bad").rglob("*.yaml"))
ENVIRON = {"SHOP_TOKEN": "s3cret-t", "SHOP_PASSWORD": "s3cret-p", "KUBERNETES_CONTEXT": "test"}


def _id(path):
    return path.stem


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(shipped_schema())


@pytest.mark.parametrize("path", GOOD, ids=_id)
def test_a_good_file_loads_and_the_schema_agrees(path, validator):
    assert load(path, environ=ENVIRON).title
    assert list(validator.iter_errors(read(path).value)) == []


@pytest.mark.parametrize("path", BAD, ids=_id)
def test_a_bad_file_is_refused_in_one_line_that_says_where(path):
    expected = path.read_text().splitlines()[-1].removeprefix("# refused: ")
    with pytest.raises(InvalidExperiment) as refused:
        load(path, environ={})
    message = str(refused.value)
    assert expected in message
    assert message.startswith(path.name)
    assert "\n" not in message


@pytest.mark.parametrize("path", [path for path in BAD if path.parent.name == "bad"], ids=_id)
def test_the_schema_refuses_what_has_the_wrong_shape(path, validator):
    assert not validator.is_valid(read(path).value)


@pytest.mark.parametrize("path", [path for path in BAD if path.parent.name != "bad"], ids=_id)
def test_the_rest_is_beyond_a_schema(path, validator):
    try:
        value = read(path).value
    except InvalidExperiment:
        return
    assert validator.is_valid(value)


def test_the_corpus_is_there():
    assert len(BAD) >= 50
    assert len(GOOD) >= 10


def test_the_shipped_schema_is_what_the_models_say():
    shipped = shipped_schema()
    assert shipped == json.loads(schema_text())
    assert shipped == json_schema()
    jsonschema.Draft202012Validator.check_schema(shipped)


def test_a_literal_secret_is_not_shown_again():
    with pytest.raises(InvalidExperiment) as refused:
        load(CORPUS / "bad" / "secret-literal.yaml", environ={})
    assert "hunter2" not in str(refused.value)

"""What a rollout changed, and that no secret is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.collectors.kubernetes.templates import RESTARTED, changed, value_told
from tests.kubernetes_documents import container, template

BEFORE = template(container(env={"MODE": "slow", "API_TOKEN": "old"}, command=["python3"]))


def after(*containers, **more):
    return changed(BEFORE, template(*containers, **more))


SAME = {"env": {"MODE": "slow", "API_TOKEN": "old"}, "command": ["python3"]}


@pytest.mark.parametrize(
    ("containers", "more", "told"),
    [
        ([container(image="shop:2", **SAME)], {}, "image of app shop:1 → shop:2"),
        ([container(**SAME)], {"annotations": {RESTARTED: "now"}}, "restarted by hand"),
        ([container(**SAME)], {"nodeName": "node-2"}, "nodeName changed"),
        ([container(**SAME), container("proxy")], {}, "container proxy added"),
        ([container(**SAME | {"command": ["sh"]})], {}, "command of app changed"),
        (
            [container(**SAME | {"env": {"MODE": "fast", "API_TOKEN": "new"}})],
            {},
            "env API_TOKEN of app … → …; env MODE of app slow → fast",
        ),
        (
            [container(**SAME | {"env": {"MODE": "slow"}})],
            {},
            "env API_TOKEN of app … → (unset)",
        ),
        (
            [container(**SAME, resources={"limits": {"cpu": "1"}})],
            {},
            "cpu limit of app (none) → 1",
        ),
        ([container(**SAME)], {}, "nothing that the template tells"),
    ],
)
def test_each_change_has_its_words(containers, more, told):
    assert after(*containers, **more) == told


def test_a_container_that_is_gone_is_told():
    assert "container app removed" in after(container("web"))


def test_a_value_that_is_kept_elsewhere_is_not_looked_up():
    kept = container(command=["python3"])
    kept["env"] = [{"name": "MODE", "valueFrom": {"secretKeyRef": {"key": "x"}}}]
    assert "env MODE of app slow → (from elsewhere)" in after(kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2"),
        ("API_TOKEN", "1"),
        ("DATABASE_URL", "postgres://ann:hunter2@db/shop"),
        ("OPTIONS", "verbose password=hunter2"),
        ("PLAIN", "ghp_0123456789abcdef0123456789abcdef0123"),
        ("PLAIN", "a3f5b8c9d2e1f4a7b6c5d8e9"),
        ("CERTIFICATE", "x"),
        ("PLAIN", "two\nlines"),
    ],
)
def test_what_may_be_a_secret_is_not_told(name, value):
    assert value_told(name, value) == "…"


@given(st.text(alphabet="abcdef0123456789", min_size=24, max_size=40))
def test_nothing_that_looks_random_is_told(value):
    if any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
        assert value_told("PLAIN", value) == "…"


@pytest.mark.parametrize("value", ["8080", "slow", "http://stock:8080/items", "0.25", "true"])
def test_what_is_plainly_harmless_is_told(value):
    assert value_told("SETTING", value) == value

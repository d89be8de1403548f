"""Answers as real API servers give them, and the error that each one means."""

import json

import pytest

from aiops.clients.kubernetes.call import Call
from aiops.clients.kubernetes.errors import Conflict, NotFound, PatchRejected, Rejected, refusal
from aiops.errors import Denied, Unreachable

GENERIC = "the server rejected our request due to an error in our request"
CAUSE = {"causes": [{"field": "spec.replicas", "reason": "FieldValueInvalid", "message": "no"}]}


def answer(code, message, details=None):
    document = {"kind": "Status", "code": code, "message": message, "details": details or {}}
    return json.dumps(document)


def call(verb):
    return Call(verb, "deployments shop/cart", "/apis/apps/v1/namespaces/shop/deployments/cart")


@pytest.mark.parametrize(
    ("verb", "code", "message", "details", "meant"),
    [
        ("get", 401, "Unauthorized", {}, Denied),
        ("get", 403, "forbidden: whatever", {}, Denied),
        ("patch", 403, 'User "u" cannot patch resource "pods" in API group ""', {}, Denied),
        ("create", 403, "user is attempting to grant RBAC permissions", {}, Denied),
        ("create", 403, 'pods "x" is forbidden: exceeded quota: q', {}, Rejected),
        ("create", 403, "unable to create new content in namespace x", {}, Rejected),
        ("create", 400, 'admission webhook "w" denied the request: no', {}, Rejected),
        ("patch", 422, 'admission webhook "w" denied the request: no', {}, Rejected),
        ("patch", 422, GENERIC, {}, PatchRejected),
        ("patch", 422, "testing path /spec/replicas: test failed", {}, PatchRejected),
        ("patch", 422, 'Deployment.apps "cart" is invalid', CAUSE, Rejected),
        ("patch", 422, "forbidden by a policy", {"kind": "deployments"}, Rejected),
        ("create", 422, GENERIC, {}, Rejected),
        ("patch", 400, "yaml: not JSON", {}, Rejected),
        ("patch", 415, "send a JSON Patch", {}, Rejected),
        ("get", 404, "not found", {}, NotFound),
        ("update", 409, "the object has been modified", {}, Conflict),
        ("list", 410, "the continue token is too old", {}, Unreachable),
        ("list", 429, "too many requests", {}, Unreachable),
        ("list", 504, "etcd timed out", {}, Unreachable),
    ],
)
def test_each_answer_means_one_error(verb, code, message, details, meant):
    error = refusal(call(verb), code, answer(code, message, details))
    assert type(error) is meant
    assert str(error).startswith(f"{verb} deployments shop/cart: ")
    assert "\n" not in str(error)


@pytest.mark.parametrize(("code", "meant"), [(403, Denied), (502, Unreachable), (404, NotFound)])
@pytest.mark.parametrize("body", ["", "<html>\nno</html>", "[]", '{"kind": "Pod"}'])
def test_a_proxy_in_between_answers_something_else(code, meant, body):
    assert type(refusal(call("patch"), code, body)) is meant


def test_a_quoted_document_is_not_passed_on():
    secret = json.dumps(json.dumps({"data": {"password": "aHVudGVyMg==", "more": "x" * 100}}))
    said = f' "" is invalid: patch: Invalid value: {secret}: v1.Secret.Data: readBytes: expects "'
    told = str(refusal(call("patch"), 422, answer(422, said, {"causes": [{"field": "patch"}]})))
    assert "aHVudGVyMg" not in told
    assert "v1.Secret.Data" in told


def test_the_parsers_context_is_not_passed_on():
    said = "expects 0, error found in #10 byte of ...|word:hunter2|..., bigger context ...|x\ny|..."
    told = str(refusal(call("patch"), 422, answer(422, said, CAUSE)))
    assert told.endswith("expects 0")


def test_a_long_message_is_cut():
    assert len(str(refusal(call("create"), 400, answer(400, "word " * 1000)))) < 500

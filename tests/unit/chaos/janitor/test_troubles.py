"""Why a janitor does not start, as the cluster says it."""

import pytest

from chaos.janitor.troubles import event_trouble, pod_trouble

JOB = {"metadata": {"uid": "job"}}


def pod(**state):
    return {"status": {"containerStatuses": [{"image": "python:3", "state": state}]}}


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"status": {"phase": "Pending"}},
        pod(),
        pod(waiting={"reason": "ContainerCreating"}),
        pod(waiting={"reason": "PodInitializing"}),
        pod(running={"startedAt": "2026-01-05T12:00:00Z"}),
    ],
)
def test_it_may_still_get_ready(found):
    assert pod_trouble(found) is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            pod(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling"}),
            "the image python:3 cannot be pulled (ImagePullBackOff: Back-off pulling); give another",
        ),
        (
            pod(waiting={"reason": "InvalidImageName"}),
            "the image python:3 cannot be pulled (InvalidImageName); give another",
        ),
        (
            pod(waiting={"reason": "CreateContainerConfigError", "message": "runs as root"}),
            "its container cannot start (CreateContainerConfigError: runs as root)",
        ),
        (pod(terminated={"exitCode": 1}), "its program ended with code 1"),
    ],
)
def test_it_never_will(found, said):
    assert pod_trouble(found) == said


def event(uid, message, time, kind="Warning"):
    return {
        "type": kind,
        "involvedObject": {"uid": uid},
        "message": message,
        "lastTimestamp": time,
    }


def test_the_last_warning_about_the_job_is_the_reason():
    events = [
        event("job", "exceeded quota", "2026-01-05T12:00:02Z"),
        event("job", "no such account", "2026-01-05T12:00:01Z"),
        event("job", "Created pod", "2026-01-05T12:00:03Z", kind="Normal"),
        event("other", "something else", "2026-01-05T12:00:04Z"),
    ]
    assert event_trouble(events, JOB) == "exceeded quota"
    assert event_trouble([], JOB) is None

"""The scoreboard as JUnit XML: well-formed whatever it holds, red where it should be."""

from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.reports.junit import scoreboard_junit


def read(board):
    return ET.fromstring(scoreboard_junit(board))  # noqa: S314  our own text


def results(board):
    """Return run → what became of it."""
    return {
        case.get("name").rpartition("(")[2][:-1]: next((child.tag for child in case), "passed")
        for case in read(board)
    }


def test_every_run_is_a_case(make_board):
    suite = read(make_board())
    assert (suite.tag, suite.get("name"), suite.get("tests")) == ("testsuite", "aiops", "3")
    assert [case.get("classname") for case in suite] == [
        "aiops.fault", "aiops.fault", "aiops.control",
    ]  # fmt: skip
    assert {case.get("time") for case in suite} == {"600"}


def test_what_fails_and_what_does_not(make_board, make_run, make_noticed):
    alarm = make_noticed().detections
    board = make_board(
        make_run("missed"),
        make_noticed("noticed"),
        make_noticed("left", reverted_whole=False),
        make_run("tame", effect="no-effect"),
        make_run("unsure", effect="unknown"),
        make_noticed("late", detect_within=59.0),
        make_noticed("in time", detect_within=60.0),
        make_noticed("silent", alerts_missed=("CartDown",)),
        make_noticed("tame but late", effect="no-effect", detect_within=59.0),
        make_run("idle", "not-injected"),
        make_run("blind", error="too little"),
        make_run("calm", "control"),
        make_run("cried", "control", false_alarms=alarm),
        make_run("fooled", "decoy", false_alarms=alarm),
    )
    assert results(board) == {
        "missed": "failure",
        "noticed": "passed",
        "left": "failure",
        "tame": "skipped",
        "unsure": "skipped",
        "late": "failure",
        "in time": "passed",
        "silent": "failure",
        "tame but late": "passed",
        "idle": "skipped",
        "blind": "error",
        "calm": "passed",
        "cried": "failure",
        "fooled": "failure",
    }
    suite = read(board)
    counts = [suite.get(name) for name in ("failures", "errors", "skipped")]
    assert counts == ["6", "1", "3"]


def test_a_failure_says_what_was_expected(make_board, make_noticed):
    late, silent = read(
        make_board(
            make_noticed(detect_within=30.0),
            make_noticed(alerts_missed=("CartDown", "WebErrors")),
        )
    )
    assert late[0].get("message") == "noticed after 1\u202fmin, expected within 30 s"
    assert silent[0].get("message") == "did not fire: CartDown, WebErrors"


def test_a_failure_says_what_should_have_fired(make_board, make_run):
    [case] = read(make_board(make_run()))
    assert case[0].get("message") == "missed"
    assert "should have fired: CartDown" in case[0].text


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text())
def test_any_text_is_well_formed(make_board, make_run, text):
    suite = read(make_board(make_run(target=text, why=text, error=text)))
    assert suite.get("tests") == "1"

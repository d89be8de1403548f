"""The scoreboard as JUnit XML, so that a build breaks when the monitoring goes blind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from aiops.reports.scoreboard import run_facts, run_title, run_verdict

if TYPE_CHECKING:
    from aiops.scores import RunScore, Scoreboard

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def scoreboard_junit(board: Scoreboard) -> str:
    """Return the scoreboard as JUnit XML: every run is a test case.

    It fails when a fault that bit was missed, was noticed later than expected, or did not raise an
    expected alert, when a control or decoy raised an alarm, or when the revert is not whole; it is
    an error when the judge could not judge, and skipped when nothing was injected, or the fault is
    not known to have bitten and was not noticed.
    """
    cases = [_case(run, board.judge) for run in board.runs]
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    about = {"name": _legal(board.judge), "tests": str(len(cases)), **counts}
    suite = Element("testsuite", about)
    suite.extend(cases)
    indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suite, encoding="unicode") + "\n"


def _case(run: RunScore, judge: str) -> Element:
    time = f"{(run.end - run.start).total_seconds():g}"
    name = _legal(f"{run_title(run)} ({run.run})")
    case = Element("testcase", classname=_legal(f"{judge}.{run.kind}"), name=name, time=time)
    tag, message = _result(run)
    if tag:
        SubElement(case, tag, message=_legal(message)).text = _legal(
            "\n".join(f"{key}: {text}" for key, text in run_facts(run))
        )
    return case


def _result(run: RunScore) -> tuple[str, str]:
    if not run.reverted_whole:
        return "failure", "the revert is not whole"
    if run.error:
        return "error", run.error
    if complaint := _complaint(run):
        return "failure", complaint
    if run.kind == "not-injected" or (run.kind == "fault" and not run.detected):
        return "skipped", run_verdict(run)
    return "", ""


def _complaint(run: RunScore) -> str:
    """Say what a judge did wrong that could judge; empty if nothing."""
    if run.missed or (run.kind != "fault" and run.false_alarms):
        return run_verdict(run)
    if run.effective and run.late:
        return f"{run_verdict(run)}, expected within {run.detect_within:g} s"
    return f"did not fire: {', '.join(run.silent)}" if run.silent else ""


def _legal(text: str) -> str:
    """Return `text` without the characters that XML cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)

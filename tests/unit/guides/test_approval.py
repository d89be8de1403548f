"""The two approvers that need nobody at hand."""

import pytest

from aiops.guides.approval import ApprovedBy, NobodyApproves
from aiops.guides.model import Step, StepKind
from aiops.types import InvalidInput

STEP = Step("restart", StepKind.WRITE, "workload.restart")


def test_nobody_refuses_and_a_name_approves():
    assert NobodyApproves().approve(STEP, {}) is None
    assert ApprovedBy("ada").approve(STEP, {}) == "ada"


@pytest.mark.parametrize("name", ["", " \t"])
def test_an_approval_needs_a_name(name):
    with pytest.raises(InvalidInput, match="needs a name"):
        ApprovedBy(name)

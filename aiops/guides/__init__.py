"""Troubleshooting guides: Markdown that people read, run as a graph of steps.

A guide is read by `parse_guide` into a `Guide`, whose edges come from data flow, and run by
`run_guide` with tools and an approver that the caller brings; `aiops.guides.library` holds the
guides that are shipped. Not here: what to do about a guide's result, and where it is kept.
"""

from __future__ import annotations

from aiops.guides.approval import ApprovedBy, Approver, NobodyApproves
from aiops.guides.executor import run_guide
from aiops.guides.graph import connect
from aiops.guides.model import Edge, EdgeKind, Guide, Step, StepKind
from aiops.guides.parse import parse_guide
from aiops.guides.tools import Tool, Toolbox, ToolFailed, check_tools

__all__ = [
    "ApprovedBy",
    "Approver",
    "Edge",
    "EdgeKind",
    "Guide",
    "NobodyApproves",
    "Step",
    "StepKind",
    "Tool",
    "ToolFailed",
    "Toolbox",
    "check_tools",
    "connect",
    "parse_guide",
    "run_guide",
]

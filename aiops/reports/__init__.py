"""Reports: one self-contained HTML file that shows an incident, its verdict and the proof.

This room draws what others found; it computes no score and asks nothing of the network, neither
while it writes a page nor when the page is read.
"""

from aiops.reports.page import demo_page, incident_page
from aiops.reports.saving import write_page

__all__ = ["demo_page", "incident_page", "write_page"]

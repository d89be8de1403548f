"""What this process, and the container around it, use of the machine.

A container reads its own control group, version 1 or 2, so that whatever else runs inside it (a
shell, a load beside the program) counts too; cAdvisor tells the same, only every 10 to 15 s.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")


def usage() -> dict[str, float]:
    """Return metric name → value: cores spent in seconds, memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    own = {
        "process_cpu_seconds_total": time.process_time(),
        "process_resident_memory_bytes": float(pages * os.sysconf("SC_PAGE_SIZE")),
    }
    # Outside a container these files are about the whole machine.
    return own | _container() if "KUBERNETES_SERVICE_HOST" in os.environ else own


def _container() -> dict[str, float]:
    if (GROUP / "cpu.stat").exists():
        cpu_s = _table(GROUP / "cpu.stat")["usage_usec"] / 1e6
        held = int((GROUP / "memory.current").read_text())
        idle = _table(GROUP / "memory.stat")["inactive_file"]
    elif (GROUP / "cpuacct/cpuacct.usage").exists():
        cpu_s = int((GROUP / "cpuacct/cpuacct.usage").read_text()) / 1e9
        held = int((GROUP / "memory/memory.usage_in_bytes").read_text())
        idle = _table(GROUP / "memory/memory.stat")["total_inactive_file"]
    else:
        return {}
    return {
        "shop_container_cpu_seconds_total": cpu_s,
        "shop_container_memory_bytes": float(max(held - idle, 0)),
    }


def _table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in map(str.split, path.read_text().splitlines())}

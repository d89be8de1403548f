"""The command lines that start, find and stop a process beside an application, by a shell alone.

The scripts are fixed texts; every parameter is an argument of its own. They need ``sh``, of
whatever make, and a container's ``/proc``; leaking memory needs ``head``, ``tail`` and ``sleep``
too. Nothing here talks to a cluster.

The first shell stays until its last child has ended, and its own end is seen to by the runtime
that started it: the application, which has the process id 1 and rarely reaps, inherits no zombie.
Each child looks at the clock itself, so none outlives its time, whoever is killed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from chaos.cluster import Process

STARTED: Final = "started"
"""What a process says once it runs."""

RUNS: Final = "runs"
"""What `find` says where it finds one."""

_CLOCK = """
clock() { read -r now _ </proc/uptime && now=${now%.*}${now#*.} && [ "$now" -lt "$end" ]; };
end=0; clock; end=$((now + $2));
"""
# `clock` sets $now, in hundredths of a second, and fails after the end.

_WAIT = "echo started; trap : TERM; until wait; do :; done"

_CPU = """
burn() {
  trap 'exit 0' TERM; begin=$now;
  while clock; do
    read -r _ _ _ _ _ _ _ _ _ _ _ _ _ user system _ </proc/self/stat;
    if [ $(((user + system) * 100)) -lt $(((now - begin) * $1)) ];
    then i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done;
    else sleep 0.1 || sleep 1; fi;
  done;
};
left=$1;
while [ "$left" -gt 100 ]; do burn 100 2>/dev/null & left=$((left - 100)); done;
burn "$left" 2>/dev/null &
"""

_MEMORY = """
leak() { trap 'exit 0' TERM; while clock; do head -c "$1" /dev/zero || exit 0; sleep 1; done; };
command -v head >/dev/null && command -v tail >/dev/null || exit 127;
leak "$1" 2>/dev/null | tail >/dev/null 2>&1 &
"""

_SCRIPTS = {"cpu": _CLOCK + _CPU + _WAIT, "memory": _CLOCK + _MEMORY + _WAIT}

_EACH = """
each() {
  found=; for process in /proc/[0-9]*; do
    line=; { IFS= read -r line <"$process/cmdline"; } 2>/dev/null;
    case $line in
      *"aiops-chaos=$2;"*) found=1; kill -"$1" "${process#/proc/}" 2>/dev/null ;;
    esac;
  done; [ "$found" ];
};
"""
# `each SIGNAL TOKEN` sends the signal to every process with the token, and fails if there is none.

_FIND = _EACH + 'each 0 "$1" && echo runs; :'

_STOP = (
    _EACH
    + """
each TERM "$1" || exit 0;
for attempt in 1 2 3 4 5 6 7 8 9 10;
do each 0 "$1" || exit 0; sleep 0.2 2>/dev/null || sleep 1; done;
each KILL "$1"; :
"""
)


def start(process: Process, token: str) -> list[str]:
    """Return the command line that starts a process and says `STARTED`.

    Raises
    ------
    InvalidExperiment
        If a container cannot run such a process.
    """
    if process.kind == "delay":
        raise InvalidExperiment(
            "a delay of requests exists in the simulator only; on a cluster it needs a service mesh"
        )
    scale = 100 if process.kind == "cpu" else 1
    amount, time = math.ceil(process.amount * scale), math.ceil(process.seconds * 100)
    return _shell(_SCRIPTS[process.kind], f"aiops-chaos={token};", str(amount), str(time))


def find(token: str) -> list[str]:
    """Return the command line that says `RUNS` if a process with this token does."""
    return _shell(_FIND, "aiops-chaos", token)


def stop(token: str) -> list[str]:
    """Return the command line that ends every process with this token, and waits for that."""
    return _shell(_STOP, "aiops-chaos", token)


def _shell(script: str, *arguments: str) -> list[str]:
    """Return a call of the shell; the script goes on one line, so that one `read` sees it all."""
    return ["sh", "-c", " ".join(script.split()), *arguments]

"""Signals as a shell hands them over, however these tests were started.

What runs in the background of a script ignores INT, and what runs under nohup ignores HUP; both are
inherited by every process that a test starts.
"""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
for signum in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(signum, signal.SIG_DFL)

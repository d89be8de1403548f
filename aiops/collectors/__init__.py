"""What a client brings, turned into metrics, alerts and the call graph; names become ours here.

One module for each source. Nothing here speaks a protocol: that is `aiops.clients`' matter.
"""

"""Microseconds per event that pylhe (2.1) needs to read an LHE file's first events with their weights.

Usage: pylhe_read.py FILE EVENTS
"""

import itertools
import sys
import time

import pylhe

events = int(sys.argv[2])
start = time.perf_counter()
file = pylhe.LHEFile.fromfile(sys.argv[1])
read = sum(len(event.weights) > 0 for event in itertools.islice(file.events, events))
if read != events:
    sys.exit(f"{read} events with weights, not {events}")
print((time.perf_counter() - start) / events * 1e6)

"""Microseconds per event that MadMiner (0.9.6) needs to read an LHE file with two observables.

Usage: madminer_lhe.py SETUP.h5 FILE.lhe EVENTS   (the file holds that many events)
"""

import logging
import sys
import time

from madminer.lhe import LHEReader

logging.disable(logging.CRITICAL)
setup, file, events = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = time.perf_counter()
reader = LHEReader(setup)
reader.add_sample(lhe_filename=file, sampled_from_benchmark="sm", is_background=False)
reader.add_observable("pt_l", "l[0].pt", required=False)
reader.add_observable("pt_j1", "j[0].pt", required=False)
reader.analyse_samples()
if reader.weights["sm"].shape[0] != events:
    sys.exit(f"{reader.weights['sm'].shape[0]} events, not {events}")
print((time.perf_counter() - start) / events * 1e6)

"""Microseconds per event that lheutils (its lheinfo) needs for an LHE file, start included.

Usage: lheutils_read.py FILE EVENTS   (the file holds that many events)
"""

import os
import subprocess
import sys
import time

program = os.path.join(os.path.dirname(sys.executable), "lheinfo")
start = time.perf_counter()
subprocess.run([program, sys.argv[1]], check=True, stdout=subprocess.DEVNULL)
print((time.perf_counter() - start) / int(sys.argv[2]) * 1e6)

"""Seconds that MadMiner needs for the truth information of an events file at the point of zeros, with reading.

Usage: madminer_truth.py FILE
"""

import logging
import sys
import time

import numpy as np

logging.disable(logging.CRITICAL)
np.seterr(all="ignore")

from madminer.fisherinformation import FisherInformation  # noqa: E402

fisher = FisherInformation(sys.argv[1])
start = time.perf_counter()
fisher.truth_information(np.zeros(len(fisher.parameters)), luminosity=300000.0)
print(time.perf_counter() - start)

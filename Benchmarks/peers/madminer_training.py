"""Microseconds per training row of MadMiner: ALICES, hidden layers 60-60 tanh, batch 128, one thread.

Usage: madminer_training.py SAMPLE ROWS
The difference of trainings over one epoch and over three, so that what is done once does not count.
"""

import logging
import sys
import time

import h5py
import numpy as np
import torch

logging.disable(logging.CRITICAL)

from madminer.ml import ParameterizedRatioEstimator  # noqa: E402

torch.set_num_threads(1)
rows = int(sys.argv[2])
with h5py.File(sys.argv[1]) as sample:
    x, theta, y = sample["x"][:rows], sample["theta0"][:rows], sample["y"][:rows].reshape(-1, 1)
    ratio, score = np.exp(sample["log_r_xz"][:rows]).reshape(-1, 1), sample["t_xz0"][:rows]


def seconds(epochs):
    estimator = ParameterizedRatioEstimator(n_hidden=(60, 60), activation="tanh")
    start = time.perf_counter()
    estimator.train(
        method="alices", x=x, y=y, theta=theta, r_xz=ratio, t_xz=score, n_epochs=epochs,
        batch_size=128, validation_split=0.0, early_stopping=False, n_workers=0, verbose="none")
    return time.perf_counter() - start


seconds(1)
print((seconds(3) - seconds(1)) / (2 * rows) * 1e6)

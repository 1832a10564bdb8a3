"""What MadMiner 0.9.6 makes of the nuisance parameters of an events file, as JSON on standard output.

Usage: madminer_nuisance.py POINTS FILE
where POINTS is a JSON list of values of the nuisance parameters; sigma is at the benchmark sm.
"""

import json
import logging
import sys

import numpy as np

logging.disable(logging.CRITICAL)
np.seterr(all="ignore")

from madminer.fisherinformation import FisherInformation  # noqa: E402
from madminer.sampling import SampleAugmenter  # noqa: E402


def main(points, name):
    sampler = SampleAugmenter(name)
    fisher = FisherInformation(name)
    theta = np.array(list(sampler.benchmarks["sm"].values.values()))
    nus = [np.array(nu, dtype=float) for nu in points]
    sigma, _ = sampler.xsecs([theta] * len(nus), nus, partition="all")
    truth = fisher.truth_information(theta, luminosity=1000.0)[0]
    return {
        "nuisance_parameters": list(sampler.nuisance_parameters),
        "sigma": np.asarray(sigma).tolist(),
        "truth": np.asarray(truth).tolist(),
    }


if __name__ == "__main__":
    json.dump(main(json.loads(sys.argv[1]), sys.argv[2]), sys.stdout)

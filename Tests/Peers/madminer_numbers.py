"""What MadMiner 0.9.6 makes of events files, as JSON on standard output: an object with one entry a file.

Usage: madminer_numbers.py REQUEST FILE...
where REQUEST is a JSON object:
  benchmarks  names of benchmarks where cross sections are wanted
  points      parameter points (lists of coordinates), for cross sections and information
  luminosity  in inverse pb
  observable  name of the histogram's observable
  edges       its edges
"""

import json
import logging
import sys

import numpy as np

logging.disable(logging.CRITICAL)
np.seterr(all="ignore")

from madminer.fisherinformation import FisherInformation  # noqa: E402
from madminer.sampling import SampleAugmenter, benchmarks, morphing_points  # noqa: E402


def numbers(name, request):
    points = [np.array(point, dtype=float) for point in request["points"]]
    edges = np.array(request["edges"], dtype=float)
    luminosity = request["luminosity"]
    sampler = SampleAugmenter(name)
    fisher = FisherInformation(name)
    # MadMiner's errors away from benchmarks are linear in the morphing weights, which is not an error: left out.
    _, at_benchmarks, errors = sampler.cross_sections(benchmarks(request["benchmarks"]))
    _, at_points, _ = sampler.cross_sections(morphing_points(points))
    # Its covariances lack terms; the matrices are right.
    truth = [fisher.truth_information(point, luminosity=luminosity)[0] for point in points]
    rate = [fisher.rate_information(point, luminosity)[0] for point in points]
    histogram = [
        fisher.histo_information(point, luminosity, request["observable"], edges)[0]
        for point in points
    ]
    return {
        "parameters": list(sampler.parameters),
        "benchmarks": list(sampler.benchmarks),
        "observables": list(sampler.observables),
        "events": [int(sampler.n_samples)],
        "benchmark_sigma": np.asarray(at_benchmarks).tolist(),
        "benchmark_error": np.asarray(errors).tolist(),
        "point_sigma": np.asarray(at_points).tolist(),
        "truth": np.asarray(truth).tolist(),
        "rate": np.asarray(rate).tolist(),
        "histogram": np.asarray(histogram).tolist(),
    }


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    json.dump({name: numbers(name, request) for name in sys.argv[2:]}, sys.stdout)

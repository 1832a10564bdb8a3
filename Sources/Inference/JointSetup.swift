import EventModel

// Files that are channels of one measurement may know different parameters.

extension Setup {
  /// The parameters, nuisance parameters and benchmarks of several files, for points that are of all of them.
  ///
  /// The first file that knows a parameter decides its value at a benchmark. A benchmark is there where every file that has
  /// a parameter of its own has it too; the reference benchmark is that of each file.
  public static func joined(_ setups: [Setup]) -> Setup {
    var joint = setups[0]
    for setup in setups.dropFirst() {
      for nuisance in setup.nuisanceParameters
      where !joint.nuisanceParameters.contains(where: { $0.name == nuisance.name }) {
        joint.nuisanceParameters.append(nuisance)
      }
      let added = setup.parameters.indices.filter {
        !joint.parameterNames.contains(setup.parameters[$0].name)
      }
      guard !added.isEmpty else { continue }
      joint.parameters += added.map { setup.parameters[$0] }
      let kept = joint.benchmarks[joint.referenceBenchmark].name
      joint.benchmarks = joint.benchmarks.compactMap { benchmark in
        let own =
          benchmark.name == kept
          ? setup.benchmarks[setup.referenceBenchmark]
          : setup.benchmarks.first { $0.name == benchmark.name }
        return own.map { own in
          Benchmark(name: benchmark.name, values: benchmark.values + added.map { own.values[$0] })
        }
      }
      if let place = joint.benchmarkIndex(kept) { joint.referenceBenchmark = place }
    }
    return joint
  }

  /// The values of this file's parameters at a point of a joint setup.
  public func values(of point: [Double], in joint: Setup) -> [Double] {
    parameterNames.map { name in joint.parameterNames.firstIndex(of: name).map { point[$0] } ?? 0 }
  }
}

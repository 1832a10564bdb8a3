import CommandKit
import EventModel
import Inference

/// Tested points for people and for programs.
struct PointReport {
  let setup: Setup
  let trueTheta: [Double]
  let luminosity: Double
  let includesRate: Bool
  let isObserved: Bool
  let part: Partition
  let models: [String]
  let results: [PointTest.Result]

  private func name(_ theta: [Double]) -> String {
    setup.benchmarks.first { $0.values == theta }?.name ?? PointSpecification.name(of: theta, setup)
  }

  var text: String {
    let kind = isObserved ? "observed" : "expected"
    var table = TextTable(
      ["point", "sigma", "lambda", "at_point", "+-", "at_true", "+-", "Z", "p", "p_true"],
      notes: [
        "\(kind) tests of points, \(includesRate ? "with" : "without") the rate, "
          + Luminosity(inversePicobarn: luminosity).description,
        "true point: \(name(trueTheta))",
        "lambda: ln L(point)/L(true), and its mean and spread if either is true",
        "Z, p: lambda below what the point expects; p_true: above what the true point does",
      ] + models)
    for r in results {
      table.add(
        [name(r.theta), TextTable.number(r.crossSection)]
          + [r.value, r.mean, r.deviation, r.meanAtTrue, r.deviationAtTrue, r.significance].map {
            TextTable.number($0, digits: 4)
          } + [TextTable.number(r.p, digits: 3), TextTable.number(r.pAtTrue, digits: 3)])
    }
    return table.text
  }

  var document: Document {
    var d = Document()
    let p = trueTheta.count
    d.set("points/units", setup.parameters.map(\.unit))
    d.set("points/true_theta", trueTheta)
    d.set("points/parameters", setup.parameterNames)
    d.set("points/luminosity", luminosity)
    d.set("points/rate", includesRate ? 1 : 0)
    d.set("points/observed", isObserved ? 1 : 0)
    d.set("points/partition", part.rawValue)
    d.set("points/theta", results.flatMap(\.theta), shape: [results.count, p])
    for (path, value) in [
      ("cross_section", \PointTest.Result.crossSection), ("effective_events", \.effectiveEvents),
      ("lambda", \.value), ("mean", \.mean), ("deviation", \.deviation),
      ("mean_at_true", \.meanAtTrue), ("deviation_at_true", \.deviationAtTrue),
      ("significance", \.significance), ("p", \.p), ("p_at_true", \.pAtTrue),
    ] { d.set("points/\(path)", results.map { $0[keyPath: value] }) }
    return d
  }
}

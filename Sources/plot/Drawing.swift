import CommandKit
import Diagnostics
import EventIO
import EventModel

/// Reads the inputs, which must be of one kind, and makes their figure.
struct Drawing {
  let options: Plot
  let context: CommandContext
  private static let kinds: Set<Kind> = [.limits, .information, .model, .events, .estimates]

  func figure() throws -> Figure {
    let paths = options.inputs.paths.isEmpty ? [String?.none] : options.inputs.paths.map { $0 }
    let reading = options.inputs.reading.options
    let sources = try paths.map {
      try context.openTable($0, expecting: Self.kinds, options: reading)
    }
    let kind = sources[0].header.kind
    for source in sources where source.header.kind != kind {
      throw Problem(
        .data, "this is of kind \(source.header.kind.rawValue), the first is \(kind.rawValue)",
        remedy: "draw files of one kind together", file: source.name)
    }
    let labels =
      options.label.isEmpty ? sources.map { Self.label($0.name) } : options.label
    switch kind {
    case .limits:
      return try LimitsFigure.figure(try values(sources, labels, Limits.init(document:)))
    case .information:
      let names = options.parameters.map { $0.split(separator: ",").map(String.init) } ?? []
      return try InformationFigure.figure(
        try values(sources, labels, Information.init(document:)), parameters: names,
        matrices: options.matrix, level: options.level)
    case .model:
      return try ModelFigure.figure(try values(sources, labels, ModelEnsemble.init(document:)))
    case .estimates:
      guard sources.count == 1, Diagnosis.isHeld(by: sources[0].header.document) else {
        throw Problem(
          .data, "of estimates only a diagnosis is drawn, one at a time",
          remedy: "give what 'evaluate diagnose -o' wrote", file: sources[0].name)
      }
      let diagnosis = try values(sources, labels, Diagnosis.init(document:))[0]
      return try DiagnosisFigure.figure(diagnosis.0, diagnosis.1)
    default:
      guard sources.count == 1 else {
        throw Problem(
          .usage, "distributions are drawn from one events file",
          remedy: "name one file")
      }
      return try distribution(sources[0])
    }
  }

  /// The file's name without folder and suffix.
  private static func label(_ name: String) -> String {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    return last.hasSuffix(".h5") ? String(last.dropLast(3)) : last
  }

  private func values<T>(
    _ sources: [any Source], _ labels: [String], _ make: (Document) throws -> T
  ) throws -> [(String, T)] {
    try zip(sources, labels).map { source, label in
      do { return (label, try make(source.header.document)) } catch let problem as Problem {
        throw problem.inFile(source.name)
      }
    }
  }

  private func distribution(_ source: any Source) throws -> Figure {
    guard let observable = options.observable else {
      throw Problem(
        .usage, "which observable to draw is missing", remedy: "give --observable NAME")
    }
    let fields = source.header.fields.first { $0.path == EventFields.observations }
    let names = fields?.components ?? []
    guard names.contains(observable) else {
      throw Problem(
        .usage, "there is no observable '\(observable)'",
        remedy: "the events have " + names.joined(separator: ", "), file: source.name)
    }
    let events = try EventTable.load(source, observables: [observable])
    let texts = options.theta.theta
    var points: [(label: String, theta: [Double])] = []
    for text in try PointList.expand(texts) {
      points.append((text, try PointSpecification(parsing: text).resolve(events.setup)))
    }
    if points.isEmpty {
      guard let first = events.setup.benchmarks.first else {
        throw Problem(.data, "the events have no benchmark", file: source.name)
      }
      points = [(first.name, first.values)]
    }
    var drawing = DistributionFigure(observable: observable, points: points)
    drawing.isNormalised = options.normalise
    drawing.isLogarithmic = options.logarithmic
    drawing.combination = options.combine.combine
    if let bins = options.bins { drawing.edges = try Self.edges(bins) }
    return try drawing.figure(events)
  }

  private static func edges(_ text: String) throws -> [Double] {
    let axis = try GridAxis(parsing: "bins=" + text)
    let width = (axis.upper - axis.lower) / Double(axis.count)
    return (0...axis.count).map { $0 == axis.count ? axis.upper : axis.lower + width * Double($0) }
  }
}

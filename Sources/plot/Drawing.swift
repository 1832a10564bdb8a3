import CommandKit
import Diagnostics
import EventIO
import EventModel

/// Reads the inputs, which must be of one kind, and makes their figure.
struct Drawing {
  let options: Plot
  let context: CommandContext
  private static let kinds: Set<Kind> = [
    .limits, .information, .geometry, .model, .setup, .events, .estimates,
  ]

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
    case .limits: return try limits(sources, labels)
    case .information:
      return try information(try values(sources, labels, Information.init(document:)), sources)
    case .geometry:
      try options.requireSubject([], of: kind)
      return try GeometryFigure.figure(try values(sources, labels, Geometry.init(document:)))
    case .model:
      try options.requireSubject([], of: kind)
      return try ModelFigure.figure(try values(sources, labels, ModelEnsemble.init(document:)))
    case .estimates:
      try options.requireSubject([], of: kind)
      guard sources.count == 1, Diagnosis.isHeld(by: sources[0].header.document) else {
        throw Problem(
          .data, "of estimates only a diagnosis is drawn, one at a time",
          remedy: "give what 'evaluate diagnose -o' wrote", file: sources[0].name)
      }
      let diagnosis = try values(sources, labels, Diagnosis.init(document:))[0]
      return try DiagnosisFigure.figure(diagnosis.0, diagnosis.1)
    case .setup:
      try options.requireSubject([], of: kind)
      try requireOne(sources, "a setup")
      let setup = try values(sources, labels, Setup.init(document:))[0].1
      return try inFile(sources[0]) {
        try PlaneFigure.morphing(setup, parameters: options.parameterNames)
      }
    default:
      let subject = try options.requireSubject([.distribution, .effectiveEvents], of: kind)
      try requireOne(sources, "distributions")
      return try subject == .distribution
        ? distribution(sources[0])
        : PlaneFigure.effectiveEvents(
          EventTable.load(sources[0], observables: []), combination: options.combine.combine,
          parameters: options.parameterNames)
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
      try inFile(source) { (label, try make(source.header.document)) }
    }
  }

  private func inFile<T>(_ source: any Source, _ make: () throws -> T) throws -> T {
    do { return try make() } catch let problem as Problem where problem.kind == .data {
      throw problem.inFile(source.name)
    }
  }

  private func requireOne(_ sources: [any Source], _ what: String) throws {
    guard sources.count == 1 else {
      throw Problem(.usage, "\(what) is drawn of one file at a time", remedy: "name one file")
    }
  }

  // MARK: Kinds with several drawings

  private func limits(_ sources: [any Source], _ labels: [String]) throws -> Figure {
    let document = sources[0].header.document
    if sources.contains(where: { StrengthFigure.isHeld(by: $0.header.document) }) {
      try options.requireSubject([], of: .limits)
      return try StrengthFigure.figure(
        zip(sources, labels).map { source, label in
          try inFile(source) { try StrengthFigure.Scan(label, source.header.document) }
        })
    }
    let parts: [(isHeld: Bool, what: String, draw: () throws -> Figure)] = [
      (
        CoverageResult.isHeld(by: document), "coverage",
        { CoverageFigure.figure(try CoverageResult(document: document)) }
      ),
      (
        Posterior.isHeld(by: document), "a posterior",
        {
          try PosteriorFigure.figure(
            labels[0], document, parameters: options.parameterNames)
        }
      ),
    ]
    if let part = parts.first(where: \.isHeld) {
      try options.requireSubject([], of: .limits)
      try requireOne(sources, part.what)
      return try inFile(sources[0], part.draw)
    }
    let entries = try values(sources, labels, Limits.init(document:))
    switch try options.requireSubject([.regions, .pValues, .impacts], of: .limits) {
    case .pValues: return try PValueFigure.figure(entries)
    case .impacts:
      try requireOne(sources, "impacts")
      return try inFile(sources[0]) {
        try ImpactFigure.figure(
          labels[0], entries[0].1, parameter: options.parameterNames.first)
      }
    default:
      let areOfToys = sources.map { $0.header.document.integer("toys/count") != nil }
      return try LimitsFigure.figure(entries, areOfToys: !areOfToys.contains(false))
    }
  }

  private func information(
    _ entries: [InformationChoice.Entry], _ sources: [any Source]
  ) throws -> Figure {
    let names = options.parameterNames
    let hasDistribution = entries.count == 1 && entries[0].information.distribution != nil
    let subjects: [Plot.Subject] =
      hasDistribution ? [.distribution, .ellipses, .bars] : [.ellipses, .bars, .distribution]
    switch try options.requireSubject(subjects, of: .information) {
    case .bars:
      return try InformationBarsFigure.figure(
        entries, parameters: names, matrices: options.matrix)
    case .distribution:
      try requireOne(sources, "a distribution of information")
      return try inFile(sources[0]) {
        try InformationDistributionFigure.figure(
          entries[0].label, entries[0].information, parameters: names, matrices: options.matrix)
      }
    default:
      return try InformationFigure.figure(
        entries, parameters: names, matrices: options.matrix, level: options.level)
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
    drawing.systematics = options.systematic
    if let bins = options.bins { drawing.edges = try Self.edges(bins) }
    return try drawing.figure(events)
  }

  private static func edges(_ text: String) throws -> [Double] {
    let axis = try GridAxis(parsing: "bins=" + text)
    let width = (axis.upper - axis.lower) / Double(axis.count)
    return (0...axis.count).map { $0 == axis.count ? axis.upper : axis.lower + width * Double($0) }
  }
}

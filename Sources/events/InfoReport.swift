import CommandKit
import Diagnostics
import EventIO
import EventModel

/// What `events info` prints, as text for people and as a document for `--json`.
struct InfoReport {
  private(set) var text = ""
  var document = Document()

  /// Nothing yet.
  init() {}

  /// Reads the source to its end, since a stream knows its rows only there.
  init(_ source: any Source) throws {
    let header = source.header
    let summary = try TableSummary(reading: source)
    add("kind", header.kind.rawValue)
    add("format version", header.formatVersion)
    if !header.fields.isEmpty { add("rows", summary.rows) }
    if let digest = summary.digest { add("digest", digest) }
    if let setup = try? Setup(document: header.document) {
      add(setup)
      add(setup.nuisanceParameters, NuisanceEffects(setup, header.fields, summary))
    }
    if let samples = try SampleTable.read(header.document) {
      add(samples, hasSetup: header.document["parameters"] != nil)
    }
    if let sample = try? SampleInfo(document: header.document) { add(sample) }
    if header.kind == .bins { add(try BinnedEvents(document: header.document)) }
    if header.kind == .model { add(try ModelEnsemble(document: header.document)) }
    if !header.fields.isEmpty { add(header.fields, summary) }
    if !header.provenance.isEmpty { add(header.provenance) }
    let own: Set<String> = ["sluice", "samples"]
    let rest = header.document.names.filter { !own.contains($0) }
    if !rest.isEmpty { add("groups", rest.joined(separator: " ")) }
  }

  mutating func append(_ other: InfoReport) {
    text += other.text
    for name in other.document.names { document[name] = other.document[name] }
  }

  mutating func add(_ name: String, _ value: String) {
    document.set(Self.key(name), value)
    text += name + ": " + value + "\n"
  }

  mutating func add(_ name: String, _ value: Int) {
    document.set(Self.key(name), value)
    text += name + ": \(value)\n"
  }

  /// A number that is rounded in the text; the document has all of it, and the unit.
  mutating func add(_ name: String, _ text: String, _ value: Double, unit: String? = nil) {
    let key = Self.key(name)
    guard let unit else {
      document.set(key, value)
      return self.text += name + ": " + text + "\n"
    }
    add(name, text + " " + unit, [("value", value)], unit: unit)
  }

  /// Several numbers in one line of text; the document has each by its name.
  mutating func add(
    _ name: String, _ text: String, _ values: [(name: String, value: Double)], unit: String? = nil
  ) {
    for (part, value) in values {
      let path = Self.key(name) + "/" + part
      if let count = Int(exactly: value), part != "value", part != "error" {
        document.set(path, count)
      } else {
        document.set(path, value)
      }
    }
    if let unit { document.set(Self.key(name) + "/unit", unit) }
    self.text += name + ": " + text + "\n"
  }

  private static func key(_ name: String) -> String {
    String(name.map { $0 == " " ? "_" : $0 })
  }

  /// A table under a heading; each column is a member of the document's group.
  mutating func add(
    _ name: String, _ columns: [String], _ rows: [[String]], numbers: [String: [Double]] = [:],
    integers: [String: [Int]] = [:]
  ) {
    guard !rows.isEmpty else { return }
    var table = TextTable(columns, notes: [name])
    rows.forEach { table.add($0) }
    text += "\n" + table.text
    for (c, column) in columns.enumerated() {
      let path = Self.key(name) + "/" + Self.key(column)
      if let values = numbers[column] {
        document.set(path, values)
      } else if let values = integers[column] {
        document.set(path, values)
      } else {
        document.set(path, rows.map { $0[c] })
      }
    }
  }

  private mutating func add(_ setup: Setup) {
    add("analysis", setup.name)
    add(
      "parameters", ["name", "block", "id", "low", "high", "power", "unit"],
      setup.parameters.map {
        [
          $0.name, $0.lhaBlock.isEmpty ? "-" : $0.lhaBlock,
          $0.lhaBlock.isEmpty ? "-" : "\($0.lhaID)", "\($0.range.lowerBound)",
          "\($0.range.upperBound)",
          "\($0.maxPower)", $0.unit,
        ]
      },
      numbers: [
        "low": setup.parameters.map(\.range.lowerBound),
        "high": setup.parameters.map(\.range.upperBound),
      ],
      integers: ["id": setup.parameters.map(\.lhaID), "power": setup.parameters.map(\.maxPower)])
    add(
      "benchmarks", ["name"] + setup.parameterNames,
      setup.benchmarks.map { [$0.name] + $0.values.map { "\($0)" } },
      numbers: Dictionary(
        setup.parameterNames.enumerated().map { p, name in
          (name, setup.benchmarks.map { $0.values[p] })
        }
      ) { first, _ in first })
    if let morphing = setup.morphing { add("morphing components", morphing.components.count) }
    add(
      "systematics", ["name", "type", "settings", "applies to"],
      setup.systematics.map {
        [
          $0.name, $0.type, $0.settings,
          $0.appliesTo.isEmpty ? "all" : $0.appliesTo.joined(separator: ","),
        ]
      })
    add(
      "observables", ["name", "unit", "expression"],
      setup.observables.map { [$0.name, $0.unit.isEmpty ? "-" : $0.unit, $0.expression ?? "-"] })
    add("cuts", ["expression"], setup.cuts.map { [$0] })
    add("efficiencies", ["expression"], setup.efficiencies.map { [$0] })
    add(setup.smearing)
    add(
      "tags", ["tag", "particles", "probability"],
      setup.tags.flatMap { tag in
        tag.rates.map { [tag.name, $0.particles.text, $0.probability] }
      })
  }

  private mutating func add(_ bins: BinnedEvents) {
    if let part = bins.part { add("part", part.description) }
    add("combination", bins.combination.rawValue)
    add("events part", bins.rows.rawValue)
    add(
      "axes", ["observable", "unit", "bins", "edges"],
      bins.table.axes.map { axis in
        [
          axis.observable, axis.unit.isEmpty ? "-" : axis.unit, "\(axis.binCount)",
          axis.edges.map { TextTable.number($0) }.joined(separator: ","),
        ]
      })
    add(
      "processes", ["name", "role", "events"],
      bins.table.processes.map {
        [
          $0.name, $0.isBackground ? "background" : "signal",
          "\($0.table.counts.reduce(0, +))",
        ]
      })
  }

  private mutating func add(_ parameters: [NuisanceParameter], _ effects: NuisanceEffects) {
    let up = parameters.map { effects.ratio($0.benchmarkPositive) }
    let down = parameters.map { effects.ratio($0.benchmarkNegative) }
    func text(_ ratio: Double) -> String { ratio.isNaN ? "-" : TextTable.number(ratio) }
    add(
      "nuisance parameters", ["name", "systematic", "up", "sigma_up", "down", "sigma_down"],
      parameters.indices.map { i in
        [
          parameters[i].name, parameters[i].systematic, parameters[i].benchmarkPositive ?? "-",
          text(up[i]), parameters[i].benchmarkNegative ?? "-", text(down[i]),
        ]
      }, numbers: ["sigma_up": up, "sigma_down": down])
  }

  private mutating func add(_ smearing: Smearing) {
    func text(_ resolution: Smearing.Resolution) -> String {
      switch resolution {
      case .exact: "-"
      case .width(let text): text
      case .fromMass: "from-mass"
      }
    }
    add(
      "smearing", ["particles", "energy", "pt", "eta", "phi"],
      smearing.rules.map {
        [$0.particles.text, text($0.energy), text($0.pt), $0.eta ?? "-", $0.phi ?? "-"]
      })
    if let missing = smearing.missing { add("noise on met", missing) }
  }

  /// `185 (18.5%)`.
  private static func negative(of events: Int) -> (Int) -> String {
    { n in
      n == 0
        ? "0"
        : "\(n) (\(TextTable.number((1000 * Double(n) / Double(max(1, events))).rounded() / 10))%)"
    }
  }

  private mutating func add(_ samples: [SampleRecord], hasSetup: Bool) {
    add(
      "samples",
      [
        "file", "process", "benchmark", "read", "kept", "sigma_pb", "negative", "n_eff", "k_factor",
        "normalisation",
      ],
      samples.map {
        [
          $0.file, $0.process,
          !hasSetup ? "-" : $0.isBackground ? "background" : "\($0.samplingBenchmark)",
          "\($0.eventsRead)", "\($0.eventsKept)", TextTable.number($0.sumWeights),
          $0.negativeWeights.map(Self.negative(of: $0.eventsRead)) ?? "-",
          TextTable.number($0.effectiveEvents), "\($0.kFactor)", $0.normalisation,
        ]
      },
      numbers: [
        "sigma_pb": samples.map(\.sumWeights), "n_eff": samples.map(\.effectiveEvents),
        "k_factor": samples.map(\.kFactor),
        "negative": samples.map { $0.negativeWeights.map(Double.init) ?? .nan },
      ],
      integers: ["read": samples.map(\.eventsRead), "kept": samples.map(\.eventsKept)])
  }

  private mutating func add(_ sample: SampleInfo) {
    add(
      "training sample", ["what", "value"],
      [
        ("method", sample.method), ("theta0", sample.theta0), ("theta1", sample.theta1),
        ("part", sample.part.rawValue), ("combination", sample.combination.rawValue),
        ("nuisance parameters", sample.nuisance == "none" ? "" : sample.nuisance),
        ("rows", sample.isWeighted ? "events with their weights" : ""),
        ("effective events at least", TextTable.number(sample.minimumEffectiveEvents)),
        ("events digest", sample.eventsDigest),
      ].filter { !$0.1.isEmpty }.map { [$0.0, $0.1] })
    if !sample.effectiveQuantiles.isEmpty {
      add(
        "effective events of the prior's points", ["share below", "kish"],
        sample.effectiveQuantiles.map { [$0.share, $0.kish].map { TextTable.number($0) } },
        numbers: [
          "share below": sample.effectiveQuantiles.map(\.share),
          "kish": sample.effectiveQuantiles.map(\.kish),
        ])
    }
    guard let width = sample.effective.first?.theta.count else { return }
    let names = sample.setup.coordinateNames(nuisance: width > sample.setup.parameters.count)
    add(
      "effective events", names + ["kish", "by largest share"],
      sample.effective.map { each in
        (each.theta + [each.kish, each.byLargestShare]).map { TextTable.number($0) }
      },
      numbers: [
        "kish": sample.effective.map(\.kish),
        "by largest share": sample.effective.map(\.byLargestShare),
      ])
  }

  private mutating func add(_ ensemble: ModelEnsemble) {
    let members = ensemble.members
    let model = ensemble.first
    let loss = { (model: Model, history: [Double]) in
      history.indices.contains(model.bestEpoch)
        ? TextTable.number(history[model.bestEpoch]) : "-"
    }
    let epoch = { (model: Model) in "\(model.bestEpoch + 1) of \(model.trainingLoss.count)" }
    let isAlone = members.count == 1
    add(
      "model", ["what", "value"],
      [
        ["method", model.method], ["estimates", model.target.rawValue],
        ["observables", model.observableNames.joined(separator: ",")],
        [
          "reference point",
          PointSpecification.name(of: model.referenceTheta, model.sample.setup),
        ],
        ["layers", model.layerWidths.map(String.init).joined(separator: "-")],
        ["activation", model.activation], ["precision", model.precision],
        isAlone ? ["best epoch", epoch(model)] : ["members", "\(members.count)"],
        isAlone ? ["training loss", loss(model, model.trainingLoss)] : [],
        isAlone ? ["validation loss", loss(model, model.validationLoss)] : [],
        isAlone ? model.member.map { ["member", "\($0.number) of \($0.count)"] } ?? [] : [],
      ].filter { !$0.isEmpty } + model.settings.map { [$0.name, $0.value] })
    guard !isAlone else { return }
    add(
      "members", ["member", "best epoch", "training loss", "validation loss"],
      members.enumerated().map { i, model in
        [
          "\(model.member?.number ?? i + 1)", epoch(model), loss(model, model.trainingLoss),
          loss(model, model.validationLoss),
        ]
      })
  }

  private mutating func add(_ fields: [Field], _ summary: TableSummary) {
    let components = summary.components.flatMap { $0 }
    let types = fields.flatMap { field in
      (0..<field.width).map { _ in (field.isList ? "list of " : "") + field.type.rawValue }
    }
    add(
      "columns", ["name", "type", "unit", "sum", "minimum", "maximum", "negative", "nan"],
      zip(components, types).map { component, type in
        [
          component.name, type, component.unit ?? "-", TextTable.number(component.sum),
          TextTable.number(component.minimum), TextTable.number(component.maximum),
          "\(component.negative)", "\(component.nan)",
        ]
      },
      numbers: [
        "sum": components.map(\.sum), "minimum": components.map(\.minimum),
        "maximum": components.map(\.maximum), "negative": components.map { Double($0.negative) },
        "nan": components.map { Double($0.nan) },
      ])
  }

  mutating func add(_ records: [ProvenanceRecord]) {
    add(
      "history", ["program", "version", "command"],
      records.map { [$0.program, $0.version, $0.commandLine] })
  }
}

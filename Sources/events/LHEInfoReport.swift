import CommandKit
import Diagnostics
import EventModel
import LesHouches

extension InfoReport {
  /// Lines of a MadGraph run card that say how events were made.
  private static let runCardNames = [
    "run_tag", "nevents", "iseed", "event_norm", "lpp1", "lpp2", "ebeam1", "ebeam2", "pdlabel",
    "lhaid", "fixed_ren_scale", "fixed_fac_scale", "scale", "dynamical_scale_choice", "ickkw",
    "xqcut", "maxjetflavor", "use_syst",
  ]

  /// Reads all Les Houches events.
  init(_ reader: LHEReader, _ journal: Journal) throws {
    self.init()
    let summary = try LHESummary(reader, journal: journal)
    add("kind", "Les Houches events")
    if !summary.version.isEmpty { add("format version", summary.version) }
    if let generator = summary.head.generator { add("generator", generator) }
    addBeams(summary.head.initBlock)
    addWeights(summary)
    addProcesses(summary)
    addChannels(summary)
    addWeightTable(summary)
    add(
      "attributes", ["name", "events", "first"],
      summary.attributes.map { [$0.name, "\($0.events)", $0.example] },
      integers: ["events": summary.attributes.map(\.events)])
    add(
      "run card", ["name", "value"],
      LHESummary.runCardValues(Self.runCardNames, in: reader).map { [$0.name, $0.value] })
    add(summary.history)
  }

  private mutating func addBeams(_ block: InitBlock?) {
    guard let block else { return }
    let beams = zip(block.beams, block.energies).map { id, energy in
      "\(Int32(exactly: id).map(ParticleName.of) ?? "\(id)") at \(TextTable.number(energy)) GeV"
    }
    add(
      "beams", beams.joined(separator: ", "),
      zip(block.beams.indices, block.energies).map { ("energy\($0 + 1)", $1) }, unit: "GeV")
    for (i, id) in block.beams.enumerated() { document.set("beams/id\(i + 1)", id) }
    add("IDWTUP", block.weightStrategy)
  }

  private mutating func addWeights(_ summary: LHESummary) {
    let sums = summary.sums
    add("events", sums.count)
    if let selection = summary.selection {
      var text = "\(selection.kept) of \(TextTable.number(selection.from.events, digits: 12))"
      if let whole = selection.of, whole.events != selection.from.events {
        text += ", a part of \(TextTable.number(whole.events, digits: 12))"
      }
      var values = [("kept", Double(selection.kept)), ("from", selection.from.events)]
      if let whole = selection.of { values.append(("of", whole.events)) }
      add("selected", text, values)
    }
    if let problem = summary.salvaged { add("salvaged", problem.line) }
    guard sums.count > 0 else { return }
    add("sum of weights", TextTable.number(sums.sum), sums.sum)
    let percent = 100 * Double(sums.negative) / Double(sums.count)
    add(
      "negative weights", "\(sums.negative) (\(TextTable.number(percent, digits: 3)) %)",
      [("events", Double(sums.negative)), ("percent", percent)])
    add("effective events", TextTable.number(sums.effectiveCount), sums.effectiveCount)
    add("digits of weights", summary.weightDigits)
    if let rule = summary.normalisation, let sigma = summary.crossSection {
      add("normalisation", rule.rule)
      add("cross section by weights", TextTable.number(sigma), sigma, unit: "pb")
    }
    if let declared = summary.head.initBlock?.crossSection {
      add(
        "cross section by init",
        "\(TextTable.number(declared.value)) +- \(TextTable.number(declared.error, digits: 3)) pb",
        [("value", declared.value), ("error", declared.error)], unit: "pb")
    }
    for (i, remark) in summary.remarks.enumerated() {
      add(i == 0 ? "remark" : "remark \(i + 1)", remark)
    }
  }

  private mutating func addProcesses(_ summary: LHESummary) {
    func number(_ value: Double?) -> String { value.map { TextTable.number($0) } ?? "-" }
    add(
      "processes", ["id", "sigma_init", "error", "maximum", "events", "sigma_weights"],
      summary.processes.map {
        [
          "\($0.id)", number($0.declared?.crossSection), number($0.declared?.error),
          number($0.declared?.maximum), "\($0.events)",
          number(summary.crossSection(ofProcess: $0.id)),
        ]
      },
      numbers: [
        "sigma_init": summary.processes.map { $0.declared?.crossSection ?? .nan },
        "error": summary.processes.map { $0.declared?.error ?? .nan },
        "maximum": summary.processes.map { $0.declared?.maximum ?? .nan },
        "sigma_weights": summary.processes.map {
          summary.crossSection(ofProcess: $0.id) ?? .nan
        },
      ],
      integers: ["id": summary.processes.map(\.id), "events": summary.processes.map(\.events)])
  }

  private mutating func addChannels(_ summary: LHESummary) {
    let shares = summary.channels.map { Double($0.events) / Double(max(1, summary.sums.count)) }
    add(
      "channels", ["events", "share", "channel"],
      zip(summary.channels, shares).map { channel, share in
        ["\(channel.events)", TextTable.number(100 * share, digits: 3) + "%", channel.channel.text]
      }, numbers: ["share": shares], integers: ["events": summary.channels.map(\.events)])
  }

  private mutating func addWeightTable(_ summary: LHESummary) {
    func ratio(_ value: Double) -> String { value.isFinite ? TextTable.number(value) : "-" }
    func mean(_ weight: LHESummary.Weight) -> Double {
      weight.sum / Double(weight.events) / (summary.sums.sum / Double(max(1, summary.sums.count)))
    }
    add(
      "weights", ["id", "events", "minimum", "mean", "maximum", "digits", "group", "text"],
      summary.weights.map {
        [
          $0.id, "\($0.events)", ratio($0.minimumRatio), ratio(mean($0)), ratio($0.maximumRatio),
          "\($0.digits)", $0.isDeclared ? $0.group ?? "-" : "(undeclared)",
          $0.text.isEmpty ? "-" : $0.text,
        ]
      },
      numbers: [
        "minimum": summary.weights.map(\.minimumRatio), "mean": summary.weights.map(mean),
        "maximum": summary.weights.map(\.maximumRatio),
      ],
      integers: [
        "events": summary.weights.map(\.events), "digits": summary.weights.map(\.digits),
      ])
  }
}

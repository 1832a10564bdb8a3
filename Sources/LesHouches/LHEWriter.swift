import Diagnostics
import EventIO
import EventModel

/// Les Houches text from a table that carries particles: every number reads back to the same bits.
public struct LHEWriter {
  private let source: any Source
  private let rows: ParticleRows
  private let attributes: (index: Int, names: [String])?

  /// Throws where the rows have no particles, or are of several samples, whose weights mean different things.
  public init(_ source: any Source) throws {
    let header = source.header
    guard let rows = ParticleRows(header) else {
      throw Problem(
        .data, "the rows carry no particles",
        remedy: "read the events with 'lhe-read --particles', or convert the Les Houches file",
        file: source.name)
    }
    self.source = source
    self.rows = rows
    let samples = try SampleTable.read(header.document) ?? []
    guard samples.count <= 1 else {
      throw Problem(
        .data, "the rows are of \(samples.count) samples, and a Les Houches file is one",
        remedy: "part them with 'events split --by sample'", file: source.name)
    }
    attributes = header.index(of: EventFields.attributes).map {
      ($0, header.fields[$0].components ?? [])
    }
  }

  /// Writes head and events, and what cuts took away; returns how many events there are.
  public func write(to output: TextOutput, history: ProvenanceRecord?) throws -> Int {
    let document = source.header.document
    let sample = try SampleTable.read(document)?.first
    try output.write(head(document, history))
    var count = 0
    var sums = SelectionRecord.Sums()
    while let batch = try source.next() {
      try rows.forEach(in: batch) { row, event, extras in
        count += 1
        sums.add(weight: event.weight, trials: extras.trials.isFinite ? extras.trials : nil)
        try output.write(text(event, extras, batch, row))
      }
    }
    // Events that cuts took away are still part of the average.
    if let sample, sample.eventsRead != count {
      var from = sums
      from.events = Double(sample.eventsRead)
      if let factor = sample.weightFactor, factor.isFinite, factor != 0 {
        from.weight = sample.sumWeights * sample.kFactor / factor
      }
      try output.write(SelectionRecord(kept: count, from: from, of: nil).text + "\n")
    }
    try output.write("</LesHouchesEvents>\n")
    try output.finish()
    return count
  }

  private func text(
    _ event: ParticleEvent, _ extras: ParticleRows.Extras, _ batch: Batch, _ row: Int
  ) -> String {
    var pairs: [(name: String, value: String)] = []
    func add(_ name: String, _ value: Double) {
      guard value.isFinite, !pairs.contains(where: { $0.name == name }) else { return }
      pairs.append((name, Int(exactly: value).map { "\($0)" } ?? EventFormat.real(value)))
    }
    if let attributes {
      let values = batch.columns[attributes.index].doubles
      for (c, name) in attributes.names.enumerated() {
        add(name, values[row * attributes.names.count + c])
      }
    }
    add("trials", extras.trials)
    let weights = zip(rows.weightIDs, extras.weights).filter { !$0.1.isNaN }
    return EventFormat.text(
      event, weights: weights.map { ($0.0, $0.1) }, attributes: pairs,
      scales: [("muf", extras.factorisationScale), ("mur", extras.renormalisationScale)])
  }

  // MARK: Head

  private func head(_ document: Document, _ history: ProvenanceRecord?) -> String {
    var header = document.text("xml/text") ?? document.text("xml/header") ?? ""
    if !header.hasPrefix("<header") { header = "<header>\n</header>" }
    let declared = Set(LHEHead(text: header).weights.map(\.id))
    let missing = rows.weightIDs.filter { !declared.contains($0) && !$0.hasPrefix("weights.") }
    if !missing.isEmpty, let end = header.firstRange(of: "</header>") {
      let lines = missing.map { "<weight id=\"\(XMLText.escaped($0))\"> </weight>\n" }
      header.replaceSubrange(
        end, with: "<initrwgt>\n" + lines.joined() + "</initrwgt>\n</header>")
    }
    var edit = HeadEdit(
      Array(("<LesHouchesEvents version=\"3.0\">\n" + header + "\n" + initBlock(document)).utf8))
    if let history { edit.add(history) }
    return String(decoding: edit.text, as: UTF8.self)
  }

  private func initBlock(_ document: Document) -> String {
    let values = document.reals("init") ?? []
    guard values.count >= 10 else { return "" }
    func integer(_ i: Int) -> String { "\(Int(exactly: values[i]) ?? 0)" }
    let processes = document.reals("procInfo") ?? []
    var text = "<init>\n"
    text +=
      ([0, 1].map(integer) + [2, 3].map { EventFormat.real(values[$0]) }
      + (4...8).map(integer) + ["\(processes.count / 6)"]).joined(separator: " ")
    for p in stride(from: 0, to: processes.count - 5, by: 6) {
      let numbers = (3...5).map { EventFormat.real(processes[p + $0]) }
      text += "\n" + numbers.joined(separator: " ") + " \(Int(exactly: processes[p]) ?? 0)"
    }
    let generators = GeneratorElement.read(document).map(\.text).joined()
    return text + "\n\(generators)</init>\n"
  }
}

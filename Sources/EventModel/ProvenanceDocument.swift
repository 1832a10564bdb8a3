/// The history of a file as a table: one row per program run, and one per input of a run.
public enum ProvenanceTable {
  public static func document(_ records: [ProvenanceRecord]) -> Document {
    var d = Document()
    d.set("program", records.map(\.program))
    d.set("version", records.map(\.version))
    d.set("command_line", records.map(\.commandLine))
    d.set("seed", records.map { $0.seed.map { String($0) } ?? "" })
    let inputs = records.enumerated().flatMap { i, record in record.inputs.map { (i, $0) } }
    d.set("input_run", inputs.map(\.0))
    d.set("input_name", inputs.map(\.1.name))
    d.set("input_digest", inputs.map(\.1.digest))
    return d
  }

  /// Reads as many whole records as there are; a history never stops a job.
  public static func records(_ d: Document) -> [ProvenanceRecord] {
    let programs = d.texts("program") ?? []
    func column(_ name: String) -> [String] {
      let values = d.texts(name) ?? []
      return programs.indices.map { $0 < values.count ? values[$0] : "" }
    }
    let (versions, lines, seeds) = (column("version"), column("command_line"), column("seed"))
    var records = programs.indices.map {
      ProvenanceRecord(
        program: programs[$0], version: versions[$0], commandLine: lines[$0],
        seed: UInt64(seeds[$0]))
    }
    let names = d.texts("input_name") ?? []
    let digests = d.texts("input_digest") ?? []
    for (k, i) in (d.integers("input_run") ?? []).enumerated()
    where records.indices.contains(i) && k < names.count && k < digests.count {
      records[i].inputs.append(.init(name: names[k], digest: digests[k]))
    }
    return records
  }
}

import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// A digest that does not depend on the order of the rows.
struct Sum: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "sum", abstract: "Print digests and sums of weights that do not depend on the order of rows.",
    discussion: """
      All inputs are taken together, as if they were one table: the sum of the parts is that of the whole. Les Houches events count by their values, \
      not by how numbers are spelled.
      """)

  @Flag(name: .shortAndLong, help: "Inputs are the outputs of earlier sums, which are added up.")
  var merge = false
  @OptionGroup var documents: DocumentOptions
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let paths = inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some)
    var total: (name: String, sums: RowSums)?
    for path in paths {
      let next = try merge ? readSums(path, context) : sums(of: path, context)
      if total == nil {
        total = next
      } else if let first = total?.name {
        try total?.sums.add(next.sums, names: (first, next.name))
      }
    }
    guard let sums = total?.sums else { return }
    try context.report(
      text: SumReport.text(sums), document: sums.document, output: output)
  }

  private func sums(
    of path: String?, _ context: CommandContext
  ) throws -> (name: String, sums: RowSums) {
    switch try context.openContent(
      path, expecting: TableKinds.all, options: inputs.reading.options)
    {
    case .table(let source):
      return (source.name, try RowSums(reading: source, journal: context.journal))
    case .lhe(let bytes):
      let reader = try LHEFile.open(
        bytes, inputs.reading, context, concatenated: documents.concatenated)
      let sums = try LHEDigest.sums(reader, journal: context.journal)
      LHEFile.warn(reader, context)
      return (reader.name, sums)
    }
  }

  private func readSums(
    _ path: String?, _ context: CommandContext
  ) throws -> (name: String, sums: RowSums) {
    let reader = try ByteReader(path: CommandContext.operand(path))
    let text = String(decoding: try reader.readAll(), as: UTF8.self)
    do { return (reader.name, try SumReport.read(text)) } catch let problem as Problem {
      throw problem.inFile(reader.name)
    }
  }
}

/// The text of sums: a line for each column and each weight, and back.
enum SumReport {
  private static let wholeRows = "(rows)"

  static func text(_ sums: RowSums) -> String {
    var table = TextTable(["digest", "sum", "exact", "column"], notes: ["rows \(sums.rows)"])
    table.add([XXH64.hex(sums.digest), "-", "-", wholeRows])
    for column in sums.columns {
      table.add([XXH64.hex(column.digest), "-", "-", column.name])
    }
    for weight in sums.weights {
      table.add(["-", "\(weight.sum.value)", weight.sum.text, weight.name])
    }
    return table.text
  }

  /// Reads the text, or the JSON form.
  static func read(_ text: String) throws -> RowSums {
    let broken = Problem(
      .data, "this is no output of events sum", remedy: "leave -m away to sum up tables")
    if text.first(where: { !$0.isWhitespace }) == "{" {
      guard let document = try? Document(json: text), let sums = RowSums(document: document) else {
        throw broken
      }
      return sums
    }
    var sums = RowSums()
    var hasRows = false
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("# rows "), let rows = Int(line.dropFirst(7)) {
        sums.rows = rows
        hasRows = true
      }
      if line.hasPrefix("#") { continue }
      let cells = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      guard cells.count == 4 else { throw broken }
      let name = String(cells[3].drop { $0 == " " })
      if let digest = UInt64(cells[0], radix: 16), cells[1] == "-", cells[0].count == 16 {
        if name == wholeRows {
          sums.digest = digest
        } else {
          sums.columns.append(.init(name: name, digest: digest))
        }
      } else if cells[0] == "-", let sum = ExactSum(text: String(cells[2])) {
        sums.weights.append(.init(name: name, sum: sum))
      } else {
        throw broken
      }
    }
    guard hasRows else { throw broken }
    return sums
  }
}

import Diagnostics
import EventIO
import EventModel
import Glibc

/// What a command is given to work with: inputs, outputs, threads, and a journal; provenance is kept on the way.
public final class CommandContext {
  public let journal: Journal
  /// Threads to use in all, at least one.
  public let threads: Int
  let program: String
  let options: CommonOptions
  private let start = (wall: Clock.wall, cpu: Clock.cpu)

  /// What the record of this run will hold.
  private var seed: UInt64?
  private var history: [ProvenanceRecord] = []
  private var inputs: [InputRecord] = []
  private var rowsWritten = 0

  /// An input, and how to get its digest: of the rows once they are read, of the header before.
  struct InputRecord {
    var name: String
    var path: String
    var digest: () -> String
  }

  init(options: CommonOptions, program: String? = nil) throws {
    self.options = options
    self.program = program ?? ProgramName.invoked
    threads = options.threads == 0 ? ProcessSetup.availableCores : options.threads
    let name = self.program
    var onNote: (@Sendable (String) -> Void)?
    var onProgress: (@Sendable (String, Int, Int?) -> Void)?
    if options.verbose && !options.quiet { onNote = { StandardError.line("\(name): \($0)") } }
    if StandardError.showsProgress && !options.quiet {
      let rate = RateLimit(perSecond: 5)
      onProgress = { activity, done, total in
        guard rate.allows() else { return }
        let share = total.map { $0 > 0 ? " of \($0) (\(100 * done / $0) %)" : "" } ?? ""
        StandardError.progress("\(name): \(activity): \(done)\(share)")
      }
    }
    journal = Journal(onNote: onNote, onProgress: onProgress)
  }

  // MARK: Record of this run

  /// The seed meant by the option, noted for provenance.
  public func seed(_ options: SeedOptions) throws -> UInt64 {
    let value = try options.resolve()
    seed = value
    return value
  }

  /// Notes an input that is not read through `openTable` or `readHeader` (LHE files, analysis.yaml).
  public func recordInput(_ name: String, digest: String) {
    record(InputRecord(name: name, path: name == "standard input" ? "-" : name) { digest })
  }

  func record(_ input: InputRecord, history earlier: [ProvenanceRecord] = []) {
    inputs.append(input)
    for record in earlier where !history.contains(record) { history.append(record) }
  }

  /// The digest of an input's content, once its rows are read.
  public func digest(of source: any Source) -> String {
    inputs.last { $0.name == source.name }?.digest() ?? ""
  }

  /// Records of the inputs and of this run; nothing with `--no-provenance`.
  public func provenance(adding earlier: [ProvenanceRecord]) -> [ProvenanceRecord] {
    if options.noProvenance { return [] }
    let missing = earlier.filter { !history.contains($0) }
    let own = ProvenanceRecord(
      program: program, version: ToolkitVersion.current,
      commandLine: CommandText.quoted(CommandLine.arguments, program: program), seed: seed,
      inputs: inputs.map { .init(name: $0.name, digest: $0.digest()) })
    return history + missing + [own]
  }

  /// Files that this run reads, which outputs do not overwrite unless forced.
  var inputPaths: [String] { inputs.map(\.path) }

  func countRows(_ n: Int) { rowsWritten += n }

  /// Last words on standard error: warnings, each kind once, and with `-v` what the run took.
  func close() {
    StandardError.clearProgress()
    guard !options.quiet else { return }
    for warning in journal.warnings {
      let count = warning.count > 1 ? " (\(warning.count) times)" : ""
      StandardError.line("\(program): warning: \(warning.text)\(count)")
    }
    guard options.verbose else { return }
    let used = (wall: Clock.wall - start.wall, cpu: Clock.cpu - start.cpu)
    let rows = rowsWritten > 0 ? ", \(rowsWritten) rows written" : ""
    StandardError.line(
      "\(program): \(ToolkitVersion.current): \(CommandText.quoted(CommandLine.arguments, program: program))"
    )
    StandardError.line(
      "\(program): \(CommandText.decimals(used.wall, 2)) s wall, "
        + "\(CommandText.decimals(used.cpu, 2)) s CPU, "
        + "\(CommandText.decimals(Clock.peakMemory, 0)) MiB peak memory\(rows)")
  }
}

enum CommandText {
  /// The command line as a shell would take it, the program by its name alone.
  static func quoted(_ arguments: [String], program: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%^")
    let rest = arguments.dropFirst().map { argument in
      if !argument.isEmpty && argument.allSatisfy(plain.contains) { return argument }
      let escaped = argument.map { $0 == "'" ? "'\\''" : String($0) }.joined()
      return "'" + escaped + "'"
    }
    return ([program] + rest).joined(separator: " ")
  }

  /// A number with so many digits after the point.
  static func decimals(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let units = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && units > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(units) }
    let fraction = String(units % scale)
    return sign + String(units / scale) + "."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

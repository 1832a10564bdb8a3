import Diagnostics
import EventModel

/// One file to be read, as the user names it.
public struct SampleInput: Sendable, Equatable {
  public enum Role: Sendable, Equatable {
    /// Drawn from the benchmark of this name.
    case benchmark(String)
    /// Drawn from the benchmark at the values of the file's parameter card.
    case benchmarkOfCard
    /// Does not depend on the parameters: one weight for all benchmarks.
    case background
  }
  /// Nil is the analysis's name.
  public var process: String?
  public var role: Role
  /// A path, or `-` for standard input.
  public var file: String
  /// A table with observables of its events, where the analysis names one.
  public var observables: String?

  public init(process: String? = nil, role: Role, file: String) {
    self.process = process
    self.role = role
    self.file = file
  }

  /// A sample that the analysis names.
  public init(_ sample: SetupSample) {
    process = sample.process
    file = sample.file
    observables = sample.observables
    role =
      sample.isBackground ? .background : sample.benchmark.map(Role.benchmark) ?? .benchmarkOfCard
  }

  /// `[PROCESS/]BENCHMARK:FILE`.
  public init(parsingSample text: String) throws {
    guard let colon = text.firstIndex(of: ":") else {
      throw Problem(
        .usage, "--sample '\(text)' names no benchmark",
        remedy: "write --sample BENCHMARK:FILE")
    }
    let names = text[..<colon]
    file = String(text[text.index(after: colon)...])
    if let slash = names.lastIndex(of: "/") {
      process = String(names[..<slash])
      role = .benchmark(String(names[names.index(after: slash)...]))
    } else {
      role = .benchmark(String(names))
    }
    try check("--sample", text, "write --sample [PROCESS/]BENCHMARK:FILE")
  }

  /// `[PROCESS:]FILE`.
  public init(parsingBackground text: String) throws {
    role = .background
    if let colon = text.firstIndex(of: ":") {
      process = String(text[..<colon])
      file = String(text[text.index(after: colon)...])
    } else {
      file = text
    }
    try check("--background", text, "write --background [PROCESS:]FILE")
  }

  /// The process where no setup says what a benchmark is: the name given, or else that of the file.
  var processWithoutSetup: String {
    if case .benchmark(let name) = role { return process.map { $0 + "/" + name } ?? name }
    if let process { return process }
    if file == "-" { return "standard input" }
    var name = file.split(separator: "/").last.map(String.init) ?? file
    for suffix in [".gz", ".lhe", ".lheh5", ".h5", ".hdf5"] where name.hasSuffix(suffix) {
      name.removeLast(suffix.count)
    }
    return name.isEmpty ? file : name
  }

  private func check(_ option: String, _ text: String, _ remedy: String) throws {
    if file.isEmpty || process == "" || role == .benchmark("") {
      throw Problem(.usage, "\(option) '\(text)' has an empty part", remedy: remedy)
    }
  }
}

/// `[PROCESS=]K`: what a process's weights are multiplied by.
public struct KFactors: Sendable, Equatable {
  /// For processes not named.
  private var general: Double?
  private var byProcess: [String: Double] = [:]

  public init() {}

  public init(parsing texts: [String]) throws {
    for text in texts {
      let equals = text.lastIndex(of: "=")
      let number = equals.map { text[text.index(after: $0)...] } ?? text[...]
      guard let value = Double(number), value.isFinite, value > 0 else {
        throw Problem(
          .usage, "--k-factor '\(text)' is not a positive number",
          remedy: "write --k-factor [PROCESS=]1.2")
      }
      if let equals {
        byProcess[String(text[..<equals])] = value
      } else {
        general = value
      }
    }
  }

  /// Takes the factors of samples that the analysis names, for processes that the command line does not speak of.
  public mutating func add(_ samples: [SetupSample], of analysis: String) {
    guard general == nil else { return }
    for sample in samples where sample.kFactor != 1 {
      let process = sample.process ?? analysis
      byProcess[process] = byProcess[process] ?? sample.kFactor
    }
  }

  public func factor(of process: String) -> Double { byProcess[process] ?? general ?? 1 }

  /// Throws where a process is named that no sample has.
  func check(processes: [String]) throws {
    for name in byProcess.keys.sorted() where !processes.contains(name) {
      throw Problem(
        .usage, "--k-factor names process '\(name)', which no sample has",
        remedy: "there are " + processes.joined(separator: ", "))
    }
  }
}

/// Which weights beyond the benchmarks' are kept as columns.
public enum ExtraWeights: Sendable, Equatable {
  case none
  case all
  case ids([String])

  /// `none`, `all` or ids separated by commas.
  public init(parsing text: String) throws {
    switch text {
    case "none": self = .none
    case "all": self = .all
    default:
      let ids = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard !ids.contains(""), Set(ids).count == ids.count else {
        throw Problem(
          .usage, "--weights '\(text)' has an empty or repeated id",
          remedy: "write none, all or ID,ID")
      }
      self = .ids(ids)
    }
  }
}

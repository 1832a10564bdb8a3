/// A sample that the analysis names: an entry of `samples` in analysis.yaml.
public struct SetupSample: Sendable, Equatable {
  /// As written; relative to the directory in which lhe-read runs.
  public var file: String
  /// Nil: the one at the values of the file's own parameter card; not for backgrounds.
  public var benchmark: String?
  public var isBackground: Bool
  /// Nil is the analysis's name.
  public var process: String?
  public var kFactor: Double
  /// A table with observables of its events; nil where they are computed.
  public var observables: String?

  public init(
    file: String, benchmark: String? = nil, isBackground: Bool = false, process: String? = nil,
    kFactor: Double = 1, observables: String? = nil
  ) {
    self.file = file
    self.benchmark = benchmark
    self.isBackground = isBackground
    self.process = process
    self.kFactor = kFactor
    self.observables = observables
  }

  static let path = "sluice/setup/samples"

  /// As columns; nothing where there are none.
  static func write(_ samples: [SetupSample], to document: inout Document) {
    guard !samples.isEmpty else { return }
    document.set(path + "/file", samples.map(\.file))
    document.set(path + "/benchmark", samples.map { $0.benchmark ?? "" })
    document.set(path + "/is_background", samples.map { $0.isBackground ? 1 : 0 })
    document.set(path + "/process", samples.map { $0.process ?? "" })
    document.set(path + "/k_factor", samples.map(\.kFactor))
    document.set(path + "/observables", samples.map { $0.observables ?? "" })
  }

  static func read(_ document: Document) -> [SetupSample] {
    let files = document.texts(path + "/file") ?? []
    func text(_ name: String, _ i: Int) -> String? {
      let values = document.texts(path + "/" + name) ?? []
      return i < values.count && !values[i].isEmpty ? values[i] : nil
    }
    let background = document.integers(path + "/is_background") ?? []
    let factors = document.reals(path + "/k_factor") ?? []
    return files.enumerated().map { i, file in
      SetupSample(
        file: file, benchmark: text("benchmark", i),
        isBackground: i < background.count && background[i] == 1, process: text("process", i),
        kFactor: i < factors.count ? factors[i] : 1, observables: text("observables", i))
    }
  }
}

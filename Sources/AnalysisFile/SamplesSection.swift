import Diagnostics
import EventModel

extension Analysis {
  /// The section `samples`: a list of event files with what each is.
  mutating func readSamples(_ entry: Entry) throws {
    for (i, item) in try entry.list().enumerated() {
      let sample = try Self.sample(item)
      lines["sample \(i + 1)"] = item.line
      if setup.samples.contains(where: { $0.file == sample.file }) {
        throw item.problem("file '\(sample.file)' is there twice", remedy: "name every file once")
      }
      let name = setup.name
      let process = { (s: SetupSample) in s.process ?? name }
      if let other = setup.samples.first(where: { process($0) == process(sample) }),
        other.kFactor != sample.kFactor
      {
        throw item.problem(
          "samples of process '\(process(sample))' have different k-factors",
          remedy: "give one k-factor per process, or name two processes")
      }
      setup.samples.append(sample)
    }
  }

  private static func sample(_ entry: Entry) throws -> SetupSample {
    let fields = try entry.fields(
      required: ["file"],
      optional: ["benchmark", "background", "process", "k-factor", "observables"])
    guard let file = fields["file"] else {
      throw entry.problem("a sample has no file", remedy: "add file: FILE")
    }
    let isBackground = try fields["background"]?.bool() ?? false
    if isBackground, let benchmark = fields["benchmark"] {
      throw benchmark.problem(
        "a background is drawn from no benchmark", remedy: "remove 'benchmark' or 'background'")
    }
    let kFactor = try fields["k-factor"]?.number() ?? 1
    if kFactor <= 0 {
      throw (fields["k-factor"] ?? entry).problem("the k-factor is not positive", remedy: nil)
    }
    return SetupSample(
      file: try file.text(), benchmark: try fields["benchmark"]?.name("a benchmark"),
      isBackground: isBackground, process: try fields["process"]?.name("a process"),
      kFactor: kFactor, observables: try fields["observables"]?.text())
  }
}

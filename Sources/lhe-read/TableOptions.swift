import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import LesHouches

/// Observables that come from tables instead of the event files.
struct TableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take observables from TABLE (TSV, npy, Arrow or HDF5), whose column 'event' has the number of the event in FILE. Events without a row are left out. Repeatable; without FILE one for each sample, in their order.",
      valueName: "[file:]table"))
  var observables: [String] = []

  @Option(
    help: ArgumentHelp(
      "Columns of the tables, for npy files that do not name them.", valueName: "a,b"))
  var columns: [String] = []

  @Option(
    help: ArgumentHelp("Column of the tables with the events' numbers.", valueName: "name"))
  var eventColumn = "event"

  @Option(help: ArgumentHelp("Number of the first event in the tables: 0 or 1.", valueName: "n"))
  var eventBase = 1

  func validate() throws {
    guard eventBase == 0 || eventBase == 1 else {
      throw ValidationError("--event-base is 0 or 1, not \(eventBase)")
    }
  }

  /// The tables in the order of the samples; empty where observables are computed.
  func tables(for samples: [SampleInput], _ context: CommandContext) throws -> [ObservableTable] {
    let paths =
      observables.isEmpty ? try declared(samples) : try assign(samples)
    guard paths.filter({ $0 == "-" }).count + samples.filter({ $0.file == "-" }).count <= 1 else {
      throw Problem(.usage, "standard input can be only one of the samples and tables")
    }
    var options = InputOptions()
    options.columns = try NameList.parse(columns, option: "--columns")
    var tables: [ObservableTable] = []
    for path in paths {
      let source = try context.openTable(
        path, expecting: [.events, .estimates], options: options)
      tables.append(
        try ObservableTable(
          source, eventColumn: eventColumn, base: eventBase, names: tables.first?.names))
    }
    return tables
  }

  /// Tables that the analysis names.
  private func declared(_ samples: [SampleInput]) throws -> [String] {
    let paths = samples.compactMap(\.observables)
    guard paths.isEmpty || paths.count == samples.count else {
      throw Problem(
        .data, "\(paths.count) of \(samples.count) samples have a table of observables",
        remedy: "give one for every sample, or for none")
    }
    return paths
  }

  private func assign(_ samples: [SampleInput]) throws -> [String] {
    var tables = [String?](repeating: nil, count: samples.count)
    var unnamed: [String] = []
    for text in observables {
      guard let s = samples.indices.first(where: { text.hasPrefix(samples[$0].file + ":") }) else {
        unnamed.append(text)
        continue
      }
      guard tables[s] == nil else {
        throw Problem(.usage, "sample \(samples[s].file) has two tables of observables")
      }
      tables[s] = String(text.dropFirst(samples[s].file.utf8.count + 1))
    }
    guard unnamed.isEmpty || unnamed.count == samples.count else {
      throw Problem(
        .usage, "there are \(samples.count) samples and \(observables.count) tables of observables",
        remedy: "give --observables for every sample, as FILE:TABLE or in their order")
    }
    if !unnamed.isEmpty { return unnamed }
    return try zip(tables, samples).map { table, sample in
      guard let table, !table.isEmpty else {
        throw Problem(
          .usage, "sample \(sample.file) has no table of observables",
          remedy: "give --observables \(sample.file):TABLE")
      }
      return table
    }
  }
}

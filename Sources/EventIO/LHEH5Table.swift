import EventModel

/// Rows of float64 with named columns: a dataset with two axes, or in LHEH5 of version 1 a group with a dataset for each
/// column. What has further columns of its own there, such as a matrix of weights, names them `weights.1`, `weights.2` ….
struct LHEH5Table {
  let names: [String]
  let rows: Int
  private let reader: HDF5Reader
  private let columns: [HDF5Reader.ColumnSet]

  /// Names of datasets and groups, in version 2 and in version 1.
  static let events = (new: ParticleBlock.events, old: "event")
  static let particles = (new: ParticleBlock.particles, old: "particle")
  private static let index = "index"
  private static let start = "start"

  /// True where the file has the groups of version 1.
  static func isOld(_ reader: HDF5Reader) -> Bool {
    [events.old, particles.old, LHEH5Layout.initialisation].allSatisfy(reader.isGroup)
  }

  /// The dataset `path`; its columns are named like `names` unless it names them.
  init(_ reader: HDF5Reader, _ path: String, default names: [String]) throws {
    let table = try reader.table(path, default: names)
    self.reader = reader
    columns = [table]
    self.names = table.field.components ?? []
    rows = table.rows
  }

  /// A group of version 1; that of events also has the first particle of each, if the file says it.
  init(_ reader: HDF5Reader, group: String) throws {
    var names: [String] = []
    var columns: [HDF5Reader.ColumnSet] = []
    for name in reader.names(of: group) {
      let column = try reader.plainColumn(group + "/" + name)
      columns.append(column)
      names.append(name)
      for k in 1..<max(1, column.field.width) { names.append("weights.\(k)") }
    }
    if group == Self.events.old, reader.exists(Self.index + "/" + Self.start),
      !names.contains(Self.start)
    {
      columns.append(try reader.plainColumn(Self.index + "/" + Self.start))
      names.append(Self.start)
    }
    guard let first = columns.first else { throw reader.problem("this group is empty", group) }
    for column in columns where column.rows != first.rows {
      throw reader.problem(
        "there are \(column.rows) rows where \(first.field.path) has \(first.rows)",
        column.field.path, remedy: "write the file again")
    }
    self.reader = reader
    self.columns = columns
    self.names = names
    rows = first.rows
  }

  var width: Int { names.count }

  /// Row after row.
  func values(from first: Int, count: Int) throws -> [Double] {
    let read = try reader.rows(columns, from: first, count: count).columns
    if read.count == 1 { return read[0].doubles }
    var values = [Double](repeating: 0, count: count * width)
    var column = 0
    for part in read.map(\.doubles) {
      let parts = count > 0 ? part.count / count : 0
      for row in 0..<count {
        for k in 0..<parts { values[row * width + column + k] = part[row * parts + k] }
      }
      column += parts
    }
    return values
  }
}

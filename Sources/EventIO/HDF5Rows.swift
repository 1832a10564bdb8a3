import CHDF5
import Diagnostics
import EventModel

/// Rows of a column between file and memory.
enum HDF5Rows {
  /// The rows in the file and a space for them in memory.
  static func selection(
    of set: hid_t, field: Field, from row: Int, count: Int
  ) -> (file: HDF5Handle, memory: HDF5Handle) {
    let tail = (field.components.map { [$0.count] } ?? []).map { hsize_t($0) }
    let space = HDF5Handle(H5Dget_space(set), H5Sclose)
    let start = [hsize_t(row)] + tail.map { _ in 0 }
    let extent = [hsize_t(count)] + tail
    H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, extent, nil)
    return (space, HDF5Handle(H5Screate_simple(Int32(extent.count), extent, nil), H5Sclose))
  }

  static func read(
    _ set: hid_t, field: Field, from row: Int, count: Int, orThrow problem: () -> Problem
  ) throws -> Column {
    guard field.width > 0, count > 0 else { return Column(field.type, count: 0) { _ in } }
    let (space, memory) = selection(of: set, field: field, from: row, count: count)
    return try Column(field.type, count: count * field.width) { bytes in
      let status = H5Dread(
        set, field.type.hdf5MemoryType, memory.id, space.id, 0, bytes.baseAddress)
      guard status >= 0 else { throw problem() }
    }
  }
}

extension HDF5Rows {
  /// Lists of some rows. Offsets come from a file: they must not run backwards or past the entries.
  static func readLists(
    _ set: hid_t, offsets: hid_t, field: Field, from row: Int, count: Int,
    orThrow problem: () -> Problem
  ) throws -> Column {
    guard count > 0 else { return .empty(field) }
    let starts = try read(
      offsets, field: Field("", .int64), from: row, count: count + 1, orThrow: problem
    ).integers
    let space = HDF5Handle(H5Dget_space(set), H5Sclose)
    let entries = H5Sget_simple_extent_npoints(space.id) / hssize_t(max(1, field.width))
    guard let first = starts.first, let last = starts.last, first >= 0, last <= Int64(entries),
      row > 0 || first == 0, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      var problem = problem()
      problem.fact =
        "the lists of rows \(row + 1) to \(row + count) run backwards or past the \(entries) entries that are there"
      throw problem
    }
    return .list(
      counts: zip(starts, starts.dropFirst()).map { Int($1 - $0) },
      values: try read(
        set, field: Field("", field.type, components: field.components), from: Int(first),
        count: Int(last - first), orThrow: problem))
  }
}

/// How many rows go together: fixed by the table's shape, so that equal contents give equal bytes.
enum BlockSize {
  /// Entries that a list is taken to have in the mean.
  private static let listEntries = 16

  /// The largest power of two with at most `bytes` of values, between 64 and 65,536 rows.
  static func rows(_ fields: [Field], bytes: Int) -> Int {
    let row = max(
      1, fields.reduce(0) { $0 + $1.width * $1.type.size * ($1.isList ? listEntries : 1) })
    var rows = 65536
    while rows > 64 && rows * row > bytes { rows /= 2 }
    return rows
  }
}

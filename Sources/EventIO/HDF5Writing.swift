import CHDF5
import Diagnostics
import EventModel
import Glibc

/// An HDF5 file in the making: documents, columns that grow, one flush after every block.
///
/// Equal contents give equal bytes: objects carry no times. Nothing is closed behind the caller's back: `finish` closes,
/// reopens and checks; a failed write leaves the handles alone, since closing them would write again.
final class HDF5Writer {
  private let name: String
  private let file: HDF5Handle
  private let isCompressed: Bool
  private var columns: [HDF5Handle] = []
  /// Of lists, in the order of the fields: offsets, and how many entries there are.
  private var offsets: [HDF5Handle?] = []
  private var entryCounts: [Int] = []
  private let isLHEH5: Bool
  private var fields: [Field] = []
  private var hasFailed = false
  /// Rows that go together, and of a chunk of every column.
  let blockRows: Int
  private(set) var rowCount = 0

  /// `path` is the temporary file, `name` what a problem calls the output.
  ///
  /// In a pure LHEH5 file lists have no offsets of ours.
  init(
    path: String, name: String, fields: [Field], compress: Bool, isLHEH5: Bool = false
  ) throws {
    HDF5Library.prepare()
    self.name = name
    isCompressed = compress
    self.isLHEH5 = isLHEH5
    blockRows = BlockSize.rows(fields, bytes: 1 << 24)
    let access = HDF5Handle(H5Pcreate(h5_file_access()), H5Pclose)
    H5Pset_libver_bounds(access.id, h5_libver_v110(), h5_libver_v110())
    h5_without_lock(access.id)
    let creation = HDF5Handle(H5Pcreate(h5_file_create()), H5Pclose)
    H5Pset_obj_track_times(creation.id, false)
    H5Pset_link_creation_order(creation.id, h5_creation_order())
    file = try HDF5Handle(
      H5Fcreate(path, h5_acc_trunc(), creation.id, access.id), H5Fclose,
      or: Problem(.io, "cannot write: \(systemMessage(errno))", file: name))
    self.fields = fields
  }

  deinit {
    if hasFailed { abandon() }
  }

  /// After a failure: the library must not write again.
  func abandon() {
    hasFailed = true
    columns.forEach { $0.forget() }
    offsets.forEach { $0?.forget() }
    file.forget()
  }

  private func failure(_ path: String) -> Problem {
    let code = errno
    abandon()
    return Problem(
      .io, "cannot write: \(code == 0 ? "the HDF5 library failed" : systemMessage(code))",
      file: name, place: path.isEmpty ? nil : "dataset \(path)")
  }

  private func check(_ status: herr_t, _ path: String) throws {
    guard status >= 0 else { throw failure(path) }
  }

  // MARK: documents

  /// Writes every node of the document below the root.
  func write(_ document: Document) throws {
    try write(document, into: file.id, path: "")
    try flush()
  }

  private func write(_ document: Document, into group: hid_t, path: String) throws {
    for name in document.names {
      guard let node = document[name] else { continue }
      let full = path.isEmpty ? name : path + "/" + name
      switch node {
      case .group(let child):
        let made = try openOrCreateGroup(name, in: group, path: full)
        try write(child, into: made.id, path: full)
      case .text(let text):
        let type = HDF5Text.variableType()
        try HDF5Text.withPointers([text]) {
          try write(full, name, in: group, shape: [], type: type.id, memory: type.id, $0)
        }
      case .texts(let texts, let shape, let width):
        try writeTexts(texts, shape, width, full, name, in: group)
      case .integers(var values, let shape):
        try values.withUnsafeMutableBytes {
          try write(
            full, name, in: group, shape: shape, type: h5_i64le(), memory: h5_native_int64(),
            $0.baseAddress)
        }
      case .reals(var values, let shape):
        try values.withUnsafeMutableBytes {
          try write(
            full, name, in: group, shape: shape, type: h5_f64le(), memory: h5_native_double(),
            $0.baseAddress)
        }
      }
    }
  }

  private func writeTexts(
    _ texts: [String], _ shape: [Int], _ width: Int?, _ full: String, _ name: String,
    in group: hid_t
  ) throws {
    if let width {
      let type = HDF5Text.fixedType(width)
      var bytes = try HDF5Text.packed(texts, width: width, path: full)
      try bytes.withUnsafeMutableBytes {
        try write(
          full, name, in: group, shape: shape, type: type.id, memory: type.id, $0.baseAddress)
      }
    } else {
      let type = HDF5Text.variableType()
      try HDF5Text.withPointers(texts) {
        try write(full, name, in: group, shape: shape, type: type.id, memory: type.id, $0)
      }
    }
  }

  private func write(
    _ path: String, _ name: String, in group: hid_t, shape: [Int], type: hid_t, memory: hid_t,
    _ values: UnsafeMutableRawPointer?
  ) throws {
    let space = Self.space(shape, maximum: nil)
    let creation = HDF5Handle(H5Pcreate(h5_dataset_create()), H5Pclose)
    H5Pset_obj_track_times(creation.id, false)
    errno = 0
    let set = HDF5Handle(
      H5Dcreate2(group, name, type, space.id, 0, creation.id, 0), H5Dclose)
    guard set.id >= 0 else { throw failure(path) }
    if !shape.contains(0) { try check(H5Dwrite(set.id, memory, 0, 0, 0, values), path) }
    if let names = LHEH5Layout.columns(of: path, shape: shape) {
      try writeAttribute(LHEH5Layout.attribute, names, isList: true, of: set.id, path)
    }
    guard set.close() else { throw failure(path) }
  }

  private static func space(_ shape: [Int], maximum: [hsize_t]?) -> HDF5Handle {
    guard !shape.isEmpty else { return HDF5Handle(H5Screate(H5S_SCALAR), H5Sclose) }
    let dimensions = shape.map { hsize_t($0) }
    return HDF5Handle(
      H5Screate_simple(Int32(shape.count), dimensions, maximum ?? dimensions), H5Sclose)
  }

  private func openOrCreateGroup(
    _ name: String, in group: hid_t, path: String
  ) throws -> HDF5Handle {
    if H5Lexists(group, name, 0) > 0 {
      let opened = HDF5Handle(H5Gopen2(group, name, 0), H5Gclose)
      guard opened.id >= 0 else { throw failure(path) }
      return opened
    }
    let creation = HDF5Handle(H5Pcreate(h5_group_create()), H5Pclose)
    H5Pset_obj_track_times(creation.id, false)
    H5Pset_link_creation_order(creation.id, h5_creation_order())
    errno = 0
    let made = HDF5Handle(H5Gcreate2(group, name, 0, creation.id, 0), H5Gclose)
    guard made.id >= 0 else { throw failure(path) }
    return made
  }

  // MARK: columns

  /// Makes the datasets of the columns, empty and growing. A table smaller than a block has chunks of its size.
  private func createColumns(first: Batch?) throws {
    let rows = first?.count ?? 0
    for (i, field) in fields.enumerated() {
      guard field.isList else {
        columns.append(try createColumn(field, chunkRows: min(blockRows, max(1, rows))))
        offsets.append(nil)
        entryCounts.append(0)
        continue
      }
      let entries = (first?.columns[i].count ?? 0) / max(1, field.width)
      let chunk = BlockSize.rows(
        [Field("", field.type, components: field.components)], bytes: 1 << 20)
      columns.append(try createColumn(field, chunkRows: min(chunk, max(1, entries))))
      entryCounts.append(0)
      guard !isLHEH5 else {
        offsets.append(nil)
        continue
      }
      let starts = Field(HDF5Layout.offsets(of: field.path), .int64)
      let made = try createColumn(starts, chunkRows: min(blockRows, rows) + 1)
      offsets.append(made)
      try extend(made, starts, to: 1)
      try write(.int64([0]), starts, to: made, at: 0, count: 1)
    }
  }

  private func createColumn(_ field: Field, chunkRows: Int) throws -> HDF5Handle {
    var parts = field.path.split(separator: "/").map(String.init)
    let last = parts.removeLast()
    var group = HDF5Handle(H5Gopen2(file.id, "/", 0), H5Gclose)
    for part in parts {
      group = try openOrCreateGroup(part, in: group.id, path: field.path)
    }
    let tail = field.components.map { [$0.count] } ?? []
    // A chunk may not be empty, though a column without components is; then no axis is fixed.
    let space = Self.space(
      [0] + tail, maximum: [h5_unlimited()] + tail.map { $0 > 0 ? hsize_t($0) : h5_unlimited() })
    let creation = HDF5Handle(H5Pcreate(h5_dataset_create()), H5Pclose)
    H5Pset_obj_track_times(creation.id, false)
    let chunk = ([chunkRows] + tail).map { hsize_t(max(1, $0)) }
    H5Pset_chunk(creation.id, Int32(chunk.count), chunk)
    if isCompressed {
      H5Pset_shuffle(creation.id)
      H5Pset_deflate(creation.id, 1)
    }
    errno = 0
    let set = HDF5Handle(
      H5Dcreate2(group.id, last, field.type.hdf5FileType, space.id, 0, creation.id, 0),
      H5Dclose)
    guard set.id >= 0 else { throw failure(field.path) }
    if let components = field.components {
      let name = LHEH5Layout.datasets.contains(field.path) ? LHEH5Layout.attribute : "components"
      try writeAttribute(name, components, isList: true, of: set.id, field.path)
    }
    if let unit = field.unit {
      try writeAttribute("unit", [unit], isList: false, of: set.id, field.path)
    }
    return set
  }

  private func writeAttribute(
    _ name: String, _ texts: [String], isList: Bool, of set: hid_t, _ path: String
  ) throws {
    let type = HDF5Text.variableType()
    let space = Self.space(isList ? [texts.count] : [], maximum: nil)
    errno = 0
    let attribute = HDF5Handle(H5Acreate2(set, name, type.id, space.id, 0, 0), H5Aclose)
    guard attribute.id >= 0 else { throw failure(path) }
    if !texts.isEmpty {
      try HDF5Text.withPointers(texts) { try check(H5Awrite(attribute.id, type.id, $0), path) }
    }
  }

  /// Appends rows; after each call they are with the operating system.
  func append(_ batch: Batch) throws {
    if columns.isEmpty { try createColumns(first: batch) }
    for (i, field) in fields.enumerated() {
      guard case .list(let counts, let values) = batch.columns[i] else {
        try extend(columns[i], field, to: rowCount + batch.count)
        continue
      }
      let count = values.count / max(1, field.width)
      try extend(columns[i], field, to: entryCounts[i] + count)
      try write(values, field, to: columns[i], at: entryCounts[i], count: count)
      if let offsets = offsets[i] {
        var end = Int64(entryCounts[i])
        let ends = counts.map { n in
          end += Int64(n)
          return end
        }
        let starts = Field(HDF5Layout.offsets(of: field.path), .int64)
        try extend(offsets, starts, to: rowCount + batch.count + 1)
        try write(.int64(ends), starts, to: offsets, at: rowCount + 1, count: ends.count)
      }
      entryCounts[i] += count
    }
    try write(batch, at: rowCount)
    rowCount += batch.count
    try flush()
  }

  private func extend(_ set: HDF5Handle, _ field: Field, to rows: Int) throws {
    let extent = [rows] + (field.components.map { [$0.count] } ?? [])
    errno = 0
    try check(H5Dset_extent(set.id, extent.map { hsize_t($0) }), field.path)
  }

  /// Writes what `former` does not have already over what is there; lists stay as they are.
  func write(_ batch: Batch, over former: Batch? = nil, at row: Int) throws {
    for (i, field) in fields.enumerated()
    where !field.isList && batch.columns[i] != former?.columns[i] {
      try write(batch.columns[i], field, to: columns[i], at: row, count: batch.count)
    }
  }

  private func write(
    _ column: Column, _ field: Field, to set: HDF5Handle, at row: Int, count: Int
  ) throws {
    guard field.width > 0, count > 0 else { return }
    let (space, memory) = HDF5Rows.selection(of: set.id, field: field, from: row, count: count)
    errno = 0
    let status = column.withBytes {
      H5Dwrite(set.id, field.type.hdf5MemoryType, memory.id, space.id, 0, $0.baseAddress)
    }
    try check(status, field.path)
  }

  /// Rows that were written, to be changed and written again.
  func read(from row: Int, count: Int) throws -> Batch {
    var made: [Column] = []
    for (i, field) in fields.enumerated() {
      if let offsets = offsets[i] {
        made.append(
          try HDF5Rows.readLists(
            columns[i].id, offsets: offsets.id, field: field, from: row, count: count
          ) { self.failure(field.path) })
        continue
      }
      made.append(
        try HDF5Rows.read(columns[i].id, field: field, from: row, count: count) {
          self.failure(field.path)
        })
    }
    return Batch(count: count, columns: made)
  }

  private func flush() throws {
    errno = 0
    try check(H5Fflush(file.id, H5F_SCOPE_LOCAL), "")
  }

  /// Closes, with the checks that the library leaves out: on a full disk its close may report success.
  func finish() throws {
    if columns.isEmpty { try createColumns(first: nil) }
    try flush()
    for column in columns + offsets.compactMap({ $0 }) {
      guard column.close() else { throw failure("") }
    }
    guard file.close() else { throw failure("") }
  }
}

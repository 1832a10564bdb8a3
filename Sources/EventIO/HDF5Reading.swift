import CHDF5
import Diagnostics
import EventModel
import Glibc

/// An HDF5 file that is read: its groups as documents, its datasets as columns.
///
/// Files are not trusted: links out of the file are not followed, sizes are checked against what the file holds before
/// anything of that size is made, groups that hold themselves end at a depth.
final class HDF5Reader {
  let name: String
  private let file: HDF5Handle
  private static let maximumDepth = 16
  /// Values of a dataset that may go into a document.
  private static let maximumValues = 1 << 26
  private var valuesRead = 0

  /// `path` is what is opened, `name` what problems call it. Throws `.data` for a truncated file.
  init(path: String, name: String, isTemporary: Bool = false) throws {
    HDF5Library.prepare()
    self.name = name
    let access = HDF5Handle(H5Pcreate(h5_file_access()), H5Pclose)
    if isTemporary { h5_without_lock(access.id) }
    file = try HDF5Handle(
      H5Fopen(path, h5_acc_rdonly(), access.id), H5Fclose, or: Self.cannotOpen(path, name))
  }

  /// Tells a truncated file from a damaged one: the superblock says how long the file should be.
  private static func cannotOpen(_ path: String, _ name: String) -> Problem {
    let damaged = Problem(
      .data, "this HDF5 file is damaged", remedy: "write it again", file: name)
    guard let reader = try? ByteReader(path: path), let head = try? reader.peek(48),
      head.count > 8
    else {
      return Problem(.data, "this HDF5 file is truncated", file: name)
    }
    if flock(reader.file.number, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      return Problem(
        .noInput, "another program is writing this file", remedy: "wait until it is done",
        file: name)
    }
    let size = FileStatus.of(path)?.size ?? 0
    let at = head[8] < 2 ? 40 : 28
    guard head.count >= at + 8 else {
      return Problem(
        .data, "this HDF5 file is truncated: it has \(size) bytes", remedy: "write it again",
        file: name)
    }
    let end = head[at..<(at + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard end > size else { return damaged }
    return Problem(
      .data, "this HDF5 file is truncated: it has \(size) bytes of \(end)",
      remedy: "write or copy it again", file: name)
  }

  func problem(_ fact: String, _ path: String, remedy: String? = nil) -> Problem {
    Problem(.data, fact, remedy: remedy, file: name, place: path.isEmpty ? nil : path)
  }

  var rootNames: [String] { hdf5Names(in: file.id) }

  /// True where every part of the path is there and inside this file.
  func exists(_ path: String) -> Bool {
    var prefix = ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty ? String(part) : "/" + part
      guard H5Lexists(file.id, prefix, 0) > 0, h5_link_is_hard(file.id, prefix) > 0 else {
        return false
      }
    }
    return true
  }

  func isGroup(_ path: String) -> Bool { exists(path) && h5_object_type(file.id, path) == 0 }

  /// What a group holds, by name.
  func names(of group: String) -> [String] {
    let handle = HDF5Handle(H5Gopen2(file.id, group, 0), H5Gclose)
    return handle.id < 0 ? [] : hdf5Names(in: handle.id)
  }

  // MARK: documents

  /// Everything below a path, leaving out `excluded` paths and what documents have no place for.
  func document(_ path: String, excluding excluded: Set<String> = []) throws -> Document {
    guard isGroup(path) else { return Document() }
    return try group(path, excluding: excluded, depth: 0)
  }

  private func group(
    _ path: String, excluding excluded: Set<String>, depth: Int
  ) throws -> Document {
    guard depth < Self.maximumDepth else { throw problem("groups are nested too deep", path) }
    let handle = try HDF5Handle(
      H5Gopen2(file.id, path, 0), H5Gclose, or: problem("this group cannot be read", path))
    var document = Document()
    for name in hdf5Names(in: handle.id) {
      let full = path + "/" + name
      guard !excluded.contains(full), h5_link_is_hard(handle.id, name) > 0 else { continue }
      switch h5_object_type(handle.id, name) {
      case 0: document[name] = .group(try group(full, excluding: excluded, depth: depth + 1))
      case 1: document[name] = try node(full)
      default: continue
      }
    }
    return document
  }

  /// A dataset as a node; nil for types that documents have no place for.
  func node(_ path: String) throws -> Document.Node? {
    let set = try HDF5Handle(
      H5Dopen2(file.id, path, 0), H5Dclose, or: problem("this dataset cannot be read", path))
    let type = HDF5Handle(H5Dget_type(set.id), H5Tclose)
    let kind = H5Tget_class(type.id)
    guard kind == H5T_STRING || kind == H5T_INTEGER || kind == H5T_FLOAT else { return nil }
    let shape = try shape(of: set.id, path)
    try requireInside(set.id, path)
    let count = try count(shape, of: set.id, valueSize: H5Tget_size(type.id), path)
    func read(_ memory: hid_t, _ place: UnsafeMutableRawPointer?) -> herr_t {
      count == 0 ? 0 : H5Dread(set.id, memory, 0, 0, 0, place)
    }
    let broken = problem("this dataset cannot be read", path)
    switch kind {
    case H5T_STRING:
      guard let texts = HDF5Text.read(type: type.id, count: count, read) else { throw broken }
      let isVariable = H5Tis_variable_str(type.id) > 0
      if shape.isEmpty && isVariable { return .text(texts[0]) }
      return .texts(texts, shape: shape, width: isVariable ? nil : H5Tget_size(type.id))
    case H5T_INTEGER:
      var values = [Int64](repeating: 0, count: count)
      guard values.withUnsafeMutableBytes({ read(h5_native_int64(), $0.baseAddress) }) >= 0
      else { throw broken }
      return .integers(values, shape: shape)
    default:
      var values = [Double](repeating: 0, count: count)
      guard values.withUnsafeMutableBytes({ read(h5_native_double(), $0.baseAddress) }) >= 0
      else { throw broken }
      return .reals(values, shape: shape)
    }
  }

  private func shape(of set: hid_t, _ path: String) throws -> [Int] {
    let space = HDF5Handle(H5Dget_space(set), H5Sclose)
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0, H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      throw problem("this dataset has no values", path)
    }
    var sizes = [hsize_t](repeating: 0, count: Int(rank))
    H5Sget_simple_extent_dims(space.id, &sizes, nil)
    return try sizes.map { size in
      guard size < 1 << 48 else { throw problem("this dataset claims an axis of \(size)", path) }
      return Int(size)
    }
  }

  /// Values stored outside the file, or views of other files, could name anything on the machine.
  private func requireInside(_ set: hid_t, _ path: String) throws {
    let creation = HDF5Handle(H5Dget_create_plist(set), H5Pclose)
    guard H5Pget_external_count(creation.id) == 0, H5Pget_layout(creation.id) != H5D_VIRTUAL else {
      throw problem("this dataset lies in another file", path, remedy: "store the values inside")
    }
  }

  private func count(
    _ shape: [Int], of set: hid_t, valueSize: Int, _ path: String
  ) throws -> Int {
    var count = 1
    for n in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: n)
      guard !overflow, product <= Self.maximumValues else {
        throw problem("this dataset claims more than \(Self.maximumValues) values", path)
      }
      count = product
    }
    valuesRead += count
    guard valuesRead <= Self.maximumValues,
      count.multipliedReportingOverflow(by: max(1, valueSize)).partialValue <= 1 << 31
    else { throw problem("the file claims more small content than fits", path) }
    return count
  }

  // MARK: columns

  /// A dataset to be read row by row.
  struct ColumnSet {
    let field: Field
    let set: HDF5Handle
    let rows: Int
    /// Of a list, the dataset of offsets.
    var offsets: HDF5Handle?
  }

  /// Opens a column; `components` nil asks for those that the file names.
  ///
  /// Throws `.data` for what is no table column: a group, texts, more than two axes, fewer bytes than rows.
  func column(
    _ path: String, components: [String]? = nil, keepingType: Bool
  ) throws -> ColumnSet {
    var (field, set, rows) = try dataset(path, components: components, keepingType: keepingType)
    let offsetsPath = HDF5Layout.offsets(of: path)
    guard exists(offsetsPath) else { return ColumnSet(field: field, set: set, rows: rows) }
    let offsets = try dataset(offsetsPath, components: nil, keepingType: false)
    guard offsets.field.type == .int64, offsets.field.components == nil, offsets.rows > 0 else {
      throw problem("these are no offsets of lists", offsetsPath)
    }
    field.isList = true
    return ColumnSet(
      field: field, set: set, rows: offsets.rows - 1, offsets: offsets.set)
  }

  /// A dataset as a table of named columns of float64, whatever offsets of ours say of it.
  func table(_ path: String, default names: [String]) throws -> ColumnSet {
    let names = componentNames(path) ?? names
    let (field, set, rows) = try dataset(path, components: names, keepingType: false)
    guard field.components != nil else { throw problem("this dataset has one axis, not 2", path) }
    return ColumnSet(field: field, set: set, rows: rows)
  }

  /// Opens a column of another program's table; columns of a second axis without names are numbered.
  func plainColumn(_ path: String) throws -> ColumnSet {
    let (field, set, rows) = try dataset(
      path, components: nil, keepingType: true, isNumbered: true)
    return ColumnSet(field: field, set: set, rows: rows)
  }

  /// Opens a dataset of numbers with one or two axes.
  private func dataset(
    _ path: String, components: [String]?, keepingType: Bool, isNumbered: Bool = false
  ) throws -> (field: Field, set: HDF5Handle, rows: Int) {
    guard exists(path), h5_object_type(file.id, path) == 1 else {
      throw problem("there is no such dataset inside this file", path)
    }
    // Chunks that another program packed are inflated once if they fit in here.
    let access = HDF5Handle(H5Pcreate(h5_dataset_access()), H5Pclose)
    H5Pset_chunk_cache(access.id, 521, 1 << 24, 0.75)
    let set = try HDF5Handle(
      H5Dopen2(file.id, path, access.id), H5Dclose,
      or: problem("this dataset cannot be read", path))
    try requireInside(set.id, path)
    let type = HDF5Handle(H5Dget_type(set.id), H5Tclose)
    let kind = H5Tget_class(type.id)
    // What h5py and others make of booleans is an enumeration of two, read as 0 and 1.
    let isBoolean = kind == H5T_ENUM && H5Tget_nmembers(type.id) == 2
    guard kind == H5T_INTEGER || kind == H5T_FLOAT || isBoolean else {
      throw problem(
        "this dataset holds no numbers", path, remedy: "write it as integers or floating point")
    }
    let shape = try shape(of: set.id, path)
    guard shape.count == 1 || shape.count == 2 else {
      throw problem("this dataset has \(shape.count) axes, not 1 or 2", path)
    }
    var field = Field(path, Self.element(kind, H5Tget_size(type.id), keepingType))
    if shape.count == 2 {
      let numbers = isNumbered ? (0..<shape[1]).map { "\(path)_\($0)" } : nil
      let names = components ?? componentNames(path, of: set.id) ?? numbers
      guard let names, names.count == shape[1] else {
        throw problem(
          "this dataset has \(shape[1]) columns where \(names?.count ?? 0) are named", path)
      }
      guard names.count <= 1 << 16 else { throw problem("too many columns", path) }
      field.components = names
    }
    field.unit = attribute("unit", of: set.id)?.first
    try requireStored(
      set.id, rows: shape[0], rowBytes: field.width * H5Tget_size(type.id), path)
    return (field, set, shape[0])
  }

  /// As we name columns, and as LHEH5 does: by the attribute `properties`, or in older files one named like the dataset.
  private func componentNames(_ path: String, of set: hid_t) -> [String]? {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return attribute("components", of: set) ?? attribute("properties", of: set)
      ?? attribute(last, of: set)
  }

  /// The names of a dataset's columns; nil where it does not say.
  func componentNames(_ path: String) -> [String]? {
    guard exists(path) else { return nil }
    let set = HDF5Handle(H5Dopen2(file.id, path, 0), H5Dclose)
    return set.id < 0 ? nil : componentNames(path, of: set.id)
  }

  /// A text attribute of a dataset.
  func textAttribute(_ name: String, of path: String) -> String? {
    guard exists(path) else { return nil }
    let set = HDF5Handle(H5Dopen2(file.id, path, 0), H5Dclose)
    return set.id < 0 ? nil : attribute(name, of: set.id)?.first
  }

  private static func element(
    _ kind: H5T_class_t, _ size: Int, _ keepingType: Bool
  ) -> ElementType {
    guard keepingType, size == 4 else { return kind == H5T_FLOAT ? .float64 : .int64 }
    return kind == H5T_FLOAT ? .float32 : .int32
  }

  /// Rows that were never written read as zeros: a file that claims them would be read for ever.
  private func requireStored(_ set: hid_t, rows: Int, rowBytes: Int, _ path: String) throws {
    let (wanted, overflow) = rows.multipliedReportingOverflow(by: rowBytes)
    let creation = HDF5Handle(H5Dget_create_plist(set), H5Pclose)
    let isFiltered =
      H5Pget_layout(creation.id) == H5D_CHUNKED && H5Pget_nfilters(creation.id) > 0
    // No filter that is in use packs values more than a thousandfold (deflate: 1032).
    let (held, _) = Int(clamping: H5Dget_storage_size(set)).multipliedReportingOverflow(
      by: isFiltered ? 1100 : 1)
    guard !overflow, wanted <= held else {
      throw problem("this dataset claims \(rows) rows but does not hold them", path)
    }
  }

  private func attribute(_ name: String, of set: hid_t) -> [String]? {
    guard H5Aexists(set, name) > 0 else { return nil }
    let attribute = HDF5Handle(H5Aopen(set, name, 0), H5Aclose)
    guard attribute.id >= 0 else { return nil }
    let type = HDF5Handle(H5Aget_type(attribute.id), H5Tclose)
    let space = HDF5Handle(H5Aget_space(attribute.id), H5Sclose)
    let count = Int(H5Sget_simple_extent_npoints(space.id))
    guard H5Tget_class(type.id) == H5T_STRING, (0...(1 << 16)).contains(count) else { return nil }
    return HDF5Text.read(type: type.id, count: count) { memory, place in
      count == 0 ? 0 : H5Aread(attribute.id, memory, place)
    }
  }

  /// Rows of all columns from a row on.
  func rows(_ columns: [ColumnSet], from row: Int, count: Int) throws -> Batch {
    Batch(
      count: count,
      columns: try columns.map { column in
        func damaged() -> Problem {
          problem(
            "rows \(row + 1) to \(row + count) cannot be read: the file is damaged",
            column.field.path)
        }
        guard let offsets = column.offsets else {
          return try HDF5Rows.read(
            column.set.id, field: column.field, from: row, count: count, orThrow: damaged)
        }
        return try HDF5Rows.readLists(
          column.set.id, offsets: offsets.id, field: column.field, from: row, count: count,
          orThrow: damaged)
      })
  }
}

import CHDF5
import Diagnostics
import EventModel

// HDF5 in Swift words: handles that are closed once, strings, small arrays. What the files hold is decided elsewhere.

/// A handle of the HDF5 library, closed when it goes away.
final class HDF5Handle {
  private(set) var id: hid_t
  private let release: (hid_t) -> herr_t

  init(_ id: hid_t, _ release: @escaping (hid_t) -> herr_t) {
    self.id = id
    self.release = release
  }

  /// Throws `problem` for the library's negative handles.
  convenience init(
    _ id: hid_t, _ release: @escaping (hid_t) -> herr_t, or problem: @autoclosure () -> Problem
  ) throws {
    guard id >= 0 else { throw problem() }
    self.init(id, release)
  }

  deinit { if id >= 0 { _ = release(id) } }

  /// Closes now; false where the library reports a failure.
  func close() -> Bool {
    guard id >= 0 else { return true }
    defer { id = -1 }
    return release(id) >= 0
  }

  /// Forgets the handle without closing it: after a failed write, closing would write again.
  func forget() { id = -1 }
}

/// What holds for the whole library.
enum HDF5Library {
  /// Without its own work at exit, the library cannot crash there over a file that a full disk left half written.
  private static let isPrepared: Bool = {
    H5dont_atexit()
    return H5open() >= 0
  }()

  /// To be called before the library is used: problems are reported by us, not printed by it.
  static func prepare() {
    _ = isPrepared
    h5_quiet()
  }
}

extension ElementType {
  var hdf5FileType: hid_t {
    switch self {
    case .float64: h5_f64le()
    case .float32: h5_f32le()
    case .int64: h5_i64le()
    case .int32: h5_i32le()
    }
  }
  var hdf5MemoryType: hid_t {
    switch self {
    case .float64: h5_native_double()
    case .float32: h5_native_float()
    case .int64: h5_native_int64()
    case .int32: h5_native_int32()
    }
  }
  /// Bytes of a value.
  var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    }
  }
}

extension Column {
  /// The bytes of the values; of a list, those of its entries.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch self {
    case .float64(let v): try v.withUnsafeBytes(body)
    case .float32(let v): try v.withUnsafeBytes(body)
    case .int64(let v): try v.withUnsafeBytes(body)
    case .int32(let v): try v.withUnsafeBytes(body)
    case .list(_, let values): try values.withBytes(body)
    }
  }

  /// A column of `count` values that `fill` writes.
  init(
    _ type: ElementType, count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    switch type {
    case .float64: self = .float64(try Self.made(count, fill))
    case .float32: self = .float32(try Self.made(count, fill))
    case .int64: self = .int64(try Self.made(count, fill))
    case .int32: self = .int32(try Self.made(count, fill))
    }
  }

  private static func made<T>(
    _ count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows -> [T] {
    try [T](unsafeUninitializedCapacity: count) { buffer, filled in
      let bytes = UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: count * MemoryLayout<T>.stride)
      try fill(bytes)
      filled = count
    }
  }
}

/// The string types that files have: variable-length UTF-8 of ours, fixed-length ASCII of MadMiner's.
enum HDF5Text {
  static func variableType() -> HDF5Handle {
    let type = HDF5Handle(H5Tcopy(h5_c_s1()), H5Tclose)
    H5Tset_size(type.id, h5_variable())
    H5Tset_cset(type.id, H5T_CSET_UTF8)
    return type
  }

  static func fixedType(_ width: Int) -> HDF5Handle {
    let type = HDF5Handle(H5Tcopy(h5_c_s1()), H5Tclose)
    H5Tset_size(type.id, width)
    H5Tset_strpad(type.id, H5T_STR_NULLPAD)
    return type
  }

  /// The texts side by side, null-padded. Throws for what the layout cannot hold, rather than cut it as MadMiner does.
  static func packed(_ texts: [String], width: Int, path: String) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: texts.count * width)
    for (i, text) in texts.enumerated() {
      let utf8 = Array(text.utf8)
      guard utf8.count <= width, utf8.allSatisfy({ $0 > 0 && $0 < 128 }) else {
        throw Problem(
          .data, "'\(text)' cannot be stored: it is not ASCII of at most \(width) characters",
          remedy: "rename it", place: "dataset \(path)")
      }
      bytes.replaceSubrange((i * width)..<(i * width + utf8.count), with: utf8)
    }
    return bytes
  }

  /// Calls `body` with C strings that live as long as the call.
  static func withPointers<R>(
    _ texts: [String], _ body: (UnsafeMutableRawPointer?) throws -> R
  ) rethrows -> R {
    var offsets: [Int] = []
    var bytes: [UInt8] = []
    for text in texts {
      offsets.append(bytes.count)
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    }
    return try bytes.withUnsafeMutableBytes { storage in
      var pointers = offsets.map { offset in storage.baseAddress.map { $0 + offset } }
      return try pointers.withUnsafeMutableBytes { try body($0.baseAddress) }
    }
  }

  /// Reads `count` texts of any string type with `read`, which takes a memory type and a place.
  static func read(
    type: hid_t, count: Int, _ read: (hid_t, UnsafeMutableRawPointer?) -> herr_t
  ) -> [String]? {
    if H5Tis_variable_str(type) > 0 {
      let memory = variableType()
      H5Tset_cset(memory.id, H5Tget_cset(type))
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      let status = pointers.withUnsafeMutableBytes { read(memory.id, $0.baseAddress) }
      defer { pointers.forEach { if let p = $0 { H5free_memory(p) } } }
      guard status >= 0 else { return nil }
      return pointers.map { $0.map { String(cString: $0) } ?? "" }
    }
    let width = H5Tget_size(type)
    let isSpacePadded = H5Tget_strpad(type) == H5T_STR_SPACEPAD
    var bytes = [UInt8](repeating: 0, count: count * width)
    guard bytes.withUnsafeMutableBytes({ read(type, $0.baseAddress) }) >= 0 else { return nil }
    return (0..<count).map { i in
      var text = bytes[(i * width)..<((i + 1) * width)].prefix { $0 != 0 }
      if isSpacePadded { while text.last == 0x20 { text.removeLast() } }
      return String(decoding: text, as: UTF8.self)
    }
  }
}

/// Names of the members of a group, in the order of their making where the file keeps it.
func hdf5Names(in group: hid_t) -> [String] {
  var info = H5G_info_t()
  guard H5Gget_info(group, &info) >= 0 else { return [] }
  var index = H5_INDEX_CRT_ORDER
  if info.nlinks > 0, H5Lget_name_by_idx(group, ".", index, H5_ITER_INC, 0, nil, 0, 0) < 0 {
    index = H5_INDEX_NAME
  }
  return (0..<min(info.nlinks, 100_000)).compactMap { i in
    let length = H5Lget_name_by_idx(group, ".", index, H5_ITER_INC, i, nil, 0, 0)
    guard length >= 0 else { return nil }
    var buffer = [CChar](repeating: 0, count: length + 1)
    guard H5Lget_name_by_idx(group, ".", index, H5_ITER_INC, i, &buffer, length + 1, 0) >= 0
    else { return nil }
    return String(decoding: buffer[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

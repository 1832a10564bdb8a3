import Diagnostics
import Glibc

/// An output that appears whole under its name, or not at all.
///
/// A regular or absent target is written as `.NAME.tmp.PID` beside it and renamed in `commit`; symbolic links are followed,
/// the mode of a file that is replaced is kept. Devices and pipes are written directly and never renamed over.
final class OutputFile {
  /// What a problem calls the output.
  let name: String
  let descriptor: FileDescriptor
  /// Where the bytes go before `commit`; nil for standard output, devices and pipes.
  let temporaryPath: String?
  private let target: String
  private var isOpen = true

  /// True for a target that can be renamed over, which HDF5 needs: absent, or a regular file.
  static func isReplaceable(_ path: String?) -> Bool {
    guard let path, path != "-" else { return false }
    return FileStatus.of(path)?.isRegular ?? true
  }

  /// Opens `path`, or standard output for nil and `-`. Throws `.cannotCreate`, and `.usage` where the target is one of
  /// `inputs` and `force` is not given.
  init(_ path: String?, inputs: [String] = [], force: Bool = false) throws {
    guard let path, path != "-" else {
      name = "standard output"
      target = "-"
      temporaryPath = nil
      descriptor = FileDescriptor(1, name: name, isOwned: false)
      return
    }
    name = path
    let status = FileStatus.of(path)
    if let status, !status.isRegular {
      guard !status.isFolder else {
        throw Problem(.cannotCreate, "this is a folder", remedy: "name a file", file: path)
      }
      target = path
      temporaryPath = nil
      let number = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
      guard number >= 0 else { throw Self.cannotCreate(path, errno) }
      descriptor = FileDescriptor(number, name: path, isOwned: true)
      return
    }
    if let status {
      try Self.refuse(path, status, inputs: inputs, force: force)
    }
    target = try Self.resolved(path)
    (descriptor, temporaryPath) = try Self.makeTemporary(for: target, name: path)
    if let status { fchmod(descriptor.number, status.permissions) }
  }

  deinit { abandon() }

  private static func cannotCreate(_ path: String, _ code: Int32) -> Problem {
    Problem(.cannotCreate, "cannot create: \(systemMessage(code))", file: path)
  }

  private static func refuse(
    _ path: String, _ status: FileStatus, inputs: [String], force: Bool
  ) throws {
    guard access(path, W_OK) == 0 else { throw cannotCreate(path, errno) }
    for input in inputs where !force {
      let other = input == "-" ? FileDescriptor(0, name: "", isOwned: false).status : .of(input)
      if let other, other.isSameFile(as: status) {
        throw Problem(
          .usage, "this file is also an input", remedy: "give another name with -o, or use -f",
          file: path)
      }
    }
  }

  /// The path with symbolic links at its end followed, also where the last of them leads nowhere yet.
  private static func resolved(_ path: String) throws -> String {
    var path = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let n = readlink(path, &buffer, buffer.count)
      guard n > 0 else { return path }
      let link = String(decoding: buffer[0..<n].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      path = link.hasPrefix("/") ? link : folder(of: path) + link
    }
    throw cannotCreate(path, ELOOP)
  }

  /// Everything up to and with the last slash; empty for a name alone.
  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[...slash])
  }

  private static func makeTemporary(
    for target: String, name: String
  ) throws -> (FileDescriptor, String) {
    let folder = folder(of: target)
    let last = target.dropFirst(folder.count)
    guard !last.isEmpty else {
      throw Problem(.cannotCreate, "this is no file name", remedy: "name a file", file: name)
    }
    // Room for the prefix and suffix in a name of at most 255 bytes.
    let short = String(decoding: Array(last.utf8.prefix(220)), as: UTF8.self)
    for attempt in 0..<100 {
      let suffix = attempt == 0 ? "" : ".\(attempt)"
      let path = "\(folder).\(short).tmp.\(getpid())\(suffix)"
      TemporaryFiles.register(path)
      let number = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if number >= 0 { return (FileDescriptor(number, name: name, isOwned: true), path) }
      TemporaryFiles.forget(path)
      guard errno == EEXIST else { throw cannotCreate(name, errno) }
    }
    throw cannotCreate(name, EEXIST)
  }

  /// Makes the output appear: everything on the disk, closed, renamed. Standard output stays open.
  func commit() throws {
    guard isOpen else { return }
    do {
      guard let temporaryPath else {
        if target == "-" { try Self.checkStandardOutput() } else { try descriptor.close() }
        isOpen = false
        return
      }
      // Some file systems know no fsync and say EINVAL; they have nothing to lose.
      if fsync(descriptor.number) != 0 && errno != EINVAL && errno != EROFS {
        throw descriptor.writeFailure(errno)
      }
      try descriptor.close()
      guard rename(temporaryPath, target) == 0 else { throw Self.cannotCreate(name, errno) }
      TemporaryFiles.forget(temporaryPath)
      isOpen = false
    } catch {
      abandon()
      throw error
    }
  }

  /// A network file system may report a full disk only when a descriptor is closed; a copy of standard output serves.
  private static func checkStandardOutput() throws {
    let copy = dup(1)
    guard copy >= 0 else {
      throw Problem(.io, "cannot write: \(systemMessage(errno))", file: "standard output")
    }
    try FileDescriptor(copy, name: "standard output", isOwned: true).close()
  }

  /// Removes what was written so far; nothing appears.
  func abandon() {
    guard isOpen else { return }
    isOpen = false
    if let temporaryPath {
      unlink(temporaryPath)
      TemporaryFiles.forget(temporaryPath)
    }
    try? descriptor.close()
  }
}

/// Text and small pieces on their way to an output, written in blocks of 64 KiB.
final class BufferedOutput {
  let file: OutputFile
  private var buffer: [UInt8] = []

  init(_ file: OutputFile) {
    self.file = file
    buffer.reserveCapacity(1 << 16)
  }

  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 16 { try flush() }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  private func flush() throws {
    try buffer.withUnsafeBytes { try file.descriptor.write($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  func finish() throws {
    try flush()
    try file.commit()
  }
}

import Diagnostics
import Glibc

/// The reader at the other end of standard output went away: not a failure, the command ends quietly with 0.
public struct ClosedPipe: Error {
  public init() {}
}

/// An open file that is closed once, with the calls that are interrupted by signals repeated.
///
/// `close()` is checked; `deinit` closes only what a failure left open.
final class FileDescriptor {
  /// What a problem calls the file.
  let name: String
  private(set) var number: Int32
  private let isOwned: Bool

  init(_ number: Int32, name: String, isOwned: Bool) {
    self.number = number
    self.name = name
    self.isOwned = isOwned
  }

  deinit {
    if isOwned && number >= 0 { _ = Glibc.close(number) }
  }

  /// Opens for reading; `-` is standard input. Throws `.noInput` for what is absent, unreadable or a folder.
  static func reading(_ path: String) throws -> FileDescriptor {
    if path == "-" { return FileDescriptor(0, name: "standard input", isOwned: false) }
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else {
      throw Problem(.noInput, "cannot open: \(systemMessage(errno))", file: path)
    }
    let file = FileDescriptor(number, name: path, isOwned: true)
    guard file.status?.isFolder != true else {
      throw Problem(.noInput, "this is a folder, not a file", file: path)
    }
    return file
  }

  var status: FileStatus? {
    var info = stat()
    return fstat(number, &info) == 0 ? FileStatus(info) : nil
  }

  /// Up to `buffer.count` bytes; 0 is the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let n = Glibc.read(number, buffer.baseAddress, buffer.count)
      if n >= 0 { return n }
      if errno == EINTR { continue }
      if errno == EISDIR { throw Problem(.noInput, "this is a folder, not a file", file: name) }
      throw Problem(.io, "cannot read: \(systemMessage(errno))", file: name)
    }
  }

  /// All of the bytes, or an error: `ClosedPipe` where the reader left, else `.io`.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var at = 0
    while at < bytes.count {
      let n = Glibc.write(number, bytes.baseAddress.map { $0 + at }, bytes.count - at)
      if n >= 0 {
        at += n
      } else if errno != EINTR {
        throw writeFailure(errno)
      }
    }
  }

  /// All of the pieces, in order, with as few calls as the system allows.
  func write(gathering pieces: inout [iovec]) throws {
    var first = 0
    while first < pieces.count {
      let result = pieces.withUnsafeBufferPointer {
        writev(number, $0.baseAddress.map { $0 + first }, Int32(min($0.count - first, 1024)))
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw writeFailure(errno)
      }
      var n = result
      while first < pieces.count && n >= pieces[first].iov_len {
        n -= pieces[first].iov_len
        first += 1
      }
      if n > 0 {
        pieces[first].iov_base = pieces[first].iov_base.map { $0 + n }
        pieces[first].iov_len -= n
      }
    }
  }

  func writeFailure(_ code: Int32) -> any Error {
    code == EPIPE ? ClosedPipe() : Problem(.io, "cannot write: \(systemMessage(code))", file: name)
  }

  /// Closes and reports what the system kept back until now. Standard output is closed too: a later write is an error.
  func close() throws {
    guard number >= 0 else { return }
    let closing = number
    number = -1
    // After EINTR Linux has closed the descriptor all the same.
    guard Glibc.close(closing) == 0 || errno == EINTR else { throw writeFailure(errno) }
  }
}

/// What `stat` says, in words.
struct FileStatus {
  private let info: stat
  init(_ info: stat) { self.info = info }

  /// Follows symbolic links; nil where there is nothing.
  static func of(_ path: String) -> FileStatus? {
    var info = stat()
    return stat(path, &info) == 0 ? FileStatus(info) : nil
  }

  private var format: mode_t { info.st_mode & S_IFMT }
  var isRegular: Bool { format == S_IFREG }
  var isFolder: Bool { format == S_IFDIR }
  var isPipe: Bool { format == S_IFIFO || format == S_IFSOCK }
  var permissions: mode_t { info.st_mode & 0o7777 }
  var size: Int { Int(info.st_size) }
  func isSameFile(as other: FileStatus) -> Bool {
    info.st_dev == other.info.st_dev && info.st_ino == other.info.st_ino
  }
}

/// The system's words for an error number, in our lower case.
func systemMessage(_ code: Int32) -> String {
  let text = String(cString: strerror(code))
  return text.prefix(1).lowercased() + text.dropFirst()
}

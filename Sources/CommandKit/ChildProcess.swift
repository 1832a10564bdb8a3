import Diagnostics
import Glibc

/// A helper program, run to its end with bytes in and bytes out.
public struct ChildProcess {
  /// What the program left.
  public struct Outcome: Sendable {
    /// Exit status, or 128 + the signal that ended it.
    public var status: Int32
    public var output: [UInt8]
    public var error: String
  }

  /// Runs a program found in PATH. Throws `.unavailable` where there is none of this name.
  ///
  /// Its input and output go through unlinked files in TMPDIR, so that neither side can block the other.
  public static func run(
    _ program: String, _ arguments: [String] = [], input: [UInt8] = []
  ) throws -> Outcome {
    let files = try (0..<3).map { _ in try spool() }
    defer { files.forEach { close($0) } }
    try write(input, to: files[0])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file, Int32(number))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What this process ignores is its own affair.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGXFSZ] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var pid = pid_t()
    let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, environ)
    guard code == 0 else {
      throw Problem(.unavailable, "cannot run \(program): \(String(cString: strerror(code)))")
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: try read(files[1]),
      error: String(decoding: try read(files[2]), as: UTF8.self))
  }

  private static func spool() throws -> Int32 {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((folder + "/sluice-XXXXXX").utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else {
      throw Problem(
        .cannotCreate, "cannot create a temporary file: \(String(cString: strerror(errno)))",
        remedy: "set TMPDIR to a folder with room", file: folder)
    }
    unlink(template)
    // The child gets copies as its 0, 1 and 2, and nothing else.
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    return number
  }

  private static func write(_ bytes: [UInt8], to file: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let n = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard n > 0 else {
        if errno == EINTR { continue }
        throw Problem(.io, "cannot write a temporary file: \(String(cString: strerror(errno)))")
      }
      rest = rest.dropFirst(n)
    }
    lseek(file, 0, SEEK_SET)
  }

  private static func read(_ file: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    lseek(file, 0, SEEK_SET)
    while true {
      let n = Glibc.read(file, &block, block.count)
      if n < 0 && errno == EINTR { continue }
      guard n >= 0 else {
        throw Problem(.io, "cannot read a temporary file: \(String(cString: strerror(errno)))")
      }
      if n == 0 { return bytes }
      bytes += block[0..<n]
    }
  }
}

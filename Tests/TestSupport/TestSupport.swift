import Glibc
import Testing

/// Where things are, for tests: found from the place of this file, so that suites run from any working directory.
public enum Place {
  /// Top of the source tree.
  public static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()
  /// The folder of samples and reference numbers beside the project; a user has none.
  public static let shared = root + "/../shared"
  /// The folder of the built commands: where this test bundle is.
  public static let products: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let n = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let bytes = buffer[0..<max(0, n)].map { UInt8(bitPattern: $0) }
    let helper = String(decoding: bytes, as: UTF8.self)
    // Under `swift test` the running program may be the toolchain's helper; an argument then
    // names the bundle.
    for argument in CommandLine.arguments + [helper] where argument.contains("PackageTests.xctest")
    {
      return argument.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
    }
    return helper.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
  }()

  public static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

  public static var isStrict: Bool { getenv("SLUICE_STRICT").map { String(cString: $0) } == "1" }

  /// True where `shared` is there, or where its absence must be a failure (SLUICE_STRICT=1).
  public static var hasSharedOrStrict: Bool { isStrict || exists(shared + "/data/truth.json") }
}

extension Trait where Self == ConditionTrait {
  /// Skips with a reason where the shared samples are absent; with SLUICE_STRICT=1 the test runs, and fails on them.
  public static var needsShared: ConditionTrait {
    .enabled(if: Place.hasSharedOrStrict, "the folder ../shared is absent")
  }
}

/// |a − b| / max(|b|, floor).
public func relativeError(_ a: Double, _ b: Double, floor: Double = 1e-300) -> Double {
  if a == b { return 0 }
  return abs(a - b) / max(abs(b), floor)
}

/// A fresh folder, removed when the value goes away.
public final class TemporaryFolder {
  public let path: String
  public init() {
    var template = Array("/tmp/sluice-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      path = "/tmp"
      Issue.record("mkdtemp: \(String(cString: strerror(errno)))")
      return
    }
    path = String(cString: made)
  }
  deinit {
    if path != "/tmp" { _ = run("rm", ["-rf", path]) }
  }
  public func file(_ name: String) -> String { path + "/" + name }
  /// The names of the files in it, hidden ones too.
  public var contents: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// What a finished program left.
public struct Outcome: Sendable {
  public var status: Int32
  /// Signal that killed it, or 0.
  public var signal: Int32
  public var output: [UInt8]
  public var error: String
  public var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs a program (found in PATH) and waits. Standard input is `input`, or empty.
public func run(
  _ program: String, _ arguments: [String], input: [UInt8] = [], in folder: String? = nil,
  environment: [String: String] = [:]
) -> Outcome {
  if let folder {
    return run(
      "sh", ["-c", "cd \"$0\" && exec \"$@\"", folder, program] + arguments, input: input,
      environment: environment)
  }
  func spool() -> Int32 {
    var template = Array("/tmp/sluice-spool-XXXXXX".utf8CString)
    let fd = mkstemp(&template)
    unlink(template)
    return fd
  }
  let (stdin, stdout, stderr) = (spool(), spool(), spool())
  defer { [stdin, stdout, stderr].forEach { close($0) } }
  var at = 0
  while at < input.count {
    let n = input.withUnsafeBytes { write(stdin, $0.baseAddress! + at, $0.count - at) }
    guard n > 0 else { break }
    at += n
  }
  lseek(stdin, 0, SEEK_SET)
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, stdin, 0)
  posix_spawn_file_actions_adddup2(&actions, stdout, 1)
  posix_spawn_file_actions_adddup2(&actions, stderr, 2)
  var variables: [String] = []
  var next = environ
  while let entry = next.pointee {
    let text = String(cString: entry)
    if !environment.keys.contains(where: { text.hasPrefix($0 + "=") }) { variables.append(text) }
    next += 1
  }
  variables += environment.map { "\($0)=\($1)" }
  var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
  var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
  defer { (argv + envp).forEach { free($0) } }
  // The test runner ignores and blocks signals; a program starts with the signals of a shell.
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
  posix_spawnattr_setsigdefault(&attributes, &signals)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
  var pid = pid_t()
  guard posix_spawnp(&pid, program, &actions, &attributes, &argv, &envp) == 0 else {
    return Outcome(status: 127, signal: 0, output: [], error: "cannot run \(program)")
  }
  var status: Int32 = 0
  while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
  func slurp(_ fd: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    lseek(fd, 0, SEEK_SET)
    while true {
      let n = read(fd, &block, block.count)
      guard n > 0 else { return bytes }
      bytes += block[0..<n]
    }
  }
  let signal = status & 0x7f
  return Outcome(
    status: signal == 0 ? (status >> 8) & 0xff : -1, signal: signal, output: slurp(stdout),
    error: String(decoding: slurp(stderr), as: UTF8.self))
}

/// Runs a shell line with the built commands first in PATH.
public func shell(
  _ line: String, in folder: String? = nil, input: [UInt8] = [],
  environment: [String: String] = [:]
) -> Outcome {
  var variables = environment
  let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
  variables["PATH"] = Place.products + ":" + path
  return run("bash", ["-c", line], input: input, in: folder, environment: variables)
}

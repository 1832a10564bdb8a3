import Glibc
import Synchronization

/// The one door to standard error: whole lines, and the progress line that gives way to them.
enum StandardError {
  private static let progressShown = Mutex(false)

  /// One write, so that lines of the commands of a pipe do not mix.
  static func line(_ text: String) {
    clearProgress()
    put(text + "\n")
  }

  /// Overwrites the progress line with a new one.
  static func progress(_ text: String) {
    progressShown.withLock { $0 = true }
    // Blanks, not escape sequences, so that every terminal shows it.
    put("\r" + text.prefix(78) + String(repeating: " ", count: max(0, 78 - text.count)) + "\r")
  }

  static func clearProgress() {
    let shown = progressShown.withLock { shown in
      defer { shown = false }
      return shown
    }
    if shown { put("\r" + String(repeating: " ", count: 78) + "\r") }
  }

  private static func put(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let n = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if n <= 0 {
        if n < 0 && errno == EINTR { continue }
        return
      }
      bytes = bytes.dropFirst(n)
    }
  }

  /// True where progress may be shown: a terminal that can return to the start of a line.
  static var showsProgress: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    return getenv("TERM").map { String(cString: $0) } != "dumb"
  }
}

/// Lets something happen at most so often a second.
final class RateLimit: Sendable {
  private let last = Mutex(-Double.infinity)
  private let interval: Double
  init(perSecond: Double) { interval = 1 / perSecond }
  /// True if enough time has passed since it was last true.
  func allows(at time: Double = Clock.wall) -> Bool {
    last.withLock { last in
      guard time - last >= interval else { return false }
      last = time
      return true
    }
  }
}

/// Clocks of this process, in seconds.
enum Clock {
  static var wall: Double { read(CLOCK_MONOTONIC) }
  static var cpu: Double { read(CLOCK_PROCESS_CPUTIME_ID) }
  private static func read(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  /// Largest resident memory so far, in MiB.
  static var peakMemory: Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}

import Glibc
import Synchronization

/// The output files in the making, so that a signal handler can remove them.
///
/// The registry is plain memory: `unlinkAll` takes no lock and allocates nothing, as a signal handler must.
public enum TemporaryFiles {
  private static let capacity = 64
  /// Words that hold C strings; written one word at a time.
  private nonisolated(unsafe) static let slots: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> =
    {
      let made = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: capacity)
      made.initialize(repeating: nil, count: capacity)
      return made
    }()
  private static let lock = Mutex(())

  /// Makes the registry, which must happen before a signal handler may ask for it.
  public static func prepare() { _ = slots }

  /// Removes every registered file. Async-signal-safe once `prepare` has run.
  public static func unlinkAll() {
    for i in 0..<capacity {
      if let path = slots[i] { unlink(path) }
    }
  }

  static func register(_ path: String) {
    lock.withLock { _ in
      for i in 0..<capacity where slots[i] == nil {
        slots[i] = strdup(path)
        return
      }
    }
  }

  /// The text is not freed: a handler may be reading it.
  static func forget(_ path: String) {
    lock.withLock { _ in
      for i in 0..<capacity {
        if let text = slots[i], strcmp(text, path) == 0 { slots[i] = nil }
      }
    }
  }
}

import Synchronization

/// Where library code reports what does not stop it: warnings, notes and progress.
///
/// Warnings of one key are counted and printed once, at the end, so that a million odd events give one line.
/// A warning means that a result is affected; anything else is a note, shown with `-v` only.
public final class Journal: Sendable {
  /// A warning, how often it came, and the first place it came from.
  public struct Warning: Sendable, Equatable {
    public let key: String
    public let text: String
    public var count: Int
  }

  private struct State {
    var warnings: [Warning] = []
    var notes: [String] = []
  }
  private let state = Mutex(State())
  private let onProgress: (@Sendable (String, Int, Int?) -> Void)?
  private let onNote: (@Sendable (String) -> Void)?

  /// A journal that keeps warnings; progress and notes go to the closures (CommandKit gives them).
  public init(
    onNote: (@Sendable (String) -> Void)? = nil,
    onProgress: (@Sendable (String, Int, Int?) -> Void)? = nil
  ) {
    self.onNote = onNote
    self.onProgress = onProgress
  }

  /// Counts a warning; only the first text of a key is kept.
  public func warn(_ key: String, _ text: @autoclosure () -> String, count: Int = 1) {
    state.withLock { state in
      if let i = state.warnings.firstIndex(where: { $0.key == key }) {
        state.warnings[i].count += count
      } else {
        state.warnings.append(Warning(key: key, text: text().withoutSignedNaN, count: count))
      }
    }
  }

  /// A line for `-v`.
  public func note(_ text: @autoclosure () -> String) {
    if let onNote { onNote(text().withoutSignedNaN) }
  }

  /// How far the job is; `total` is nil where it is not known.
  public func progress(_ activity: String, _ done: Int, of total: Int? = nil) {
    onProgress?(activity, done, total)
  }

  public var warnings: [Warning] { state.withLock { $0.warnings } }
}

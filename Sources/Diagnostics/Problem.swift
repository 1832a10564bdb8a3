/// Why a command stops: the kind decides the exit code, the rest is the one line a user reads.
///
/// Built where the fact is known, given more context on the way up, printed once by CommandKit as
/// `command: error: FILE:PLACE: fact; remedy`.
public struct Problem: Error, Sendable, Equatable {
  /// The documented exit codes (sysexits where there is one).
  public enum Kind: Int32, Sendable, CaseIterable {
    /// The command ran well and the answer is no (a check or a comparison failed).
    case answerIsNo = 1
    /// Wrong on the command line.
    case usage = 64
    /// Wrong in a file or stream.
    case data = 65
    /// An input that cannot be opened.
    case noInput = 66
    /// A helper program (gnuplot) is absent.
    case unavailable = 69
    /// An error of ours.
    case software = 70
    /// An output that cannot be created.
    case cannotCreate = 73
    /// A read, a write or a close failed.
    case io = 74
    /// Interrupted, and can be resumed.
    case interrupted = 75
  }

  public var kind: Kind
  /// File name, `standard input`, or nil when the problem is not in a file.
  public var file: String?
  /// Where in the file: `event 12 (byte 4711)`, `line 3, column 7`, `dataset samples/weights`.
  public var place: String?
  /// What is wrong, lower case, without a full stop.
  public var fact: String
  /// What the user can do about it.
  public var remedy: String?

  public init(
    _ kind: Kind, _ fact: String, remedy: String? = nil, file: String? = nil, place: String? = nil
  ) {
    self.kind = kind
    self.fact = fact
    self.remedy = remedy
    self.file = file
    self.place = place
  }

  /// `FILE:PLACE: fact; remedy`, on one line whatever the texts hold.
  public var line: String {
    var text = ""
    if let file { text += file + ": " }
    if let place { text += place + ": " }
    text += fact.withoutSignedNaN
    if let remedy { text += "; " + remedy.withoutSignedNaN }
    return String(text.map { $0.isNewline ? " " : $0 })
  }

  /// The same problem with the file named, unless a deeper level has named one already.
  public func inFile(_ name: String) -> Problem {
    var copy = self
    copy.file = copy.file ?? name
    return copy
  }

  /// The same problem with a place, unless a deeper level has given one already.
  public func at(_ place: String) -> Problem {
    var copy = self
    copy.place = copy.place ?? place
    return copy
  }
}

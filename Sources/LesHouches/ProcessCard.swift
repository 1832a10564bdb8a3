import EventModel

/// What a file says its events are of: the commands of MadGraph's `<MG5ProcCard>` that define model and processes.
public struct ProcessCard: Sendable, Equatable {
  /// With single blanks, in the order of the card.
  public private(set) var commands: [String] = []

  public init(text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      let isOfInterest =
        first == "generate" || first == "define"
        || first == "add" && words.dropFirst().first == "process"
        || first == "import" && words.dropFirst().first == "model"
      guard isOfInterest else { continue }
      var command = words.map(String.init)
      // A model may be named by its path, which is of one machine.
      if first == "import", command.count > 2 {
        command[2] = command[2].split(separator: "/").last.map(String.init) ?? command[2]
      }
      commands.append(command.joined(separator: " "))
    }
  }

  /// The first commands that differ; nil where none do, or a card names no process.
  func difference(to other: ProcessCard) -> (own: String, other: String)? {
    guard namesProcess, other.namesProcess, commands != other.commands else { return nil }
    let shared = zip(commands, other.commands).prefix { $0 == $1 }.count
    func command(_ card: ProcessCard) -> String {
      shared < card.commands.count ? "'\(card.commands[shared])'" : "nothing more"
    }
    return (command(self), command(other))
  }

  private var namesProcess: Bool {
    commands.contains { $0.hasPrefix("generate") || $0.hasPrefix("add") }
  }
}

/// What leaves the events of a file: sets of |PDG number|, as far as they are few.
struct FinalStates {
  private var keys = Set<UInt64>()
  /// The first, for messages.
  private(set) var example = ""
  private var isOpen = false
  private static let limit = 4096

  mutating func add(_ event: ParticleEvent) {
    guard !isOpen else { return }
    // A sum, so that the order of particles does not count.
    var key: UInt64 = 0
    for particle in event.particles where particle.status == 1 {
      var z = UInt64(particle.pdgID.magnitude) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
      key &+= z ^ (z &>> 31)
    }
    guard key != 0, keys.insert(key).inserted else { return }
    if keys.count == 1 {
      example = LHESummary.Channel(event).text
    } else if keys.count > Self.limit {
      isOpen = true
    }
  }

  /// True where no event of one file has the particles of an event of the other.
  func areApart(from other: FinalStates) -> Bool {
    !isOpen && !other.isOpen && !keys.isEmpty && !other.keys.isEmpty
      && keys.isDisjoint(with: other.keys)
  }
}

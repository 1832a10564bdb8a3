import Glibc
import TestSupport
import Testing

/// The rooms and the arrows between them (DESIGN 5): what each may import beside what that imports.
private let arrows: [String: [String]] = [
  "CHDF5": [], "CZlib": [], "CExpat": [], "COpenBLAS": [], "CVectorMath": [],
  "Diagnostics": [],
  "Numerics": ["CVectorMath"],
  "LinearAlgebra": ["COpenBLAS", "Numerics"],
  "EventModel": ["Diagnostics"],
  "EventIO": ["EventModel", "CHDF5", "CZlib"],
  "AnalysisFile": ["EventModel", "Yams"],
  "LesHouches": ["EventIO", "CExpat"],
  "Observables": ["EventModel", "Numerics"],
  "Morphing": ["EventModel", "LinearAlgebra"],
  "Augmentation": ["Morphing"],
  "Networks": ["LinearAlgebra"],
  "Estimators": ["Networks", "Morphing"],
  "Inference": ["Estimators"],
  "CommandKit": ["EventIO", "ArgumentParser"],
]

/// Modules of the toolchain that any room may use.
private let system: Set<String> = ["Glibc", "Synchronization"]

/// Everything that can be reached from some rooms, themselves included.
private func reachable(_ rooms: [String]) -> Set<String> {
  var found = Set<String>()
  var open = rooms
  while let room = open.popLast() {
    if found.insert(room).inserted { open += arrows[room] ?? [] }
  }
  return found
}

private func firstNames(_ line: String) -> [String] {
  let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
  return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
}

/// Rooms of each command, as Package.swift says: lines `("fisher", ["Inference", "Observables"]),`.
private let commands: [(name: String, rooms: [String])] = {
  var found: [(name: String, rooms: [String])] = []
  for line in SourceTree.read("Package.swift").split(separator: "\n") {
    let text = String(line.drop { $0 == " " })
    guard text.hasPrefix("(\""), text.hasSuffix("]),"), text.contains(", [") else { continue }
    let names = firstNames(text)
    if arrows[names[0]] == nil { found.append((names[0], Array(names.dropFirst()))) }
  }
  return found
}()

@Suite struct StructureTests {
  /// Every wrong number of the reference system that learning.md 7.1 lists is turned round by a test that names it.
  @Test func everyWrongNumberOfLearningHasATest() {
    var named: Set<Int> = []
    for file in SourceTree.swiftFiles("Tests") {
      for part in file.text.split(separator: "learning.md 7.1 no. ").dropFirst() {
        if let number = Int(part.prefix { $0.isNumber }) { named.insert(number) }
      }
    }
    #expect(named == Set(1...16), "\(Set(1...16).subtracting(named).sorted())")
  }

  @Test func thereAreElevenRoomsAndTenCommandsAndMore() {
    #expect(commands.map(\.name).contains("lhe-read"))
    #expect(commands.count >= 10)
  }

  /// The package description says what the table says.
  @Test func packageHasTheArrowsOfTheDesign() {
    let package = SourceTree.read("Package.swift")
    var seen: [String: [String]] = [:]
    for line in package.split(separator: "\n")
    where line.contains(".target(name: \"") && !line.contains("path:") {
      let text = line.replacing(
        "dependencies: [\"EventModel\", yams]", with: "\"EventModel\", \"Yams\""
      )
      .replacing("[\"EventIO\", parser]", with: "\"EventIO\", \"ArgumentParser\"")
      let names = firstNames(String(text.prefix { $0 != ";" })).filter { $0 != "m" }
      if let room = names.first { seen[room] = Array(names.dropFirst()) }
    }
    for (room, allowed) in arrows where !room.hasPrefix("C") || room == "CommandKit" {
      #expect(seen[room]?.sorted() == allowed.sorted(), "room \(room)")
    }
  }

  @Test func importsFollowTheArrows() {
    let known = Set(commands.map(\.name))
    for room in SourceTree.rooms {
      let allowed: Set<String>
      if arrows[room] != nil {
        allowed = reachable([room])
      } else {
        #expect(known.contains(room) || room == "docgen", "unknown room \(room)")
        let own = commands.first { $0.name == room }?.rooms ?? []
        allowed = reachable(own + ["CommandKit"])
      }
      for file in SourceTree.swiftFiles("Sources/" + room) {
        for module in file.code.compactMap(SourceTree.imported)
        where !system.contains(module) && !allowed.contains(module) {
          // JSON is FoundationEssentials' where we do not write it ourselves.
          let isJSON = module == "FoundationEssentials" && ["EventIO", "docgen"].contains(room)
          #expect(isJSON, "\(file.path) imports \(module)")
        }
      }
    }
  }

  /// `print` to a full disk exits with 0; bytes, terminals and exit codes are the business of two rooms.
  @Test func onlyTwoRoomsTouchBytesAndExit() {
    let words = [
      "print(", "debugPrint(", "FileHandle", "FileManager", "fopen(", "fputs(", "fwrite(", "exit(",
      "_exit(", "abort(", "isatty(", "getenv(",
    ]
    for room in SourceTree.rooms where room != "EventIO" && room != "CommandKit" {
      for file in SourceTree.swiftFiles("Sources/" + room) {
        for (number, line) in file.code.enumerated() {
          for word in words where contains(line, word) {
            Issue.record("\(file.path):\(number + 1): \(word) has no place here")
          }
        }
      }
    }
  }

  private func contains(_ line: String, _ word: String) -> Bool {
    var rest = line[...]
    while let found = rest.firstRange(of: word) {
      let before =
        found.lowerBound == line.startIndex ? nil : line[line.index(before: found.lowerBound)]
      if !(before.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false) { return true }
      rest = rest[found.upperBound...]
    }
    return false
  }

  @Test func filesKeepTheirSize() {
    for file in SourceTree.swiftFiles("Sources") {
      let isMain = file.code.contains { $0.hasPrefix("@main") }
      let limit = isMain ? 150 : 600
      #expect(file.lines.count <= limit + 1, "\(file.path) has \(file.lines.count) lines")
    }
  }

  @Test func nothingIsLeftForLater() {
    for file in SourceTree.swiftFiles("Sources") + SourceTree.swiftFiles("Tests")
    where !file.path.hasSuffix("StructureTests.swift") {
      for word in ["TODO", "FIXME", "XXX:", "fatalError(\"not"] {
        #expect(!file.text.contains(word), "\(file.path) says \(word)")
      }
    }
  }

  @Test(arguments: commands.map(\.name) + ["docgen"])
  func commandHasItsManualAndCompletions(name: String) {
    let missing = [
      "man/man1/\(name).1", "man/src/\(name).mdoc", "man/src/\(name).examples",
      "Completions/bash/\(name)", "Completions/zsh/_\(name)", "Completions/fish/\(name).fish",
    ].filter { !Place.exists(Place.root + "/" + $0) }
    #expect(missing.isEmpty, "\(name): missing \(missing): write man/src and run 'make docs'")
  }
}

/// What the built commands are linked with.
@Suite struct LinkageTests {
  private func libraries(_ command: String) throws -> String {
    let outcome = run("ldd", [Place.products + "/" + command])
    try #require(outcome.status == 0, "ldd \(command): \(outcome.error)")
    return outcome.text
  }

  /// Loading OpenBLAS starts a thread for each core before main.
  @Test(arguments: ["lhe-read", "events", "plot"])
  func staysClearOfOpenBLAS(command: String) throws {
    #expect(try !libraries(command).contains("openblas"))
  }

  /// Foundation comes with Yams alone, which only `morph` needs.
  @Test(arguments: commands.map(\.name).filter { $0 != "morph" })
  func staysClearOfFoundation(command: String) throws {
    let text = try libraries(command)
    #expect(!text.contains("libFoundation.so"))
    #expect(!text.contains("libFoundationInternationalization"))
  }
}

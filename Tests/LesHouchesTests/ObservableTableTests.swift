import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

@Suite("Observables from tables")
struct ObservableTableTests {
  private func table(
    _ text: String, column: String = "event", base: Int = 1, names: [String]? = nil
  ) throws -> ObservableTable {
    let folder = TemporaryFolder()
    let source = try Input.openTable(
      folder.write(text, "t.tsv"), expecting: [.events], journal: Journal())
    return try ObservableTable(source, eventColumn: column, base: base, names: names)
  }

  @Test("rows are found by number, in any order; what has none is counted")
  func order() throws {
    let table = try table("event\tmet\tn\n4\t40\tnan\n1\t10\t1\n3\t30\t3\n")
    #expect(table.names == ["met", "n"])
    #expect(table.row(ofEvent: 1).map(Array.init) == [10, 1])
    #expect(table.row(ofEvent: 2) == nil)
    #expect(table.row(ofEvent: 3).map(Array.init) == [30, 3])
    #expect(table.row(ofEvent: 4)?.last?.isNaN == true)
    let journal = Journal()
    try table.finish(events: 4, of: "x.lhe", isCut: false, journal: journal)
    #expect(journal.warnings.count == 1)
    #expect(journal.warnings[0].text.hasPrefix("x.lhe: 1 of 4 events have no row in "))
  }

  @Test("another column of numbers, from 0; columns in the order of another table")
  func spellings() throws {
    let table = try table("b,a,i\n1,2,0\n3,4,1\n", column: "i", base: 0, names: ["a", "b"])
    #expect(table.row(ofEvent: 1).map(Array.init) == [2, 1])
    #expect(table.row(ofEvent: 2).map(Array.init) == [4, 3])
  }

  static let bad: [(text: String, says: String)] = [
    ("number\tmet\n1\t2\n", "no column 'event'"),
    ("event\tmet\n1\t2\n1\t3\n", "rows 1 and 2: event 1 has two rows"),
    ("event\tmet\n3\t2\n1\t3\n3\t4\n", "rows 1 and 3: event 3 has two rows"),
    ("event\tmet\n0\t2\n", "--event-base 0"),
    ("event\tmet\n1.5\t2\n", "row 1: the number of an event is 1.5"),
    ("event\tmet\nnan\t2\n", "the number of an event is nan"),
    ("event\tmet\n-1\t2\n", "the number of an event is -1"),
    ("# event\n1\n", "no column but the numbers"),
    ("event\tmet\n", "no rows"),
  ]

  @Test("bad tables", arguments: bad.indices) func badTables(index: Int) throws {
    let (text, says) = Self.bad[index]
    do {
      _ = try table(text)
      Issue.record("accepted: \(text)")
    } catch let problem as Problem {
      #expect(problem.kind == .data && problem.line.contains(says), "\(problem.line)")
    }
  }

  @Test("columns that are not those of the first table, and rows beyond the file")
  func misfits() throws {
    #expect(throws: Problem.self) { try table("event\ta\n1\t1\n", names: ["b"]) }
    #expect(throws: Problem.self) { try table("event\ta\tb\n1\t1\t1\n", names: ["b"]) }
    let beyond = try table("event\tmet\n1\t2\n7\t3\n")
    for number in 1...5 { _ = beyond.row(ofEvent: number) }
    do {
      try beyond.finish(events: 5, of: "x.lhe", isCut: false, journal: Journal())
      Issue.record("event 7 is beyond the file")
    } catch let problem as Problem {
      #expect(problem.fact == "1 row is of events that x.lhe has not, such as 7 (it has 5)")
    }
    let journal = Journal()
    try beyond.finish(events: 5, of: "x.lhe", isCut: true, journal: journal)
    #expect(journal.warnings.count == 2)
    let other = try table("event\tmet\n9\t2\n")
    _ = other.row(ofEvent: 1)
    #expect(throws: Problem.self) {
      try other.finish(events: 1, of: "x.lhe", isCut: true, journal: Journal())
    }
  }

  @Test("what the table has replaces observables of the setup, the rest is added")
  func replacement() {
    let setup = [
      Observable(name: "met", expression: "met.pt", onUndefined: .reject, unit: "GeV"),
      Observable(name: "px", expression: "p[0].px"),
    ]
    let all = ObservableTable.observables(setup, table: ["n", "met"])
    #expect(all.map(\.name) == ["met", "px", "n"])
    #expect(all.map(\.expression) == [nil, "p[0].px", nil])
    #expect(all[0].onUndefined == .reject && all[0].unit == "GeV")
  }
}

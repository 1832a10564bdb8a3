import Diagnostics
import EventModel
import LesHouches
import Observables

/// What is computed and cut: the setup's observables and cuts, and those of the command line.
struct SelectionPlan {
  /// With the observables as they are evaluated.
  let setup: Setup
  let selection: Selection

  /// `file` is the setup's, for problems in it; what is wrong on the command line is a matter of usage.
  /// `table` are the observables that come from elsewhere.
  init(
    _ given: Setup?, file: String?, table: [String], observables: [String], cuts: [String]
  ) throws {
    var setup = given ?? Setup(name: "")
    if !table.isEmpty {
      setup.observables = ObservableTable.observables(setup.observables, table: table)
    }
    if given != nil { _ = try Self.named(file) { try Selection(setup, external: table) } }
    let own = try observables.map(Self.observable)
    if setup.observables.isEmpty && own.isEmpty {
      setup.observables = DefaultObservables().observables
      // Without a setup no event is lost for an observable that it does not have.
      if given == nil {
        for i in setup.observables.indices where setup.observables[i].onUndefined == .reject {
          setup.observables[i].onUndefined = .value(.nan)
        }
      }
    }
    setup.observables += own
    setup.cuts += cuts
    do {
      selection = try Selection(setup, external: table)
    } catch var problem as Problem {
      if !own.isEmpty || !cuts.isEmpty { problem.kind = .usage }
      throw problem
    }
    setup.observables = selection.observables
    self.setup = setup
  }

  private static func named<T>(_ file: String?, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem {
      throw file.map { problem.inFile($0) } ?? problem
    }
  }

  /// `NAME=EXPR`; NAME is a word of letters, digits and underscores.
  private static func observable(_ text: String) throws -> Observable {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex,
      text[..<equals].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }),
      text.index(after: equals) < text.endIndex, text[text.index(after: equals)] != "="
    else {
      throw Problem(
        .usage, "--observable '\(text)' is not a name and an expression",
        remedy: "write --observable 'pt_l1=l[0].pt'")
    }
    return Observable(
      name: String(text[..<equals]), expression: String(text[text.index(after: equals)...]))
  }
}

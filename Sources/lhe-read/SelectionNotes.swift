import Diagnostics
import Observables

extension SelectionReport {
  /// Where events went, with `-v`.
  func note(_ selection: Selection, _ journal: Journal) {
    journal.note("\(kept) of \(events) events kept")
    for (cut, n) in zip(selection.cuts, rejectedByCut) where n > 0 {
      journal.note("cut '\(cut)' rejects \(n)")
    }
    for (observable, n) in zip(selection.observables, rejectedByObservable) where n > 0 {
      journal.note("\(n) rejected because \(observable.name) is undefined")
    }
    for (efficiency, n) in zip(selection.efficiencies, rejectedByEfficiency) where n > 0 {
      journal.note("efficiency '\(efficiency)' is 0 for \(n)")
    }
    for (observable, n) in zip(selection.observables, undefined) where n > 0 {
      journal.note("\(observable.name) is undefined in \(n) events kept")
    }
  }
}

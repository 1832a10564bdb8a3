// Observables

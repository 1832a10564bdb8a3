import Diagnostics

/// The names of the expression language; observables(7) lists them from here.
public enum Vocabulary {
  /// An object of the event.
  enum Object: Sendable {
    case list(BaseList)
    case met
    case visible
    /// visible + met
    case everything
    case header(HeaderValue)
    case number(Double)
    case truth(Bool)

    var isConstant: Bool {
      switch self {
      case .number, .truth: true
      default: false
      }
    }
  }

  static let objects: [String: Object] = [
    "l": .list(.l), "e": .list(.e), "mu": .list(.mu), "tau": .list(.tau), "a": .list(.a),
    "j": .list(.j), "b": .list(.b), "v": .list(.v), "p": .list(.p), "truth": .list(.truth),
    "p_truth": .list(.truth), "incoming": .list(.incoming), "record": .list(.record),
    "met": .met, "MET": .met, "visible": .visible, "all": .everything,
    "n_particles": .header(.count), "scale": .header(.scale), "alpha_qed": .header(.alphaQED),
    "alpha_qcd": .header(.alphaQCD), "process_id": .header(.process), "weight": .header(.weight),
    "pi": .number(.pi), "True": .truth(true), "False": .truth(false),
    "true": .truth(true), "false": .truth(false),
  ]

  /// Words of the grammar; nothing can be called so.
  static let keywords: Set<String> = [
    "and", "or", "not", "if", "else", "for", "in", "let", "lambda", "key",
  ]

  static let measures: [String: (Measure, Dimension)] = [
    "px": (.px, .energy), "x": (.px, .energy), "py": (.py, .energy), "y": (.py, .energy),
    "pz": (.pz, .energy), "z": (.pz, .energy),
    "e": (.e, .energy), "E": (.e, .energy), "energy": (.e, .energy), "t": (.e, .energy),
    "pt": (.pt, .energy), "rho": (.pt, .energy), "pt2": (.pt2, Dimension(power: 2)),
    "p": (.p, .energy), "mag": (.p, .energy), "p2": (.p2, Dimension(power: 2)),
    "phi": (.phi, .angle), "theta": (.theta, .angle), "costheta": (.costheta, .none),
    "cottheta": (.cottheta, .none), "eta": (.eta, .none), "pseudorapidity": (.eta, .none),
    "rapidity": (.rapidity, .none),
    "m": (.m, .energy), "M": (.m, .energy), "mass": (.m, .energy), "tau": (.m, .energy),
    "m2": (.m2, Dimension(power: 2)),
    "mt": (.mt, .energy), "Mt": (.mt, .energy), "transverse_mass": (.mt, .energy),
    "et": (.et, .energy), "Et": (.et, .energy), "transverse_energy": (.et, .energy),
    "beta": (.beta, .none), "gamma": (.gamma, .none),
  ]

  /// Attributes of particles alone, or different there: the mass is the file's.
  static let particleMeasures: [String: (ParticleMeasure, Dimension, ValueType)] = [
    "m": (.m, .energy, .number), "M": (.m, .energy, .number), "mass": (.m, .energy, .number),
    "tau": (.m, .energy, .number), "m2": (.m2, Dimension(power: 2), .number),
    "gamma": (.gamma, .none, .number),
    "pdgid": (.pdgID, .none, .number), "pdg_id": (.pdgID, .none, .number),
    "charge": (.charge, .none, .number), "spin": (.spin, .none, .number),
    "status": (.status, .none, .number), "lifetime": (.lifetime, .unknown, .number),
  ]

  /// Attributes that lead to another particle of the record, and whether they ask for the second one.
  static let mothers: [String: Bool] = ["mother": false, "mother2": true]

  /// Methods with one four-vector as argument that give a number.
  static let pairMeasures: [String: (PairMeasure, Dimension)] = [
    "deltaphi": (.deltaphi, .angle), "deltaeta": (.deltaeta, .none), "deltaR": (.deltaR, .none),
    "deltar": (.deltaR, .none), "deltaR2": (.deltaR2, .none),
    "deltaRapidityPhi": (.deltaRapidityPhi, .none), "deltaangle": (.deltaangle, .angle),
    "cosangle": (.cosangle, .none), "dot": (.dot, Dimension(power: 2)),
    "dot3": (.dot3, Dimension(power: 2)),
  ]

  /// Methods without argument that answer yes or no.
  static let questions: [String: Measure] = [
    "is_timelike": .isTimelike, "is_spacelike": .isSpacelike, "is_lightlike": .isLightlike,
  ]

  /// Methods that give a four-vector, and what they take.
  enum Argument: Sendable { case nothing, vector, number }
  static let vectorMethods: [String: (VectorOperation, Argument)] = [
    "cross": (.cross, .vector), "boostCM_of": (.boostToRest, .vector),
    "boost_to_com": (.boostToRest, .vector), "unit": (.unit, .nothing),
    "scale": (.scale, .number), "rotateX": (.rotateX, .number), "rotateY": (.rotateY, .number),
    "rotateZ": (.rotateZ, .number), "boostX": (.boostX, .number), "boostY": (.boostY, .number),
    "boostZ": (.boostZ, .number),
  ]

  /// Functions of one number.
  static let functions: [String: (Function, ValueType)] = [
    "sqrt": (.sqrt, .number), "exp": (.exp, .number), "log10": (.log10, .number),
    "sin": (.sin, .number), "cos": (.cos, .number), "tan": (.tan, .number),
    "asin": (.asin, .number), "acos": (.acos, .number), "atan": (.atan, .number),
    "sinh": (.sinh, .number), "cosh": (.cosh, .number), "tanh": (.tanh, .number),
    "asinh": (.asinh, .number), "acosh": (.acosh, .number), "atanh": (.atanh, .number),
    "floor": (.floor, .number), "ceil": (.ceil, .number), "int": (.truncate, .number),
    "round": (.round, .number), "sign": (.sign, .number), "bool": (.isTrue, .truth),
  ]

  /// Functions with rules of their own.
  static let specialFunctions: Set<String> = [
    "abs", "float", "log", "pow", "atan2", "hypot", "min", "max", "sum", "prod", "any", "all",
    "len", "sorted", "defined", "vector",
  ]

  static var functionNames: [String] { Array(functions.keys) + Array(specialFunctions) }
  static var methodNames: [String] {
    Array(pairMeasures.keys) + Array(vectorMethods.keys) + Array(questions.keys)
      + ["boost", "rotate_axis", "comes_from"]
  }
  static var attributeNames: [String] {
    Array(Set(measures.keys).union(particleMeasures.keys)) + ["mt2", "et2"]
      + Tag.allCases.map(\.name)
  }

  /// Whether an expression can use the name for something else than an observable.
  public static func isReserved(_ name: String) -> Bool {
    objects[name] != nil || keywords.contains(name)
  }

  /// The name of the list that looks most like the misspelt one.
  public static func nearest(to name: String, in candidates: [String]) -> String? {
    // Sorted, since the candidates come out of dictionaries.
    Spelling.nearest(to: name, in: candidates.sorted())
  }
}

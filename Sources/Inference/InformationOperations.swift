import Diagnostics
import EventModel
import LinearAlgebra

/// Algebra of information matrices: sums of independent measurements, fixing and profiling parameters.
extension Information {
  /// The sum of one matrix of each: the first, or the one of that name.
  ///
  /// Independent measurements add; so do their covariances and biases. A parameter that a measurement does not have changes
  /// nothing in it: its rows are 0 there.
  /// - Throws: `.data` where points or units of a parameter differ, or a matrix is missing.
  public static func sum(_ parts: [(file: String, information: Information)], name: String? = nil)
    throws -> Information
  {
    guard !parts.isEmpty else {
      throw Problem(.usage, "nothing to add", remedy: "name information files")
    }
    var result = try joined(parts)
    var total: Entry?
    var isConstrained = false
    for (file, part) in parts {
      guard !(part.isConstrained && part.isNuisance.contains(true) && isConstrained) else {
        throw Problem(
          .data, "the constraints of nuisance parameters would count more than once",
          remedy: "make the channels with --nuisance keep, and sum them with --constraint",
          file: file)
      }
      isConstrained = isConstrained || part.isConstrained
      guard let entry = name.map({ part[$0] }) ?? part.entries.first else {
        throw Problem(
          .data, "there is no matrix '\(name ?? "")'",
          remedy: "there are " + part.entries.map(\.name).joined(separator: ", "), file: file)
      }
      let wide = part.widened(entry, to: result.parameterNames)
      total = total.map { Self.add($0, wide) } ?? wide
      result.notes.append(
        "\(entry.name) of \(file), \(Luminosity(inversePicobarn: part.luminosity).description)")
    }
    result.isConstrained = isConstrained
    if var total {
      total.name = "sum"
      total.axes = []
      result.entries = [total]
    }
    if parts.contains(where: { $0.information.luminosity != result.luminosity }) {
      result.luminosity = .nan
    }
    if parts.count > 1 {
      result.crossSection = .nan
      result.crossSectionError = .nan
      result.events = parts.reduce(0) { $0 + $1.information.events }
      result.effectiveEvents = .nan
    }
    return result
  }

  /// The first, without matrices, with the parameters of all: those of the theory, then nuisance parameters.
  private static func joined(
    _ parts: [(file: String, information: Information)]
  ) throws -> Information {
    var result = parts[0].information
    result.entries = []
    result.distribution = nil
    result.notes = []
    var known: [(name: String, unit: String, isNuisance: Bool, theta: Double, file: String)] = []
    for (file, part) in parts {
      for (k, name) in part.parameterNames.enumerated() {
        let own = (
          name: name, unit: part.parameterUnits[k], isNuisance: part.isNuisance[k],
          theta: part.theta[k], file: file
        )
        guard let other = known.first(where: { $0.name == name }) else {
          known.append(own)
          continue
        }
        guard own.theta == other.theta else {
          throw Problem(
            .data, "the information is at another point than that of \(other.file)",
            remedy: "make both at one --theta", file: file)
        }
        guard own.unit == other.unit else {
          throw Problem(
            .data,
            "parameter '\(name)' has the unit '\(own.unit)', but '\(other.unit)' in \(other.file)",
            remedy: "give one name to one parameter", file: file)
        }
      }
    }
    let ordered = known.filter { !$0.isNuisance } + known.filter(\.isNuisance)
    result.parameterNames = ordered.map(\.name)
    result.parameterUnits = ordered.map(\.unit)
    result.isNuisance = ordered.map(\.isNuisance)
    result.theta = ordered.map(\.theta)
    return result
  }

  /// A matrix over more parameters, in their order.
  private func widened(_ entry: Entry, to names: [String]) -> Entry {
    guard names != parameterNames else { return entry }
    var u = Matrix(rows: names.count, columns: parameterCount)
    for (column, name) in parameterNames.enumerated() {
      if let row = names.firstIndex(of: name) { u[row, column] = 1 }
    }
    return transformed(entry, u)
  }

  private static func add(_ a: Entry, _ b: Entry) -> Entry {
    func plus(_ x: [Double]?, _ y: [Double]?) -> [Double]? {
      guard let x, let y else { return x ?? y }
      return zip(x, y).map { $0 + $1 }
    }
    return Entry(
      name: "sum", matrix: zip(a.matrix, b.matrix).map { $0 + $1 },
      covariance: plus(a.covariance, b.covariance), bias: plus(a.bias, b.bias))
  }

  /// All matrices with unit Gaussian constraints of the nuisance parameters: 1 on their diagonal.
  /// - Throws: `.data` where they are there already, or there are no nuisance parameters.
  public func constrained() throws -> Information {
    guard !isConstrained else {
      throw Problem(
        .data, "the constraints of the nuisance parameters are in the information already",
        remedy: "leave --constraint away")
    }
    guard isNuisance.contains(true) else {
      throw Problem(
        .data, "there are no nuisance parameters to constrain",
        remedy: "make the information with --nuisance keep")
    }
    var result = self
    result.isConstrained = true
    for k in result.entries.indices {
      for i in 0..<parameterCount where isNuisance[i] {
        result.entries[k].matrix[i * parameterCount + i] += 1
      }
    }
    result.notes.append("unit Gaussian constraints of the nuisance parameters")
    return result
  }

  /// All matrices with the other parameters fixed: rows and columns of `keep`, in that order.
  public func projected(keeping keep: [String]) throws -> Information {
    let kept = try indices(keep)
    var u = Matrix(rows: kept.count, columns: parameterCount)
    for (row, column) in kept.enumerated() { u[row, column] = 1 }
    var result = restricted(to: kept)
    result.entries = entries.map { transformed($0, u) }
    result.notes.append("others fixed: \(others(kept).joined(separator: ", "))")
    return result
  }

  /// All matrices with the other parameters floating: P = A − B C⁻¹ Bᵀ, with the exact first-order covariance
  /// U U U U Cov, U = [1, −B C⁻¹].
  /// - Throws: `.data` where the information on the other parameters is singular.
  public func profiled(keeping keep: [String]) throws -> Information {
    let kept = try indices(keep)
    let rest = (0..<parameterCount).filter { !kept.contains($0) }
    var result = restricted(to: kept)
    result.entries = try entries.map { entry in
      let full = Matrix(rows: parameterCount, columns: parameterCount, elements: entry.matrix)
      guard let x = try Self.profileWeights(full, kept: kept, rest: rest) else {
        throw Problem(
          .data,
          "matrix '\(entry.name)' is singular in \(others(kept).joined(separator: ", "))",
          remedy: "fix these parameters with 'fisher project', or add other measurements")
      }
      var u = Matrix(rows: kept.count, columns: parameterCount)
      for row in kept.indices {
        u[row, kept[row]] = 1
        for (k, column) in rest.enumerated() { u[row, column] = -x[row, k] }
      }
      var profiled = transformed(entry, u)
      if let bias = profiled.bias, let covariance = entry.covariance {
        let root = try Self.inverseRoot(full.submatrix(rows: rest, columns: rest))
        let loss = profilingLoss(covariance, u, rest: rest, inverse: root.transposed * root)
        profiled.bias = zip(bias, loss).map { $0 - $1 }
      }
      return profiled
    }
    result.notes.append("profiled over: \(others(kept).joined(separator: ", "))")
    return result
  }

  /// Σ_kl C⁻¹_kl Cov((U I)_ik, (U I)_jl) over the parameters that are profiled, row-major: what fluctuations of the matrix take
  /// away from the profiled one on average.
  private func profilingLoss(
    _ covariance: [Double], _ u: Matrix, rest: [Int], inverse: Matrix
  ) -> [Double] {
    let n = parameterCount
    var loss = Matrix(rows: u.rows, columns: u.rows)
    for (k, at) in rest.enumerated() {
      for (l, other) in rest.enumerated() {
        var block = Matrix(rows: n, columns: n)
        for a in 0..<n {
          for b in 0..<n {
            block[a, b] = inverse[k, l] * covariance[((a * n + at) * n + b) * n + other]
          }
        }
        loss += u * block * u.transposed
      }
    }
    return loss.symmetrised.elements
  }

  /// B C⁻¹ of the blocks A = I[kept, kept], B = I[kept, rest], C = I[rest, rest]; nil where C is not finite, or has a negative
  /// direction.
  ///
  /// A direction of C without information has none in B either, since I is positive: nothing is lost by floating it, and the
  /// inverse is that of the others (Moore and Penrose).
  static func profileWeights(_ full: Matrix, kept: [Int], rest: [Int]) throws -> Matrix? {
    let b = full.submatrix(rows: kept, columns: rest)
    let c = full.submatrix(rows: rest, columns: rest)
    guard b.elements.allSatisfy(\.isFinite) else { return nil }
    if try isRegular(c) { return try c.solve(b.transposed).transposed }
    guard let (values, _) = try? correlationEigen(c), values[0] > -1e-9 else { return nil }
    let root = try inverseRoot(c)
    return b * (root.transposed * root)
  }

  /// M with MᵀM = C⁻¹ on the directions of C that have information, one row for each.
  /// - Throws: `.data` for a matrix that is not finite or has a negative diagonal.
  static func inverseRoot(_ c: Matrix) throws -> Matrix {
    guard c.rows > 0 else { return c }
    let (values, vectors) = try correlationEigen(c)
    let scales = c.diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let used = values.indices.filter { values[$0] > leastEigenvalue }
    var root = Matrix(rows: used.count, columns: c.columns)
    for (row, k) in used.enumerated() {
      for i in scales.indices { root[row, i] = vectors[i, k] * scales[i] / values[k].squareRoot() }
    }
    return root
  }

  /// Below it a direction of the correlation form of a matrix counts as one without information.
  static let leastEigenvalue = 1e-12

  /// Eigenvalues, rising, and eigenvectors in columns of I_ij/√(I_ii I_jj); rows without information are 0.
  /// - Throws: `.data` for a matrix that is not finite or has a negative diagonal.
  static func correlationEigen(_ matrix: Matrix) throws -> (values: [Double], vectors: Matrix) {
    let diagonal = matrix.diagonal
    guard matrix.elements.allSatisfy(\.isFinite), diagonal.allSatisfy({ $0 >= 0 }),
      !diagonal.isEmpty
    else { throw Problem(.data, "the matrix is no information") }
    var scaled = matrix
    for i in diagonal.indices {
      for j in diagonal.indices {
        let scale = (diagonal[i] * diagonal[j]).squareRoot()
        scaled[i, j] = scale > 0 ? matrix[i, j] / scale : 0
      }
    }
    let (values, vectors) = try scaled.symmetricEigen()
    return (values, vectors)
  }

  /// Whether an information matrix can be inverted: its correlation form has no eigenvalue below 1e-12.
  static func isRegular(_ matrix: Matrix) throws -> Bool {
    let scales = matrix.diagonal
    guard matrix.elements.allSatisfy(\.isFinite), scales.allSatisfy({ $0 > 0 }) else {
      return false
    }
    return scales.isEmpty ? true : try correlationEigen(matrix).values[0] > leastEigenvalue
  }

  private func others(_ kept: [Int]) -> [String] {
    (0..<parameterCount).filter { !kept.contains($0) }.map { parameterNames[$0] }
  }

  private func indices(_ names: [String]) throws -> [Int] {
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Problem(.usage, "no parameter to keep, or one twice", remedy: "give --keep A,B")
    }
    return try names.map { name in
      guard let i = parameterNames.firstIndex(of: name) else {
        throw Problem(
          .usage, "there is no parameter '\(name)'",
          remedy: "there are " + parameterNames.joined(separator: ", "))
      }
      return i
    }
  }

  private func restricted(to kept: [Int]) -> Information {
    var result = self
    result.parameterNames = kept.map { parameterNames[$0] }
    result.parameterUnits = kept.map { parameterUnits[$0] }
    result.isNuisance = kept.map { isNuisance[$0] }
    result.theta = kept.map { theta[$0] }
    result.entries = []
    result.distribution = nil
    return result
  }

  /// U M Uᵀ, and U on all four indices of the covariance.
  private func transformed(_ entry: Entry, _ u: Matrix) -> Entry {
    func two(_ elements: [Double]) -> [Double] {
      let m = Matrix(rows: parameterCount, columns: parameterCount, elements: elements)
      return (u * m * u.transposed).symmetrised.elements
    }
    var result = entry
    result.matrix = two(entry.matrix)
    result.bias = entry.bias.map(two)
    result.covariance = entry.covariance.map { covariance in
      let w = Self.kronecker(u)
      let n = parameterCount * parameterCount
      return (w * Matrix(rows: n, columns: n, elements: covariance) * w.transposed).elements
    }
    return result
  }

  /// U ⊗ U, acting on the pairs of indices of an element.
  private static func kronecker(_ u: Matrix) -> Matrix {
    var result = Matrix(rows: u.rows * u.rows, columns: u.columns * u.columns)
    for i in 0..<u.rows {
      for j in 0..<u.rows {
        for a in 0..<u.columns {
          for b in 0..<u.columns {
            result[i * u.rows + j, a * u.columns + b] = u[i, a] * u[j, b]
          }
        }
      }
    }
    return result
  }
}

/// A sum whose rounding error does not grow with the number of terms (Neumaier, ZAMM 54 (1974) 39).
public struct CompensatedSum: Sendable {
  @usableFromInline var sum = 0.0
  @usableFromInline var correction = 0.0

  public init() {}

  /// The sum so far.
  @inlinable
  public var value: Double { sum.isFinite ? sum + correction : sum }

  /// Adds one term.
  @inlinable
  public mutating func add(_ term: Double) {
    let next = sum + term
    correction += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }

  /// Adds another sum, such as that of the next block.
  @inlinable
  public mutating func add(_ other: CompensatedSum) {
    add(other.sum)
    correction += other.correction
  }
}

/// The sum of the values, compensated.
public func compensatedSum(_ values: some Sequence<Double>) -> Double {
  var sum = CompensatedSum()
  for value in values { sum.add(value) }
  return sum.value
}

/// Kish's effective number (Σw)²/Σw²; 0 for no weights.
public func kishEffectiveNumber(_ weights: some Sequence<Double>) -> Double {
  var sum = CompensatedSum()
  var squares = CompensatedSum()
  for weight in weights {
    sum.add(weight)
    squares.add(weight * weight)
  }
  return squares.value > 0 ? sum.value * sum.value / squares.value : 0
}

/// Mean and population standard deviation of each column of a table, gathered row by row or block
/// by block.
///
/// Blocks that are gathered apart and merged in a fixed order give the same bits for any number of
/// threads.
public struct ColumnMoments: Sendable {
  /// Σw over the rows so far.
  public private(set) var sumOfWeights = 0.0
  /// Weighted mean of each column.
  public private(set) var means: [Double]
  /// Σw (x − mean)² of each column.
  private var squares: [Double]

  public init(columns: Int) {
    means = Array(repeating: 0, count: columns)
    squares = means
  }

  /// The moments of a row-major table of `columns` columns, with one weight for each row or none.
  public init(columns: Int, rowMajor values: [Double], weights: [Double]? = nil) {
    self.init(columns: columns)
    guard columns > 0 else { return }
    values.withUnsafeBufferPointer { values in
      for row in 0..<values.count / columns {
        add(
          UnsafeBufferPointer(rebasing: values[row * columns..<(row + 1) * columns]),
          weight: weights?[row] ?? 1)
      }
    }
  }

  /// Adds a row (West, Commun. ACM 22 (1979) 532).
  public mutating func add(_ row: some RandomAccessCollection<Double>, weight: Double = 1) {
    let total = sumOfWeights + weight
    guard total != 0 else { return }
    for (column, value) in row.enumerated() {
      let difference = value - means[column]
      let step = difference * weight / total
      means[column] += step
      squares[column] += sumOfWeights * difference * step
    }
    sumOfWeights = total
  }

  /// Adds the rows of another table of the same columns.
  public mutating func merge(_ other: ColumnMoments) {
    let total = sumOfWeights + other.sumOfWeights
    guard total != 0 else { return }
    for column in means.indices {
      let difference = other.means[column] - means[column]
      means[column] += difference * other.sumOfWeights / total
      squares[column] +=
        other.squares[column] + difference * difference * sumOfWeights * other.sumOfWeights / total
    }
    sumOfWeights = total
  }

  /// Population variance of each column.
  public var variances: [Double] {
    squares.map { sumOfWeights > 0 ? max(0, $0 / sumOfWeights) : 0 }
  }

  /// Population standard deviation of each column.
  public var standardDeviations: [Double] { variances.map { $0.squareRoot() } }
}

/// Quantiles of weighted values: the value at which the cumulative weight, counted up to the middle
/// of each value's own weight, reaches the probability; linear between values, constant outside.
///
/// With values sorted and c_k = Σ_{j<k} w_j + w_k/2, value against c_k/Σw is interpolated.
///
/// - Parameters:
///   - weights: one for each value, none negative; nil counts every value once.
///   - probabilities: in [0, 1].
/// - Returns: one value for each probability; NaN for no values or a sum of weights of 0.
public func weightedQuantiles(
  _ values: [Double], weights: [Double]? = nil, probabilities: [Double]
) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var sorted: [Double] = []
  var cumulative: [Double] = []
  sorted.reserveCapacity(values.count)
  cumulative.reserveCapacity(values.count)
  var sum = CompensatedSum()
  for i in order {
    let weight = weights?[i] ?? 1
    sorted.append(values[i])
    cumulative.append(sum.value + weight / 2)
    sum.add(weight)
  }
  let total = sum.value
  guard let first = sorted.first, let last = sorted.last, total > 0 else {
    return probabilities.map { _ in .nan }
  }
  return probabilities.map { probability in
    let wanted = probability * total
    guard wanted > cumulative[0] else { return first }
    var low = 0
    var high = cumulative.count - 1
    guard wanted < cumulative[high] else { return last }
    while high - low > 1 {
      let middle = (low + high) / 2
      if cumulative[middle] <= wanted { low = middle } else { high = middle }
    }
    let width = cumulative[high] - cumulative[low]
    let fraction = width > 0 ? (wanted - cumulative[low]) / width : 0
    return sorted[low] + fraction * (sorted[high] - sorted[low])
  }
}

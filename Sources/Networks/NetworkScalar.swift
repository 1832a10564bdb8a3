import CVectorMath
import LinearAlgebra

/// The scalars a network can be made of: `Float` for speed, `Double` for tests and studies.
///
/// All loops over elements are behind these functions, in C for one type each: generic Swift code
/// above them costs nothing per element, wherever it is compiled.
public protocol NetworkScalar: BLASScalar {
  /// `float32` or `float64`, as files name it.
  static var name: String { get }

  /// h = f(z) and, where asked for, f′(z) and f″(z), of n values.
  static func activate(
    _ activation: Activation, _ n: Int, _ z: UnsafePointer<Self>, _ h: UnsafeMutablePointer<Self>,
    first: UnsafeMutablePointer<Self>?, second: UnsafeMutablePointer<Self>?)

  /// h and its derivatives of rows `stride` values apart times 65536/threshold where the random bits of
  /// a value are below the threshold, else times zero.
  static func dropOut(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>, threshold: UInt32,
    h: UnsafeMutablePointer<Self>, first: UnsafeMutablePointer<Self>,
    second: UnsafeMutablePointer<Self>?)

  /// h = a z and f′ = a where z is not above zero, with a between two bounds by random bits.
  static func randomSlopes(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>,
    _ bounds: (lower: Double, upper: Double), _ z: UnsafePointer<Self>,
    h: UnsafeMutablePointer<Self>, first: UnsafeMutablePointer<Self>)

  /// out = first · in for each of `streams` vectors of n values.
  static func pushTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Self>, _ input: UnsafePointer<Self>,
    _ output: UnsafeMutablePointer<Self>)

  /// The reverse of `activate` and `pushTangents`: `bar` holds gradients of h and its tangents, and
  /// becomes those of z and its tangents.
  static func pullTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Self>, second: UnsafePointer<Self>,
    _ tangents: UnsafePointer<Self>, _ bar: UnsafeMutablePointer<Self>)

  /// Copies rows of `width` values, chosen by number from a table, to rows `stride` values apart.
  static func gather(
    _ rows: UnsafeBufferPointer<Int32>, width: Int, from table: UnsafePointer<Self>, stride: Int,
    to target: UnsafeMutablePointer<Self>)

  /// Transposes n rows of `width` values to `width` rows of `block` values, with zeros after the
  /// nth.
  static func transpose(
    _ n: Int, width: Int, block: Int, _ rows: UnsafePointer<Self>,
    to columns: UnsafeMutablePointer<Self>)

  /// z = W h, or W h + b, of `columns` columns (a multiple of 16): every column gets the same bits
  /// whatever its place and its companions, which matrix products of BLAS do not promise.
  static func affine(
    _ layer: PerceptronShape.Layer, columns: Int, _ weights: UnsafePointer<Self>, withBias: Bool,
    _ h: UnsafePointer<Self>, _ z: UnsafeMutablePointer<Self>)

  /// z = x + shift for rows of `columns` values; the shifts are `stride` numbers apart.
  static func shift(
    _ units: Int, columns: Int, _ x: UnsafePointer<Self>, by shift: UnsafePointer<Self>,
    stride: Int, to z: UnsafeMutablePointer<Self>)

  /// h = tanh(x + shift), without a pass of its own for the sum.
  static func shiftTanh(
    _ units: Int, columns: Int, _ x: UnsafePointer<Self>, by shift: UnsafePointer<Self>,
    stride: Int, to h: UnsafeMutablePointer<Self>)

  /// Sets the first value of each of n rows that are `stride` values apart.
  static func setColumn(_ n: Int, stride: Int, _ value: Self, _ start: UnsafeMutablePointer<Self>)

  /// Copies a row of `width` values to n rows that are `stride` values apart.
  static func repeatRow(
    _ n: Int, width: Int, stride: Int, _ row: UnsafePointer<Self>,
    to rows: UnsafeMutablePointer<Self>)

  /// Adds each column of n rows of `width` values, which are `stride` apart, to a value, which are `step` apart, in the order of
  /// the rows.
  static func addColumns(
    _ n: Int, width: Int, stride: Int, _ rows: UnsafePointer<Self>,
    to values: UnsafeMutablePointer<Self>, step: Int)

  /// y = factor y.
  static func scale(_ n: Int, by factor: Double, _ y: UnsafeMutablePointer<Self>)

  /// y = y + x.
  static func add(_ n: Int, _ x: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>)

  /// y = the sum of rows of n values, `stride` apart, added in order.
  /// - Returns: Σy².
  static func addRows(
    _ n: Int, rows: Int, stride: Int, _ x: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>
  ) -> Double

  /// Whether all of n values are finite.
  static func areFinite(_ n: Int, _ x: UnsafePointer<Self>) -> Bool

  static func toDouble(
    _ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Double>)

  static func fromDouble(
    _ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Self>)

  /// One step of Adam, or of AMSGrad where `largest` is given.
  static func adamStep(
    _ n: Int, _ step: AdamStep, gradient: UnsafePointer<Self>,
    parameters: UnsafeMutablePointer<Self>, mean: UnsafeMutablePointer<Self>,
    square: UnsafeMutablePointer<Self>, largest: UnsafeMutablePointer<Self>?)

  /// One step of gradient descent with momentum, of Nesterov's kind where asked for.
  static func descentStep(
    _ n: Int, scale: Double, rate: Double, momentum: Double, nesterov: Bool,
    gradient: UnsafePointer<Self>, parameters: UnsafeMutablePointer<Self>,
    mean: UnsafeMutablePointer<Self>)
}

/// The numbers of one step of Adam.
public struct AdamStep: Sendable {
  /// Factor on the gradient.
  public var scale: Double
  /// Learning rate, divided by 1 − β₁ᵗ.
  public var rate: Double
  /// √(1 − β₂ᵗ).
  public var root: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
}

extension Float: NetworkScalar {
  public static var name: String { "float32" }

  public static func activate(
    _ activation: Activation, _ n: Int, _ z: UnsafePointer<Float>,
    _ h: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>?,
    second: UnsafeMutablePointer<Float>?
  ) {
    cvm_float_activate(activation.kernel, n, z, h, first, second)
  }

  public static func dropOut(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>, threshold: UInt32,
    h: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    second: UnsafeMutablePointer<Float>?
  ) {
    cvm_float_drop_out(n, width, stride, bits, threshold, h, first, second)
  }

  public static func randomSlopes(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>,
    _ bounds: (lower: Double, upper: Double), _ z: UnsafePointer<Float>,
    h: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>
  ) {
    cvm_float_random_slopes(
      n, width, stride, bits, Float(bounds.lower), Float(bounds.upper), z, h, first)
  }

  public static func pushTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Float>, _ input: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    cvm_float_push_tangents(n, streams, first, input, output)
  }

  public static func pullTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Float>, second: UnsafePointer<Float>,
    _ tangents: UnsafePointer<Float>, _ bar: UnsafeMutablePointer<Float>
  ) {
    cvm_float_pull_tangents(n, streams, first, second, tangents, bar)
  }

  public static func gather(
    _ rows: UnsafeBufferPointer<Int32>, width: Int, from table: UnsafePointer<Float>, stride: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    cvm_float_gather(rows.count, rows.baseAddress, width, table, stride, target)
  }

  public static func transpose(
    _ n: Int, width: Int, block: Int, _ rows: UnsafePointer<Float>,
    to columns: UnsafeMutablePointer<Float>
  ) {
    cvm_float_transpose(n, width, block, rows, columns)
  }

  public static func affine(
    _ layer: PerceptronShape.Layer, columns: Int, _ weights: UnsafePointer<Float>, withBias: Bool,
    _ h: UnsafePointer<Float>, _ z: UnsafeMutablePointer<Float>
  ) {
    cvm_float_affine(
      layer.outputs, layer.inputs, columns, weights, layer.rowLength, withBias ? 1 : 0, h, z)
  }

  public static func shift(
    _ units: Int, columns: Int, _ x: UnsafePointer<Float>, by shift: UnsafePointer<Float>,
    stride: Int, to z: UnsafeMutablePointer<Float>
  ) {
    cvm_float_shift(units, columns, x, shift, stride, z)
  }

  public static func shiftTanh(
    _ units: Int, columns: Int, _ x: UnsafePointer<Float>, by shift: UnsafePointer<Float>,
    stride: Int, to h: UnsafeMutablePointer<Float>
  ) {
    cvm_float_shift_tanh(units, columns, x, shift, stride, h)
  }

  public static func setColumn(
    _ n: Int, stride: Int, _ value: Float, _ start: UnsafeMutablePointer<Float>
  ) {
    cvm_float_set_column(n, stride, value, start)
  }

  public static func add(
    _ n: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
  ) {
    cvm_float_add(n, x, y)
  }

  public static func addRows(
    _ n: Int, rows: Int, stride: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
  ) -> Double {
    cvm_float_add_rows(n, rows, stride, x, y)
  }

  public static func repeatRow(
    _ n: Int, width: Int, stride: Int, _ row: UnsafePointer<Float>,
    to rows: UnsafeMutablePointer<Float>
  ) {
    cvm_float_repeat_row(n, width, stride, row, rows)
  }

  public static func addColumns(
    _ n: Int, width: Int, stride: Int, _ rows: UnsafePointer<Float>,
    to values: UnsafeMutablePointer<Float>, step: Int
  ) {
    cvm_float_add_columns(n, width, stride, rows, values, step)
  }

  public static func areFinite(_ n: Int, _ x: UnsafePointer<Float>) -> Bool {
    cvm_float_is_finite(n, x) != 0
  }

  public static func toDouble(
    _ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Double>
  ) {
    cvm_float_to_double(n, x, y)
  }

  public static func fromDouble(
    _ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Float>
  ) {
    cvm_float_from_double(n, x, y)
  }

  public static func adamStep(
    _ n: Int, _ step: AdamStep, gradient: UnsafePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>, largest: UnsafeMutablePointer<Float>?
  ) {
    cvm_float_adam(
      n, Float(step.scale), Float(step.rate), Float(step.root), Float(step.beta1),
      Float(step.beta2), Float(step.epsilon), gradient, parameters, mean, square, largest)
  }

  public static func descentStep(
    _ n: Int, scale: Double, rate: Double, momentum: Double, nesterov: Bool,
    gradient: UnsafePointer<Float>, parameters: UnsafeMutablePointer<Float>,
    mean: UnsafeMutablePointer<Float>
  ) {
    cvm_float_sgd(
      n, Float(scale), Float(rate), Float(momentum), nesterov ? 1 : 0, gradient, parameters, mean)
  }

  public static func scale(_ n: Int, by factor: Double, _ y: UnsafeMutablePointer<Float>) {
    cvm_float_scale(n, Float(factor), y)
  }
}

extension Double: NetworkScalar {
  public static var name: String { "float64" }

  public static func activate(
    _ activation: Activation, _ n: Int, _ z: UnsafePointer<Double>,
    _ h: UnsafeMutablePointer<Double>, first: UnsafeMutablePointer<Double>?,
    second: UnsafeMutablePointer<Double>?
  ) {
    cvm_double_activate(activation.kernel, n, z, h, first, second)
  }

  public static func dropOut(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>, threshold: UInt32,
    h: UnsafeMutablePointer<Double>, first: UnsafeMutablePointer<Double>,
    second: UnsafeMutablePointer<Double>?
  ) {
    cvm_double_drop_out(n, width, stride, bits, threshold, h, first, second)
  }

  public static func randomSlopes(
    _ n: Int, width: Int, stride: Int, _ bits: UnsafePointer<UInt16>,
    _ bounds: (lower: Double, upper: Double), _ z: UnsafePointer<Double>,
    h: UnsafeMutablePointer<Double>, first: UnsafeMutablePointer<Double>
  ) {
    cvm_double_random_slopes(
      n, width, stride, bits, bounds.lower, bounds.upper, z, h, first)
  }

  public static func pushTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Double>, _ input: UnsafePointer<Double>,
    _ output: UnsafeMutablePointer<Double>
  ) {
    cvm_double_push_tangents(n, streams, first, input, output)
  }

  public static func pullTangents(
    _ n: Int, streams: Int, first: UnsafePointer<Double>, second: UnsafePointer<Double>,
    _ tangents: UnsafePointer<Double>, _ bar: UnsafeMutablePointer<Double>
  ) {
    cvm_double_pull_tangents(n, streams, first, second, tangents, bar)
  }

  public static func gather(
    _ rows: UnsafeBufferPointer<Int32>, width: Int, from table: UnsafePointer<Double>, stride: Int,
    to target: UnsafeMutablePointer<Double>
  ) {
    cvm_double_gather(rows.count, rows.baseAddress, width, table, stride, target)
  }

  public static func transpose(
    _ n: Int, width: Int, block: Int, _ rows: UnsafePointer<Double>,
    to columns: UnsafeMutablePointer<Double>
  ) {
    cvm_double_transpose(n, width, block, rows, columns)
  }

  public static func affine(
    _ layer: PerceptronShape.Layer, columns: Int, _ weights: UnsafePointer<Double>, withBias: Bool,
    _ h: UnsafePointer<Double>, _ z: UnsafeMutablePointer<Double>
  ) {
    cvm_double_affine(
      layer.outputs, layer.inputs, columns, weights, layer.rowLength, withBias ? 1 : 0, h, z)
  }

  public static func shift(
    _ units: Int, columns: Int, _ x: UnsafePointer<Double>, by shift: UnsafePointer<Double>,
    stride: Int, to z: UnsafeMutablePointer<Double>
  ) {
    cvm_double_shift(units, columns, x, shift, stride, z)
  }

  public static func shiftTanh(
    _ units: Int, columns: Int, _ x: UnsafePointer<Double>, by shift: UnsafePointer<Double>,
    stride: Int, to h: UnsafeMutablePointer<Double>
  ) {
    cvm_double_shift_tanh(units, columns, x, shift, stride, h)
  }

  public static func setColumn(
    _ n: Int, stride: Int, _ value: Double, _ start: UnsafeMutablePointer<Double>
  ) {
    cvm_double_set_column(n, stride, value, start)
  }

  public static func add(
    _ n: Int, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) {
    cvm_double_add(n, x, y)
  }

  public static func addRows(
    _ n: Int, rows: Int, stride: Int, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) -> Double {
    cvm_double_add_rows(n, rows, stride, x, y)
  }

  public static func repeatRow(
    _ n: Int, width: Int, stride: Int, _ row: UnsafePointer<Double>,
    to rows: UnsafeMutablePointer<Double>
  ) {
    cvm_double_repeat_row(n, width, stride, row, rows)
  }

  public static func addColumns(
    _ n: Int, width: Int, stride: Int, _ rows: UnsafePointer<Double>,
    to values: UnsafeMutablePointer<Double>, step: Int
  ) {
    cvm_double_add_columns(n, width, stride, rows, values, step)
  }

  public static func areFinite(_ n: Int, _ x: UnsafePointer<Double>) -> Bool {
    cvm_double_is_finite(n, x) != 0
  }

  public static func toDouble(
    _ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    cvm_double_to_double(n, x, y)
  }

  public static func fromDouble(
    _ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    cvm_double_from_double(n, x, y)
  }

  public static func adamStep(
    _ n: Int, _ step: AdamStep, gradient: UnsafePointer<Double>,
    parameters: UnsafeMutablePointer<Double>, mean: UnsafeMutablePointer<Double>,
    square: UnsafeMutablePointer<Double>, largest: UnsafeMutablePointer<Double>?
  ) {
    cvm_double_adam(
      n, step.scale, step.rate, step.root, step.beta1,
      step.beta2, step.epsilon, gradient, parameters, mean, square, largest)
  }

  public static func descentStep(
    _ n: Int, scale: Double, rate: Double, momentum: Double, nesterov: Bool,
    gradient: UnsafePointer<Double>, parameters: UnsafeMutablePointer<Double>,
    mean: UnsafeMutablePointer<Double>
  ) {
    cvm_double_sgd(n, scale, rate, momentum, nesterov ? 1 : 0, gradient, parameters, mean)
  }

  public static func scale(_ n: Int, by factor: Double, _ y: UnsafeMutablePointer<Double>) {
    cvm_double_scale(n, factor, y)
  }
}

import CVectorMath
import Glibc

/// What a random number is for: part of the counter, so that no two uses ever share numbers.
///
/// The raw values are part of every published result: never renumber, only append.
public enum RandomPurpose: UInt32, Sendable, CaseIterable {
  /// Search for an optimal morphing basis.
  case basis = 1
  /// Drawing (unweighting) of events.
  case drawing = 2
  /// Parameter points from a prior.
  case prior = 3
  /// First parameters of a network.
  case initialisation = 4
  /// Order of training rows; the item is the epoch.
  case epochOrder = 5
  /// Split of training rows into training and validation where events have no identity.
  case validationSplit = 6
  /// Pseudo-experiments; the item is the toy's number.
  case toys = 7
  /// Smearing of particles; the item is the event.
  case smearing = 8
  /// Efficiencies applied by acceptance; the item is the event.
  case efficiency = 9
  /// Nuisance parameter values.
  case nuisance = 10
  /// Order of rows in an output.
  case shuffling = 11
  /// Bootstrap replicas.
  case bootstrap = 12
  /// Points at which morphing and models are tested.
  case testing = 13
  /// Drawing of observables from a model of their density; the item is the row.
  case modelDrawing = 14
  /// Salt of the split of events into training and validation; the item has the member of an ensemble.
  case memberSplit = 15
  /// Units of hidden layers that are left out of a training step, and random slopes.
  case hiddenNoise = 16
  /// Pseudo-experiments that are judged by those of `toys`; the item is the toy's number.
  case experiments = 17
  /// Chains of a posterior; the item is the chain.
  case posterior = 18
}

/// Philox4x32-10 (Salmon et al., SC'11): a counter and a key in, 128 random bits out.
///
/// There is no state: every shard, thread or batch can make any part of the stream.
public struct Philox: Sendable {
  @usableFromInline let key0: UInt32
  @usableFromInline let key1: UInt32

  /// A generator whose key is the 64-bit seed.
  public init(seed: UInt64) {
    key0 = UInt32(truncatingIfNeeded: seed)
    key1 = UInt32(truncatingIfNeeded: seed >> 32)
  }

  /// The four random words of one counter value.
  // Four scalar variables: SIMD4 subscripts were 2.5 times slower.
  @inlinable
  public func block(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var x0 = counter[0]
    var x1 = counter[1]
    var x2 = counter[2]
    var x3 = counter[3]
    var k0 = key0
    var k1 = key1
    for _ in 0..<10 {
      let p0 = UInt64(x0) &* 0xD251_1F53
      let p1 = UInt64(x2) &* 0xCD9E_8D57
      x0 = UInt32(truncatingIfNeeded: p1 &>> 32) ^ x1 ^ k0
      x1 = UInt32(truncatingIfNeeded: p1)
      x2 = UInt32(truncatingIfNeeded: p0 &>> 32) ^ x3 ^ k1
      x3 = UInt32(truncatingIfNeeded: p0)
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(x0, x1, x2, x3)
  }

  /// The random words of `count` counter values from one on, of which the first word counts: those of each as two draws of 64
  /// bits, lower words first.
  func blocks(_ counter: SIMD4<UInt32>, count: Int, to draws: UnsafeMutableBufferPointer<UInt64>) {
    let words = [counter[0], counter[1], counter[2], counter[3]]
    cvm_philox(key0, key1, words, count, draws.baseAddress)
  }
}

/// The random numbers of one item (event, row, epoch, toy …) for one purpose.
///
/// They are a function of (seed, purpose, item, number of the draw) alone, so order, threads and
/// shards do not matter. One stream holds 2³³ draws of 64 bits.
public struct PhiloxStream: RandomNumberGenerator, Sendable {
  @usableFromInline let generator: Philox
  @usableFromInline var counter: SIMD4<UInt32>
  @usableFromInline var buffer: SIMD4<UInt32> = .zero
  @usableFromInline var isHalfUsed = false

  /// The stream of `item` for a purpose.
  public init(seed: UInt64, purpose: RandomPurpose, item: UInt64 = 0) {
    self.init(seed: seed, purpose: purpose.rawValue, item: item)
  }

  /// The stream of `item` for a purpose given by number.
  public init(seed: UInt64, purpose: UInt32, item: UInt64) {
    generator = Philox(seed: seed)
    counter = SIMD4(
      0, purpose, UInt32(truncatingIfNeeded: item), UInt32(truncatingIfNeeded: item >> 32))
  }

  /// 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    if isHalfUsed {
      isHalfUsed = false
      return UInt64(buffer[2]) | UInt64(buffer[3]) &<< 32
    }
    buffer = generator.block(counter)
    counter[0] = counter[0] &+ 1
    isHalfUsed = true
    return UInt64(buffer[0]) | UInt64(buffer[1]) &<< 32
  }

  /// A uniform number in [0, 1), a multiple of 2⁻⁵³.
  @inlinable
  public mutating func uniform() -> Double { Double(next() &>> 11) * 0x1p-53 }

  /// A uniform number in [lower, upper).
  @inlinable
  public mutating func uniform(_ lower: Double, _ upper: Double) -> Double {
    lower + (upper - lower) * uniform()
  }

  /// A standard normal number: Box-Muller, one of the pair, so that two draws are always used.
  public mutating func normal() -> Double {
    let u = 1 - uniform()
    let v = uniform()
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
  }

  /// A uniform integer in 0 ..< bound, without bias (Lemire's multiplication with rejection).
  @inlinable
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "integer(below:) needs a positive bound")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// A Poisson number: by multiplication for small means, by splitting into gamma-free halves
  /// above.
  public mutating func poisson(mean: Double) -> Int {
    precondition(mean >= 0 && mean.isFinite, "a Poisson mean is finite and not negative")
    // A Poisson number of mean a + b is the sum of those of a and b: chunks keep exp(-chunk)
    // normal.
    var left = mean
    var count = 0
    while left > 0 {
      let chunk = min(left, 500)
      left -= chunk
      let limit = exp(-chunk)
      var product = 1 - uniform()
      while product > limit {
        count += 1
        product *= 1 - uniform()
      }
    }
    return count
  }

  /// Puts the elements in random order (Fisher-Yates from the end).
  // The standard library's shuffle is not promised to stay the same.
  @inlinable
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    elements.withUnsafeMutableBufferPointer { elements in
      var left = elements.count
      while left > 1 { left = shufflePart(of: elements, left: left, places: 512) }
    }
  }

  /// A part of a shuffle, which ends when no more than one element is left: gives some of the last of the first `left`
  /// elements their place. The order does not depend on the size of parts.
  /// - Parameter places: how many places are drawn at once, so that blocks of numbers, and products, do not wait for each other.
  /// - Returns: how many are left now.
  @inlinable
  public mutating func shufflePart<Element>(
    of elements: UnsafeMutableBufferPointer<Element>, left: Int, places: Int
  ) -> Int {
    guard left > 1 else { return left }
    let chunk = min(places, left - 1) / 2 * 2
    var i = left - 1
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: chunk) { places in
      if chunk > 0, drawPlaces(below: left, to: places) {
        for place in places {
          elements.swapAt(i, Int(truncatingIfNeeded: place))
          i -= 1
        }
      } else {
        for _ in 0..<max(1, chunk) {
          elements.swapAt(i, integer(below: i + 1))
          i -= 1
        }
      }
      return i + 1
    }
  }

  /// What `integer` gives for a bound, one less, and so on; false, with nothing drawn, where it might refuse a draw.
  @usableFromInline
  mutating func drawPlaces(below bound: Int, to places: UnsafeMutableBufferPointer<UInt64>) -> Bool
  {
    guard !isHalfUsed, places.count % 2 == 0 else { return false }
    generator.blocks(counter, count: places.count / 2, to: places)
    var isRefused = false
    for k in places.indices {
      let bound = UInt64(bound - k)
      let product = places[k].multipliedFullWidth(by: bound)
      isRefused = isRefused || product.low < bound
      places[k] = product.high
    }
    guard !isRefused else { return false }
    counter[0] = counter[0] &+ UInt32(places.count / 2)
    return true
  }

  /// The numbers 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }
}

import Diagnostics

/// The part of an events file that a job may use.
public enum Partition: String, Sendable, CaseIterable {
  case train, validation, test, all
}

/// How rows are divided: 60 % train, 20 % validation, 20 % test, by a hash of the event id with a fixed salt.
///
/// The salt is stored in the file and is not the seed: the same events are held back whatever the seed of a training.
/// Each row is in exactly one part; weights of a part are scaled sample by sample with rows / rows in the part.
public struct PartitionDefinition: Sendable, Equatable {
  public static let defaultSalt: UInt64 = 0x534C_5549_4345_2031
  public var salt: UInt64
  public var trainFraction: Double
  public var validationFraction: Double

  public init(
    salt: UInt64 = defaultSalt, trainFraction: Double = 0.6, validationFraction: Double = 0.2
  ) {
    self.salt = salt
    self.trainFraction = trainFraction
    self.validationFraction = validationFraction
  }

  /// The part of the row with this event id.
  public func part(of eventID: Int64) -> Partition {
    let hash = UInt64(
      bitPattern: EventIdentity.id(sampleKey: salt, index: Int(truncatingIfNeeded: eventID)))
    let u = Double(hash &>> 11) * 0x1p-53
    if u < trainFraction { return .train }
    return u < trainFraction + validationFraction ? .validation : .test
  }

  /// The part of a row by position, for files without event ids: contiguous, covering every row.
  public func part(row: Int, of count: Int) -> Partition {
    let x = Double(row)
    if x < (trainFraction * Double(count)).rounded() { return .train }
    return x < ((trainFraction + validationFraction) * Double(count)).rounded()
      ? .validation : .test
  }

  public func write(to document: inout Document, at path: String) {
    document.set(path + "/salt", String(salt, radix: 16))
    document.set(path + "/train_fraction", trainFraction)
    document.set(path + "/validation_fraction", validationFraction)
  }
  public init(_ document: Document, at path: String) {
    self.init()
    if let text = document.text(path + "/salt"), let value = UInt64(text, radix: 16) {
      salt = value
    }
    if let value = document.real(path + "/train_fraction") { trainFraction = value }
    if let value = document.real(path + "/validation_fraction") { validationFraction = value }
  }
}

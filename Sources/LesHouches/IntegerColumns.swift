// The integers that particle lines begin with.

extension NumberReader {
  /// So many bytes from the start of a line must be readable.
  static let sixIntegersReach = 72

  typealias SixIntegers = (Int32, Int32, Int32, Int32, Int32, Int32)

  /// The first six columns of a particle line, which begins at `start`: integers of up to seven digits, with blanks
  /// around them. `end` is where the seventh column starts, or `start` where the line is anything else in its first 48 bytes.
  ///
  /// The columns are found by one look at all bytes: their widths change from line to line, and guesses would go wrong.
  @inline(__always)
  func sixIntegers(
    _ start: UnsafePointer<UInt8>
  ) -> (values: SixIntegers, end: UnsafePointer<UInt8>) {
    let filled = Self.filledBytes(start)
    var columns = Columns(
      starts: filled & ~(filled &<< 1), ends: ~filled & (filled &<< 1), wrong: 0)
    let values = (
      columns.next(start), columns.next(start), columns.next(start), columns.next(start),
      columns.next(start), columns.next(start)
    )
    let isRight = columns.wrong == 0 && columns.starts != 0
    return (values, isRight ? start + columns.starts.trailingZeroBitCount : start)
  }

  /// Bits where columns start and where the blanks after them do.
  private struct Columns {
    var starts: UInt64
    var ends: UInt64
    /// Not 0 once a column was anything but digits, or longer than seven.
    var wrong: UInt64

    @inline(__always)
    mutating func next(_ line: UnsafePointer<UInt8>) -> Int32 {
      let from = starts.trailingZeroBitCount
      let word = UnsafeRawPointer(line + from).loadUnaligned(as: UInt64.self)
      let isMinus = ((word & 0xFF ^ UInt64(Ascii.minus)) &- 1) &>> 63
      let length = ends.trailingZeroBitCount &- from &- Int(truncatingIfNeeded: isMinus)
      let digits =
        ((word &>> (8 &* isMinus)) ^ 0x3030_3030_3030_3030)
        &<< UInt64(truncatingIfNeeded: 64 &- 8 &* length)
      wrong |= UInt64(bitPattern: Int64(7 &- length)) & (1 &<< 63)
      wrong |=
        ((digits & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676 | digits)
        & 0x8080_8080_8080_8080
      starts &= starts &- 1
      ends &= ends &- 1
      let value = Int32(truncatingIfNeeded: NumberReader.eightDigits(digits))
      let mask = 0 &- Int32(truncatingIfNeeded: isMinus)
      return (value ^ mask) &- mask
    }
  }

  /// A bit for each of 48 bytes that is no blank, the first byte's lowest.
  @inline(__always)
  private static func filledBytes(_ start: UnsafePointer<UInt8>) -> UInt64 {
    var rows: UInt64 = 0
    for i in 0..<6 {
      let x =
        UnsafeRawPointer(start + 8 &* i).loadUnaligned(as: UInt64.self) ^ 0x2020_2020_2020_2020
      let bits =
        (((x & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F) | x) & 0x8080_8080_8080_8080
      // Bit i of byte k is now for byte 8i + k of the text.
      rows |= bits &>> UInt64(7 &- i)
    }
    // Rows become columns: a transposition of 8 by 8 bits, by blocks of 1, 2 and 4.
    var swap = (rows ^ (rows &>> 7)) & 0x00AA_00AA_00AA_00AA
    rows ^= swap ^ (swap &<< 7)
    swap = (rows ^ (rows &>> 14)) & 0x0000_CCCC_0000_CCCC
    rows ^= swap ^ (swap &<< 14)
    swap = (rows ^ (rows &>> 28)) & 0x0000_0000_F0F0_F0F0
    return rows ^ swap ^ (swap &<< 28)
  }
}

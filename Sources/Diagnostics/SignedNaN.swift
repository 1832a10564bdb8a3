extension String {
  /// With `nan` for every `-nan` that stands as a number: the sign of what is no number says nothing, and whether there is
  /// one depends on the processor (0/0 has it on x86).
  ///
  /// Between blanks, brackets and the marks that stand beside numbers only; names of files and ids stay what they are.
  var withoutSignedNaN: String {
    let bytes = Array(utf8)
    let wanted = Array("-nan".utf8)
    let (before, after) = (Array(" =(:,[".utf8), Array(" ):,;]".utf8))
    var result: [UInt8] = []
    var start = 0
    var i = 0
    while i + wanted.count <= bytes.count {
      let end = i + wanted.count
      if bytes[i] == wanted[0], bytes[i..<end].elementsEqual(wanted),
        i == 0 || before.contains(bytes[i - 1]), end == bytes.count || after.contains(bytes[end])
      {
        result += bytes[start..<i]
        start = i + 1
        i = end
      } else {
        i += 1
      }
    }
    guard start > 0 else { return self }
    return String(decoding: result + bytes[start...], as: UTF8.self)
  }
}

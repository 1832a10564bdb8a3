/// Where the panels of a figure, its title and its key stand.
struct FigureLayout {
  private let figure: Figure
  private let frames: [Panel.Frame?]
  /// Panels are drawn one by one, at fixed places.
  let isSplit: Bool

  init(_ figure: Figure) {
    self.figure = figure
    isSplit =
      figure.panels.count > 1 || figure.panels.contains { $0.frame != nil || $0.map != nil }
    frames =
      figure.panels.contains { $0.frame != nil }
      ? figure.panels.map(\.frame) : isSplit ? Self.stack(figure) : [nil]
  }

  /// What the key of all panels says, each thing once.
  static func entries(_ figure: Figure) -> [Curve] {
    var names: Set<String> = []
    return figure.panels.flatMap(\.curves).filter {
      !$0.label.isEmpty && names.insert($0.label).inserted
    }
  }

  /// Rows of the key: its columns are as wide as the longest entry, and about 96 letters fit beside each other.
  private static func keyRows(_ figure: Figure) -> Int {
    let entries = entries(figure)
    guard let longest = entries.map(\.label.count).max() else { return 0 }
    let columns = max(1, 96 / (longest + 7))
    return (entries.count + columns - 1) / columns
  }

  /// Where the frames of panels begin below title and key.
  static func top(_ figure: Figure) -> Double {
    0.97 - (figure.title.isEmpty ? 0 : 0.055) - 0.045 * Double(keyRows(figure))
  }

  private static func stack(_ figure: Figure) -> [Panel.Frame?] {
    let (bottom, start) = (0.13, top(figure))
    if let map = figure.panels.last?.map {
      // Room for the colours and the numbers beside them.
      let isLong = !map.isLogarithmic && map.range.upperBound >= 1e4
      return [.init(left: 0.14, right: isLong ? 0.78 : 0.82, bottom: bottom, top: start)]
    }
    // Room for labels such as 0.00035 beside the name of the axis.
    let (left, right) = (0.19, 0.96)
    var top = start
    return figure.panels.indices.map { p in
      let isLast = p == figure.panels.count - 1
      let low = max(bottom, top - figure.panels[p].height * (start - bottom))
      defer { top = low - 0.035 }
      return Panel.Frame(left: left, right: right, bottom: isLast ? bottom : low, top: top)
    }
  }

  /// Panels over each other and triangles of them need more height.
  var isTall: Bool { figure.panels.count > 2 }

  /// So many letters of the usual size fit beside each other on a picture of the usual width, whatever its format.
  private static let letters = 78.0

  /// The same along the sides of a panel at a fixed place; nil where gnuplot makes room.
  func letters(along panel: Int) -> (x: Double, y: Double)? {
    guard let frame = frames[panel], figure.panels[panel].frame != nil else { return nil }
    let all = Self.letters * figure.scale
    return (all * (frame.right - frame.left), all * (frame.top - frame.bottom))
  }

  /// Of one panel the key stands above it, where gnuplot makes room.
  static let key =
    "set key tmargin center horizontal noautotitle samplen 2 width 1 height 0.4"

  /// Of several panels the key is a panel of its own, without axes and as wide as the figure.
  var keyMargins: [String] {
    [
      "set lmargin at screen 0.01", "set rmargin at screen 0.99",
      "set bmargin at screen \(Self.top(figure))",
      "set tmargin at screen \(figure.title.isEmpty ? 0.99 : 0.95)",
    ]
  }

  func margins(of panel: Int) -> [String] {
    guard let frame = frames[panel] else { return [] }
    return [
      "set lmargin at screen \(frame.left)", "set rmargin at screen \(frame.right)",
      "set bmargin at screen \(frame.bottom)", "set tmargin at screen \(frame.top)",
    ]
  }

  /// True where the panel below shows the numbers of the axis that both share.
  func hidesX(_ panel: Int) -> Bool {
    if figure.panels[panel].hidesX { return true }
    return figure.panels[panel].frame == nil && panel < figure.panels.count - 1
  }
}

public import Wire

/// Figures of a server or of a model, by name: a list of {string name, f64 value}.
public struct FiguresReply: MessageBody, Hashable, Sendable {
  /// The figures, in order.
  public var figures: [Figure]

  /// A figure with a name.
  public struct Figure: Hashable, Sendable {
    /// Such as `sessions` or `window.auc`.
    public var name: String
    /// Its value.
    public var value: Double

    /// A figure.
    public init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// An answer.
  public init(_ figures: [(name: String, value: Double)]) {
    self.figures = figures.map { Figure(name: $0.name, value: $0.value) }
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    figures = try reader.figures()
  }

  public func write(to writer: inout MessageWriter) {
    writer.figures(figures)
  }
}

extension MessageReader {
  /// Reads the list.
  package mutating func figures() throws(Refusal) -> [FiguresReply.Figure] {
    var figures: [FiguresReply.Figure] = []
    for _ in 0..<(try count(limit: 1 << 16, elementBytes: 10)) {
      figures.append(FiguresReply.Figure(name: try string(limit: 512), value: try double()))
    }
    return figures
  }
}

extension MessageWriter {
  /// Appends the list.
  package mutating func figures(_ figures: [FiguresReply.Figure]) {
    count(figures.count)
    for figure in figures {
      string(figure.name)
      double(figure.value)
    }
  }
}

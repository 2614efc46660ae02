import Wire

extension ModelTensors {
  /// The bytes of all tensors.
  var byteCount: Int {
    tensors.reduce(0) { count, tensor in
      switch tensor {
      case .dense(let tensor): count + tensor.byteCount
      case .table(let table): count + table.byteCount
      }
    }
  }

  /// The bytes of the dense tensors.
  var denseByteCount: Int {
    tensors.reduce(0) { count, tensor in
      if case .dense(let tensor) = tensor { count + tensor.byteCount } else { count }
    }
  }

  /// Keeps all tensors as they are now for a snapshot, until ``endCapture()``.
  ///
  /// - Returns: False if the system has no memory for that.
  mutating func beginCapture() -> Bool {
    for number in tensors.indices {
      switch tensors[number] {
      case .dense(var tensor):
        guard tensor.beginCapture() else { return false }
        tensors[number] = .dense(tensor)
      case .table(var table):
        guard table.beginCapture() else { return false }
        tensors[number] = .table(table)
      }
    }
    return true
  }

  /// Keeps nothing more.
  mutating func endCapture() {
    for number in tensors.indices {
      switch tensors[number] {
      case .dense(var tensor):
        tensor.endCapture()
        tensors[number] = .dense(tensor)
      case .table(var table):
        table.endCapture()
        tensors[number] = .table(table)
      }
    }
  }

  /// Copies the dense tensor number `number` if a snapshot needs it as it is; call it before it changes.
  mutating func preserve(_ number: Int) {
    guard case .dense(var tensor) = tensors[number], tensor.needsCopy else { return }
    tensor.preserve()
    tensors[number] = .dense(tensor)
  }

  /// Appends the next part of the tensor number `number` as it is kept.
  ///
  /// - Returns: False if there is no more of it.
  mutating func writeCaptured(_ number: Int, byteCount: Int, to writer: inout MessageWriter) -> Bool {
    switch tensors[number] {
    case .dense(var tensor):
      defer { tensors[number] = .dense(tensor) }
      return tensor.writeCaptured(byteCount: byteCount, to: &writer)
    case .table(var table):
      defer { tensors[number] = .table(table) }
      return table.writeCaptured(byteCount: byteCount, to: &writer)
    }
  }

  /// Takes a part of the tensor number `number` that ``writeCaptured(_:byteCount:to:)`` wrote.
  mutating func restore(_ number: Int, from reader: inout MessageReader) throws(Refusal) {
    guard tensors.indices.contains(number) else { throw Refusal(.malformed, "tensor \(number) of \(tensors.count)") }
    switch tensors[number] {
    case .dense(var tensor):
      try tensor.restore(from: &reader)
      tensors[number] = .dense(tensor)
    case .table(var table):
      try table.restore(from: &reader)
      tensors[number] = .table(table)
    }
  }

  /// Whether all dense tensors came from a snapshot as a whole. Of a table it is not known how many rows it had.
  var isRestored: Bool {
    tensors.allSatisfy { tensor in
      if case .dense(let tensor) = tensor { tensor.isRestored } else { true }
    }
  }
}

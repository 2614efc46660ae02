import Kernels
import Parameters
import Wire

extension ModelTensors {
  /// Applies gradients that were checked: one update of every tensor in them.
  ///
  /// - Parameters:
  ///   - parameters: The tensors with their optimizers as they are now.
  ///   - step: How many updates came before, for the schedules.
  ///   - places: Memory for as many numbers as a block may have keys.
  mutating func apply(
    _ blocks: [PushBlock], parameters: [ParameterSpec], step: UInt64, places: MemoryView<Int64>
  ) {
    Denormals.flushed {
      var runs = [[DenseRun]](repeating: [], count: tensors.count)
      for block in blocks {
        switch block {
        case .dense(let number, let first, let values):
          guard case .dense(let tensor) = tensors[number] else { preconditionFailure("tensor \(number) is a table") }
          let start = tensor.start(of: first..<first + values.count)!
          runs[number].append(DenseRun(start: start, gradient: values.view))
        case .rows(let numbers, let keys, let values):
          for (number, values) in zip(numbers, values) {
            update(
              number, rows: keys.view, along: values.view, by: parameters[number].optimizer, step: step, places: places)
          }
        }
      }
      for (number, runs) in runs.enumerated() where !runs.isEmpty {
        preserve(number)
        guard case .dense(let tensor) = tensors[number] else { preconditionFailure("tensor \(number) is a table") }
        parameters[number].optimizer.update(tensor.memory, along: runs, step: step)
      }
    }
  }

  /// Updates rows of one table.
  mutating func update(
    _ number: Int, rows keys: MemoryView<Int64>, along gradients: MemoryView<Float>, by optimizer: Optimizer,
    step: UInt64, places: MemoryView<Int64>
  ) {
    var table = table(number)
    table.update(keys, along: gradients, by: optimizer, step: step, places: places)
    tensors[number] = .table(table)
  }
}

extension ModelTensors {
  /// The number of values that a row has of `part`, or for a dense tensor 1.
  ///
  /// - Throws: 303 for a tensor or a part of one that does not exist.
  func rowLength(of tensor: Int, _ part: StoredPart) throws(Refusal) -> Int {
    guard parameters.indices.contains(tensor) else {
      throw Refusal(.unknownTensor, "tensor \(tensor) of a model that has \(parameters.count)")
    }
    let length: Int? =
      switch tensors[tensor] {
      case .table(let table): table.layout.columns(of: part)?.count
      case .dense(let dense): dense.memory.array(of: part).map { _ in 1 }
      }
    guard let length else {
      throw Refusal(.unknownTensor, "'\(parameters[tensor].name)' has no such part of an optimizer's state")
    }
    return length
  }

  /// Checks that stored values exist and are this shard's.
  ///
  /// - Returns: Their number.
  /// - Throws: 303, 304, 305, 406.
  func check(_ range: StoredRange) throws(Refusal) -> Int {
    let length = try rowLength(of: range.tensor, range.part)
    switch range.place {
    case .rows(let keys):
      _ = try parameter(range.tensor, is: .table)
      try check(keys.view, of: range.tensor)
      return keys.count * length
    case .elements(let elements):
      let spec = try parameter(range.tensor, is: .dense)
      if case .scalar = range.part {
        guard elements == 0..<1 else {
          throw Refusal(.shapeMismatch, "'\(spec.name)': elements \(elements) of a single number")
        }
      } else {
        try check(elements, of: range.tensor)
      }
      return elements.count
    }
  }

  /// Appends an array of the stored values of `range`, which was checked.
  func write(_ range: StoredRange, to writer: inout MessageWriter, places: MemoryView<Int64>) {
    switch (tensors[range.tensor], range.place) {
    case (.dense(let tensor), .elements(let elements)):
      writer.array(tensor.values(of: range.part, elements))
    case (.table(let table), .rows(let keys)):
      let columns = table.layout.columns(of: range.part)!
      writer.array(count: keys.count * columns.count, of: Float.self) {
        table.read(columns, of: keys.view, into: $0, places: places)
      }
    default: preconditionFailure("a range of the other kind of tensor")
    }
  }

  /// Replaces the stored values of `range`, which was checked.
  mutating func put(_ values: MemoryView<Float>, into range: StoredRange, places: MemoryView<Int64>) {
    preserve(range.tensor)
    switch (tensors[range.tensor], range.place) {
    case (.dense(let tensor), .elements(let elements)):
      tensor.values(of: range.part, elements).copy(from: values)
    case (.table(var table), .rows(let keys)):
      table.write(table.layout.columns(of: range.part)!, of: keys.view, values, places: places)
      tensors[range.tensor] = .table(table)
    default: preconditionFailure("a range of the other kind of tensor")
    }
  }
}

extension RowLayout {
  /// Where in a row `part` lies, or nil if rows have no such part.
  fileprivate func columns(of part: StoredPart) -> Range<Int>? {
    switch part {
    case .weights: 0..<rowLength
    case .slot(let slot): slot < slotCount ? (1 + slot) * rowLength..<(2 + slot) * rowLength : nil
    case .scalar(let scalar):
      scalar < scalarCount ? stride - scalarCount + scalar..<stride - scalarCount + scalar + 1 : nil
    }
  }
}

extension DenseMemory {
  /// The values of `part`, or nil if there is no such part.
  fileprivate func array(of part: StoredPart) -> MemoryView<Float>? {
    switch part {
    case .weights: weights
    case .slot(let slot): slot < slots.count ? slots[slot] : nil
    case .scalar(let scalar): scalar < scalars.count ? scalars[scalar..<scalar + 1] : nil
    }
  }
}

extension ShardTensor {
  /// The values of `part` of the tensor's elements `elements`.
  fileprivate func values(of part: StoredPart, _ elements: Range<Int>) -> MemoryView<Float> {
    let array = memory.array(of: part)!
    if case .scalar = part { return array }
    let start = start(of: elements)!
    return array[start..<start + elements.count]
  }
}

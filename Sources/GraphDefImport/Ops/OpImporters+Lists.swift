import Graph

extension OpImporter {
  /// Lists of tensors: TensorFlow 2's lists, TensorFlow 1's arrays, and values that are there or not.
  ///
  /// TensorFlow 1 passes the state of an array along as its "flow", which is the list here; the array's handle is
  /// nothing.
  static let lists: [String: OpImporter] = {
    func importer(_ outputs: @escaping @Sendable (NodeReader) throws -> [ImportedTensor]) -> OpImporter {
      OpImporter(outputs: outputs)
    }
    func count(ofList index: Int) -> OpImporter {
      OpImporter(
        isDifferentiable: false,
        outputs: { node in [.integers(KnownIntegers(.int32, shape: [], [Extent(try node.list(index).count)]))] })
    }
    let asIs = importer { [try $0.tensor(0)] }
    return [
      "EmptyTensorList": importer { _ in [.list([])] },
      "TensorListReserve": importer { [.list(try $0.emptyItems(1))] },
      "TensorListFromTensor": importer { [.list(try $0.items(of: 0))] },
      "TensorListStack": importer { [.value(try $0.stacked($0.list(0)))] },
      "TensorListLength": count(ofList: 0),
      "TensorListElementShape": OpImporter(isDifferentiable: false, outputs: { [try $0.shapeOfItems($0.list(0))] }),
      "TensorListGetItem": importer { [try $0.item($0.constant(1), of: $0.list(0))] },
      "TensorListSetItem": importer { [.list(try $0.setting([$0.constant(1)], to: [$0.tensor(2)], in: $0.list(0)))] },
      "TensorListPushBack": importer { [.list(try $0.list(0) + [$0.tensor(1)])] },
      "TensorListPopBack": importer { node in
        let list = try node.list(0)
        return [.list(Array(list.dropLast())), try node.item(list.count - 1, of: list)]
      },
      "TensorArrayV3": importer { [.nothing, .list(try $0.emptyItems(0))] },
      "TensorArraySizeV3": count(ofList: 1),
      "TensorArrayReadV3": importer { [try $0.item($0.constant(1), of: $0.list(2))] },
      "TensorArrayWriteV3": importer { [.list(try $0.setting([$0.constant(1)], to: [$0.tensor(2)], in: $0.list(3)))] },
      "TensorArrayScatterV3": importer { node in
        [.list(try node.setting(node.constants(1), to: node.items(of: 2), in: node.list(3)))]
      },
      "TensorArrayGatherV3": importer { node in
        let list = try node.list(2)
        return [.value(try node.stacked(node.constants(1).map { try node.item($0, of: list) }))]
      },
      "OptionalNone": importer { _ in [.nothing] },
      "OptionalFromValue": asIs, "OptionalGetValue": asIs,
    ]
  }()
}

extension NodeReader {
  /// The most tensors that a list may have.
  private static var listLimit: Int { 1 << 14 }

  fileprivate func list(_ index: Int) throws -> [ImportedTensor] {
    guard case .list(let items) = try tensor(index) else {
      throw ImportError.Reason.other("operand \(index) is not a list of tensors")
    }
    return items
  }

  /// As many items that are not set as the operand at `index` says.
  fileprivate func emptyItems(_ index: Int) throws -> [ImportedTensor] {
    let count = try constant(index, expected: "the length of a list")
    guard (0...Self.listLimit).contains(count) else {
      throw ImportError.Reason.other("a list of \(count) tensors, at most \(Self.listLimit) are supported")
    }
    return Array(repeating: .nothing, count: count)
  }

  /// The operand at `index` taken apart along its first axis.
  fileprivate func items(of index: Int) throws -> [ImportedTensor] {
    let x = try operand(index)
    guard x.shape.rank > 0, let count = x.shape[0].constant, count <= Self.listLimit else {
      throw ImportError.Reason.other(
        "a list of the parts of \(x.shape): at most \(Self.listLimit), known from the graph, expected")
    }
    return try x.unpacked(along: 0, count: count)
  }

  fileprivate func item(_ number: Int, of list: [ImportedTensor]) throws -> ImportedTensor {
    guard list.indices.contains(number) else {
      throw ImportError.Reason.other("item \(number) of a list of \(list.count)")
    }
    if case .nothing = list[number] { throw ImportError.Reason.other("item \(number) of the list was not set") }
    return list[number]
  }

  /// The shape of the items that are set, or nothing if none is.
  fileprivate func shapeOfItems(_ list: [ImportedTensor]) throws -> ImportedTensor {
    let reader = NodeReader(node: node, operands: list, context: context)
    guard let first = list.firstIndex(where: Self.isSet) else { return .nothing }
    return .integers(KnownIntegers(try type("shape_type", default: .int32), try reader.shape(first).extents))
  }

  private static func isSet(_ item: ImportedTensor) -> Bool { if case .nothing = item { false } else { true } }

  fileprivate func setting(
    _ numbers: [Int], to items: [ImportedTensor], in list: [ImportedTensor]
  ) throws -> [ImportedTensor] {
    guard numbers.count == items.count else {
      throw ImportError.Reason.other("\(numbers.count) places for \(items.count) items")
    }
    var list = list
    for (number, item) in zip(numbers, items) {
      guard (0..<Self.listLimit).contains(number) else { throw ImportError.Reason.other("item \(number) of a list") }
      // Lists may grow.
      while number >= list.count { list.append(.nothing) }
      list[number] = item
    }
    return list
  }

  /// The items of a list along a new first axis; those that were not set are zeros.
  fileprivate func stacked(_ list: [ImportedTensor]) throws -> Value {
    let reader = NodeReader(node: node, operands: list, context: context)
    guard let first = list.firstIndex(where: Self.isSet) else {
      throw ImportError.Reason.other("no item of the list is set")
    }
    let zeros = try reader.zeros(like: reader.operand(first))
    return try Value.packing(list.indices.map { Self.isSet(list[$0]) ? try reader.operand($0) : zeros }, along: 0)
  }
}

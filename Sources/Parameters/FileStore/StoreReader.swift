import Files
import Kernels

/// Loads what a ``FileStore`` wrote, or the tensors of another safetensors file.
struct StoreReader {
  /// The format that a file of ours names.
  static let format = "onlearn/1"
  /// What comes before the name of a stream in the metadata.
  static let sourcePrefix = "source."

  /// What a user should know.
  private(set) var notices: [String] = []

  private let path: String
  private let origin: FileStore.Origin
  let file: SafetensorsFile
  private let isOnlyWeights: Bool

  private static let chunkFloatCount = 1 << 18

  /// Opens the file at `path`, to load all of it, or only weights and leave the optimizer's state.
  init(path: String, origin: FileStore.Origin, isOnlyWeights: Bool = false) throws(StoreError) {
    self.path = path
    self.isOnlyWeights = isOnlyWeights
    self.origin = origin
    do throws(SafetensorsError) { file = try SafetensorsFile(path) } catch { throw Self.storeError(error, path) }
  }

  /// The weights in the file at `path`, whatever trained them.
  static func reading(
    _ parameters: [ParameterSpec], path: String, origin: FileStore.Origin
  ) throws(StoreError) -> (memory: MemoryState, reader: StoreReader) {
    let path = SystemFiles.resolved(path)
    guard case .file = SystemFiles.kind(path) else { throw StoreError.noFile(path: path) }
    var memory = try MemoryState(parameters, pool: nil)
    var reader = try StoreReader(path: path, origin: origin, isOnlyWeights: true)
    try reader.load(into: &memory)
    return (memory, reader)
  }

  /// What a store's user is told of `error` in the file at `path`.
  static func storeError(_ error: SafetensorsError, _ path: String) -> StoreError {
    switch error {
    case .file(let error): .inputOutput(error)
    case .notSafetensors: .otherFormat(path: path, problem: "\(error)")
    default: .damaged(path: path, problem: "\(error)")
    }
  }

  /// Replaces weights, optimizer state, version and offsets of `memory`, which must have the same tensors.
  mutating func load(into memory: inout MemoryState) throws(StoreError) {
    let isOurs = try checkFormat()
    let present = try checkTensors(memory, isOurs: isOurs)
    let checksum = try copy(present, into: memory)
    guard isOurs else { return }
    let stated = file.header.metadata("crc32c")
    let found = checksum.hexadecimal
    guard stated == found else {
      throw .damaged(path: path, problem: "the checksum of its tensors is \(found), not \(stated ?? "given")")
    }
    memory.version = try number("step", file.header.metadata("step"))
    let streams = file.header.metadata.filter { $0.key.hasPrefix(Self.sourcePrefix) }
    for (key, end) in streams.suffix(StreamEnds.limit) {
      memory.streams.advance(String(key.dropFirst(Self.sourcePrefix.count)), to: try number(key, end))
    }
  }

  private func number(_ key: String, _ text: String?) throws(StoreError) -> UInt64 {
    guard let text, let value = UInt64(text) else {
      throw .damaged(path: path, problem: "its '\(key)' is \(text.map { "'\($0)'" } ?? "missing"), not a number")
    }
    return value
  }

  /// Whether the file is of our format, or says nothing about itself.
  private mutating func checkFormat() throws(StoreError) -> Bool {
    guard let format = file.header.metadata("format"), format.hasPrefix("onlearn/") else {
      notices.append(
        "'\(path)' was not written by this program: its tensors are loaded unchecked, and counting starts at step 0")
      return false
    }
    guard format == Self.format else {
      throw .doesNotFit(path: path, problems: ["its format is '\(format)', this program reads '\(Self.format)'"])
    }
    for (key, expected) in [("model", origin.model), ("graph_sha256", origin.graphSHA256)] {
      let found = file.header.metadata(key) ?? ""
      if found != expected { notices.append("'\(path)' has the \(key) '\(found)', this model has '\(expected)'") }
    }
    if let order = origin.order, let found = file.header.metadata("order"), found != order {
      notices.append(
        "'\(path)' was trained in the order of \(found), and goes on in that of \(order): of a pass that was begun "
          + "some examples come twice, and others not at all")
    }
    return true
  }

  /// The names of the tensors to copy; all of the store's in a file of ours, and no others.
  private mutating func checkTensors(_ memory: MemoryState, isOurs: Bool) throws(StoreError) -> Set<String> {
    var problems: [String] = []
    var present: Set<String> = []
    var missingState: [String] = []
    let weights = Set(memory.parameters.map(\.name))
    for tensor in memory.tensors {
      guard let entry = file.header.entry(named: tensor.name) else {
        if weights.contains(tensor.name) {
          problems.append("it has no '\(tensor.name)'")
        } else if isOurs {
          missingState.append(tensor.name)
        }
        continue
      }
      if entry.shape != tensor.shape {
        problems.append("'\(tensor.name)' has the shape \(entry.shape), not \(tensor.shape)")
      } else if entry.type != .f32 {
        problems.append("'\(tensor.name)' holds \(entry.type.rawValue), not \(SafetensorsType.f32.rawValue)")
      }
      present.insert(tensor.name)
    }
    let others = file.header.entries.map(\.name).filter { name in
      let isState = isOnlyWeights && weights.contains { name.hasPrefix($0 + "/") }
      return !present.contains(name) && !isState
    }
    if !missingState.isEmpty {
      problems.append("it lacks \(Self.list(missingState)), which the optimizer has")
    }
    if !others.isEmpty {
      let text = "it has \(Self.list(others)), which this model lacks"
      if isOurs { problems.append(text) } else { notices.append("'\(path)': \(text); they are ignored") }
    }
    let strange = isOurs ? others.filter { name in weights.contains { name.hasPrefix($0 + "/") } } : []
    if !(missingState + strange).isEmpty {
      problems.append("it was trained with another optimizer, which can be named with --optimizer")
    }
    guard problems.isEmpty else { throw .doesNotFit(path: path, problems: problems) }
    return present
  }

  /// How many tensors there are, and the names of the first.
  private static func list(_ names: [String]) -> String {
    let first = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    return "\(names.count) tensors (\(first)\(names.count > 5 ? ", …" : ""))"
  }

  /// Copies the tensors in `names` and returns the checksum of all bytes.
  private func copy(_ names: Set<String>, into memory: MemoryState) throws(StoreError) -> UInt32 {
    var checksum: UInt32 = 0
    var chunk = [Float](repeating: 0, count: Self.chunkFloatCount)
    for entry in file.header.entries {
      let isWanted = names.contains(entry.name)
      var position = 0
      while position < entry.byteCount {
        let count = min(Self.chunkFloatCount * MemoryLayout<Float>.stride, entry.byteCount - position)
        try chunk.withMemoryView { view throws(StoreError) in
          let bytes = view.bytes[0..<count]
          do throws(SafetensorsError) { try file.read(at: entry.offset + position, into: bytes) } catch {
            throw Self.storeError(error, path)
          }
          checksum = Checksum.crc32c(bytes, continuing: checksum)
          guard isWanted else { return }
          let stride = MemoryLayout<Float>.stride
          do throws(StoreError) {
            try memory.write(view[0..<count / stride], to: entry.name, at: position / stride)
          } catch { throw .doesNotFit(path: path, problems: ["\(error)"]) }
        }
        position += count
      }
    }
    return checksum
  }
}

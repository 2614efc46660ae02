import Dispatch
import Files
import Kernels
import Parameters
import Synchronization
import TestSupport
import Testing

@Suite struct `A file store` {
  private let folder: TemporaryFolder
  private let origin = FileStore.Origin(model: "mlp", graphSHA256: "abc")
  private let schema = [
    ParameterSpec(name: "w", shape: [2, 2], optimizer: Optimizer(Rule(.adam))),
    ParameterSpec(name: "t", shape: [3, 2], kind: .table, optimizer: Optimizer(Rule(.lazyAdam))),
  ]

  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.file("model.safetensors") }

  private func open(_ schema: [ParameterSpec]? = nil, resuming: Bool = false) throws -> FileStore {
    try FileStore(schema ?? self.schema, path: path, origin: origin, isResuming: resuming)
  }

  /// One push, of rows 0 and 2 of the table and all of the dense weights.
  private func train(_ store: any ParameterStore, source: SourceRange? = nil) throws {
    var dense: [Float] = [1, 2, 3, 4]
    var keys: [Int64] = [0, 2]
    var rows: [Float] = [1, -1, 2, -2]
    try dense.withMemoryView { dense in
      try keys.withMemoryView { keys in
        try rows.withMemoryView { rows in
          let gradients: [Gradient] = [.dense(dense), .rows(keys: keys, values: rows)]
          _ = try store.exchange(push: ParameterGradients(gradients: gradients, source: source), pull: nil)
        }
      }
    }
  }

  @Test func `keeps the contract of stores`() throws {
    let number = Mutex(0)
    let folder = folder.path
    let contract = StoreContract { schema in
      let count = number.withLock { number in
        number += 1
        return number
      }
      return try FileStore(
        schema, path: "\(folder)/\(count).safetensors", origin: .init(model: "m", graphSHA256: ""))
    }
    try contract.lendsWhatWasWrittenAndPushed()
    try contract.refusesAsAWhole()
    try contract.appliesAStreamOnce()
    try contract.continuesAlike { store, schema in
      try store.save()
      let file = try #require(store as? FileStore)
      let copy = file.path + ".copy"
      TemporaryFolder.write(TemporaryFolder.bytes(file.path), to: copy)
      return try FileStore(schema, path: copy, origin: .init(model: "m", graphSHA256: ""), isResuming: true)
    }
  }

  @Test func `continues step, slots and streams`() throws {
    let store = try open()
    try train(store, source: SourceRange(name: "clicks/0", begin: 0, end: 17))
    try train(store)
    try store.save()
    store.close()
    #expect(folder.names == ["model.safetensors"])
    let restored = try open(resuming: true)
    #expect(restored.notices.isEmpty)
    #expect(restored.version == 2)
    #expect(restored.sourceOffsets == ["clicks/0": 17])
    #expect(try StoreContract.contents(of: restored) == StoreContract.contents(of: store))
  }

  @Test func `continues the order in which streams were applied last`() throws {
    let store = try open()
    for (name, begin) in [("a", UInt64(0)), ("b", 0), ("c", 0), ("a", 5)] {
      try train(store, source: SourceRange(name: name, begin: begin, end: begin + 5))
    }
    try store.save()
    func sources() throws -> [String] {
      try SafetensorsFile(path).header.metadata.map(\.key).filter { $0.hasPrefix("source.") }
    }
    #expect(try sources() == ["source.b", "source.c", "source.a"])
    store.close()
    let restored = try open(resuming: true)
    #expect(restored.sourceOffsets == ["a": 10, "b": 5, "c": 5])
    try train(restored, source: SourceRange(name: "b", begin: 5, end: 10))
    try restored.save()
    #expect(try sources() == ["source.c", "source.a", "source.b"])
  }

  @Test func `is not replaced by one that nobody could read`() throws {
    try open().save()
    let old = TemporaryFolder.bytes(path)
    let writer = SafetensorsWriter(path: path, headerLimit: 64)
    let error = #expect(throws: FileError.self) {
      try writer.replace(tensors: [], metadata: [("k", String(repeating: "v", count: 64))]) { _, _, _ in }
    }
    #expect(error?.operation == .write)
    #expect(TemporaryFolder.bytes(path) == old && folder.names == ["model.safetensors"])
  }

  @Test(arguments: [0o600, 0o666] as [UInt32]) func `keeps its permissions`(_ permissions: UInt32) throws {
    let store = try open()
    try store.save()
    TemporaryFolder.setPermissions(permissions, of: path)
    try train(store)
    try store.save()
    #expect(SystemFiles.permissions(ofFile: path) == permissions)
    store.close()
    _ = try open(resuming: true)
    #expect(folder.names == ["model.safetensors"])
  }

  @Test func `names tensors and says where they come from`() throws {
    let store = try open()
    try train(store)
    try store.save()
    let header = try SafetensorsFile(path).header
    #expect(
      header.entries.map(\.name) == [
        "w", "w/m", "w/v", "w/beta1_power", "w/beta2_power", "t", "t/m", "t/v", "t/beta1_power", "t/beta2_power",
      ])
    #expect(header.entry(named: "w/beta1_power")?.shape == [])
    #expect(header.entry(named: "t/beta1_power")?.shape == [3])
    #expect(header.metadata.map(\.key) == ["format", "model", "step", "graph_sha256", "crc32c"])
    #expect(header.metadata.prefix(4).map(\.value) == ["onlearn/1", "mlp", "1", "abc"])
  }

  @Test func `tells who goes on in another order of the examples`() throws {
    func open(_ order: String?, resuming: Bool = true) throws -> FileStore {
      let origin = FileStore.Origin(model: "mlp", graphSHA256: "abc", order: order)
      return try FileStore(schema, path: path, origin: origin, isResuming: resuming)
    }
    try open("--seed 1", resuming: false).save()
    #expect(try open("--seed 1").notices.isEmpty && open(nil).notices.isEmpty)
    let notices = try open("--seed 2").notices
    #expect(notices.count == 1 && notices.allSatisfy { $0.contains("--seed 1") && $0.contains("--seed 2") })
  }

  @Test func `is never overwritten by a new run`() throws {
    try open().save()
    #expect(throws: StoreError.alreadyExists(path: path)) { try open() }
    #expect(StoreError.alreadyExists(path: path).exitStatus == .cannotCreate)
  }

  @Test func `is trained by one at a time, and read by all`() throws {
    let store = try open()
    // The other one would never know of the file that this one is about to write.
    #expect(throws: StoreError.inUse(path: path)) { try open() }
    try train(store)
    try store.save()
    let error = #expect(throws: StoreError.self) { try open(resuming: true) }
    #expect(error == .inUse(path: path) && error?.exitStatus == .busy)
    let read = try MemoryStore.reading(schema, path: path, origin: origin).store
    #expect(try read.read("w") == store.read("w"))
    store.close()
    #expect(try open(resuming: true).version == 1)
    #expect(folder.names == ["model.safetensors"])
  }

  @Test func `that was trained by a process that was killed is continued`() throws {
    try open().save()
    for left in ["lock", "partial"] { TemporaryFolder.write([1, 2, 3], to: "\(path).\(left)") }
    let store = try open(resuming: true)
    try train(store)
    try store.save()
    store.close()
    #expect(folder.names == ["model.safetensors"])
  }

  @Test func `is refused where it cannot be locked`() throws {
    let files = FaultyFiles()
    files.fail(.lock)
    let expected = StoreError.cannotCreate(FileError(path, .create, code: FaultyFiles.Step.lock.error.code))
    #expect(throws: expected) {
      try FileStore(
        schema, path: path, origin: origin, isResuming: false, savingEvery: nil, files: files,
        now: { ContinuousClock.now })
    }
  }

  @Test func `is not made up when there is nothing to resume`() {
    #expect(throws: StoreError.nothingToResume(path: path)) { try open(resuming: true) }
  }

  @Test func `is refused where it cannot be`() throws {
    let error = #expect(throws: StoreError.self) {
      try FileStore(schema, path: folder.file("missing/file"), origin: origin)
    }
    #expect(error?.exitStatus == .cannotCreate)
    #expect(throws: StoreError.self) { try FileStore(schema, path: "/dev/null", origin: origin) }
    #expect(throws: StoreError.self) { try FileStore(schema, path: folder.path, origin: origin) }
  }

  @Test func `is refused when a byte is wrong, cut off or added`() throws {
    let store = try open()
    try train(store)
    try store.save()
    store.close()
    let bytes = TemporaryFolder.bytes(path)
    var generator = SplitMix64(seed: 3)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      TemporaryFolder.write(changed, to: path)
      // A change of the free text of the metadata cannot be told; everything else is noticed.
      if let loaded = try? open(resuming: true) {
        #expect(try StoreContract.contents(of: loaded) == StoreContract.contents(of: store), "byte \(place)")
      }
    }
    for count in 0..<bytes.count {
      TemporaryFolder.write(Array(bytes[..<count]), to: path)
      let error = #expect(throws: StoreError.self) { try open(resuming: true) }
      #expect(error?.exitStatus == .damagedStore, "\(count) bytes: \(String(describing: error))")
    }
    TemporaryFolder.write(bytes + [0], to: path)
    #expect(throws: StoreError.self) { try open(resuming: true) }
  }

  @Test func `is refused when it is of another model, with every difference`() throws {
    try open().save()
    var other = schema
    other[0].shape = [4]
    other[1].optimizer = .sgd(rate: 1)
    other.append(ParameterSpec(name: "new", shape: []))
    let error = #expect(throws: StoreError.self) { try open(other, resuming: true) }
    #expect(error?.exitStatus == .badData)
    let text = error?.description ?? ""
    #expect(text.contains("'w' has the shape [2, 2], not [4]"))
    #expect(text.contains("it has no 'new'"))
    #expect(text.contains("it has 4 tensors ('t/m', 't/v', 't/beta1_power', 't/beta2_power'), which this model lacks"))
  }

  @Test(arguments: [("adam", "momentum"), ("sgd", "adam"), ("adam", "sgd")])
  func `says of another optimizer's state in one sentence that it is that`(_ first: String, _ second: String) throws {
    func schema(_ optimizer: String) throws -> [ParameterSpec] {
      try ["v", "w"].map { ParameterSpec(name: $0, shape: [2], optimizer: try Optimizer(optimizer)) }
    }
    try open(schema(first)).save()
    let error = #expect(throws: StoreError.self) { try open(schema(second), resuming: true) }
    let text = error?.description ?? ""
    #expect(error?.exitStatus == .badData && text.contains("it was trained with another optimizer"), "\(text)")
    #expect(text.split(separator: ";").count <= 3)
  }

  @Test func `is told from a file of another format, and from none`() throws {
    TemporaryFolder.write(Array("PK\u{3}\u{4}, and whatever follows".utf8), to: path)
    let other = #expect(throws: StoreError.self) { try open(resuming: true) }
    #expect(other?.exitStatus == .badData && other?.description.contains("not a safetensors file") == true)
    for path in [folder.file("none"), folder.path] {
      let error = StoreError.noFile(path: SystemFiles.resolved(path))
      #expect(throws: error) { try MemoryStore.reading(schema, path: path, origin: origin) }
      #expect(error.exitStatus == .noInput)
    }
  }

  @Test func `loads a plain file with a notice`() throws {
    let plain = SafetensorsHeader([("t", .f32, [3, 2]), ("extra", .i64, [1]), ("w", .f32, [2, 2])])
    var values = (0..<6).map(Float.init)
    values += [7, 7]
    values += [1, 2, 3, 4]
    let bytes = values.withMemoryView { $0.bytes.array }
    TemporaryFolder.write(plain.encoded + bytes, to: path)
    let store = try open(resuming: true)
    #expect(try store.read("w") == [1, 2, 3, 4])
    #expect(try store.read("t") == [0, 1, 2, 3, 4, 5])
    #expect(try store.read("w/m") == [0, 0, 0, 0])
    #expect(store.version == 0)
    #expect(store.notices.count == 2)
    store.close()

    values[0] = .nan
    TemporaryFolder.write(plain.encoded + values.withMemoryView { $0.bytes.array }, to: path)
    let error = #expect(throws: StoreError.self) { try open(resuming: true) }
    #expect(error?.exitStatus == .badData)
  }

  @Test func `tells when the graph is another one`() throws {
    try open().save()
    let store = try FileStore(
      schema, path: path, origin: .init(model: "mlp", graphSHA256: "def"), isResuming: true)
    #expect(store.notices.count == 1)
  }

  @Test func `is saved once in a while`() throws {
    let clock = Mutex(ContinuousClock.now)
    let store = try FileStore(
      schema, path: path, origin: origin, isResuming: false, savingEvery: .seconds(30), files: SystemFiles(),
      now: { clock.withLock { $0 } })
    try train(store)
    #expect(folder.names == ["model.safetensors.lock"])
    clock.withLock { $0 += .seconds(30) }
    try train(store)
    #expect(try SafetensorsFile(path).header.metadata("step") == "1")
    try train(store)
    #expect(try SafetensorsFile(path).header.metadata("step") == "1")
  }

  @Test func `is read by others while it is saved`() throws {
    let files = FaultyFiles()
    let store = try FileStore(
      schema, path: path, origin: origin, isResuming: false, savingEvery: nil, files: files,
      now: { ContinuousClock.now })
    try train(store, source: SourceRange(name: "s", begin: 0, end: 5))
    let isRead = Mutex(false)
    files.whileSyncing {
      let done = DispatchSemaphore(value: 0)
      DispatchQueue.global().async {
        var spare: ParameterSnapshot?
        let version = try? store.snapshot(reusing: &spare).version
        if version == 1, store.offset(ofSource: "s") == 5, store.tensors.count == 10 { done.signal() }
      }
      let isDone = done.wait(timeout: .now() + .seconds(5)) == .success
      isRead.withLock { $0 = isDone }
    }
    try store.save()
    #expect(isRead.withLock { $0 })
  }

  @Test(arguments: FaultyFiles.Step.saving)
  fileprivate func `keeps the old file when a step of saving fails`(_ step: FaultyFiles.Step) throws {
    let files = FaultyFiles()
    let store = try FileStore(
      schema, path: path, origin: origin, isResuming: false, savingEvery: nil, files: files,
      now: { ContinuousClock.now })
    try store.save()
    let old = TemporaryFolder.bytes(path)
    try train(store)
    files.fail(step)
    let expected = step == .create ? StoreError.cannotCreate(step.error) : .inputOutput(step.error)
    #expect(throws: expected) { try store.save() }
    #expect(expected.exitStatus == (step == .create ? .cannotCreate : .inputOutput))
    #expect(folder.names == ["model.safetensors", "model.safetensors.lock"])
    // Only the name was changed when syncing the folder failed: the file is whole, old or new.
    if step != .syncFolder { #expect(TemporaryFolder.bytes(path) == old) }
    files.fail(nil)
    let counts = files.plan.withLock { $0.counts }
    if step == .sync || step == .syncFolder {
      #expect(throws: expected, "a failed sync is not retried") { try store.save() }
      #expect(files.plan.withLock { $0.counts } == counts)
    } else {
      try store.save()
      store.close()
      #expect(try open(resuming: true).version == 1)
    }
  }
}

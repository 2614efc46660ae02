import Files
import Foundation
import Kernels
import Parameters
import Serve
import Testing

@Suite struct `Parameters of a model` {
  private let model: Model
  private let folder: TemporaryFolder

  init() throws {
    model = try Model(configPath: SmallService.folder + "/mlp_small.json")
    folder = try TemporaryFolder()
  }

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func optimizers(_ text: String) throws -> [Optimizer] {
    try model.parameters.map { _ in try Optimizer(text) }
  }

  /// A file of the model's initial values, as a training leaves it before its first step.
  private func trained(_ optimizer: String, to name: String) throws -> StoreSpecification {
    let specification = StoreSpecification.file(path: path(name))
    let store = try model.openStore(specification, optimizers: optimizers(optimizer)).store
    try store.write((0..<320).map { Float($0) }, to: "w1")
    try store.save()
    return specification
  }

  private static let forms = ["safetensors", "npz", "reference", "store.dt:"]

  @Test(arguments: forms) func `return from every form to the same file`(_ text: String) throws {
    let store = try trained("sgd:rate=0.05", to: "trained")
    let list = try folder.write("mlp_small 3\n", to: "model_list")
    let form = try #require(ParameterForm(text.hasSuffix(":") ? text + list : text))
    let exported = try model.exportParameters(in: store, as: form, to: path("exported"))
    #expect(exported == ParameterTransfer(tensors: 4, values: 421))
    let imported = try model.importParameters(
      from: path("exported"), as: form, into: .file(path: path("imported")), optimizers: optimizers("sgd:rate=0.05"))
    #expect(imported == exported)
    #expect(try folder.read("imported") == folder.read("trained"))
  }

  @Test(arguments: ["safetensors", "npz"]) func `keep the optimizer's state where the form has it`(_ text: String)
    throws
  {
    let store = try trained("adam:rate=0.01", to: "trained")
    let form = try #require(ParameterForm(text))
    #expect(try model.exportParameters(in: store, as: form, to: path("exported")).tensors == 4 * 5)
    let imported = try model.importParameters(
      from: path("exported"), as: form, into: .file(path: path("imported")), optimizers: optimizers("adam"))
    #expect(imported.tensors == 4 * 5 && imported.notices.isEmpty)
    #expect(try folder.read("imported") == folder.read("trained"))
    // Another optimizer begins anew.
    let other = try model.importParameters(
      from: path("exported"), as: form, into: .file(path: path("other")), optimizers: optimizers("momentum"))
    #expect(other.tensors == 4 && other.notices.count == 1, "\(other)")
  }

  @Test func `are replaced only when asked`() throws {
    let store = try trained("sgd:rate=0.05", to: "trained")
    let before = try folder.read("trained")
    _ = try model.exportParameters(in: .memory, as: .npz, to: path("exported"))
    func bring(_ replaces: Bool) throws {
      _ = try model.importParameters(
        from: path("exported"), as: .npz, into: store, optimizers: optimizers("sgd:rate=0.05"), replaces: replaces)
    }
    let error = #expect(throws: DataError.self) { try bring(false) }
    #expect(error?.exitStatus == .cannotCreate)
    #expect(try folder.read("trained") == before)
    try bring(true)
    #expect(try folder.read("trained") != before)
    #expect(try folder.names == ["exported", "trained"])
  }

  @Test func `begin anew, with the optimizer's state, in a file that is replaced when nobody trains it`() throws {
    let store = try trained("adam:rate=0.01", to: "trained")
    var options = Model.StoreOptions()
    options.isResuming = true
    let before = try model.openStore(store, optimizers: optimizers("adam:rate=0.01"), options: options).store
    try before.write([Float](repeating: 1, count: 320), to: "w1/m")
    try before.save()
    _ = try model.exportParameters(in: store, as: .reference, to: path("exported"))
    func bring() throws {
      _ = try model.importParameters(
        from: path("exported"), as: .reference, into: store, optimizers: optimizers("adam:rate=0.01"), replaces: true)
    }
    #expect(throws: StoreError.inUse(path: SystemFiles.resolved(path("trained")))) { try bring() }
    before.close()
    try bring()
    let after = try model.openStore(store, optimizers: optimizers("adam:rate=0.01"), options: options).store
    #expect(try after.read("w1") == (0..<320).map { Float($0) })
    #expect(try after.read("w1/m") == [Float](repeating: 0, count: 320))
    #expect(after.version == 0)
  }

  @Test func `are not put in the place of what is no file`() throws {
    let pipe = path("pipe")
    let status = unsafe mkfifo(pipe, 0o600)
    try #require(status == 0)
    _ = try model.exportParameters(in: .memory, as: .npz, to: path("exported"))
    let exporting = #expect(throws: StoreError.self) {
      try model.exportParameters(in: .memory, as: .safetensors, to: pipe)
    }
    let importing = #expect(throws: StoreError.self) {
      try model.importParameters(
        from: path("exported"), as: .npz, into: .file(path: pipe), optimizers: optimizers("sgd:rate=0.05"),
        replaces: true)
    }
    for error in [exporting, importing] {
      #expect(error?.exitStatus == .cannotCreate)
      #expect(error?.description == "'\(pipe)' cannot be created: what is there is no regular file")
    }
    #expect(SystemFiles.kind(pipe) == .other)
    #expect(try folder.names == ["exported", "pipe"])
  }

  @Test func `are exported where a link leads, which stays`() throws {
    let link = path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path("exported"))
    for _ in 0..<2 {
      _ = try model.exportParameters(in: .memory, as: .safetensors, to: link)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path("exported"))
      #expect(SystemFiles.kind(path("exported")) == .file)
    }
    #expect(try folder.names == ["exported", "link"])
  }

  @Test func `that are not finite, or not all there, change nothing`() throws {
    func bring(_ name: String) -> (any Error)? {
      #expect(throws: (any Error).self) {
        try model.importParameters(
          from: path(name), as: .npz, into: .file(path: path("imported")), optimizers: optimizers("sgd:rate=0.05"))
      }
    }
    let shapes = model.parameters.map { ($0.name, $0.shape) }
    func archive(_ name: String, _ value: Float, of names: [String]) throws {
      let tensors = shapes.filter { names.contains($0.0) }.map { StoredTensor(name: $0, shape: $1) }
      try NpzFile.write(ConstantSource(tensors: tensors, value: value), to: path(name))
    }
    try archive("nan.npz", .nan, of: shapes.map(\.0))
    #expect("\(bring("nan.npz")!)".contains("'w1': value at position 0 is not finite"))
    try archive("part.npz", 1, of: ["w1", "b2"])
    #expect("\(bring("part.npz")!)".contains("it has no 'b1'; it has no 'w2'"))
    #expect(
      bring("none.npz") as? DataError == DataError(path("none.npz"), .unreadable("No such file or directory", hint: ""))
    )
    #expect(try folder.names == ["nan.npz", "part.npz"])
  }

  /// Tensors whose elements are all alike.
  private struct ConstantSource: TensorSource {
    let tensors: [StoredTensor]
    let value: Float

    func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) { destination.fill(value) }
  }
}

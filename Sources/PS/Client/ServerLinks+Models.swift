import Wire

extension ServerLinks {
  /// Checks that no server has forgotten `model` while others train it: to register it there would begin a part of it anew.
  ///
  /// Servers may lack a model that nobody has pushed to yet, as a worker may have ended while it registered it.
  ///
  /// - Throws: ``ClientError/forgotten(server:model:)``.
  func checkIsWhole(_ model: String) throws(ClientError) {
    let versions = try (0..<count).map { (shard) throws(ClientError) in try version(of: model, on: shard) }
    guard versions.contains(where: { $0 ?? 0 > 0 }) else { return }
    for shard in versions.indices where versions[shard] == nil {
      // Who pushes has registered the model with all servers before; this one may have been asked before that.
      guard try version(of: model, on: shard) == nil else { continue }
      throw .forgotten(server: name(of: shard), model: model)
    }
  }

  /// How many updates `shard` has applied to `model`; nil if it does not know it.
  private func version(of model: String, on shard: Int) throws(ClientError) -> UInt64? {
    let answer: Frame
    do throws(ClientError) {
      answer = try call(shard, ServerRequest(reading: .describeModel, DescribeRequest(name: model).payload))
    } catch {
      guard case .refused(let refusal) = error, refusal.code == .unknownModel else { throw error }
      return nil
    }
    return try reading(shard) { () throws(Refusal) in try DescribeReply(reading: answer.payload).prefix.version }
  }
}

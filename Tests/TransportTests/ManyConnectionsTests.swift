import Foundation
import NIOCore
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `Many connections` {
  /// Five thousand, if the system lets one process have both their ends.
  private static func count() throws -> Int {
    let shell = Process()
    let output = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "ulimit -n"]
    shell.standardOutput = output
    try shell.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let descriptors = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .max
    return min(5000, descriptors / 2 - 200)
  }

  @Test(arguments: Place.allCases)
  func `are all served, and leave nothing behind`(_ place: Place) async throws {
    let count = try Self.count()
    var limits = Limits.patient
    limits.connections = count + 1
    try await Listener.run(at: place.address, limits) { listener in
      var clients: [RawClient] = []
      for _ in 0..<count {
        var client = try await RawClient(to: listener.address)
        try await client.shakeHands()
        clients.append(client)
      }
      #expect(try await listener.withService { $0.connections } == count)
      let honest = try await HonestClient(to: listener.address)
      _ = try await honest.ask()
      for index in clients.indices { clients[index].send(Frame(.echo, requestID: 1, payload: .filled(100))) }
      for index in clients.indices { #expect(try await clients[index].next()?.payload.readableBytes == 100) }
      for client in clients { client.close() }
      try await listener.wait { $0.connections == 1 }
      _ = try await honest.ask()
    }
  }
}

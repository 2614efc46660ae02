public import ArgumentParser
public import Transport

extension Address: ExpressibleByArgument {
  public init?(argument: String) {
    guard let address = try? Address(argument) else { return nil }
    self = address
  }
}

import ArgumentParser

/// An option, and whether it is given: an option that would change nothing is refused instead of ignored.
struct GivenOption {
  /// How it is written.
  let name: String
  /// Whether it is given.
  let isGiven: Bool

  /// The option `name`.
  init(_ name: String, _ isGiven: Bool) { (self.name, self.isGiven) = (name, isGiven) }

  /// Refuses those of `options` that are given, for `reason`.
  static func refuse(_ options: [GivenOption], _ reason: String) throws {
    guard let option = options.first(where: \.isGiven) else { return }
    throw ValidationError("\(option.name) \(reason).")
  }
}

import Foundation
import Kernels

/// A file of keys: one a line, its name, the most that a client with it may do, and its secret.
///
///     # name  role    secret, at least 64 hexadecimal digits
///     train1  worker  8f3c…
///     train2  worker  02b7…
///     ops     admin   c41d…
///
/// Names have 1 to 16 letters, digits, dots, underscores or hyphens. While a key is replaced by another one, both are in
/// the server's file. Only the owner may be able to read the file.
public enum KeyFile {
  /// The largest file that is read.
  private static let byteLimit = 1 << 20

  /// Reads the keys in the file at `path`: at least one.
  public static func read(_ path: String) throws(KeyFileError) -> [SharedKey] {
    func fail(_ reason: KeyFileError.Reason) -> KeyFileError { KeyFileError(path: path, reason: reason) }
    // The target of a link counts.
    let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let attributes: [FileAttributeKey: Any]
    let contents: Data
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: file.path)
      guard attributes[.type] as? FileAttributeType == .typeRegular else { throw fail(.unreadable("it is no file")) }
      guard let size = attributes[.size] as? Int, size <= byteLimit else { throw fail(.tooLarge(byteLimit)) }
      contents = try Data(contentsOf: file)
    } catch let error as KeyFileError {
      throw error
    } catch {
      throw fail(.unreadable(error.localizedDescription))
    }
    let mode = attributes[.posixPermissions] as? Int ?? 0o777
    guard mode & 0o077 == 0 else { throw fail(.open(mode: mode)) }
    return try parse(String(decoding: contents, as: UTF8.self), path: path)
  }

  /// The keys in `text`: at least one.
  ///
  /// - Parameter path: What errors call the text.
  public static func parse(_ text: String, path: String) throws(KeyFileError) -> [SharedKey] {
    var keys: [SharedKey] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      func fail(_ reason: KeyFileError.LineReason) -> KeyFileError {
        KeyFileError(path: path, reason: .line(index + 1, reason))
      }
      guard words.count == 3 else { throw fail(.words(words.count)) }
      guard first.isName(upTo: 16) else { throw fail(.name) }
      guard !keys.contains(where: { $0.id == first }) else { throw fail(.repeated(String(first))) }
      guard let role = Role(named: words[1]) else { throw fail(.role) }
      guard let secret = [UInt8](hexadecimal: words[2]) else { throw fail(.digits) }
      guard secret.count >= SharedKey.minimumByteCount else { throw fail(.short(secret.count)) }
      keys.append(SharedKey(id: String(first), role: role, secret: secret))
    }
    guard !keys.isEmpty else { throw KeyFileError(path: path, reason: .empty) }
    return keys
  }
}

extension Role {
  /// The role that is called so: `reader`, `worker`, `admin` or `server`.
  public init?(named name: some StringProtocol) {
    guard let role = Self.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = role
  }
}

/// Why a file of keys cannot be used; it never says what is in it but names.
public struct KeyFileError: Error, Hashable, Sendable {
  /// What is wrong with the file.
  public enum Reason: Hashable, Sendable {
    /// The system does not let us read it.
    case unreadable(String)
    /// Others than the owner can read or write it.
    case open(mode: Int)
    /// It has more than so many bytes.
    case tooLarge(Int)
    /// No key is in it.
    case empty
    /// One of its lines, counted from 1, is wrong.
    case line(Int, LineReason)
  }

  /// What is wrong with a line.
  public enum LineReason: Hashable, Sendable {
    /// It has so many words, not three.
    case words(Int)
    /// The name is none.
    case name
    /// An earlier line has the same name.
    case repeated(String)
    /// The role is none.
    case role
    /// The secret is not an even number of hexadecimal digits.
    case digits
    /// The secret has only so many bytes.
    case short(Int)
  }

  /// Which file.
  public var path: String
  /// What is wrong with it.
  public var reason: Reason

  /// That the file at `path` cannot be used.
  package init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension KeyFileError: CustomStringConvertible {
  public var description: String {
    switch reason {
    case .unreadable(let text): "the key file \(path) cannot be read: \(text)"
    case .open(let mode):
      "the key file \(path) has the mode 0\(String(mode, radix: 8)); only its owner may read it: chmod 600 \(path)"
    case .tooLarge(let limit): "the key file \(path) has more than \(limit) bytes"
    case .empty: "the key file \(path) has no key; write a line of a name, a role and 64 hexadecimal digits"
    case .line(let number, let reason): "\(path):\(number): \(reason)"
    }
  }
}

extension KeyFileError.LineReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .words(let count): "\(count) words; a key has three: its name, its role and its secret"
    case .name: "the key's name is not 1 to 16 letters, digits, dots, underscores or hyphens"
    case .repeated(let name): "a second key called '\(name)'"
    case .role: "the key's role is not reader, worker, admin or server"
    case .digits: "the key's secret is not an even number of hexadecimal digits"
    case .short(let count): "a secret of \(count) bytes; it must have at least \(SharedKey.minimumByteCount)"
    }
  }
}

import CIntrinsics
import COpenBLAS

/// The processor that OpenBLAS chose its kernels for, beside what the processor can do that we run on.
public struct BLASCore: Hashable, Sendable {
  /// How a processor computes with vectors of floats.
  public enum VectorLevel: Int, Comparable, CustomStringConvertible, Sendable {
    case sse = 1
    case avx, avx2, avx512

    public static func < (a: VectorLevel, b: VectorLevel) -> Bool { a.rawValue < b.rawValue }

    public var description: String {
      switch self {
      case .sse: "SSE"
      case .avx: "AVX"
      case .avx2: "AVX2"
      case .avx512: "AVX-512"
      }
    }

    /// OpenBLAS's names of processors of this level, in small letters.
    fileprivate var cores: [String] {
      switch self {
      case .sse:
        [
          "prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "nano", "athlon", "opteron", "opteron_sse3",
          "barcelona", "bobcat", "generic",
        ]
      case .avx: ["sandybridge", "bulldozer", "piledriver", "steamroller"]
      case .avx2: ["haswell", "zen", "excavator"]
      case .avx512: ["skylakex", "cooperlake", "sapphirerapids"]
      }
    }
  }

  /// OpenBLAS's name of the processor that it chose, such as `SkylakeX`.
  public var name: String
  /// What the processor that we run on can do; `nil` where that is not known.
  public var processor: VectorLevel?

  /// The choice `name` on a processor that can do `processor`.
  public init(name: String, processor: VectorLevel?) {
    self.name = name
    self.processor = processor
  }

  /// What OpenBLAS uses in this process: its own choice on this processor, or a better one.
  public static var current: BLASCore {
    prepare()
    return chosen
  }

  /// Makes OpenBLAS ready, which otherwise happens when it is first used.
  public static func prepare() { LinearAlgebra.prepareBLAS() }

  /// What OpenBLAS uses now.
  private static var chosen: BLASCore {
    // Safety: OpenBLAS returns a constant, zero-terminated string.
    let name = unsafe openblas_get_corename().map { unsafe String(cString: $0) } ?? "unknown"
    return BLASCore(name: name, processor: VectorLevel(rawValue: Int(onlearn_vector_level())))
  }

  /// How OpenBLAS was built, in its own words.
  package static var configuration: String {
    // Safety: OpenBLAS returns a zero-terminated string of its own.
    unsafe openblas_get_config().map { unsafe String(cString: $0) } ?? ""
  }

  /// Gives OpenBLAS kernels for a processor of the same level where it lags behind, unless the environment's
  /// `OPENBLAS_CORETYPE` says which ones to use; before anything is multiplied.
  ///
  /// For a processor that is newer than itself OpenBLAS takes kernels for one of 2004: on an Emerald Rapids, version 0.3.21
  /// multiplies 1024 × 1024 matrices at 28 GFLOP/s, and at 147 with these (`onlearn bench matmul`).
  static func chooseBetterKernels() {
    guard let name = chosen.betterName else { return }
    unsafe onlearn_choose_blas_core(name)
  }

  /// OpenBLAS's name of a processor with kernels that are as good as the processor; `nil` if the choice is.
  package var betterName: String? {
    guard let (_, needed) = shortfall else { return nil }
    return switch needed {
    case .sse: nil
    case .avx: "Sandybridge"
    case .avx2: "Haswell"
    case .avx512: "SkylakeX"
    }
  }

  /// What the kernels are made for; `nil` for a name that we do not know.
  private var level: VectorLevel? {
    let name = name.lowercased()
    return [.sse, .avx, .avx2, .avx512].first { (level: VectorLevel) in level.cores.contains(name) }
  }

  /// What the kernels are made for, and what the processor can do, if that is more.
  private var shortfall: (level: VectorLevel, needed: VectorLevel)? {
    guard let level, let processor, level < processor else { return nil }
    return (level, processor)
  }

  /// One sentence that says which kernels OpenBLAS should use instead, and what to do; `nil` if its choice is as good as
  /// the processor.
  ///
  /// - Parameter forced: What the environment's `OPENBLAS_CORETYPE` says.
  public func complaint(forced: String?) -> String? {
    guard let (level, needed) = shortfall else { return nil }
    let remedy =
      if let forced {
        "unset OPENBLAS_CORETYPE, which is '\(forced)'"
      } else {
        "install a newer OpenBLAS, which may know this processor"
      }
    return """
      OpenBLAS uses its kernels for \(name), which have \(level) at most, but this processor has \(needed): products \
      of matrices take longer than they need to; \(remedy)
      """
  }
}

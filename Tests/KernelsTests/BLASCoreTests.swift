import Foundation
import Kernels
import Testing

@Suite struct `The choice of OpenBLAS's kernels` {
  @Test func `has a name`() { #expect(!BLASCore.current.name.isEmpty) }

  @Test(arguments: [
    ("Cooperlake", BLASCore.VectorLevel.avx512), ("SkylakeX", .avx512), ("Haswell", .avx2), ("Zen", .avx2),
    ("SkylakeX", .avx2), ("Sandybridge", .avx), ("Nehalem", .sse),
  ])
  func `is good where it is made for what the processor can do`(_ name: String, _ processor: BLASCore.VectorLevel) {
    #expect(BLASCore(name: name, processor: processor).complaint(forced: name) == nil)
  }

  @Test func `is not judged where core or processor are not known`() {
    #expect(BLASCore(name: "Neoversen1", processor: nil).complaint(forced: nil) == nil)
    #expect(BLASCore(name: "Haswell", processor: nil).complaint(forced: nil) == nil)
    #expect(BLASCore(name: "Core9000", processor: .avx512).complaint(forced: nil) == nil)
  }

  @Test func `is complained of where it lags behind, with what to do`() throws {
    let forced = try #require(BLASCore(name: "Haswell", processor: .avx512).complaint(forced: "haswell"))
    #expect(forced.contains("kernels for Haswell") && forced.contains("AVX-512"))
    #expect(forced.contains("unset OPENBLAS_CORETYPE, which is 'haswell'"))
    let old = try #require(BLASCore(name: "Nehalem", processor: .avx2).complaint(forced: nil))
    #expect(old.contains("install a newer OpenBLAS"))
  }

  @Test(arguments: [
    ("Prescott", BLASCore.VectorLevel.avx512, "SkylakeX"), ("Zen", .avx512, "SkylakeX"), ("Prescott", .avx2, "Haswell"),
    ("Nehalem", .avx, "Sandybridge"),
  ])
  func `is replaced where it lags behind`(_ name: String, _ processor: BLASCore.VectorLevel, _ better: String) {
    #expect(BLASCore(name: name, processor: processor).betterName == better)
    #expect(BLASCore(name: better, processor: processor).betterName == nil)
  }

  @Test(.enabled(if: BLASCore.canChoose)) func `suits the processor of this machine`() {
    #expect(BLASCore.current.betterName == nil, "\(BLASCore.current)")
  }
}

extension BLASCore {
  /// Whether OpenBLAS has kernels of more than one kind, and nobody says which ones to use.
  fileprivate static var canChoose: Bool {
    configuration.contains("DYNAMIC_ARCH") && ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil
  }
}

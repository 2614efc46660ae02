import Foundation
import Kernels

extension BLASCore {
  /// What a user should know of OpenBLAS's choice of kernels in this process: nothing, if it is good.
  static var notices: [String] {
    let forced = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
    return current.complaint(forced: forced).map { [$0] } ?? []
  }
}

import Graph
import Kernels

extension OpImporter {
  /// Images of another height and width: each axis is resized by itself.
  static let resizing: [String: OpImporter] = [
    "ResizeNearestNeighbor": OpImporter { node in
      try node.resized(node.operand(0)) { x, axis, places in
        try x.gathering(places.nearest, along: axis, in: node.builder)
      }
    },
    "ResizeBilinear": OpImporter { node in
      // The result is single precision, whatever the images are: means of whole numbers are none.
      try node.resized(node.operand(0).cast(to: node.context.precision)) { x, axis, places in
        let (below, above) = places.neighbours
        let lower = try x.gathering(below, along: axis, in: node.builder)
        let upper = try x.gathering(above, along: axis, in: node.builder)
        // Aligned with the axis from the last one on.
        let extents = [places.weights.count] + Array(repeating: 1, count: x.shape.rank - 1 - axis)
        let weights = try Value.constant(Literal(.float32(places.weights), shape: extents), in: node.builder)
        return try lower.adding(upper.subtracting(lower).multiplied(by: weights.cast(to: x.dtype)))
      }
    },
  ]
}

/// Where along an axis of an image the pixels of the resized one lie, as TensorFlow computes it.
private struct ResizedPlaces {
  private let positions: [Float]
  private let count: Int
  private let alignsCorners: Bool
  private let isFromCentres: Bool

  init(_ count: Int, to resized: Int, alignsCorners: Bool, isFromCentres: Bool) {
    self.count = count
    self.alignsCorners = alignsCorners
    self.isFromCentres = isFromCentres
    let scale =
      alignsCorners && resized > 1 ? Float(count - 1) / Float(resized - 1) : Float(count) / Float(resized)
    positions = (0..<resized).map { isFromCentres ? (Float($0) + 0.5) * scale : Float($0) * scale }
  }

  private func clamped(_ position: Float) -> Int { min(max(Int(position), 0), count - 1) }

  /// The pixel in the place of which each one is.
  var nearest: [Int] {
    positions.map { clamped($0.rounded(alignsCorners ? .toNearestOrAwayFromZero : .down)) }
  }

  private var corners: [Float] { isFromCentres ? positions.map { $0 - 0.5 } : positions }

  /// The pixels between which each one lies.
  var neighbours: (below: [Int], above: [Int]) {
    (corners.map { clamped($0.rounded(.down)) }, corners.map { clamped($0.rounded(.up)) })
  }

  /// How much of the pixel above there is in each.
  var weights: [Float] { corners.map { $0 - $0.rounded(.down) } }
}

extension NodeReader {
  /// The images `x` in the size of operand 1, made by `body` along height and then along width.
  fileprivate func resized(_ x: Value, _ body: (Value, Int, ResizedPlaces) throws -> Value) throws -> Value {
    let size = try constants(1, expected: "height and width")
    guard x.shape.rank == 4, size.count == 2, size.allSatisfy({ (1...Self.sizeLimit).contains($0) }) else {
      throw ImportError.Reason.other("images with 4 axes and a size up to \(Self.sizeLimit) expected, not \(x.shape)")
    }
    let (alignsCorners, isFromCentres) = (try bool("align_corners"), try bool("half_pixel_centers"))
    guard !(alignsCorners && isFromCentres) else {
      throw ImportError.Reason.attribute("align_corners", found: "true", expected: "false with half_pixel_centers")
    }
    return try [1, 2].reduce(x) { image, axis in
      guard let count = x.shape[axis].constant, (1...Self.sizeLimit).contains(count) else {
        throw ImportError.Reason.other("images of a known size expected, not \(x.shape)")
      }
      let places = ResizedPlaces(
        count, to: size[axis - 1], alignsCorners: alignsCorners, isFromCentres: isFromCentres)
      return try body(image, axis, places)
    }
  }

  private static var sizeLimit: Int { 1 << 15 }
}

extension Value {
  fileprivate func gathering(_ places: [Int], along axis: Int, in builder: ProgramBuilder) throws -> Value {
    let indices = Literal(.int32(places.map { Int32($0) }), shape: [places.count])
    return try gathering(Value.constant(indices, in: builder), along: axis)
  }
}

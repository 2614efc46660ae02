/// Images of floats that a convolution reads one at a time: as they are, or made from a pool of them.
package enum ImageSource {
  /// Images as they are.
  case pixels(MemoryView<Float>)
  /// The pool's values at its selected pixels, zeros elsewhere; its places share no pixels.
  case pooled(MaximumPool)

  /// The image number `image` of those of shape `images`; one that has to be made is written to `memory`.
  func image(_ image: Int, _ images: Dimensions, using memory: MemoryView<Float>) -> MemoryView<Float> {
    let count = images.count(of: 1..<4)
    switch self {
    case .pixels(let pixels): return pixels[image * count..<(image + 1) * count]
    case .pooled(let pool):
      pool.spread(image, to: memory[0..<count], images)
      return memory[0..<count]
    }
  }
}

/// Where the results of a convolution of floats go.
package enum ConvolutionResults {
  /// All of them to memory, of the shape of the places.
  case all(MemoryView<Float>)
  /// The largest ones to a pool; those of a chunk of images are in memory of their own meanwhile.
  case pooled(MaximumPool, chunk: MemoryView<Float>)

  /// Where the results of the image number `index` of a chunk go, each image with `count` of them.
  func memory(for index: Int, of chunk: Range<Int>, count: Int) -> MemoryView<Float> {
    switch self {
    case .all(let y): y[(chunk.lowerBound + index) * count..<(chunk.lowerBound + index + 1) * count]
    case .pooled(_, let results): results[index * count..<(index + 1) * count]
    }
  }

  /// Takes the results of `chunk`, which are complete and of shape `places` for all images, further.
  func finish(_ chunk: Range<Int>, places: Dimensions) {
    guard case .pooled(let pool, _) = self else { return }
    for (index, image) in chunk.enumerated() {
      pool.fill(image, from: memory(for: index, of: chunk, count: places.count(of: 1..<4)), places)
    }
  }
}

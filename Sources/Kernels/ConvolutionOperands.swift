/// Images of floats that a convolution reads one at a time: as they are, or made from a pool of them.
package enum ImageSource {
  /// Images as they are.
  case pixels(MemoryView<Float>)
  /// The pool's values at its selected pixels, zeros elsewhere; its places share no pixels.
  case pooled(MaximumPool)

  /// The image number `image` of those of shape `images`; one that has to be made is written to `memory`.
  func image(_ image: Int, _ images: Dimensions, using memory: MemoryView<Float>) -> MemoryView<Float> {
    switch self {
    case .pixels(let pixels): return pixels[images.scalars(ofImage: image)]
    case .pooled(let pool):
      let made = memory[images.scalars(ofImage: 0)]
      pool.spread(image, to: made, images)
      return made
    }
  }
}

/// Where the results of a convolution of floats go.
package enum ConvolutionResults {
  /// All of them to memory, of the shape of the places.
  case all(MemoryView<Float>)
  /// The largest ones to a pool; those of a chunk of images are in memory of their own meanwhile.
  case pooled(MaximumPool, chunk: MemoryView<Float>)

  /// Where the results, of shape `places` for all images, of the image number `index` of a chunk go.
  func memory(for index: Int, of chunk: Range<Int>, places: Dimensions) -> MemoryView<Float> {
    switch self {
    case .all(let y): y[places.scalars(ofImage: chunk.lowerBound + index)]
    case .pooled(_, let results): results[places.scalars(ofImage: index)]
    }
  }

  /// Takes the results of `chunk`, which are complete and of shape `places` for all images, further.
  func finish(_ chunk: Range<Int>, places: Dimensions) {
    guard case .pooled(let pool, _) = self else { return }
    for (index, image) in chunk.enumerated() {
      pool.fill(image, from: memory(for: index, of: chunk, places: places), places)
    }
  }
}

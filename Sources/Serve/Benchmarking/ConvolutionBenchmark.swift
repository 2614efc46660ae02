import Kernels

/// The passes of a convolution, of the maximum pool that follows it in the bundled networks, and of both at once, on random
/// images and on one thread.
public struct ConvolutionBenchmark {
  /// A convolution of square images with square filters, whose results are as large as the images.
  public struct Layer: Hashable, Sendable, CustomStringConvertible {
    /// The network, and the layer's name in it.
    public var description: String
    /// The pixels from one side of an image to the other.
    public var side: Int
    /// The channels of an image.
    public var channels: Int
    /// The filters, which are the channels of the result.
    public var filters: Int
    /// The pixels from one side of a filter to the other.
    public var extent: Int

    /// The layer called `name`.
    public init(_ name: String, side: Int, channels: Int, filters: Int, extent: Int) {
      description = name
      (self.side, self.channels, self.filters, self.extent) = (side, channels, filters, extent)
    }

    /// All convolutions of lenet and vgg.
    public static let all = [
      Layer("lenet.conv1", side: 28, channels: 1, filters: 32, extent: 5),
      Layer("lenet.conv2", side: 14, channels: 32, filters: 64, extent: 5),
      Layer("vgg.conv1", side: 28, channels: 1, filters: 64, extent: 3),
      Layer("vgg.conv2", side: 14, channels: 64, filters: 128, extent: 3),
      Layer("vgg.conv3", side: 7, channels: 128, filters: 256, extent: 3),
    ]
  }

  /// What is computed.
  public enum Pass: String, Hashable, Sendable, CaseIterable {
    case forward, imageGradient, filterGradient, pool, poolGradient
    /// A pass of the convolution and the pool's.
    case pooledForward, pooledImageGradient, pooledFilterGradient
  }

  private let window, pooling: SlidingWindow
  private let pooled: PooledConvolution
  private let images, places, pools: Dimensions
  private let memory: AlignedMemory
  // Images, filters, results and pooled results, and the cotangents of each.
  private let x, w, y, z, dx, dw, dy, dz, scratch: MemoryView<Float>
  private let selectionMemory: AlignedMemory
  private let selection: MemoryView<Int32>

  /// The passes of `layer` on `count` images; values in [-0.5, 0.5) are decided by `seed`.
  public init(_ layer: Layer, images count: Int, seed: UInt64 = 0) {
    let around = SlidingWindow.Axis(layer.extent, before: layer.extent / 2, after: (layer.extent - 1) / 2)
    let pair = SlidingWindow.Axis(2, stride: 2, after: layer.side % 2)
    let pooledSide = (layer.side + 1) / 2
    window = SlidingWindow(vertical: around, horizontal: around)
    pooling = SlidingWindow(vertical: pair, horizontal: pair)
    images = [count, layer.side, layer.side, layer.channels]
    places = [count, layer.side, layer.side, layer.filters]
    pools = [count, pooledSide, pooledSide, layer.filters]
    pooled = PooledConvolution(images: images, window: window, filters: layer.filters, pool: pooling)
    let (images, places, window, pooled) = (images, places, window, pooled)
    let scratchCount = Convolution.Pass.allCases.map {
      max(
        Convolution.scratchCount(of: Float.self, for: $0, images: images, places: places, window: window),
        pooled.scratchCount(of: Float.self, for: $0))
    }.max()!
    let weights = layer.extent * layer.extent * layer.channels * layer.filters
    let counts = [images.count, weights, places.count, pools.count]
    // Every array begins a cache line.
    let sizes = (counts + counts + [scratchCount]).map { ($0 + 15) & ~15 }
    let memory = AlignedMemory(byteCount: sizes.reduce(0, +) * MemoryLayout<Float>.stride)
    var start = 0
    let views = zip(sizes, counts + counts + [scratchCount]).map { size, count in
      defer { start += size * MemoryLayout<Float>.stride }
      return memory.view(of: Float.self, at: start, count: count)
    }
    self.memory = memory
    (x, w, y, z) = (views[0], views[1], views[2], views[3])
    (dx, dw, dy, dz) = (views[4], views[5], views[6], views[7])
    scratch = views[8]
    let selectionMemory = AlignedMemory(byteCount: pools.count * MemoryLayout<Int32>.stride)
    selection = selectionMemory.view(of: Int32.self, count: pools.count)
    self.selectionMemory = selectionMemory
    var generator = SplitMix64(seed: seed)
    for view in views {
      for index in 0..<view.count { view[index] = Float(generator.next() >> 40) * 0x1p-24 - 0.5 }
    }
    for index in 0..<selection.count { selection[index] = Int32(generator.next() >> 62) }
  }

  /// Computes `pass` once.
  public func run(_ pass: Pass) {
    switch pass {
    case .forward: Convolution.convolve(x, images: images, w, window: window, into: y, places: places, scratch: scratch)
    case .imageGradient:
      Convolution.inputGradient(w, dy, places: places, window: window, into: dx, images: images, scratch: scratch)
    case .filterGradient:
      Convolution.filterGradient(x, images: images, dy, places: places, window: window, into: dw, scratch: scratch)
    case .pool: Pooling.maximum(y, images: places, window: pooling, into: z, selection: selection, places: pools)
    case .poolGradient:
      Pooling.maximumGradient(selection, dz, places: pools, window: pooling, into: dy, images: places)
    case .pooledForward: pooled.convolve(x, w, into: z, selection: selection, scratch: scratch)
    case .pooledImageGradient: pooled.inputGradient(w, selection: selection, dz, into: dx, scratch: scratch)
    case .pooledFilterGradient: pooled.filterGradient(x, selection: selection, dz, into: dw, scratch: scratch)
    }
  }

  /// The floating-point operations of `pass` by the definition of a convolution; pools have none that count.
  public func operationCount(_ pass: Pass) -> Int {
    switch pass {
    case .forward, .imageGradient, .filterGradient, .pooledForward, .pooledImageGradient, .pooledFilterGradient:
      2 * places.count * window.count * images[3]
    case .pool, .poolGradient: 0
    }
  }

  /// The bytes that `pass` reads and writes.
  public func byteCount(_ pass: Pass) -> Int {
    let counts =
      switch pass {
      case .forward, .imageGradient, .filterGradient: [x.count, w.count, y.count]
      case .pool: [y.count, z.count, selection.count]
      case .poolGradient: [selection.count, dz.count, dy.count]
      case .pooledForward, .pooledImageGradient, .pooledFilterGradient: [x.count, w.count, z.count, selection.count]
      }
    return counts.reduce(0, +) * MemoryLayout<Float>.stride
  }

  /// The sum of the elements that `pass` computes.
  public func checksum(_ pass: Pass) -> Double {
    let result =
      switch pass {
      case .forward: y
      case .imageGradient, .pooledImageGradient: dx
      case .filterGradient, .pooledFilterGradient: dw
      case .pool, .pooledForward: z
      case .poolGradient: dy
      }
    return (0..<result.count).reduce(0.0) { $0 + Double(result[$1]) }
  }
}

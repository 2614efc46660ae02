import Graph
import Kernels

extension OpSample {
  /// Windows of several extents, steps and paddings that fit images of 5 × 6 pixels.
  private static let windows: [(name: String, window: SlidingWindow)] = [
    ("3 × 2", SlidingWindow(vertical: .init(3), horizontal: .init(2))),
    (
      "3 × 3 with steps and padding",
      SlidingWindow(vertical: .init(3, stride: 2, before: 1, after: 1), horizontal: .init(3, stride: 3, before: 1))
    ),
    ("2 × 2 with gaps", SlidingWindow(vertical: .init(2, dilation: 2), horizontal: .init(2, dilation: 3, after: 2))),
    ("1 × 1", SlidingWindow(vertical: .init(1), horizontal: .init(1))),
    ("5 × 6", SlidingWindow(vertical: .init(5), horizontal: .init(6))),
  ]

  private static let pixels: Shape = [.batch, 5, 6, 2]

  /// The result of `window` on images with two channels, with `channels` channels.
  private static func places(_ window: SlidingWindow, _ channels: Int) -> Shape {
    [.batch, Extent(window.vertical.places(on: 5)!), Extent(window.horizontal.places(on: 6)!), Extent(channels)]
  }

  /// Windows of pools on the places of any of ``windows``.
  private static let pools: [(name: String, window: SlidingWindow)] = [
    ("2 × 2", SlidingWindow(vertical: .init(2, stride: 2, after: 1), horizontal: .init(2, stride: 2, after: 1))),
    ("overlapping", SlidingWindow(vertical: .init(2, after: 1), horizontal: .init(3, stride: 2, before: 1, after: 1))),
  ]

  /// The result of a pool with `window` on `images`.
  private static func places(_ window: SlidingWindow, of images: Shape) -> Shape {
    [
      images[0], Extent(window.vertical.places(on: images[1].constant!)!),
      Extent(window.horizontal.places(on: images[2].constant!)!), images[3],
    ]
  }

  /// Convolutions and pools.
  static let images: [OpSample] = {
    var samples: [OpSample] = []
    for (name, window) in windows {
      let filters: Shape = [Extent(window.vertical.extent), Extent(window.horizontal.extent), 2, 3]
      let (convolved, depthwise, pooled) = (places(window, 3), places(window, 6), places(window, 2))
      samples += [
        OpSample("convolution \(name)", [.real(pixels), .real(filters)]) { try $0[0].convolved(with: $0[1], window) },
        OpSample("convolution input gradient \(name)", [.real(filters), .real(convolved)]) {
          try $0[0].convolutionInputGradient($0[1], images: pixels, window)
        },
        OpSample("convolution filter gradient \(name)", [.real(pixels), .real(convolved)]) {
          try $0[0].convolutionFilterGradient($0[1], window)
        },
        OpSample("depthwise convolution \(name)", [.real(pixels), .real(filters)]) {
          try $0[0].depthwiseConvolved(with: $0[1], window)
        },
        OpSample("depthwise input gradient \(name)", [.real(filters), .real(depthwise)]) {
          try $0[0].depthwiseInputGradient($0[1], images: pixels, window)
        },
        OpSample("depthwise filter gradient \(name)", [.real(pixels), .real(depthwise)]) {
          try $0[0].depthwiseFilterGradient($0[1], multiplier: 3, window)
        },
        OpSample("average pool \(name)", [.real(pixels)]) { try $0[0].averagePooled(window) },
        OpSample("average pool gradient \(name)", [.real(pooled)]) {
          try $0[0].averagePoolGradient(images: pixels, window)
        },
        OpSample("max pool \(name)", [.real(pixels)], .once) { try $0[0].maxPooled(window) },
        OpSample("max pool gradient \(name)", [.fixed(pixels), .real(pooled)]) {
          try $0[0].maxPoolGradient($0[1], window)
        },
        OpSample("values at maximum \(name)", [.fixed(pixels), .fixed(pooled), .real(pixels)]) {
          let spread = try $0[0].maxPoolGradient($0[1], window)
          let total = try spread.multiplied(by: $0[2]).summed(over: AxisSet(axes: 0..<4))
          return try PullbackCheck.gradients(of: total, [$0[1]])[0]!
        },
      ]
    }
    for (name, window) in windows {
      for (pooling, pool) in pools {
        let filters: Shape = [Extent(window.vertical.extent), Extent(window.horizontal.extent), 2, 3]
        let (convolved, pooled) = (places(window, 3), places(pool, of: places(window, 3)))
        samples += [
          OpSample("\(pooling) pool of convolution \(name)", [.real(pixels), .real(filters)], .once) {
            try $0[0].convolved(with: $0[1], window, pool: pool).largest
          },
          OpSample(
            "convolution \(name) input gradient of \(pooling) pool",
            [.fixed(convolved), .real(filters), .real(pooled)]
          ) {
            try $0[1].convolutionInputGradient(
              $0[0].maxPoolSelection(pool), $0[2], images: pixels, window, pool: pool)
          },
          OpSample(
            "convolution \(name) filter gradient of \(pooling) pool",
            [.fixed(convolved), .real(pixels), .real(pooled)]
          ) {
            try $0[1].convolutionFilterGradient($0[0].maxPoolSelection(pool), $0[2], window, pool: pool)
          },
        ]
      }
    }
    samples.append(
      OpSample("max pool of a growing function", [.real(pixels), .real([2])], .once) {
        try $0[0].adding($0[1]).unary(.tanh).maxPooled(windows[1].window)
      })
    samples.append(
      OpSample("max pool of equals", [.numbers(pixels, [1, 0, 1, 1])], .none) { try $0[0].maxPooled(windows[0].window) }
    )
    return samples
  }()

  /// Products of many matrices at once.
  static let batchedMatrices: [OpSample] = {
    var samples: [OpSample] = []
    for transposesA in [false, true] {
      for transposesB in [false, true] {
        func add(_ name: String, _ outerA: [Extent], _ outerB: [Extent], _ m: Extent, _ k: Extent, _ n: Extent) {
          let a = Shape(outerA + (transposesA ? [k, m] : [m, k]))
          let b = Shape(outerB + (transposesB ? [n, k] : [k, n]))
          let marks = "\(transposesA ? " tA" : "")\(transposesB ? " tB" : "")"
          samples.append(
            OpSample("batched matmul \(name) \(a) × \(b)\(marks)", [.real(a), .real(b)]) {
              try $0[0].batchedMatmul(transposed: transposesA, $0[1], transposed: transposesB)
            })
        }
        add("of examples", [.batch], [.batch], 2, 3, 2)
        add("of examples with one", [.batch], [1], 2, 3, 2)
        add("of examples with all", [.batch, 1], [2], 2, 3, 2)
        add("of rows", [2], [2], .batch, 3, 2)
        add("of columns", [2], [1], 2, 3, .batch)
        add("of sums", [2], [2], 2, .batch, 3)
        add("across examples", [2], [2], .batch, 2, .batch)
        add("with a matrix", [.batch], [], 2, 3, 2)
      }
    }
    return samples
  }()
}

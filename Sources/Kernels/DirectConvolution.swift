/// Convolutions of images with very few channels: sums over the window's pixels, kept in registers.
///
/// The rows of a matrix of patches would overlap almost entirely and be short, so it costs more than the products. Here
/// a window's row is a run of the padded image, `extent × channels` long, and runs of neighbouring places start
/// `channels` apart.
enum DirectConvolution {
  // Safety: `Convolution` compared the counts of the views with the shapes; `Layout` made room for every run in the
  // padded image, also of places that a block has beyond the last column, which are not stored.

  /// The places whose sums are kept in registers at once; 28, 56, 112 and 224 columns are whole blocks.
  private static let block = 14

  /// Whether the window and its row times the channels have a loop of their own.
  static func isPossible(_ window: SlidingWindow, channels: Int) -> Bool {
    let shape = (window.vertical.extent, window.horizontal.extent, channels)
    return shape == (3, 3, 1) || shape == (5, 5, 1) || shape == (3, 3, 3) || shape == (5, 5, 3)
  }

  /// The scratch that any pass takes, in floats: one padded image.
  static func scratchCount(images: Dimensions, places: Dimensions, window: SlidingWindow) -> Int {
    Layout(images, places, window).padded.count
  }

  private struct Layout {
    let image: PaddedImage
    /// The distance between rows of the padded image.
    let row: Int
    let padded: Range<Int>
    /// The scalars of a window's row.
    let run: Int

    init(_ images: Dimensions, _ places: Dimensions, _ window: SlidingWindow) {
      let columns = (places[2] + block - 1) / block * block + window.horizontal.extent - 1
      image = PaddedImage(
        rows: images[1], columns: images[2], channels: images[3], firstChannel: 0, width: images[3],
        top: window.vertical.before, left: window.horizontal.before, paddedColumns: columns)
      row = columns * images[3]
      let rows = max(places[1] + window.vertical.extent - 1, window.vertical.before + images[1])
      padded = 0..<rows * row
      run = window.horizontal.extent * images[3]
    }
  }

  /// Rows of a window and the scalars of each: of a filter whole, or as many as sums fit in registers.
  private enum Taps<let rows: Int, let run: Int> {}

  /// ``Convolution/convolve(_:images:_:window:into:places:scratch:)``
  static func convolve(
    _ x: MemoryView<Float>, _ images: Dimensions, _ weights: MemoryView<Float>, _ window: SlidingWindow,
    into y: ConvolutionResults, _ places: Dimensions, scratch: MemoryView<Float>
  ) {
    let layout = Layout(images, places, window)
    let padded = scratch[layout.padded]
    padded.fill(0)
    for image in 0..<images[0] {
      layout.image.copy(.pixels(x), image: image, into: padded)
      let results = y.memory(for: 0, of: image..<image + 1, places: places)
      switch (window.vertical.extent, layout.run) {
      case (3, 3): writePlaces(Taps<3, 3>.self, padded, layout, weights, into: results, places)
      case (5, 5): writePlaces(Taps<5, 5>.self, padded, layout, weights, into: results, places)
      case (3, 9): writePlaces(Taps<3, 9>.self, padded, layout, weights, into: results, places)
      case (5, 15): writePlaces(Taps<5, 15>.self, padded, layout, weights, into: results, places)
      default: preconditionFailure("a window of \(window.vertical.extent) rows of \(layout.run) scalars")
      }
      y.finish(image..<image + 1, places: places)
    }
  }

  /// Writes the results of one image.
  @inline(always) private static func writePlaces<let rows: Int, let run: Int>(
    _: Taps<rows, run>.Type, _ padded: MemoryView<Float>, _ layout: Layout, _ weights: MemoryView<Float>,
    into y: MemoryView<Float>, _ places: Dimensions
  ) {
    let (columns, filters) = (places[2], places[3])
    for row in 0..<places[1] {
      for column in stride(from: 0, to: columns, by: block) {
        let pixels = unsafe padded.base + (row * layout.row + column * (run / rows))
        let results = unsafe y.base + (row * columns + column) * filters
        let count = min(block, columns - column)
        var filter = 0
        while filter + VectorMemory.width <= filters {
          unsafe convolveBlock(
            Taps<rows, run>.self, pixels, rowStep: layout.row, weights.base + filter, into: results + filter,
            filters: filters, lanes: VectorMemory.width, places: count)
          filter += VectorMemory.width
        }
        guard filter < filters else { continue }
        unsafe convolveBlock(
          Taps<rows, run>.self, pixels, rowStep: layout.row, weights.base + filter, into: results + filter,
          filters: filters, lanes: filters - filter, places: count)
      }
    }
  }

  /// The results of 16 filters at 14 neighbouring places, of which `places` are stored.
  ///
  /// The window's shape is part of the type: only then do the sums stay in registers for all of it.
  @unsafe @inline(always) private static func convolveBlock<let rows: Int, let run: Int>(
    _: Taps<rows, run>.Type, _ x: UnsafePointer<Float>, rowStep: Int, _ weights: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, filters: Int, lanes: Int, places: Int
  ) {
    var sums = InlineArray<14, FloatVector>(repeating: .zero)
    var weight = unsafe weights
    for row in 0..<rows {
      let pixels = unsafe x + row &* rowStep
      for place in 0..<run {
        let factor = unsafe VectorMemory.load(weight, lanes)
        for index in 0..<14 {
          let pixel = unsafe VectorMath.all(pixels[index &* (run / rows) &+ place])
          sums[index] = VectorMath.multiplyAdd(pixel, factor, sums[index])
        }
        unsafe weight += filters
      }
    }
    for index in 0..<14 where index < places { unsafe VectorMemory.store(sums[index], y + index &* filters, lanes) }
  }

  /// ``Convolution/filterGradient(_:images:_:places:window:into:accumulating:scratch:)``
  ///
  /// - Parameter cotangents: Memory for those of one image, if they are made from a pool.
  static func filterGradient(
    _ x: MemoryView<Float>, _ images: Dimensions, _ d: ImageSource, _ places: Dimensions,
    _ window: SlidingWindow, into weights: MemoryView<Float>, accumulating: Bool, scratch: MemoryView<Float>,
    cotangents: MemoryView<Float> = .empty
  ) {
    guard places[3] > 0 else { return }
    let layout = Layout(images, places, window)
    let padded = scratch[layout.padded]
    if !accumulating { weights.fill(0) }
    padded.fill(0)
    for image in 0..<images[0] {
      layout.image.copy(.pixels(x), image: image, into: padded)
      let d = d.image(image, places, using: cotangents)
      switch (window.vertical.extent, layout.run) {
      case (3, 3): addProducts(Taps<3, 3>.self, padded, layout, images[3], d, places, to: weights)
      case (5, 5): addProducts(Taps<5, 5>.self, padded, layout, images[3], d, places, to: weights)
      case (3, 9): addProducts(Taps<3, 9>.self, padded, layout, images[3], d, places, to: weights)
      case (5, 15): addProducts(Taps<1, 15>.self, padded, layout, images[3], d, places, to: weights)
      default: preconditionFailure("a window of \(window.vertical.extent) rows of \(layout.run) scalars")
      }
    }
  }

  /// Adds the products of an image's pixels with the cotangents of its places to the cotangents of the filters.
  @inline(always) private static func addProducts<let rows: Int, let run: Int>(
    _: Taps<rows, run>.Type, _ padded: MemoryView<Float>, _ layout: Layout, _ channels: Int, _ d: MemoryView<Float>,
    _ places: Dimensions, to weights: MemoryView<Float>
  ) {
    let filters = places[3]
    let windowRows = weights.count / (run * filters)
    for filter in stride(from: 0, to: filters, by: VectorMemory.width) {
      let lanes = min(VectorMemory.width, filters - filter)
      for first in stride(from: 0, to: windowRows, by: rows) {
        var sums = InlineArray<rows, InlineArray<run, FloatVector>>(repeating: InlineArray(repeating: .zero))
        for down in 0..<places[1] {
          var pixel = unsafe UnsafePointer(padded.base) + (down &+ first) &* layout.row
          var cotangent = unsafe UnsafePointer(d.base) + (down &* places[2] &* filters &+ filter)
          for _ in 0..<places[2] {
            let factor = unsafe VectorMemory.load(cotangent, lanes)
            for row in 0..<rows {
              for place in 0..<run {
                let value = unsafe VectorMath.all(pixel[row &* layout.row &+ place])
                sums[row][place] = VectorMath.multiplyAdd(value, factor, sums[row][place])
              }
            }
            unsafe pixel += channels
            unsafe cotangent += filters
          }
        }
        for row in 0..<rows {
          for place in 0..<run {
            let target = unsafe weights.base + (((first &+ row) &* run &+ place) &* filters &+ filter)
            unsafe VectorMemory.store(VectorMemory.load(target, lanes) + sums[row][place], target, lanes)
          }
        }
      }
    }
  }
}

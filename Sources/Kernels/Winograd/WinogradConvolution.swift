/// Convolutions by Winograd's method with `taps` taps, `2 · half` points and `2 · resultHalf` results along each axis.
struct WinogradConvolution<let taps: Int, let half: Int, let resultHalf: Int> {
  private typealias Pixels = WinogradTransform<half, half>
  private typealias Results = WinogradTransform<half, resultHalf>

  let layout: WinogradLayout
  let scratch: MemoryView<Float>

  // Safety: `layout` made the parts of `scratch`, whose counts bound every place below; images, places and filters were
  // compared with their shapes by `Convolution`.

  private var matrices: WinogradMatrices { layout.filter.matrices }
  private var points: Int { 2 &* half }
  private var results: Int { 2 &* resultHalf }

  /// `y`, of shape `places`, from images `x` and the filters `weights`.
  func convolve(_ x: ImageSource, _ weights: MemoryView<Float>, into y: ConvolutionResults) {
    WinogradTaps<taps>(layout, weights: weights, scratch: scratch).toPoints()
    scratch[layout.padded].fill(0)
    forEachChunk { chunk in
      let rows = chunk.count * layout.tilesPerImage
      putPixelsAtPoints(x, chunk)
      for block in layout.blocks {
        let width = layout.width(ofBlock: block)
        multiply(block: block, width: width, rows: rows)
        for index in 0..<chunk.count {
          takeResults(
            block: block, width: width, rows: rows, firstRow: index * layout.tilesPerImage,
            into: y.memory(for: index, of: chunk, places: layout.places))
        }
      }
      y.finish(chunk, places: layout.places)
    }
  }

  /// The cotangent of the filters from images `x` and the cotangent `d` of their convolution.
  func filterGradient(
    _ x: MemoryView<Float>, _ d: ImageSource, into weights: MemoryView<Float>, accumulating: Bool
  ) {
    guard layout.images[0] > 0 else {
      if !accumulating { weights.fill(0) }
      return
    }
    forEachChunk { chunk in
      let rows = chunk.count * layout.tilesPerImage
      scratch[layout.padded].fill(0)
      putPixelsAtPoints(.pixels(x), chunk)
      for block in layout.blocks {
        let width = layout.width(ofBlock: block)
        putCotangentsAtPoints(d, chunk, block: block, width: width)
        addProducts(block: block, width: width, rows: rows, accumulating: chunk.lowerBound > 0)
      }
    }
    WinogradTaps<taps>(layout, weights: weights, scratch: scratch).fromPoints(accumulating: accumulating)
  }

  private func forEachChunk(_ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: layout.images[0], by: layout.imagesPerChunk) {
      body(first..<min(first + layout.imagesPerChunk, layout.images[0]))
    }
  }

  /// The chunk's pixels at points, for all channels.
  private func putPixelsAtPoints(_ x: ImageSource, _ chunk: Range<Int>) {
    let source = PaddedImage(
      rows: layout.images[1], columns: layout.images[2], channels: layout.images[3], firstChannel: 0,
      width: layout.channels, top: layout.top, left: layout.left, paddedColumns: layout.paddedWidth)
    let step = WinogradLayout.pointStride(rows: chunk.count * layout.tilesPerImage, width: layout.channels)
    var target = unsafe scratch[layout.pixelsAtPoints].base
    for image in chunk {
      source.copy(x, image: image, into: scratch[layout.padded])
      unsafe target = putAtPoints(Pixels.self, matrices.pixels, source, into: target, step: step)
    }
  }

  /// The cotangents of the chunk's places at points, for a block of filters.
  private func putCotangentsAtPoints(_ d: ImageSource, _ chunk: Range<Int>, block: Int, width: Int) {
    let source = PaddedImage(
      rows: layout.places[1], columns: layout.places[2], channels: layout.places[3], firstChannel: block, width: width,
      top: 0, left: 0, paddedColumns: layout.tilesAcross * results)
    let step = WinogradLayout.pointStride(rows: chunk.count * layout.tilesPerImage, width: width)
    var target = unsafe scratch[layout.resultsAtPoints].base
    scratch[layout.padded].fill(0)
    for image in chunk {
      source.copy(d, image: image, into: scratch[layout.padded])
      unsafe target = putAtPoints(Results.self, matrices.results, source, into: target, step: step)
    }
  }

  /// Puts the tiles of the padded image at points, one after the other from `target` on; returns where the next is.
  @unsafe @inline(always) private func putAtPoints<let terms: Int>(
    _: WinogradTransform<half, terms>.Type, _ matrix: ParityMatrix, _ image: PaddedImage,
    into target: UnsafeMutablePointer<Float>, step: Int
  ) -> UnsafeMutablePointer<Float> {
    let (padded, strip) = unsafe (scratch[layout.padded].base, scratch[layout.strip].base)
    let (width, row) = (image.width, image.paddedColumns &* image.width)
    var target = unsafe target
    for down in 0..<layout.tilesDown {
      unsafe WinogradTransform<half, terms>.evaluate(
        matrix, padded + down &* results &* row, step: row, into: strip, step: row, count: row)
      for across in 0..<layout.tilesAcross {
        for point in 0..<points {
          unsafe WinogradTransform<half, terms>.evaluate(
            matrix, strip + (point &* row &+ across &* results &* width), step: width,
            into: target + point &* points &* step, step: step, count: width)
        }
        unsafe target += width
      }
    }
    return unsafe target
  }

  /// At each point the product of the chunk's pixels with a block of filters.
  private func multiply(block: Int, width: Int, rows: Int) {
    let (channels, filters) = (layout.channels, scratch[layout.filtersAtPoints])
    let (pixels, products) = (scratch[layout.pixelsAtPoints], scratch[layout.resultsAtPoints])
    let pixelStep = WinogradLayout.pointStride(rows: rows, width: channels)
    let productStep = WinogradLayout.pointStride(rows: rows, width: width)
    for point in 0..<layout.points {
      let first = (block * layout.points + point * width) * channels
      LinearAlgebra.matmul(
        pixels[point * pixelStep..<point * pixelStep + rows * channels], filters[first..<first + channels * width],
        into: products[point * productStep..<point * productStep + rows * width], m: rows, k: channels, n: width)
    }
  }

  /// At each point adds the product of the chunk's pixels, transposed, with its cotangents to the sums of a block.
  private func addProducts(block: Int, width: Int, rows: Int, accumulating: Bool) {
    let (channels, sums) = (layout.channels, scratch[layout.filtersAtPoints])
    let (pixels, cotangents) = (scratch[layout.pixelsAtPoints], scratch[layout.resultsAtPoints])
    let pixelStep = WinogradLayout.pointStride(rows: rows, width: channels)
    let cotangentStep = WinogradLayout.pointStride(rows: rows, width: width)
    for point in 0..<layout.points {
      let first = (block * layout.points + point * width) * channels
      LinearAlgebra.matmul(
        pixels[point * pixelStep..<point * pixelStep + rows * channels], transposed: true,
        cotangents[point * cotangentStep..<point * cotangentStep + rows * width], transposed: false,
        into: sums[first..<first + channels * width], m: channels, k: rows, n: width, accumulating: accumulating)
    }
  }

  /// Takes the products of a block back from points to `y`, the places of an image whose tiles start at `firstRow`.
  private func takeResults(
    block: Int, width: Int, rows: Int, firstRow: Int, into y: MemoryView<Float>
  ) {
    let (products, tile) = unsafe (scratch[layout.resultsAtPoints].base, scratch[layout.tile].base)
    let step = WinogradLayout.pointStride(rows: rows, width: width)
    let (height, breadth, filters) = (layout.places[1], layout.places[2], layout.places[3])
    precondition(y.count == height * breadth * filters, "\(y.count) results of an image")
    let matrix = matrices.resultsTransposed
    var row = firstRow
    for top in stride(from: 0, to: height, by: results) {
      for left in stride(from: 0, to: breadth, by: results) {
        for point in 0..<points {
          unsafe Results.collect(
            matrix, products + (point &* points &* step &+ row &* width), step: step,
            into: tile + point &* results &* width, step: width, count: width)
        }
        let first = (top * breadth + left) * filters + block
        for column in 0..<min(results, breadth - left) {
          unsafe Results.collect(
            matrix, tile + column &* width, step: results &* width, into: y.base + first + column &* filters,
            step: breadth &* filters, rows: min(results, height - top), count: min(width, filters - block))
        }
        row += 1
      }
    }
  }
}

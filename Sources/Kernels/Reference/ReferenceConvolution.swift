/// Convolutions and poolings by their definition, in Double.
package enum ReferenceConvolution {
  /// `y[n, p, q, f]`, and each product that it is the sum of: `visit` is told the positions of pixel, weight and result.
  package static func forEachProduct(
    images: [Int], filters: Int, window: SlidingWindow, _ visit: (_ pixel: Int, _ weight: Int, _ result: Int) -> Void
  ) {
    let (height, width, channels) = (images[1], images[2], images[3])
    let (vertical, horizontal) = (window.vertical, window.horizontal)
    let (rows, columns) = (vertical.places(on: height)!, horizontal.places(on: width)!)
    for n in 0..<images[0] {
      for p in 0..<rows {
        for q in 0..<columns {
          for i in 0..<vertical.extent {
            for j in 0..<horizontal.extent {
              let y = p * vertical.stride + i * vertical.dilation - vertical.before
              let x = q * horizontal.stride + j * horizontal.dilation - horizontal.before
              guard y >= 0, y < height, x >= 0, x < width else { continue }
              for c in 0..<channels {
                for f in 0..<filters {
                  visit(
                    ((n * height + y) * width + x) * channels + c,
                    ((i * horizontal.extent + j) * channels + c) * filters + f,
                    ((n * rows + p) * columns + q) * filters + f)
                }
              }
            }
          }
        }
      }
    }
  }
}

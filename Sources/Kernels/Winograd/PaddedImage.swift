/// Where an image, or some of its channels, goes in memory that has zeros around it.
///
/// Loops over tiles then meet no edges.
struct PaddedImage {
  let (rows, columns, channels): (Int, Int, Int)
  /// The first channel that is copied.
  let firstChannel: Int
  /// The channels of the copy, zeros where the image has fewer.
  let width: Int
  /// The rows and columns of zeros in front.
  let (top, left): (Int, Int)
  let paddedColumns: Int

  init(
    rows: Int, columns: Int, channels: Int, firstChannel: Int, width: Int, top: Int, left: Int, paddedColumns: Int
  ) {
    (self.rows, self.columns, self.channels) = (rows, columns, channels)
    (self.firstChannel, self.width, self.top, self.left) = (firstChannel, width, top, left)
    self.paddedColumns = paddedColumns
  }

  /// Copies the image number `image` of `images` into `target`, where what lies around it is zero and stays so.
  func copy(_ images: MemoryView<Float>, image: Int, into target: MemoryView<Float>) {
    let count = min(width, channels - firstChannel)
    let isWhole = count == channels && width == channels
    precondition(
      target.count >= ((top + rows - 1) * paddedColumns + left + columns) * width
        && images.count >= (image + 1) * rows * columns * channels, "\(images.count), \(target.count) pixels")
    for row in 0..<rows {
      // Safety: checked above.
      let source = unsafe images.base + (image * rows + row) * columns * channels + firstChannel
      let start = unsafe target.base + ((top + row) * paddedColumns + left) * width
      if isWhole {
        unsafe start.update(from: source, count: columns * channels)
      } else {
        for column in 0..<columns {
          unsafe (start + column * width).update(from: source + column * channels, count: count)
        }
      }
    }
  }
}

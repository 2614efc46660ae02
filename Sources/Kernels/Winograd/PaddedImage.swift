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

  /// Copies the image number `image` of `source` into `target`, where what lies around it is zero and stays so.
  func copy(_ source: ImageSource, image: Int, into target: MemoryView<Float>) {
    precondition(
      target.count >= ((top + rows - 1) * paddedColumns + left + columns) * width, "\(target.count) scalars")
    switch source {
    case .pixels(let images): copy(images, image, into: target)
    case .pooled(let pool): spread(pool, image, into: target)
    }
  }

  /// The channels of the copy that the image has.
  private var count: Int { min(width, channels - firstChannel) }

  private func spread(_ pool: MaximumPool, _ image: Int, into target: MemoryView<Float>) {
    // Not a literal, which would be an array on the heap.
    let images = Dimensions(repeating: rows, rank: 4).with(columns, at: 2).with(channels, at: 3)
    // Safety: here and below `copy` checked the target's count, and the source's is checked.
    unsafe pool.spread(
      image, images, channels: firstChannel..<firstChannel + count,
      to: target.base + (top * paddedColumns + left) * width, rowStep: paddedColumns * width, columnStep: width)
  }

  private func copy(_ images: MemoryView<Float>, _ image: Int, into target: MemoryView<Float>) {
    let isWhole = count == channels && width == channels
    precondition(images.count >= (image + 1) * rows * columns * channels, "\(images.count) scalars")
    for row in 0..<rows {
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

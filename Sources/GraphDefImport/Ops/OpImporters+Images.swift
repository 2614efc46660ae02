import Graph
import Kernels

extension OpImporter {
  /// Convolutions and poolings, and their gradients as TensorFlow's own backward graphs have them.
  static let images: [String: OpImporter] = [
    "Conv2D": OpImporter { node in
      let layout = try ImageLayout(node)
      let (x, filters) = (try layout.read(node.operand(0)), try node.operand(1))
      let window = try layout.window(of: filters, on: x.shape)
      return try layout.write(x.convolved(with: filters, window))
    },
    "Conv2DBackpropInput": OpImporter { node in
      let layout = try ImageLayout(node)
      let (filters, d) = (try node.operand(1), try layout.read(node.operand(2)))
      let images = try layout.images(node.shapeOperand(0), like: d)
      return try layout.write(
        filters.convolutionInputGradient(d, images: images, layout.window(of: filters, on: images)))
    },
    "Conv2DBackpropFilter": OpImporter { node in
      let layout = try ImageLayout(node)
      let (x, d) = (try layout.read(node.operand(0)), try layout.read(node.operand(2)))
      let sizes = try node.constants(1, expected: "the shape of the filters")
      return try x.convolutionFilterGradient(d, layout.window(ofShape: Shape(sizes), on: x.shape))
    },
    "DepthwiseConv2dNative": OpImporter { node in
      let layout = try ImageLayout(node)
      let (x, filters) = (try layout.read(node.operand(0)), try node.operand(1))
      return try layout.write(x.depthwiseConvolved(with: filters, layout.window(of: filters, on: x.shape)))
    },
    "DepthwiseConv2dNativeBackpropInput": OpImporter { node in
      let layout = try ImageLayout(node)
      let (filters, d) = (try node.operand(1), try layout.read(node.operand(2)))
      let images = try layout.images(node.shapeOperand(0), like: d)
      return try layout.write(
        filters.depthwiseInputGradient(d, images: images, layout.window(of: filters, on: images)))
    },
    "DepthwiseConv2dNativeBackpropFilter": OpImporter { node in
      let layout = try ImageLayout(node)
      let (x, d) = (try layout.read(node.operand(0)), try layout.read(node.operand(2)))
      let sizes = try node.constants(1, expected: "the shape of the filters")
      let window = try layout.window(ofShape: Shape(sizes), on: x.shape)
      return try x.depthwiseFilterGradient(d, multiplier: Extent(sizes[3]), window)
    },
    "MaxPool": OpImporter { node in
      let layout = try ImageLayout(node)
      let x = try layout.read(node.operand(0))
      return try layout.write(x.maxPooled(layout.pool(on: x.shape)))
    },
    "MaxPoolGrad": OpImporter { node in
      let layout = try ImageLayout(node)
      let x = try layout.read(node.operand(0))
      return try layout.write(x.maxPoolGradient(layout.read(node.operand(2)), layout.pool(on: x.shape)))
    },
    "AvgPool": OpImporter { node in
      let layout = try ImageLayout(node)
      let x = try layout.read(node.operand(0))
      return try layout.write(x.averagePooled(layout.pool(on: x.shape)))
    },
    "AvgPoolGrad": OpImporter { node in
      let layout = try ImageLayout(node)
      let d = try layout.read(node.operand(1))
      let images = try layout.images(node.shapeOperand(0), like: d)
      return try layout.write(d.averagePoolGradient(images: images, layout.pool(on: images)))
    },
  ]
}

/// How a node lays out images, and the window that it slides over them.
///
/// Primitives have channels last; images with channels first are transposed on the way in and out.
private struct ImageLayout {
  private let node: NodeReader
  private let hasChannelsFirst: Bool

  init(_ node: NodeReader) throws {
    self.node = node
    let format = try node.text("data_format", default: "NHWC")
    guard format == "NHWC" || format == "NCHW" else {
      throw ImportError.Reason.attribute("data_format", found: "'\(format)'", expected: "'NHWC' or 'NCHW'")
    }
    hasChannelsFirst = format == "NCHW"
  }

  func read(_ images: Value) throws -> Value {
    hasChannelsFirst && images.shape.rank == 4 ? try images.transposed(to: [0, 2, 3, 1]) : images
  }

  func write(_ images: Value) throws -> Value {
    hasChannelsFirst ? try images.transposed(to: [0, 3, 1, 2]) : images
  }

  /// The shape of the images whose cotangent a node computes: as it says, with as many examples as `d` has.
  func images(_ extents: [Extent], like d: Value) throws -> Shape {
    guard extents.count == 4, d.shape.rank == 4 else {
      throw ImportError.Reason.other("images have 4 axes, not \(Shape(extents))")
    }
    let channelsLast = hasChannelsFirst ? [0, 2, 3, 1].map { extents[$0] } : extents
    return Shape([d.shape[0]] + channelsLast.dropFirst())
  }

  func window(of filters: Value, on images: Shape) throws -> SlidingWindow {
    try window(ofShape: filters.shape, on: images)
  }

  func window(ofShape filters: Shape, on images: Shape) throws -> SlidingWindow {
    guard let sizes = filters.constant, sizes.count == 4, sizes[0] > 0, sizes[1] > 0 else {
      throw ImportError.Reason.other("filters have the shape [height, width, channels, filters], not \(filters)")
    }
    return try window(height: sizes[0], width: sizes[1], on: images)
  }

  /// The window of a pool.
  func pool(on images: Shape) throws -> SlidingWindow {
    let (height, width) = try spatial("ksize", default: nil)
    return try window(height: height, width: width, on: images)
  }

  private func window(height: Int, width: Int, on images: Shape) throws -> SlidingWindow {
    guard images.rank == 4, let rows = images[1].constant, let columns = images[2].constant,
      min(rows, columns) >= 0, max(rows, columns) <= 1 << 31
    else {
      throw ImportError.Reason.other("images have 4 axes and a known height and width, not \(images)")
    }
    let strides = try spatial("strides", default: nil)
    let dilations = try spatial("dilations", default: (1, 1))
    let paddings = try explicitPaddings()
    return SlidingWindow(
      vertical: try axis(height, strides.0, dilations.0, on: rows, paddings?.0),
      horizontal: try axis(width, strides.1, dilations.1, on: columns, paddings?.1))
  }

  private func axis(
    _ extent: Int, _ stride: Int, _ dilation: Int, on count: Int, _ padding: (Int, Int)?
  ) throws -> SlidingWindow.Axis {
    guard extent <= Self.limit else { throw ImportError.Reason.other("a window of \(extent) pixels") }
    let (before, after): (Int, Int)
    if let padding {
      (before, after) = padding
    } else {
      // TensorFlow's padding "SAME": as many places as strides, and what is odd goes behind.
      let places = (count + stride - 1) / stride
      let total = max(0, (places - 1) * stride + (extent - 1) * dilation + 1 - count)
      (before, after) = (total / 2, total - total / 2)
    }
    return SlidingWindow.Axis(extent, stride: stride, dilation: dilation, before: before, after: after)
  }

  private static let limit = 1 << 15

  /// What the attribute `name` says of height and width; it must be 1 for examples and channels.
  private func spatial(_ name: String, default defaultValue: (Int, Int)?) throws -> (Int, Int) {
    if node.node.attributes[name] == nil, let defaultValue { return defaultValue }
    let values = try node.ints(name)
    let order = hasChannelsFirst ? [0, 2, 3, 1] : [0, 1, 2, 3]
    guard values.count == 4, values[0] == 1, values[order[3]] == 1,
      (1...Self.limit).contains(values[order[1]]), (1...Self.limit).contains(values[order[2]])
    else {
      throw ImportError.Reason.attribute(
        name, found: "\(values)", expected: "4 positive integers, 1 for examples and channels")
    }
    return (values[order[1]], values[order[2]])
  }

  /// The paddings in front and behind, of height and width; `nil` if they follow from "SAME".
  private func explicitPaddings() throws -> ((Int, Int), (Int, Int))? {
    let padding = try node.text("padding", default: "VALID")
    switch padding {
    case "SAME": return nil
    case "VALID": return ((0, 0), (0, 0))
    case "EXPLICIT":
      let values = try node.ints("explicit_paddings")
      guard values.count == 8, values.allSatisfy({ (0...Self.limit).contains($0) }) else {
        throw ImportError.Reason.attribute("explicit_paddings", found: "\(values)", expected: "8 integers")
      }
      let first = hasChannelsFirst ? 4 : 2
      return ((values[first], values[first + 1]), (values[first + 2], values[first + 3]))
    default:
      throw ImportError.Reason.attribute("padding", found: "'\(padding)'", expected: "'SAME', 'VALID' or 'EXPLICIT'")
    }
  }
}

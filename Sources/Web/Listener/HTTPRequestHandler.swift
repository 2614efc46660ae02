import NIOCore
import NIOHTTP1
import Serve

/// One connection: gathers each request within its bounds, hands it to the routes, and writes the answer.
final class HTTPRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// Asks a connection to close once its request is answered.
  struct Quiesce: Sendable {}

  private enum State {
    /// Between requests.
    case idle
    case receiving(HTTPRequestHead, ByteBuffer)
    /// Whatever comes is dropped: the request is refused, or its answer the last one, and the connection closes.
    case refused
    /// Until all of the answer has left.
    case answering
  }

  private let service: WebService
  private let options: HTTPListener.Options
  private let budget: RequestBudget
  private let access: AccessControl
  private var state = State.idle
  private var heldBytes = 0
  /// Whether a part of an answer has not left yet.
  private var isSending = false
  private var closesAfterAnswer = false
  private var deadline: Scheduled<Void>?

  init(service: WebService, options: HTTPListener.Options, budget: RequestBudget, access: AccessControl) {
    self.service = service
    self.options = options
    self.budget = budget
    self.access = access
  }

  func channelActive(context: ChannelHandlerContext) {
    startDeadline(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    giveBack()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .idle): begin(head, context)
    case (.body(let part), .receiving(let head, var body)):
      guard take(part.readableBytes) else {
        return refuse(
          .refusal(.serviceUnavailable, "busy", "too many bytes are on their way; try again"), head, context)
      }
      guard body.readableBytes + part.readableBytes <= options.bodyLimit else { return refuse(tooLarge, head, context) }
      state = .idle  // The buffer has one owner, so that it grows in place.
      var part = part
      body.writeBuffer(&part)
      state = .receiving(head, body)
    case (.end, .receiving(let head, let body)): end(head, body, context)
    default: break
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is Quiesce:
      closesAfterAnswer = true
      if case .idle = state { context.close(promise: nil) }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// What the decoder does not understand is answered once, and the connection closed.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.close(promise: nil) }
    switch state {
    case .idle, .receiving:
      state = .refused
      write(.refusal(.badRequest, "malformed", "this is not HTTP/1.1 as we know it"), nil, context)
    case .refused, .answering: context.close(promise: nil)
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    startDeadline(context)
    if let refusal = access.refusal(of: head) { return refuse(refusal, head, context) }
    let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    guard length <= options.bodyLimit else { return refuse(tooLarge, head, context) }
    if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
      context.writeAndFlush(wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
    }
    state = .receiving(head, context.channel.allocator.buffer(capacity: min(length, 1 << 16)))
  }

  private func end(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    state = .answering
    guard let request = WebRequest(head, body: body) else {
      return finish(.refusal(.badRequest, "malformed", "the path or query is not understood"), head, context)
    }
    let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
    service.answer(request) { reply in
      if loop.inEventLoop {
        bound.value.0.finish(reply, head, bound.value.1)
      } else {
        loop.execute { bound.value.0.finish(reply, head, bound.value.1) }
      }
    }
  }

  private func finish(_ reply: WebReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard case .answering = state, context.channel.isActive else { return }
    giveBack()
    write(reply, head, context)
  }

  private func refuse(_ reply: WebReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    giveBack()
    state = .refused
    write(reply, head, context)
  }

  private func write(_ reply: WebReply, _ head: HTTPRequestHead?, _ context: ChannelHandlerContext) {
    var closes = closesAfterAnswer || !(head?.isKeepAlive ?? false)
    if case .refused = state { closes = true }
    var headers = HTTPHeaders([
      ("Content-Type", reply.contentType), ("Content-Length", String(reply.body.count)), ("Cache-Control", "no-store"),
      ("X-Content-Type-Options", "nosniff"),
    ])
    headers.add(contentsOf: reply.headers)
    if closes { headers.add(name: "Connection", value: "close") }
    // The request ends with what follows the last part: until then the connection takes no other one.
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenComplete { result in self.answered(result, closes: closes, context) }
    let responseHead = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
    if head?.method == .HEAD {
      context.write(wrapOutboundOut(.head(responseHead)), promise: sent)
    } else {
      context.write(wrapOutboundOut(.head(responseHead)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: sent)
    }
    isSending = true
    context.flush()
    if isSending { watchSending(context) }
  }

  /// All of the answer has left, or the connection is gone.
  private func answered(_ result: Result<Void, any Error>, closes: Bool, _ context: ChannelHandlerContext) {
    isSending = false
    guard case .success = result else { return context.close(promise: nil) }
    guard closes || closesAfterAnswer else {
      state = .idle
      startDeadline(context)
      return context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }
    state = .refused
    context.write(wrapOutboundOut(.end(nil)), promise: nil)
    context.close(mode: .output, promise: nil)
    // A client that goes on sending is not read to its end.
    closeConnection(in: .seconds(1), context)
  }

  /// Closes the connection when its client has taken nothing of the answer for a while; a slow one gets all of it.
  private func watchSending(_ context: ChannelHandlerContext) {
    let unsent = Self.unsentBytes(context)
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: options.stallLimit) {
      guard Self.unsentBytes(context) < unsent else { return context.close(promise: nil) }
      self.watchSending(context)
    }
  }

  private static func unsentBytes(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
  }

  private func startDeadline(_ context: ChannelHandlerContext) { closeConnection(in: options.patience, context) }

  private func closeConnection(in delay: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
  }

  private func take(_ bytes: Int) -> Bool {
    guard budget.take(bytes) else { return false }
    heldBytes += bytes
    return true
  }

  private func giveBack() {
    budget.giveBack(heldBytes)
    heldBytes = 0
  }

  private var tooLarge: WebReply {
    .refusal(.payloadTooLarge, "too_large", "a body of more than \(options.bodyLimit) bytes; send smaller batches")
  }
}

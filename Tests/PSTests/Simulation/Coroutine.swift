import Dispatch
import Foundation
import Synchronization

/// Code that waits for answers, on a thread of its own that runs only while its world stands still: whatever it does is part
/// of the world's history.
final class Coroutine<Question: Sendable, Answer: Sendable>: Sendable {
  private struct State {
    var question: Question?
    var answer: Answer?
    var isCancelled = false
    var isOver = false
  }

  private let state = Mutex(State())
  private let (turn, worldsTurn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))

  /// A coroutine that has not begun; it has to be led to its end, or cancelled.
  init(_ body: @escaping @Sendable (Coroutine) -> Void) {
    Thread.detachNewThread { [self] in
      turn.wait()
      body(self)
      state.withLock { ($0.question, $0.isOver) = (nil, true) }
      worldsTurn.signal()
    }
  }

  // MARK: What the world does

  /// Answers the question before, if there was one, and lets it run to the next one; nil at its end.
  func next(_ answer: Answer?) -> Question? {
    state.withLock { ($0.question, $0.answer) = (nil, answer) }
    turn.signal()
    worldsTurn.wait()
    return state.withLock { $0.question }
  }

  /// Lets it run to its end without answers.
  func cancel() {
    let isOver = state.withLock { state in
      state.isCancelled = true
      return state.isOver
    }
    guard !isOver else { return }
    turn.signal()
    worldsTurn.wait()
  }

  // MARK: What the code does

  /// Asks the world and waits for its answer; nil if there will be none any more.
  func ask(_ question: Question) -> Answer? {
    let isCancelled = state.withLock { state in
      state.question = question
      return state.isCancelled
    }
    guard !isCancelled else { return nil }
    worldsTurn.signal()
    turn.wait()
    return state.withLock { $0.isCancelled ? nil : $0.answer }
  }
}

import Foundation
import Parameters
import TestSupport
import Testing

@Suite struct `An optimizer's text` {
  @Test func `names a rule and its hyper-parameters`() throws {
    let adagrad = try Optimizer("adagrad:rate=0.25,initial=0.5,epsilon=1e-7")
    guard case .adagrad(let rule) = adagrad.rule else {
      Issue.record("\(adagrad)")
      return
    }
    #expect(rule.rate == 0.25 && rule.initialAccumulator == 0.5 && rule.epsilon == 1e-7)
    #expect(try Optimizer("sgd") == .sgd(rate: 0.05))
    #expect(try Optimizer("momentum:nesterov=1")[.nesterov] == 1)
  }

  @Test func `sets schedule and limits`() throws {
    let optimizer = try Optimizer(
      "sgd:rate=1,warmup=10,exponential=0.5,exponential_steps=100,clip=2,clip_norm=3,min=-1,max=1")
    #expect(optimizer.schedule.warmUp.steps == 10)
    #expect(optimizer.schedule.exponential.rate == 0.5)
    #expect(optimizer.clipping.value == 2 && optimizer.clipping.norm == 3)
    #expect(optimizer.bounds.lower == -1 && optimizer.bounds.upper == 1)
  }

  @Test func `is explained by the page on optimizers`() throws {
    let path = OnlearnProcess.packageFolder + "/Documentation/Optimizers.md"
    let page = try String(contentsOfFile: path, encoding: .utf8)
    for kind in Rule.Kind.allCases {
      let optimizer = Optimizer(Rule(kind))
      #expect(page.contains("`\(kind.name)`"))
      for (hyperparameter, _) in optimizer.fields { #expect(page.contains("`\(hyperparameter.key)=")) }
    }
  }

  @Test(arguments: Rule.Kind.allCases)
  func `is what an optimizer prints`(_ kind: Rule.Kind) throws {
    var optimizer = Optimizer(Rule(kind))
    #expect(try Optimizer(optimizer.description) == optimizer)
    #expect(try Optimizer(kind, optimizer.hyperparameters.map { ($0.hyperparameter, $0.value) }) == optimizer)
    optimizer.rate = 0.125
    optimizer.bounds.lower = -3
    optimizer.schedule.inverseTime.rate = 0.5
    optimizer.schedule.inverseTime.isStaircase = true
    #expect(optimizer.rate == 0.125)
    #expect(try Optimizer(optimizer.description) == optimizer)
    #expect(try Optimizer(kind, optimizer.hyperparameters.map { ($0.hyperparameter, $0.value) }) == optimizer)
  }

  @Test(arguments: [
    ("", OptimizerError.unknownRule("")), ("adagard", .unknownRule("adagard")),
    ("sgd:", .notAPair("")), ("sgd:rate", .notAPair("rate")), ("sgd:=1", .notAPair("=1")),
    ("sgd:rate=1,", .notAPair("")), ("sgd:rate=1,rate=2", .repeatedKey("rate")),
    ("sgd:rate=fast", .notANumber(key: "rate", text: "fast")), ("sgd:rate=", .notANumber(key: "rate", text: "")),
    ("sgd:rate=-1", .outOfRange(key: "rate", value: -1, allowed: .nonNegative)),
    ("sgd:rate=inf", .outOfRange(key: "rate", value: .infinity, allowed: .nonNegative)),
    ("ftrl:rate=0", .outOfRange(key: "rate", value: 0, allowed: .positive)),
    ("adam:beta1=1", .outOfRange(key: "beta1", value: 1, allowed: .fraction)),
    ("momentum:nesterov=0.5", .outOfRange(key: "nesterov", value: 0.5, allowed: .flag)),
    ("adam:epsilon=0", .noDivisor(optimizer: "adam")), ("lazy_adam:epsilon=1e-40", .noDivisor(optimizer: "lazy_adam")),
    ("rmsprop:epsilon=0", .outOfRange(key: "epsilon", value: 0, allowed: .positive)),
    ("sgd:min=1,max=0", .emptyBounds(lower: 1, upper: 0)), ("adagrad:initial=0", .noDivisor(optimizer: "adagrad")),
  ])
  func `is refused with the reason`(_ text: String, _ error: OptimizerError) {
    #expect(throws: error) { try Optimizer(text) }
  }

  @Test func `is refused with its changes as it would be in one piece`() throws {
    let error = OptimizerError.noDivisor(optimizer: "adagrad")
    #expect(throws: error) { try Optimizer("adagrad:initial=0,epsilon=1e-7").with("epsilon=0") }
    #expect(throws: error) { try Optimizer("adagrad").with("initial=0") }
    #expect(try Optimizer("adagrad").with("initial=0,epsilon=1e-7") == Optimizer("adagrad:initial=0,epsilon=1e-7"))
  }

  @Test func `is refused with what would be right`() {
    let error = #expect(throws: OptimizerError.self) { try Optimizer("sgd:momentum=0.9") }
    #expect(error?.description.contains("the optimizer sgd has no 'momentum'; it has rate, warmup") == true)
    #expect(OptimizerError.unknownRule("x").description.contains("adagrad, rmsprop"))
  }
}

import Graph

extension OpImporter {
  /// Variables, both kinds; assignments; and what only has effects.
  ///
  /// A variable's node is its name. Reading gives the value at that point of the program; assigning gives it another.
  static let variables: [String: OpImporter] = {
    let variable = OpImporter(outputs: { [.variable($0.node.name)] })
    let read = OpImporter { try $0.variable($0.variableName(0)) }
    let nothing = OpImporter(isDifferentiable: false, outputs: { _ in [.nothing] })
    func assignment(_ value: @escaping @Sendable (_ old: Value, _ operand: Value) throws -> Value) -> OpImporter {
      OpImporter(
        isDifferentiable: false,
        outputs: { node in
          let name = try node.variableName(0)
          let old = try node.variable(name)
          let new = try value(old, node.operand(1))
          guard new.type == old.type else {
            throw ImportError.Reason.other("'\(name)' is \(old.type), but \(new.type) is assigned to it")
          }
          let kept = try node.conditions.reduce(new) { value, condition in
            try condition.holds
              ? condition.predicate.selecting(value, old) : condition.predicate.selecting(old, value)
          }
          node.context.assign(kept, to: name)
          return [.value(kept)]
        })
    }
    let assign = assignment { $1 }
    let add = assignment { try $0.adding($1) }
    let subtract = assignment { try $0.subtracting($1) }
    return [
      "VariableV2": variable, "Variable": variable, "VarHandleOp": variable, "ReadVariableOp": read,
      "Assign": assign, "AssignAdd": add, "AssignSub": subtract,
      "AssignVariableOp": assign, "AssignAddVariableOp": add, "AssignSubVariableOp": subtract,
      "NoOp": nothing, "Assert": nothing, "ControlTrigger": nothing, "PrintV2": nothing,
      "Identity": OpImporter(outputs: { node in
        // A read of a variable is the value at this point.
        if case .variable = try node.tensor(0) { return [.value(try node.operand(0))] }
        return [try node.tensor(0)]
      }),
    ]
  }()

  /// Conditionals, where an import chooses where the branches meet again, and loops.
  static let branches: [String: OpImporter] = {
    let both = OpImporter(outputs: { node in [try node.tensor(0), try node.tensor(0)] })
    let whole = OpImporter(outputs: { _ in throw ImportError.Reason.other("it is imported as a whole") })
    return [
      "Switch": both, "RefSwitch": both, "Merge": whole, "RefMerge": whole, "While": whole, "StatelessWhile": whole,
    ]
  }()

  /// Random numbers, drawn anew in each step.
  static let random: [String: OpImporter] = {
    func draw(_ distribution: RandomNumbers.Distribution) -> OpImporter {
      OpImporter { node in
        try Value.random(
          distribution, TensorType(node.type("dtype"), Shape(node.shapeOperand(0))),
          stream: node.context.nextRandomStream(), in: node.builder)
      }
    }
    // Where a stateless generator starts; ours has seeds of its own.
    func state(_ count: Int) -> OpImporter {
      OpImporter(isDifferentiable: false, outputs: { _ in Array(repeating: .nothing, count: count) })
    }
    let (uniform, normal, truncated) = (draw(.uniform), draw(.normal), draw(.truncatedNormal))
    return [
      "RandomUniform": uniform, "StatelessRandomUniform": uniform, "StatelessRandomUniformV2": uniform,
      "RandomStandardNormal": normal, "StatelessRandomNormal": normal, "StatelessRandomNormalV2": normal,
      "TruncatedNormal": truncated, "StatelessTruncatedNormal": truncated, "StatelessTruncatedNormalV2": truncated,
      "StatelessRandomGetAlg": state(1), "StatelessRandomGetKeyCounter": state(2),
      "StatelessRandomGetKeyCounterAlg": state(3),
    ]
  }()
}

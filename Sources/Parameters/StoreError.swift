public import Files

/// Why a store refused something, and nothing changed.
public enum StoreError: Error, Hashable, Sendable {
  /// A schema that cannot be kept.
  case invalidSchema(parameter: String, problem: String)
  /// A name that no tensor of the store has.
  case unknownTensor(String)
  /// A number that no parameter of the schema has.
  case unknownParameter(Int)
  /// A push with a gradient for more or fewer parameters than the schema has.
  case wrongNumberOfGradients(expected: Int, found: Int)
  /// A gradient or a tensor with too many or too few elements.
  case wrongCount(tensor: String, expected: Int, found: Int)
  /// Elements outside a tensor.
  case outsideTensor(String, offset: Int, count: Int, of: Int)
  /// Rows for a dense parameter, or a dense gradient for a table.
  case wrongKind(parameter: String, expected: ParameterSpec.Kind)
  /// A request for rows of a dense parameter.
  case rowsOfDense(parameter: String)
  /// A gradient for a parameter that is never trained.
  case frozen(parameter: String)
  /// A row that the table does not have.
  case rowOutsideTable(parameter: String, position: Int, key: Int64, rowCount: Int)
  /// Rows that are not strictly ascending.
  case rowsNotAscending(parameter: String, position: Int, key: Int64)
  /// A gradient or a value that is infinite or not a number.
  case notFinite(tensor: String, position: Int, row: Int64?)
  /// A hyper-parameter update that names another rule.
  case otherRule(parameter: String, expected: String, found: String)
  /// A batch that skips a part of its stream.
  case sourceGap(SourceRange, stored: UInt64)
  /// A batch that contains a part of its stream that was applied already, and more.
  case sourceOverlap(SourceRange, stored: UInt64)
  /// No memory for a parameter.
  case outOfMemory(parameter: String, byteCount: Int)
  /// A file that is there although nothing was to be continued.
  case alreadyExists(path: String)
  /// A file that another store trains, in this process or another one.
  case inUse(path: String)
  /// No file although an earlier run was to be continued.
  case nothingToResume(path: String)
  /// No file, or something else in its place, although parameters were to be read.
  case noFile(path: String)
  /// A file of another format.
  case otherFormat(path: String, problem: String)
  /// A file that cannot be created.
  case cannotCreate(FileError)
  /// Reading, writing or syncing a file failed.
  case inputOutput(FileError)
  /// A file that is not what was written.
  case damaged(path: String, problem: String)
  /// A file that is sound but not of these parameters.
  case doesNotFit(path: String, problems: [String])

  /// What it means to a store that a file could not be written.
  package init(_ error: FileError) {
    self = error.operation == .create ? .cannotCreate(error) : .inputOutput(error)
  }

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus {
    switch self {
    case .nothingToResume, .noFile: .noInput
    case .alreadyExists, .cannotCreate: .cannotCreate
    case .inputOutput: .inputOutput
    case .inUse: .busy
    case .damaged: .damagedStore
    case .outOfMemory, .wrongNumberOfGradients, .unknownParameter, .rowsOfDense, .frozen, .wrongKind: .internalError
    default: .badData
    }
  }
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidSchema(let parameter, let problem): "parameter '\(parameter)': \(problem)"
    case .unknownTensor(let name): "the store has no tensor '\(name)'"
    case .unknownParameter(let number): "the store has no parameter number \(number)"
    case .wrongNumberOfGradients(let expected, let found):
      "a push with \(found) gradients for \(expected) parameters; send one per parameter, none where there is none"
    case .wrongCount(let tensor, let expected, let found):
      "'\(tensor)': \(found) values where \(expected) are needed"
    case .outsideTensor(let name, let offset, let count, let total):
      "'\(name)': elements \(offset)..<\(offset)+\(count) of \(total)"
    case .wrongKind(let parameter, .table): "'\(parameter)' is a table: its gradient must be rows"
    case .wrongKind(let parameter, .dense): "'\(parameter)' is dense: its gradient must not be rows"
    case .rowsOfDense(let parameter): "'\(parameter)' is dense: it is always lent as a whole, not by rows"
    case .frozen(let parameter): "'\(parameter)' is frozen and takes no gradient"
    case .rowOutsideTable(let parameter, let position, let key, let rowCount):
      "'\(parameter)': row \(key) at position \(position) is outside the table of \(rowCount) rows"
    case .rowsNotAscending(let parameter, let position, let key):
      "'\(parameter)': row \(key) at position \(position) is not greater than the one before; sort rows, each once"
    case .notFinite(let tensor, let position, let row?):
      "'\(tensor)': value at position \(position) (row \(row)) is not finite; nothing was changed"
    case .notFinite(let tensor, let position, nil):
      "'\(tensor)': value at position \(position) is not finite; nothing was changed"
    case .otherRule(let parameter, let expected, let found):
      "'\(parameter)' is trained by \(expected); its hyper-parameters cannot become those of \(found)"
    case .sourceGap(let range, let stored):
      "source '\(range.name)': a batch begins at \(range.begin), but only \(stored) is applied; send what lies between"
    case .sourceOverlap(let range, let stored):
      "source '\(range.name)': the batch \(range.begin)..<\(range.end) is applied up to \(stored); continue there"
    case .outOfMemory(let parameter, let byteCount): "'\(parameter)': no memory for its \(byteCount) bytes"
    case .alreadyExists(let path):
      "'\(path)' exists already; resume from it, or name another file or remove it to start anew"
    case .inUse(let path):
      "'\(path)' is being trained already; wait until that has ended, or name another file"
    case .nothingToResume(let path): "there is no '\(path)' to resume from; start without resuming to create it"
    case .noFile(let path): "there is no file '\(path)' with parameters"
    case .otherFormat(let path, let problem):
      "'\(path)' is not a file that a store has written: \(problem); 'onlearn parameters import' brings in other forms"
    case .cannotCreate(let error), .inputOutput(let error): "\(error)"
    case .damaged(let path, let problem): "'\(path)' is damaged: \(problem); restore it from a copy"
    case .doesNotFit(let path, let problems): "'\(path)' does not fit this model: \(problems.joined(separator: "; "))"
    }
  }
}

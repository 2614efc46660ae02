import ArgumentParser
import Files
import Glibc
import Graph
import GraphDefImport
import NIOCore
import PS
import Parameters
import Remote
import Serve
import Transport
import Web
import Wire

/// Ends a command: the error in one sentence on standard error, and the exit status that goes with it.
enum CommandError {
  /// Runs `body`; an error that it throws ends the process.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch {
      Output.error("onlearn: \(error)")
      throw ExitCode(exitStatus(of: error).rawValue)
    }
  }

  /// The same for what waits.
  static func reporting(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch {
      try reporting { throw error }
    }
  }

  /// The exit status that `error` is reported with.
  static func exitStatus(of error: any Error) -> ExitStatus {
    switch error {
    case let error as ModelConfigError: error.category.exitStatus
    case let error as GraphNotFoundError: error.category.exitStatus
    case let error as GraphFileError: error.category.exitStatus
    case let error as DataError: error.exitStatus
    case let error as BatchError: error.exitStatus
    case let error as SessionError: error.exitStatus
    case let error as StoreError: error.exitStatus
    case let error as OptimizerChoiceError: error.exitStatus
    case let error as ServiceError: exitStatus(of: error.kind)
    case let error as TrainClientError: error.exitStatus
    case let error as ClientError: error.exitStatus
    case is KeyFileError: .noInput
    case TLSError.unusable: .noInput
    case is TLSError, is HTTPListenerError, is ListenError, is LimitsError, is AddressError, is RankError: .usage
    case StoreFolderError.damaged: .damagedStore
    case StoreFolderError.foreign, StoreFolderError.unusable: .noInput
    case StoreFolderError.noRoom: .cannotCreate
    case StoreFolderError.system(let error): exitStatus(of: error)
    case let error as FileError: exitStatus(of: error)
    case is IOError: .unavailable
    case is StoreSpecificationError, is InitializationError, is OptimizerError, is SpreadError: .usage
    case is GraphImportError, is PlanError, is ExecutionFailure, is BindingError, is ModelError, is NonFiniteError,
      is RowOutsideTableError:
      .badData
    default: .internalError
    }
  }

  private static func exitStatus(of error: FileError) -> ExitStatus {
    if error.isInUse { .busy } else if error.isMissing { .noInput } else { .inputOutput }
  }

  private static func exitStatus(of kind: ServiceError.Kind) -> ExitStatus {
    switch kind {
    case .unknownModel: .noInput
    case .unusableModel, .malformed, .badBatch, .notFinite, .sourceGap, .sourceOverlap: .badData
    case .storage: .inputOutput
    case .frozen, .busy, .draining, .deadline, .version, .outcomeUnknown: .unavailable
    case .internal: .internalError
    }
  }
}

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
      throw ExitCode(exitStatus(of: error))
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
  static func exitStatus(of error: any Error) -> Int32 {
    switch error {
    case let error as ModelConfigError: error.category.exitStatus
    case let error as GraphNotFoundError: error.category.exitStatus
    case let error as GraphFileError: error.category.exitStatus
    case let error as DataError: error.exitStatus.rawValue
    case let error as BatchError: error.exitStatus.rawValue
    case let error as SessionError: error.exitStatus.rawValue
    case let error as StoreError: error.exitStatus
    case let error as OptimizerChoiceError: error.exitStatus.rawValue
    case let error as ServiceError: exitStatus(of: error.kind)
    case let error as TrainClientError: error.exitStatus.rawValue
    case let error as ClientError: error.exitStatus
    case is KeyFileError: ExitStatus.noInput.rawValue
    case TLSError.unusable: ExitStatus.noInput.rawValue
    case is TLSError, is HTTPListenerError, is ListenError, is LimitsError, is AddressError, is RankError:
      ExitStatus.usage.rawValue
    case StoreFolderError.damaged: ExitStatus.damagedStore.rawValue
    case StoreFolderError.foreign, StoreFolderError.unusable: ExitStatus.noInput.rawValue
    case StoreFolderError.noRoom: ExitStatus.cannotCreate.rawValue
    case StoreFolderError.system, is FileError: ExitStatus.inputOutput.rawValue
    case is IOError: ExitStatus.unavailable.rawValue
    case is StoreSpecificationError, is InitializationError, is OptimizerError, is SpreadError:
      ExitStatus.usage.rawValue
    case is GraphImportError, is PlanError, is ExecutionFailure, is BindingError, is ModelError, is NonFiniteError,
      is RowOutsideTableError:
      ExitStatus.badData.rawValue
    default: ExitStatus.internalError.rawValue
    }
  }

  private static func exitStatus(of kind: ServiceError.Kind) -> Int32 {
    switch kind {
    case .unknownModel: ExitStatus.noInput.rawValue
    case .unusableModel, .malformed, .badBatch, .notFinite, .sourceGap, .sourceOverlap: ExitStatus.badData.rawValue
    case .storage: ExitStatus.inputOutput.rawValue
    case .frozen, .busy, .draining, .deadline, .version, .outcomeUnknown: ExitStatus.unavailable.rawValue
    case .internal: ExitStatus.internalError.rawValue
    }
  }
}

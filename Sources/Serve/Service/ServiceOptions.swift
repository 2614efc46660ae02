import Parameters

/// How a ``ModelService`` trains, scores and keeps its models.
public struct ServiceOptions: Sendable {
  /// Where parameters are kept: in memory, in files `NAME.safetensors` in a folder, or on parameter servers.
  public var store = StoreSpecification.memory
  /// How the service takes part in training on parameter servers.
  public var cluster = ClusterOptions()
  /// The most batches of one model in training at the same time.
  ///
  /// Stores in this process lend their memory to one step at a time, which computes on all cores; there the others wait
  /// their turn.
  public var workers = 1
  /// The most batches of one model that wait.
  public var queuedBatches = 32
  /// The most memory that waiting batches of one model hold, in bytes.
  public var queuedBytes = 256 << 20
  /// The most score requests of one model that wait.
  public var queuedScores = 1024
  /// How long a request waits for its turn at most.
  public var patience = Duration.seconds(30)
  /// How old scored parameters may be.
  public var maximumStaleness = Duration.milliseconds(200)
  /// The longest gradient of a batch; longer ones are shortened. `nil` for no limit.
  public var gradientNormLimit: Float?
  /// Whether replies tell what the graph observes before or after the update.
  public var metrics = TrainingRun.MetricsTime.before
  /// The examples over which windowed metrics are taken.
  public var window = 1 << 14
  /// The optimizer and learning rate, where the graph's are not wanted.
  public var optimizer = OptimizerChoice.Options(.training)
  /// How new parameters start.
  public var initialization = Initialization.graph
  /// The seed of initial values and dropout.
  public var seed: UInt64 = 0
  /// How often a file is saved while training; `nil` for only at the end.
  public var saveInterval: Duration? = .seconds(30)

  /// The defaults.
  public init() {}
}

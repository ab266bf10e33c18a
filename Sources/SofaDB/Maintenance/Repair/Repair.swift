/// Repairs a database: `plan` says what would be done and changes nothing, `apply` does it as one change that can be
/// undone.
///
/// What the MANIFEST lists stays in its place; damaged tables are replaced by what is good of them; without a MANIFEST
/// the state is found from the files, with levels. Nothing that was deleted comes back as long as the files can prove
/// it. What is lost is stated exactly.
public struct Repair: Sendable {
  /// Threads, at least 1.
  public var jobs = Workers.processors
  /// Names of tables that the MANIFEST does not list and that are taken in although nothing proves that they belong to
  /// the database.
  public var adopted: Set<String> = []
  /// Told how many of how many bytes of tables are read, from any thread.
  public var progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in }
  /// Asked between files; true ends the run with `cancelled`.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// What `apply` did.
  public struct Report: Sendable {
    /// The plan that was carried out, made under the lock.
    public var plan: RepairPlan
    /// The change in the journal; nil when nothing had to be done.
    public var change: String?
    /// From the full read of the result.
    public var findings: [Finding] = []

    /// Of a plan that was not carried out, or not yet.
    public init(plan: RepairPlan, change: String? = nil) {
      self.plan = plan
      self.change = change
    }
  }

  public init() {}

  /// What would be done. Reads only; throws only what the disk throws, and `cancelled`. A read that fails or ends early
  /// ends the planning, wherever it happens: nothing is planned on content that did not come.
  public func plan(_ directory: any ReadableDirectory) throws(DatabaseError) -> RepairPlan {
    let directory = WatchedDirectory(directory)
    let plan: RepairPlan
    do throws(DatabaseError) { plan = try planned(directory) } catch {
      try directory.watch.check()
      throw error
    }
    try directory.watch.check()
    return plan
  }

  private func planned(_ directory: WatchedDirectory) throws(DatabaseError) -> RepairPlan {
    var planner = try RepairPlanner(directory, jobs: jobs, adopted: adopted)
    let total = planner.scan.tables.values.reduce(0) { $0 &+ (planner.scan.sizes[$1] ?? 0) }
    let tally = ByteTally()
    let progress = progress
    planner.progress = { progress(tally.add($0), total) }
    planner.isCancelled = isCancelled
    return try planner.run()
  }

  /// Plans, carries the plan out, and reads the result from end to end. An error leaves the database as it was.
  public func apply(to database: ExclusiveDatabase) throws(DatabaseError) -> Report {
    let plan = try plan(database.directory)
    var report = Report(plan: plan)
    guard !plan.isNothing else { return report }
    try database.directory.requireSpace(
      plan.bytesToWrite(database.directory), advice: "sound files take none, only what is written anew does")
    let change = try DatabaseChange("repair", of: database, base: plan.base)
    let version: Version
    do throws(DatabaseError) {
      var work = RepairWork(plan, change, origin: Repair.origin(plan, database.directory))
      try work.writeTables(isCancelled: isCancelled)
      try work.writeLogTables()
      version = try work.version()
      try change.write(report: work.lossReport())
    } catch {
      change.abandon()
      throw error
    }
    // From here on the change settles its own failures.
    report.change = try change.commit(version, removing: plan.removed, summary: Repair.summary(plan))
    report.findings = try read(database.directory)
    return report
  }

  /// The session of this repair. An IDENTITY that cannot be read is no reason not to repair what can be.
  private static func origin(_ plan: RepairPlan, _ directory: any ReadableDirectory) -> TableOrigin {
    do throws(DatabaseError) {
      return try DatabaseIdentity.newSession(plan.result.databaseID, in: directory)
    } catch {
      return .newSession(of: "")
    }
  }

  private static func summary(_ plan: RepairPlan) -> String {
    var counts: [RepairPlan.Action: Int] = [:]
    for step in plan.changes { counts[step.action, default: 0] += 1 }
    let words = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
    return "repair: \(words.joined(separator: ", ")); \(plan.losses.count) losses"
  }

  private func read(_ directory: any ReadableDirectory) throws(DatabaseError) -> [Finding] {
    let collected = FindingList()
    var verify = Verify(database: directory, level: .full, jobs: jobs)
    verify.pace.isCancelled = isCancelled
    _ = try verify.run { collected.add($0) }
    return collected.all
  }
}

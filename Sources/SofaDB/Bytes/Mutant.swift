#if SOFA_MUTANTS
  internal import Glibc
#endif

/// Defects that other engines had, made here again on purpose: each must be found by the tests that are named after it.
///
/// A build with `-DSOFA_MUTANTS`, which only tests have, takes on the one that the environment variable `SOFA_MUTANT`
/// names when the process starts. In every other build `isOn` is false, and the compiler leaves nothing of them.
enum Mutant: String, CaseIterable {
  // A: syncs.
  case currentNotSynced, manifestNameNotSynced, newManifestNotSynced, syncsEndWithADrop, ingestedTableNotSynced
  case resultNameNotSynced, tableNotSynced, failedTableSyncIgnored, laterWritesNotSynced, oldLogNotSynced
  case cutTableAccepted

  // B: recovery.
  case recoveryReusesNumbers, manifestBeforeReplay, logsRemovedByRecovery, logsOfOthersForgotten, oldRecordsReplayed
  case groupsAppliedInPieces, numbersTakenAgain, tornTailRefused, readErrorEndsALog, shortReadEndsALog, gapReplayed
  case logChecksumsIgnored, tornManifestRefused, replayNotSeen, fragmentsGlued, damageEndsAManifest

  // C: errors of writing.
  case logGoesOnAfterAnError, manifestRemovedOnError, newManifestRemovedOnError, pendingFilesCollected
  case followersNotTold, failedLogReplayed, oneFamilyResumed, closeErrorIgnored, partsLeftBehind, failureStaysForEver
  case failedSyncForgotten, copyNotCompared

  // D: errors of reading, and errors that get lost.
  case unreadableTableSkipped, rangeDeletionsDropped, rulesNotKept, failuresOfThreadsLost, failedFlushIsSilent
  case cachedBlocksMixed

  // E: flushes, compactions, versions.
  case keySplitOverTables, tombstonesDroppedEarly, tablesTakenTwice, compactionsNotHeld, olderLevel0Ignored
  case level0ByNumber, outputLevelLeftOut, placesGoStale, olderTableLeftAbove, oneBoundCompared, readersTablesRemoved
  case sealedMeanwhileForgotten

  // F: snapshots, cursors, filters.
  case flushForgetsSnapshots, snapshotAtZeroForgotten, laterRangeDeletionsSeen, turnsBehindTheKey
  case ingestedUnderSnapshots, shortPrefixAsked, highBytesUnsigned

  // G: ingestion, conversion.
  case sameTableTwice, boundsOfPointsOnly, globalSequenceIgnored, ingestedBelowOlderData, ingestedNumbersReused
  case blocksMislabelled, cutBlocksKept, epochsReused

  #if SOFA_MUTANTS
    private static let chosen = getenv("SOFA_MUTANT").flatMap { Mutant(rawValue: String(cString: $0)) }
    var isOn: Bool { Mutant.chosen == self }
  #else
    @inline(__always) var isOn: Bool { false }
  #endif
}

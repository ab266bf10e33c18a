/// The list of other engines' real failures, A1 to G10: for each the defect that is made here on purpose and the test
/// that must find it, or why there is none. Tests have the numbers in their names, so that `--filter A14_` runs them.
///
///     A syncs   B recovery   C errors of writing   D errors of reading   E flushes, compactions, versions
///     F snapshots, cursors, filters   G ingestion, conversion
@testable import SofaDB

struct MuseumRow: Sendable {
  let name: String
  /// A defect like that of the row, and the test that finds it.
  let mutant: Mutant?
  let killer: String?
  /// Why there is no mutant.
  let reason: String
  /// Whether a test can have it.
  var isPossible = true

  init(_ name: String, _ mutant: Mutant, by killer: String) {
    (self.name, self.mutant, self.killer) = (name, mutant, killer)
    reason = ""
  }

  init(_ name: String, noMutant reason: String) {
    (self.name, mutant, killer) = (name, nil, nil)
    self.reason = reason
  }

  init(_ name: String, impossible reason: String) {
    self.init(name, noMutant: reason)
    isPossible = false
  }

  static let all = syncs + recovery + writeErrors + readErrors + versions + snapshots + ingestion

  private static let syncs: [MuseumRow] = [
    .init("A1", .currentNotSynced, by: "A1_A8_aCrashLeavesOneOfTheTwo"),
    .init("A2", .syncsEndWithADrop, by: "A2_B7_B15_aCrashLeavesAPrefix"),
    .init("A3", .ingestedTableNotSynced, by: "A3_G1_aTableIsDurableBeforeItIsNamed"),
    .init("A4", .tableNotSynced, by: "A4_aCrashLeavesAllOrNothing"),
    .init("A4", .resultNameNotSynced, by: "A4_A7_aCrashLeavesAWholeCheckpointOrNone"),
    .init("A5", .failedTableSyncIgnored, by: "A5_aTableThatIsNotSyncedIsNone"),
    .init("A6", .laterWritesNotSynced, by: "A6_C5_everyWriterOfAGroupLearnsOfItsFate"),
    .init("A7", noMutant: "a checkpoint flushes and has no log"),
    .init("A8", .manifestNameNotSynced, by: "A1_A8_aCrashLeavesOneOfTheTwo"),
    .init("A9", .currentNotSynced, by: "A9_theOldManifestOutlivesTheSwitch"),
    .init("A10", .newManifestNotSynced, by: "A10_aCrashOfTheFirstCommitLeavesNoDanglingCurrent"),
    .init("A11", .oldLogNotSynced, by: "A11_noLaterLogOutlivesAnEarlierOne"),
    .init("A12", impossible: "no value log is written; of the log see A11"),
    .init("A13", .tableNotSynced, by: "A13_tablesAreThereWhenTheManifestNamesThem"),
    .init("A14", .cutTableAccepted, by: "A14_aMissingTableIsNotAnEmptyOne"),
    .init("A15", impossible: "Apple's systems; this engine is Linux's"),
    .init("A16", .oldLogNotSynced, by: "A16_tablesAreNotAheadOfLogs"),
  ]

  private static let recovery: [MuseumRow] = [
    .init("B1", .recoveryReusesNumbers, by: "B1_B2_B3_recoveriesAreCutShort"),
    .init("B2", .manifestBeforeReplay, by: "B1_B2_B3_recoveriesAreCutShort"),
    .init("B3", .logsRemovedByRecovery, by: "B1_B2_B3_recoveriesAreCutShort"),
    .init("B4", .logsOfOthersForgotten, by: "B4_logsThatOtherFamiliesNeedStay"),
    .init("B5", .oldRecordsReplayed, by: "B5_staleTailsOfRecycledLogsAreNotReplayed"),
    .init("B6", noMutant: "the engine begins a new log whenever it opens, and continues none"),
    .init("B7", .groupsAppliedInPieces, by: "A2_B7_B15_aCrashLeavesAPrefix"),
    .init("B8", .numbersTakenAgain, by: "B8_G1_numbersOnDiskAreInUse"),
    .init("B9", .tornTailRefused, by: "B9_aTornLogIsNoDamage"),
    .init("B10", .readErrorEndsALog, by: "B10_B11_anUnreadableLogIsNotAShortOne"),
    .init("B11", .shortReadEndsALog, by: "B10_B11_anUnreadableLogIsNotAShortOne"),
    .init("B12", .gapReplayed, by: "B12_noLogIsReplayedOverAGap"),
    .init("B13", noMutant: "no test can record a loop without end; time limits would"),
    .init("B14", .logChecksumsIgnored, by: "B14_garbageIsNoRecord"),
    .init("B15", .tornManifestRefused, by: "A2_B7_B15_aCrashLeavesAPrefix"),
    .init("B16", .replayNotSeen, by: "B16_readOnlyIsTheSameAndWritesNothing"),
    .init("B17", .fragmentsGlued, by: "B17_fragmentsOutOfPlaceAreReported"),
    .init("B18", .damageEndsAManifest, by: "B18_aDamagedEditIsNoEnd"),
  ]

  private static let writeErrors: [MuseumRow] = [
    .init("C1", .logGoesOnAfterAnError, by: "C1_aWriterStaysFailed"),
    .init("C2", .manifestRemovedOnError, by: "C2_C3_C11_aFailureSticksUntilResumed"),
    .init("C3", .newManifestRemovedOnError, by: "C2_C3_C11_aFailureSticksUntilResumed"),
    .init("C4", .pendingFilesCollected, by: "C4_whatIsBeingWrittenIsNoGarbage"),
    .init("C5", .followersNotTold, by: "museumC5AllOfAGroupLearnOfAnError"),
    .init("C6", .failedLogReplayed, by: "museumC6AFailedLogIsNotReplayedAfterResuming"),
    .init("C7", .oneFamilyResumed, by: "C7_everyFamilyIsSavedWhenWritingIsTakenUp"),
    .init("C8", .closeErrorIgnored, by: "C8_aFaultLeavesOneOfTheTwo"),
    .init("C9", .partsLeftBehind, by: "C9_retriesLeaveFewFiles"),
    .init("C10", noMutant: "on a full disk each later step fails as well, so that no single omission shows"),
    .init("C11", .failureStaysForEver, by: "C2_C3_C11_aFailureSticksUntilResumed"),
    .init("C12", .logsRemovedByRecovery, by: "B3_C12_aFailedOpeningLosesNothing"),
    .init("C13", noMutant: "the lock is the kernel's alone: nothing is remembered that could be poisoned"),
    .init("C14", impossible: "RocksDB's log does not say what was synced"),
    .init("C15", .failedSyncForgotten, by: "C15_aFailedSyncSticks"),
    .init("C16", .failedLogReplayed, by: "C16_aBatchLargerThanTheDisk"),
    .init("C17", .copyNotCompared, by: "C17_K2_aSourceThatChangesIsNotTaken"),
  ]

  private static let readErrors: [MuseumRow] = [
    .init("D1", .unreadableTableSkipped, by: "museumD1everyCallFails"),
    .init("D2", .rangeDeletionsDropped, by: "museumD2DeletedKeysStayDeletedWhenReadsFail"),
    .init("D3", .rulesNotKept, by: "D3_aBrokenVersionIsRefused"),
    .init("D4", .failuresOfThreadsLost, by: "D4_failuresOfOtherThreadsAreNoticed"),
    .init("D5", .failedFlushIsSilent, by: "museumD5AFlushThatFailsSaysSo"),
    .init("D6", .cachedBlocksMixed, by: "museumD6RangeDeletionsHoldThroughIngestion"),
    .init("D7", impossible: "files are read, never mapped"),
  ]

  private static let versions: [MuseumRow] = [
    .init("E1", .keySplitOverTables, by: "museumE1aKeyThatIsSplitOverTables"),
    .init("E2", .tombstonesDroppedEarly, by: "museumE2deletedDataReappears"),
    .init("E3", .tablesTakenTwice, by: "E3_randomFamiliesComeToRest"),
    .init("E4", .compactionsNotHeld, by: "E3_E4_noTwoCompactionsTakeTheSameTables"),
    .init("E5", .olderLevel0Ignored, by: "museumE5deletionsWithinLevel0"),
    .init("E6", .level0ByNumber, by: "E6_G5_G9_ingestedTablesKeepTheirPlaceInTime"),
    .init("E7", .outputLevelLeftOut, by: "E7_whatIsCompactedIsComplete"),
    .init("E8", .level0ByNumber, by: "E8_rangeDeletionsHideNothingNewer"),
    .init("E9", .placesGoStale, by: "E9_placesInOlderDataAreNeverStale"),
    .init("E10", .olderTableLeftAbove, by: "museumE10anOlderTableStaysAbove"),
    .init("E11", .oneBoundCompared, by: "E11_everyOverlapIsSeen"),
    .init("E12", noMutant: "one lock around a whole install is not left out in a line"),
    .init("E13", .readersTablesRemoved, by: "museumE13ACursorOutlivesItsTables"),
    .init("E14", .sealedMeanwhileForgotten, by: "museumE14NoWriteIsLostWhenTheMemtableChanges"),
  ]

  private static let snapshots: [MuseumRow] = [
    .init("F1", .flushForgetsSnapshots, by: "museumF1SnapshotsBesideFlushes"),
    .init("F2", .snapshotAtZeroForgotten, by: "museumF2ASnapshotOfNothing"),
    .init("F3", .laterRangeDeletionsSeen, by: "museumF3ASnapshotBeforeARangeDeletion"),
    .init("F4", .turnsBehindTheKey, by: "F4_movesAgreeWithTheModel"),
    .init("F5", .ingestedUnderSnapshots, by: "museumF5ASnapshotAmidAnIngestion"),
    .init("F6", .shortPrefixAsked, by: "F6_everyPrefixIsKnownAndOthersHardlyEver"),
    .init("F7", .highBytesUnsigned, by: "F7_hash32AgreesWithVectors"),
  ]

  private static let ingestion: [MuseumRow] = [
    .init("G1", .numbersTakenAgain, by: "B8_G1_numbersOnDiskAreInUse"),
    .init("G2", .sameTableTwice, by: "G2_theSameTableTwiceIsNothingNew"),
    .init("G3", .boundsOfPointsOnly, by: "museumG3BoundsReachAsFarAsRangeDeletions"),
    .init("G4", .globalSequenceIgnored, by: "museumG4nestedKeysWithAGlobalSequence"),
    .init("G5", .ingestedBelowOlderData, by: "E6_G5_G9_ingestedTablesKeepTheirPlaceInTime"),
    .init("G6", .ingestedNumbersReused, by: "museumG6LaterWritesToSeveralFamiliesCount"),
    .init("G7", .blocksMislabelled, by: "museumG7TheResultIsReadBack"),
    .init("G8", .cutBlocksKept, by: "museumG8IncompressibleTinyAndHugeValues"),
    .init("G9", .epochsReused, by: "E6_G5_G9_ingestedTablesKeepTheirPlaceInTime"),
    .init("G10", noMutant: "a division by zero is a trap, and ends the test with its process"),
  ]
}

extension MuseumRow {
  /// The rows that the name of a test says: `E6_G5_ingested`, `museumE2deleted`.
  static func rows(ofTest name: String) -> Set<String> {
    let words = name.split(separator: "_").map(String.init)
    let first = name.hasPrefix("museum") ? [String(name.dropFirst("museum".count))] : words
    return Set(
      first.compactMap { word in
        guard let letter = word.first, ("A"..."K").contains(letter) else { return nil }
        let digits = word.dropFirst().prefix { ("0"..."9").contains($0) }
        let isWhole = name.hasPrefix("museum") || digits.count == word.count - 1
        return digits.isEmpty || !isWhole ? nil : String(letter) + digits
      })
  }
}

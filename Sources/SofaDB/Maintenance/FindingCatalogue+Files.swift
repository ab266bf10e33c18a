/// The explanations of findings about files, MANIFEST, levels, logs and the environment.
extension FindingCatalogue {
  static let files: [FindingExplanation] = [
    FindingExplanation(
      .fileSize,
      """
      A file is longer or shorter than the MANIFEST says. Tables never change once written, so it is not the file that \
      the MANIFEST speaks of, or it was cut.
      """,
      causes: ["a copy or restore that was cut", "a file of the same number from another database or time"],
      next: [
        "Compare both sizes:", "sofatool dump --manifest DIR", "Restore the file of the right size, or:",
        "sofatool repair DIR",
      ]),
    FindingExplanation(
      .fileMissing,
      """
      The MANIFEST lists a file that is not in the directory. Everything that lived only there is lost until the file \
      comes back; engines refuse to open such a database.
      """,
      causes: [
        "somebody deleted it, or a copy left it out", "a backup taken file by file while the database was running",
        "a disk of a multi-path database that is not mounted",
      ],
      next: [
        "Look for it in lost+found, backups, other paths of the database. Put it back under its name and verify:",
        "sofatool verify DIR", "If it is gone, see what falls away, and take it out of the MANIFEST with --apply:",
        "sofatool repair DIR", "sofatool manifest-edit DIR --drop-file NUMBER",
      ]),
    FindingExplanation(
      .fileOrphan,
      """
      A file of the database that nothing refers to. Usually the rest of an interrupted flush or compaction, which an \
      engine deletes when it opens the database next.
      """,
      causes: [
        "a crash between writing the file and installing it", "a MANIFEST older than the file",
        "a file copied in by hand",
      ],
      next: [
        "Nothing, as a rule. If data is missing, see whether the file holds it before an engine deletes it:",
        "sofatool info FILE", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .fileSuperseded,
      """
      An orphan that was part of the database once: an old MANIFEST record or its sequence numbers prove that a \
      compaction replaced it. Adopting it would bring deleted keys back, so repair parks it.
      """,
      causes: ["a crash before obsolete files were deleted", "a restore on top of a newer state"],
      next: ["Nothing: an engine deletes it. See where a key in doubt lives:", "sofatool dump DIR --find KEY"]),
    FindingExplanation(
      .fileDigest,
      """
      The file's digest is not the one that was recorded: in the MANIFEST, by a seal, or in the name of the file. \
      Bytes changed that block checksums may not cover.
      """,
      causes: ["damage in bytes without a checksum", "the file was replaced by another", "tampering"],
      next: [
        "See which bytes are in doubt:", "sofatool verify DIR --level full",
        "Restore the file from a copy with the recorded digest.",
      ]),
    FindingExplanation(
      .fileSpecial,
      """
      What has the name of one of the database's files is a link, a directory, a pipe or a device. It was not opened, \
      because reading a pipe may never end and a link may lead out of the database; so nothing is known of its content.
      """,
      causes: [
        "a table that was moved to another disk and linked back", "a restore or a mount that put a directory there",
        "somebody who wants a tool to hang or to read a file of theirs",
      ],
      next: [
        "See what it is:", "ls -l FILE",
        "Of a link, check what it leads to by its own name, or put the file itself in its place:",
        "sofatool verify TARGET",
      ]),
  ]

  static let manifest: [FindingExplanation] = [
    FindingExplanation(
      .manifestRecord,
      """
      A record of the MANIFEST is damaged, and records follow it. What it said about files is lost, so the state after \
      it is not certain.
      """,
      causes: ["a failing disk", "a copy that mangled the file"],
      next: [
        "See all that can be read, with offsets:", "sofatool dump --manifest DIR",
        "Compare with the state before the record (N edits are readable):", "sofatool manifest-edit DIR --at-edit N",
        "Rebuild from the tables and what is readable:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .manifestTail,
      """
      The MANIFEST ends in the middle of a record. Either the last write never completed, and nothing is lost, or it \
      did and the end of the file was lost. The format cannot tell the two apart; files newer than the state can.
      """,
      causes: ["a crash while an edit was being written", "a copy that was cut"],
      next: [
        "Check whether tables exist that the MANIFEST does not know:", "sofatool verify DIR",
        "If there are, and their logs are gone, an edit was lost; see what repair would adopt:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .manifestBounds,
      """
      The smallest or largest key that the MANIFEST gives for a table is not the table's. Too wide costs time; too \
      narrow hides entries.
      """,
      causes: ["memory errors while the edit was written", "a file of another state under this number"],
      next: [
        "Compare, then read the table's record anew from the table:", "sofatool dump --manifest DIR",
        "sofatool manifest-edit DIR --drop-file N --add-file N:LEVEL --apply",
      ]),
    FindingExplanation(
      .manifestSequence,
      """
      A sequence number in the MANIFEST contradicts the files: an entry is newer than the last sequence number, or a \
      table's range is not what is recorded. New writes could hide behind old ones, or snapshots see too much.
      """,
      causes: ["tables copied in from another database", "an edit that was lost", "a MANIFEST of an older state"],
      next: [
        "See both numbers:", "sofatool dump --manifest DIR",
        "Raise the last sequence number to the largest that was found:",
        "sofatool manifest-edit DIR --set last-sequence=N --apply",
      ]),
  ]

  static let levels: [FindingExplanation] = [
    FindingExplanation(
      .levelOverlap,
      """
      Two tables of a level below 0 overlap in keys. Reads look into one of them only, so keys can be missed or old \
      versions returned. Engines refuse such a state when they check it.
      """,
      causes: ["a file added by hand", "a MANIFEST stitched together", "bounds damaged in an edit"],
      next: [
        "See which files:", "sofatool manifest-edit DIR", "Move one to level 0, where overlap is allowed:",
        "sofatool manifest-edit DIR --move-file NUMBER:0 --apply", "Then merge:", "sofatool compact DIR",
      ]),
    FindingExplanation(
      .levelSequence,
      """
      An older version of a key lies above a newer one: reads find the old one first. Data that was overwritten or \
      deleted may appear again.
      """,
      causes: ["a superseded file that was adopted again", "a file placed at a wrong level by hand or by a repair"],
      next: [
        "See every version of a key in doubt:", "sofatool dump DIR --find KEY",
        "Merging puts versions in order by their sequence numbers:", "sofatool compact DIR",
      ]),
  ]

  static let logs: [FindingExplanation] = [
    FindingExplanation(
      .walRecord,
      """
      A record in the middle of a write-ahead log is damaged, and good records follow. The writes of that record are \
      lost; an engine drops what follows as well, unless it is told to skip.
      """,
      causes: ["a failing disk", "a copy that mangled the file"],
      next: [
        "See what is before and after:", "sofatool dump --wal FILE",
        "Keep a copy of the log. Repair keeps the good records and reports the lost sequence numbers:",
        "sofatool repair DIR",
      ]),
    FindingExplanation(
      .walTail,
      """
      A write-ahead log ends in the middle of a record. After a crash this is normal: the last write was not \
      acknowledged as durable. It cannot be told from a lost write.
      """,
      causes: ["a crash or a kill while a write was being logged", "a copy taken from a running database"],
      next: [
        "Nothing, if the host crashed and writes were not synced: engines drop the tail.",
        "See the last good record:", "sofatool dump --wal FILE",
      ]),
    FindingExplanation(
      .walGap,
      """
      Sequence numbers or log numbers are missing between one log and the next: writes are lost between writes that \
      are there.
      """,
      causes: ["a log that was deleted or not copied", "records lost in a log's middle"],
      next: [
        "Look for the missing log in backups and archive directories.", "See which sequence numbers are missing:",
        "sofatool dump --wal FILE",
      ]),
    FindingExplanation(
      .currentDangling,
      """
      CURRENT is missing, is no name, or names a MANIFEST that does not exist. The tables are not touched by this; \
      what is lost is the word on which of them count.
      """,
      causes: ["a copy without CURRENT or the MANIFEST", "a crash on a file system that lost the renamed file"],
      next: [
        "If a MANIFEST is there, see whether it is whole:", "sofatool dump --manifest FILE",
        "Let repair choose or rebuild it:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .blobReference,
      """
      An entry points into a blob file that is missing, is too short, or holds another key or a damaged record there. \
      The key exists, its value is lost.
      """,
      causes: ["a blob file that was deleted or not copied", "a damaged blob record", "a restore of another state"],
      next: [
        "Look for the blob file in backups.", "See the references:", "sofatool dump --internal FILE",
        "Repair drops the entries whose value is lost and lists them:", "sofatool repair DIR",
      ]),
  ]

  static let environment: [FindingExplanation] = [
    FindingExplanation(
      .envLocked,
      """
      Another process holds the database's lock. What was read may have changed while it was read: findings about \
      missing files or torn logs may be of that kind.
      """,
      causes: ["the database is open in its own program", "another sofatool works on it"],
      next: ["Stop the program, or check a checkpoint or snapshot of the directory instead:", "sofatool verify DIR"]),
    FindingExplanation(
      .envComparatorUnknown,
      """
      A family sorts its keys by a comparator that this tool does not know. Checksums, sizes and references were \
      checked; order, separators and overlap could not be.
      """,
      causes: ["an application with its own comparator"],
      next: [
        "Nothing is wrong. Dumps come in the order of the files:", "sofatool dump DIR",
        "Commands that must sort refuse to touch such families.",
      ]),
    FindingExplanation(
      .envEncrypted,
      """
      Files look encrypted: they have an encryption prefix, or the content of none of them is recognised. Nothing in \
      them could be checked.
      """,
      causes: ["RocksDB's encrypted environment, or encryption by the application"],
      next: ["Work on a decrypted copy, for example a checkpoint written without encryption."]),
  ]
}

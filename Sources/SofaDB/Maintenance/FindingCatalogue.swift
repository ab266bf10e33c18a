/// What `sofatool explain CODE` prints: one explanation for every finding code.
public enum FindingCatalogue {
  /// In the order of `FindingCode.allCases`.
  public static let all: [FindingExplanation] = blocks + tables + files + manifest + levels + logs + environment

  public static func explanation(of code: FindingCode) -> FindingExplanation {
    for explanation in all where explanation.code == code { return explanation }
    preconditionFailure("every code is explained; a test counts them")
  }

  private static let blocks: [FindingExplanation] = [
    FindingExplanation(
      .blockChecksum,
      """
      The checksum stored beside a block does not fit its bytes: the block changed after it was written, and nothing \
      in it can be trusted. A bad data block costs the entries between the two keys of its index entry; a bad index, \
      filter or properties block can be rebuilt from the data blocks.
      """,
      causes: [
        "a failing disk, cable or controller, or memory without error correction (transient: a second read is good)",
        "a write that the device acknowledged and lost, or put elsewhere",
        "a copy or restore that was cut or mangled the file",
      ],
      next: [
        "See whether it is transient: the finding's cause says what a second read past the page cache gave. If "
          + "transient, test memory and controller before anything else.",
        "Look at what is around it:", "sofatool dump --layout FILE",
        "If a replica or backup has this file with the same digest, restore the file from there.",
        "Otherwise see what would be lost, then salvage everything else:", "sofatool repair DIR",
        "sofatool repair DIR --apply",
      ]),
    FindingExplanation(
      .blockDecode,
      """
      The block's checksum is right and its content is not: it does not decompress, or its entries or restart points \
      contradict the format. The bytes are what the writer wrote, so the writer was wrong, or the checksum was made \
      after the damage.
      """,
      causes: [
        "memory errors or a bug in the program that wrote the table, before the checksum was computed",
        "a block of another kind or file at this place",
        "a codec or dictionary that does not belong to the block",
      ],
      next: [
        "Note the table's creator and date:", "sofatool dump --properties FILE",
        "Check other tables that the same host wrote at that time:", "sofatool verify DIR --level full",
        "Salvage the other blocks:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .blockZeroFilled,
      """
      The block reads as zeros. Its place was allocated and its bytes never arrived, or the device returned a hole.
      """,
      causes: [
        "power loss or a crash of the host after the file grew and before its bytes were written",
        "a sparse copy or a restore that skipped a range", "a file system that was repaired by its own checker",
      ],
      next: [
        "Compare size and date with a backup or replica and restore the file if it is whole there.",
        "Otherwise see what is lost and salvage the rest:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .blockMisplaced,
      """
      The block is intact and belongs elsewhere: its checksum holds for another offset or another file. Tables of \
      format version 6 and later bind checksums to place.
      """,
      causes: [
        "a write that the device put at a wrong address", "a file assembled from parts of others",
        "a file system or block layer that mixed extents up",
      ],
      next: [
        "Suspect the storage below: other files may have lost the blocks that should be here.",
        "sofatool verify DIR --level full", "Then salvage:", "sofatool repair DIR",
      ]),
  ]

  private static let tables: [FindingExplanation] = [
    FindingExplanation(
      .tableOrder,
      """
      Two neighbouring entries of a table are not in ascending order, or one is repeated. Lookups use binary search, \
      so keys near this place may not be found although they are there.
      """,
      causes: [
        "memory errors while the table was written", "a table written with another comparator",
        "a program that built the table and did not sort its input",
      ],
      next: [
        "Look at the comparator and the creator:", "sofatool dump --properties FILE",
        "List the entries as they lie in the file:", "sofatool dump --internal FILE",
        "Rewrite the table with its entries sorted:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .tableSeparator,
      """
      An index entry does not separate its blocks: it is smaller than the last key of its own block or not smaller \
      than the first key of the next. A lookup may go to the wrong block and miss keys that exist.
      """,
      causes: ["memory errors while the index was written", "a table written with another comparator"],
      next: ["The data blocks are intact; the index can be built again from them:", "sofatool repair DIR"]),
    FindingExplanation(
      .tableFilterFalseNegative,
      """
      The filter says that a key is not in the table, and it is. Reads that trust the filter lose the key or return an \
      older version of it; scans still see it.
      """,
      causes: [
        "memory errors while the filter was built", "a filter of another table",
        "a prefix extractor or hash that changed between versions of the program",
      ],
      next: [
        "Until it is repaired, open the database without filters, or read with scans.",
        "Compaction writes a new filter:", "sofatool compact DIR", "or repair does, for this table alone:",
        "sofatool repair DIR",
      ]),
    FindingExplanation(
      .tableProperties,
      """
      The properties block says something else than the table holds: number of entries or deletions, sizes of keys, \
      values, index or data. The entries themselves are not in doubt; planners of compactions may be misled.
      """,
      causes: [
        "memory errors while the table was written", "entries lost between counting and writing",
        "a writer with other rules of counting",
      ],
      next: [
        "Compare stored and computed:", "sofatool dump --properties FILE",
        "If entries are fewer than stored, treat it as a loss and look for a backup of this table.",
        "Otherwise the next compaction of the table corrects it:", "sofatool compact DIR",
      ]),
    FindingExplanation(
      .tableBounds,
      """
      An entry of the table lies outside the smallest and largest key that the MANIFEST gives for it. Reads choose \
      tables by these bounds and miss the entry.
      """,
      causes: [
        "a table replaced by another of the same number, by a copy or a restore",
        "a MANIFEST of another state of the directory", "memory errors while the edit was written",
      ],
      next: [
        "Compare the MANIFEST's idea with the file:", "sofatool dump --manifest DIR", "sofatool info FILE",
        "If the file belongs here, correct the MANIFEST from the tables:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .tableTruncated,
      """
      The table ends too early: its footer is missing, or blocks lie beyond its end. The blocks that are there can be \
      salvaged one by one.
      """,
      causes: [
        "a copy or restore that was cut", "power loss before the file was synced", "a full disk",
      ],
      next: [
        "Look for a whole copy: its size is in the MANIFEST.", "sofatool dump --manifest DIR",
        "Salvage what is left:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .tableNotATable,
      """
      The file has the name of a table and not its content: no known magic number at its end, or a footer that points \
      nowhere.
      """,
      causes: [
        "another kind of file under a table's name", "an encrypted file", "a file cut or overwritten at its end",
      ],
      next: [
        "See what it is, with your system's `file` and the first bytes.",
        "If the MANIFEST lists it, restore it from a backup or see what repair can do:", "sofatool repair DIR",
      ]),
    FindingExplanation(
      .tableUnsupported,
      """
      The table uses something that this tool recognises and cannot read: a codec, an index type, a format version \
      that is newer. Nothing is wrong with it as far as can be seen, and it was not checked completely.
      """,
      causes: ["a newer RocksDB wrote it", "a codec that this build does not have (bzip2, xpress)"],
      next: [
        "See which feature it is:", "sofatool dump --properties FILE",
        "Read it with the program that wrote it, or rewrite it there with another codec.",
      ]),
    FindingExplanation(
      .tableNoChecksum,
      """
      The table's footer says that its blocks have no checksums, so damage in them cannot be noticed. One flipped byte \
      of a footer has the same effect.
      """,
      causes: ["it was written with checksums off (kNoChecksum)", "a damaged or forged footer"],
      next: [
        "If nobody switched checksums off, compare with a backup.", "Rewriting gives every block a checksum again:",
        "sofatool convert-compression DIR --to zstd",
      ]),
  ]
}

/// One blob file of a database.
public struct InspectedBlobFile: Sendable {
  public var name: String
  public var family: String
  /// Bytes on disk; nil when it is not there.
  public var size: UInt64?
  public var metadata: BlobFileMetadata
  /// Of its values; nil when the header cannot be read.
  public var codec: String?
}

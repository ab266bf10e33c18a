/// Whether writers may go on.
public enum WriteHold: Sendable, Equatable { case free, slowed, stopped }

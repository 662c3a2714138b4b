//! What csq.sys says of itself.

use ntsim::rules;

rules! {
    /// INV-37, TR-23.
    UNBALANCED = "statistics-unbalanced", None,
        "In every snapshot of the statistics each request is counted exactly once.";
    /// TR-77.
    SHARED = "devices-share", None,
        "What one device has is nothing to another.";
    /// TR-36.
    WITHOUT_HANDLE = "kept-without-handle", None,
        "A request that belongs to no handle is refused: no cleanup would end it.";
    /// TR-25.
    REFUSED = "refused-for-nothing", None,
        "While nothing else happens, what a correct program asks for within the limits is done.";
    /// TR-24, TR-88.
    LIMIT_EXCEEDED = "limit-exceeded", None,
        "At no time does the driver have more requests than its limit, nor of one handle than that allows.";
    /// What a client is told.
    MISCOUNTED = "cancel-miscounted", None,
        "CANCEL counts no request that ends in another way.";
    /// A request that comes back is the oldest still.
    OUT_OF_TURN = "claimed-out-of-turn", None,
        "The oldest request is claimed first, and keeps its id when it comes back.";
    /// TR-89.
    STRANGER = "done-for-stranger", None,
        "No handle completes what another has claimed, nor cancels what another has pended.";
    /// What is written to a trace.
    TRACE_UNTRUE = "trace-untrue", None,
        "The driver's events can be read, and tell the life of every request as it was.";
    /// What a session records.
    UNWANTED_EVENTS = "trace-unwanted", None,
        "The driver writes an event exactly if a session asks for its level and keyword.";
    /// INV-37.
    WRONG_TOTAL = "statistics-wrong", None,
        "At rest the statistics say how many requests and claims are there and how the others ended.";
    /// TR-26.
    NOT_DELIVERED = "claim-not-delivered", None,
        "At rest no claim waits while a request is pending.";
    /// What a server had when it went away.
    CLAIM_LOST = "claim-lost", None,
        "At rest no request is claimed by a handle that is closed.";
    /// TR-69.
    WRONG_STATE = "wrong-state", None,
        "A device takes handles and requests while it is started, says that it is not ready while it is not, \
         and that it is going away from the query for its removal on.";
}

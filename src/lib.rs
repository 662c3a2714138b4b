//! csq.sys: a WDM driver that keeps the requests of user-mode programs pending in cancel-safe
//! queues until somebody answers them.
//!
//! ```text
//! client ──PEND──► [ pending ] ──CLAIM──► [ claimed ] ──COMPLETE──► client
//!                       │  ▲                   │
//!                       │  └── server closed ──┤
//!                       └───────────┬──────────┘
//!                                   ├── COMPLETE_NEXT (pending only) ──► client
//!                                   └── CancelIoEx, CANCEL, timeout, closing, removal ──► client
//!
//! server ──CLAIM, nothing pending──► [ waiting ] ──a request comes──► server
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `entry.rs` | `DriverEntry`, the allocator and the panic handler |
//! | `parameters.rs` | limits, from the registry |
//! | `device.rs` | the state of one device, and which function does each of its routines |
//! | `ioctl.rs` | decodes device control requests, checks every length |
//! | `requests.rs` | what is done with a request: pend, claim, complete, cancel, count |
//! | `queues.rs` | what the lock of a device guards: its lists, its handles, what is kept for a request |
//! | `pending.rs`, `waiting.rs` | the disciplines of the two queues: requests, and claims that wait for one |
//! | `reason.rs`, `statistics.rs` | why a request ends, and how many did |
//! | `trace.rs` | the provider of the events that it writes |
//!
//! The IOCTLs are described in the `csq_protocol` crate, the queues in `wdm::csq`, and what the kernel's `IoCsq*`
//! routines are used for in `src/wdm/IOCSQ.md`. All unsafe code but `DriverEntry`'s own is in the `wdm` crate.
//!
//! # The path of a request
//!
//! What happens in each file, in the order in which a reader comes to it. Files of which a path uses accessors only,
//! as `wdm/stack_location.rs`, are left out.
//!
//! | `PEND` | what happens there |
//! |---|---|
//! | `wdm/dispatch.rs` | the I/O manager's call |
//! | `wdm/call.rs` | a critical region: the thread is not suspended until it returns |
//! | `wdm/remove_lock.rs` | a reference for as long as the IRP is |
//! | `device.rs` | `device_control` |
//! | `ioctl.rs` | which code it is; checks the input and both lengths |
//! | `requests.rs` | `pend`: refuses it if the device is not started |
//! | `wdm/csq/insert.rs` | admission, slot, timer, `IoCsqInsertIrp` |
//! | `wdm/csq/lock.rs` | holds the lock for the admission |
//! | `pending.rs` | `admit`, and from the callback `insert`: which list it goes to |
//! | `queues.rs` | the limit of its handle; whether handle or device is closing |
//! | `wdm/csq/slots.rs` | a slot, and with it the id |
//! | `wdm/csq/callbacks.rs` | the kernel's calls: lock, insert, unlock |
//! | `statistics.rs` | counts it |
//! | `wdm/csq/list.rs` | links it: last in its list, and in that of its handle |
//!
//! | `COMPLETE` | what happens there |
//! |---|---|
//! | `wdm/dispatch.rs`, `wdm/call.rs`, `wdm/remove_lock.rs`, `device.rs` | as above |
//! | `ioctl.rs` | checks the input, and that there is room for the answer |
//! | `requests.rs` | `complete` |
//! | `wdm/csq/queue.rs` | `remove`: `IoCsqRemoveNextIrp` |
//! | `wdm/csq/callbacks.rs` | the kernel's calls: lock, peek, remove, unlock |
//! | `pending.rs` | `peek`: the request with the id, if this handle serves it; `remove`: why it ends |
//! | `wdm/csq/slots.rs` | finds the slot by the id, and frees it |
//! | `statistics.rs` | counts its end |
//! | `wdm/csq/list.rs` | unlinks it |
//! | `wdm/buffer.rs` | copies the answer, and notes in the IRP how long it is |
//! | `wdm/irp.rs` | completes the IRP and releases its reference; then completes the server's own |

#![no_std]

mod device;
mod entry;
mod ioctl;
mod parameters;
mod pending;
mod queues;
mod reason;
mod requests;
mod statistics;
mod trace;
mod waiting;

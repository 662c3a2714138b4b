// The protocol of csq.sys for clients in C: include it after windows.h. Written by a test of csq-protocol,
// `CSQ_WRITE=1 cargo test --package csq-protocol`, which fails if it is not what the driver is built from.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <winioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

// The version of all this; each input carries it.
#define CSQ_PROTOCOL_VERSION 2

// The longest payload, in bytes, of a request or of an answer.
#define CSQ_MAX_PAYLOAD 4096

// The device interface class by which a program finds the device. In one file, include initguid.h before.
#ifdef DEFINE_GUID
DEFINE_GUID(GUID_DEVINTERFACE_CSQ, 0x5c2b71a2, 0x8a9e, 0x4b1d, 0x9b, 0x52, 0x3f, 0x6e, 0x0c, 0x51, 0xd7, 0xa4);
#endif

// Asks which protocol the driver speaks.
#define IOCTL_CSQ_QUERY_VERSION CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_READ_DATA)
C_ASSERT(IOCTL_CSQ_QUERY_VERSION == 0x226000);

// Leaves a request with the driver until somebody ends it.
#define IOCTL_CSQ_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_READ_DATA)
C_ASSERT(IOCTL_CSQ_PEND == 0x226004);

// Ends the oldest pending request with success and a payload.
#define IOCTL_CSQ_COMPLETE_NEXT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_BUFFERED, FILE_WRITE_DATA)
C_ASSERT(IOCTL_CSQ_COMPLETE_NEXT == 0x22a008);

// Ends the caller's own requests with CSQ_STATUS_CANCELLED, wherever they are.
#define IOCTL_CSQ_CANCEL CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_READ_DATA)
C_ASSERT(IOCTL_CSQ_CANCEL == 0x22600c);

// Reads the account of all requests.
#define IOCTL_CSQ_QUERY_STATISTICS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_READ_DATA)
C_ASSERT(IOCTL_CSQ_QUERY_STATISTICS == 0x226010);

// Takes the oldest pending request to the caller's handle, which can then answer it by its id.
#define IOCTL_CSQ_CLAIM CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_BUFFERED, FILE_WRITE_DATA)
C_ASSERT(IOCTL_CSQ_CLAIM == 0x22a014);

// Ends a request that the caller's handle has claimed, with a status and a payload.
#define IOCTL_CSQ_COMPLETE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x806, METHOD_BUFFERED, FILE_WRITE_DATA)
C_ASSERT(IOCTL_CSQ_COMPLETE == 0x22a018);

// Answer to IOCTL_CSQ_QUERY_VERSION.
typedef struct _CSQ_VERSION {
    // CSQ_PROTOCOL_VERSION of the driver.
    UINT32 Version;
    // The longest payload it takes, in bytes.
    UINT32 MaxPayload;
    // How many requests may be with the device at once, those of all handles together. Waiting claims count
    // as requests.
    UINT32 DeviceLimit;
    // How many of them one handle may have.
    UINT32 HandleLimit;
} CSQ_VERSION, *PCSQ_VERSION;
C_ASSERT(sizeof(CSQ_VERSION) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_VERSION, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_VERSION, MaxPayload) == 4);
C_ASSERT(FIELD_OFFSET(CSQ_VERSION, DeviceLimit) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_VERSION, HandleLimit) == 12);

// Input of IOCTL_CSQ_PEND; the payload follows.
typedef struct _CSQ_PEND {
    // CSQ_PROTOCOL_VERSION.
    UINT32 Version;
    // After how many milliseconds the request ends by itself with CSQ_STATUS_IO_TIMEOUT; 0 for never.
    UINT32 Timeout;
    // The caller's name for the request. Need not be unique.
    UINT64 Tag;
    // Length of the payload in bytes.
    UINT32 PayloadLength;
    // Zero.
    UINT32 Reserved;
} CSQ_PEND, *PCSQ_PEND;
C_ASSERT(sizeof(CSQ_PEND) == 24);
C_ASSERT(FIELD_OFFSET(CSQ_PEND, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_PEND, Timeout) == 4);
C_ASSERT(FIELD_OFFSET(CSQ_PEND, Tag) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_PEND, PayloadLength) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_PEND, Reserved) == 20);

// Input of IOCTL_CSQ_COMPLETE_NEXT; the payload follows.
typedef struct _CSQ_COMPLETE_NEXT {
    // CSQ_PROTOCOL_VERSION.
    UINT32 Version;
    // Length of the payload in bytes.
    UINT32 PayloadLength;
} CSQ_COMPLETE_NEXT, *PCSQ_COMPLETE_NEXT;
C_ASSERT(sizeof(CSQ_COMPLETE_NEXT) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE_NEXT, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE_NEXT, PayloadLength) == 4);

// Answer to IOCTL_CSQ_COMPLETE_NEXT.
typedef struct _CSQ_COMPLETED {
    // The driver's name for the request. It is not used for another one for at least 2^32 requests.
    UINT64 Id;
    // The CSQ_PEND.Tag it was pended with.
    UINT64 Tag;
    // How many bytes of the payload fitted into the request's output buffer. If it was not all of them, the
    // request ended with CSQ_STATUS_BUFFER_OVERFLOW.
    UINT32 Delivered;
    // Zero.
    UINT32 Reserved;
} CSQ_COMPLETED, *PCSQ_COMPLETED;
C_ASSERT(sizeof(CSQ_COMPLETED) == 24);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETED, Id) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETED, Tag) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETED, Delivered) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETED, Reserved) == 20);

// Input of IOCTL_CSQ_CLAIM.
typedef struct _CSQ_CLAIM {
    // CSQ_PROTOCOL_VERSION.
    UINT32 Version;
    // Zero or CSQ_CLAIM_WAIT.
    UINT32 Flags;
} CSQ_CLAIM, *PCSQ_CLAIM;
C_ASSERT(sizeof(CSQ_CLAIM) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIM, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIM, Flags) == 4);

// Answer to IOCTL_CSQ_CLAIM; the payload follows. The output buffer must have room for CSQ_MAX_PAYLOAD bytes
// of it, so that any request fits.
typedef struct _CSQ_CLAIMED {
    // The driver's name for the request, for CSQ_COMPLETE.Id.
    UINT64 Id;
    // The CSQ_PEND.Tag it was pended with.
    UINT64 Tag;
    // Length of the payload in bytes.
    UINT32 PayloadLength;
    // Zero.
    UINT32 Reserved;
} CSQ_CLAIMED, *PCSQ_CLAIMED;
C_ASSERT(sizeof(CSQ_CLAIMED) == 24);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIMED, Id) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIMED, Tag) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIMED, PayloadLength) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_CLAIMED, Reserved) == 20);

// Input of IOCTL_CSQ_COMPLETE; the payload follows.
typedef struct _CSQ_COMPLETE {
    // CSQ_PROTOCOL_VERSION.
    UINT32 Version;
    // The NTSTATUS the request is to end with. None of the CSQ_NO_ENDING_*.
    UINT32 Status;
    // The CSQ_CLAIMED.Id.
    UINT64 Id;
    // Length of the payload in bytes. Zero if status is an error: the I/O manager gives a program no output
    // then.
    UINT32 PayloadLength;
    // Zero.
    UINT32 Reserved;
} CSQ_COMPLETE, *PCSQ_COMPLETE;
C_ASSERT(sizeof(CSQ_COMPLETE) == 24);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE, Status) == 4);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE, Id) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE, PayloadLength) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_COMPLETE, Reserved) == 20);

// Answer to IOCTL_CSQ_COMPLETE.
typedef struct _CSQ_DELIVERED {
    // How many bytes of the payload fitted into the request's output buffer. If it was not all of them, the
    // request ended with CSQ_STATUS_BUFFER_OVERFLOW.
    UINT32 Delivered;
    // Zero.
    UINT32 Reserved;
} CSQ_DELIVERED, *PCSQ_DELIVERED;
C_ASSERT(sizeof(CSQ_DELIVERED) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_DELIVERED, Delivered) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_DELIVERED, Reserved) == 4);

// Input of IOCTL_CSQ_CANCEL.
typedef struct _CSQ_CANCEL {
    // CSQ_PROTOCOL_VERSION.
    UINT32 Version;
    // One of CSQ_SCOPE_*.
    UINT32 Scope;
    // With CSQ_SCOPE_TAG the tag, with CSQ_SCOPE_ID the id; otherwise zero.
    UINT64 Target;
} CSQ_CANCEL, *PCSQ_CANCEL;
C_ASSERT(sizeof(CSQ_CANCEL) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_CANCEL, Version) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_CANCEL, Scope) == 4);
C_ASSERT(FIELD_OFFSET(CSQ_CANCEL, Target) == 8);

// Answer to IOCTL_CSQ_CANCEL.
typedef struct _CSQ_CANCELED {
    // How many requests ended.
    UINT64 Count;
} CSQ_CANCELED, *PCSQ_CANCELED;
C_ASSERT(sizeof(CSQ_CANCELED) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_CANCELED, Count) == 0);

// Answer to IOCTL_CSQ_QUERY_STATISTICS: one snapshot, in which at every instant pended == completed +
// canceled + timed_out + flushed + pending + claimed.
typedef struct _CSQ_STATISTICS {
    // Requests the driver has ever taken.
    UINT64 Pended;
    // Ended by a server.
    UINT64 Completed;
    // Ended by CancelIoEx, IOCTL_CSQ_CANCEL or the end of a thread.
    UINT64 Canceled;
    // Ended by their timeout.
    UINT64 TimedOut;
    // Ended because their handle was closed or the device went away.
    UINT64 Flushed;
    // Waiting for a server now.
    UINT64 Pending;
    // With a server now.
    UINT64 Claimed;
    // The most that were ever pending and claimed at once.
    UINT64 HighWater;
    // Handles open now, the asking one included.
    UINT64 Handles;
    // Requests and claims that were turned away with CSQ_STATUS_QUOTA_EXCEEDED.
    UINT64 Refused;
    // Claims that wait for a request now.
    UINT64 Waiting;
} CSQ_STATISTICS, *PCSQ_STATISTICS;
C_ASSERT(sizeof(CSQ_STATISTICS) == 88);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Pended) == 0);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Completed) == 8);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Canceled) == 16);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, TimedOut) == 24);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Flushed) == 32);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Pending) == 40);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Claimed) == 48);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, HighWater) == 56);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Handles) == 64);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Refused) == 72);
C_ASSERT(FIELD_OFFSET(CSQ_STATISTICS, Waiting) == 80);

// Which requests IOCTL_CSQ_CANCEL ends. Always only those of the handle that asks.

// All of them.
#define CSQ_SCOPE_ALL 0
// Those pended with one tag.
#define CSQ_SCOPE_TAG 1
// The one with an id.
#define CSQ_SCOPE_ID 2

// The flags of IOCTL_CSQ_CLAIM.

// If nothing is pending, the claim itself pends until something is.
#define CSQ_CLAIM_WAIT 1

// How requests end, for CSQ_COMPLETE.Status and OVERLAPPED.Internal; GetLastError says the Win32 error instead.
#define CSQ_STATUS_SUCCESS 0x00000000u // Win32: 0
#define CSQ_STATUS_PENDING 0x00000103u // Win32: 997
#define CSQ_STATUS_BUFFER_OVERFLOW 0x80000005u // Win32: 234
#define CSQ_STATUS_INFO_LENGTH_MISMATCH 0xc0000004u // Win32: 24
#define CSQ_STATUS_INVALID_PARAMETER 0xc000000du // Win32: 87
#define CSQ_STATUS_INVALID_DEVICE_REQUEST 0xc0000010u // Win32: 1
#define CSQ_STATUS_ACCESS_DENIED 0xc0000022u // Win32: 5
#define CSQ_STATUS_BUFFER_TOO_SMALL 0xc0000023u // Win32: 122
#define CSQ_STATUS_QUOTA_EXCEEDED 0xc0000044u // Win32: 1816
#define CSQ_STATUS_REVISION_MISMATCH 0xc0000059u // Win32: 1306
#define CSQ_STATUS_INSUFFICIENT_RESOURCES 0xc000009au // Win32: 1450
#define CSQ_STATUS_DEVICE_NOT_READY 0xc00000a3u // Win32: 21
#define CSQ_STATUS_IO_TIMEOUT 0xc00000b5u // Win32: 121
#define CSQ_STATUS_CANCELLED 0xc0000120u // Win32: 995
#define CSQ_STATUS_FILE_CLOSED 0xc0000128u // Win32: 6
#define CSQ_STATUS_INVALID_BUFFER_SIZE 0xc0000206u // Win32: 1784
#define CSQ_STATUS_NOT_FOUND 0xc0000225u // Win32: 1168
#define CSQ_STATUS_DEVICE_REMOVED 0xc00002b6u // Win32: 1617

#ifdef __cplusplus
}
#endif

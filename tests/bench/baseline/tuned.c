/* The best this project can do in C with the data structures of csq.sys: one queue; a slot per request, found by
 * an id in constant time; the list that a request is in says what state it is in, and claiming it moves it to the
 * list of the server's handle; a chain per handle, so that nobody else's requests are ever looked at; slots and
 * limits under the queue's lock; no memory taken per request; a request that is ending waits in a list of its own
 * for whoever completes it.
 *
 * It does less than csq.sys: no claims that wait, no event for a claim, and CANCEL chooses its requests one by one. */
#include "trace.h"

/* Whether the timer of a slot is set, and whether its routine outlives the request. */
typedef enum _TIMER_STATE {
    TimerIdle,
    TimerSet,
    TimerLeft
} TIMER_STATE;

/* DriverContext[2] of a request in the queue points here. */
typedef struct DECLSPEC_ALIGN(64) _SLOT {
    /* NULL while the request is not in the queue. */
    PIRP Irp;
    /* The list that it is in. */
    PLIST_ENTRY List;
    PHANDLE_CONTEXT Owner;
    ULONG64 Tag;
    ULONG64 Sequence;
    PQUEUE Queue;
    ULONG Generation;
    /* The next free slot's index. */
    ULONG NextFree;
    /* Why the request ends, once that is decided: an ENDING, or Undecided. */
    UCHAR Fate;
    UCHAR Timer;
    BOOLEAN Claimed;
} SLOT, *PSLOT;

C_ASSERT(sizeof(SLOT) == 64);

/* For each slot, if its request has a timer. */
typedef struct _TIMING {
    IO_CSQ_IRP_CONTEXT Context;
    KTIMER Timer;
    KDPC Dpc;
} TIMING, *PTIMING;

/* The lock guards all but the kernel's. */
struct _QUEUE {
    IO_CSQ Csq;
    KDPC Attention;
    KSPIN_LOCK Lock;
    /* What the peek routine returned last, and for whom. */
    PIRP Peeked;
    PPEEK Peek;
    PSLOT Slots;
    PTIMING Timings;
    ULONG SlotCount;
    ULONG FirstFree;
    LIST_ENTRY Pending;
    LIST_ENTRY Ending;
    ULONG64 Pended;
    ULONG64 Live;
    ULONG64 HighWater;
    ULONG64 Ended[EndCount];
    ULONG64 Claims;
    BOOLEAN Retired;
    /* Not under the lock. */
    volatile LONG64 Refused;
};

/* Under the lock. */
struct _HANDLE_CONTEXT {
    LIST_ENTRY Requests;
    LIST_ENTRY Served;
    ULONG Outstanding;
    BOOLEAN Closing;
};

/* Removals that only this file knows of, besides WHICH. */
#define WhichClaim ((WHICH)(WhichId + 1))
#define WhichEnding ((WHICH)(WhichId + 2))
#define Undecided EndCount
/* For how many steps the lock is held at most. */
#define STEPS 64

/* Closing and removal are seen under the lock, as in csq.sys: nobody waits for what is on its way in. */
#define RUNDOWNS 0
#define TIMEOUTS 1

#include "frame.h"

/* On the stack of the inserting thread. DriverContext[2] points here until the request is in the queue. */
typedef struct _ARRIVAL {
    PSLOT Slot;
    BOOLEAN Canceled;
} ARRIVAL, *PARRIVAL;

#define CONTEXT_OF(irp) ((irp)->Tail.Overlay.DriverContext[2])
#define SLOT_OF(irp) ((PSLOT)CONTEXT_OF(irp))
#define QUEUE_LINK(irp) (&(irp)->Tail.Overlay.ListEntry)
#define IRP_OF_QUEUE(link) CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry)
#define CHAIN_LINK(irp) ((PLIST_ENTRY)&(irp)->Tail.Overlay.DriverContext[0])
#define IRP_OF_CHAIN(link) CONTAINING_RECORD(link, IRP, Tail.Overlay.DriverContext[0])
/* What the owner of a request that was removed finds: why it ends. */
#define FATE_OF(irp) ((irp)->Tail.Overlay.DriverContext[0])
#define QUEUE_OF(csq) CONTAINING_RECORD(csq, QUEUE, Csq)
#define DEVICE_OF(queue) CONTAINING_RECORD(queue, DEVICE, Queue)
#define TIMING_OF(queue, slot) (&(queue)->Timings[(slot) - (queue)->Slots])
#define ID_OF(queue, slot) ((ULONG64)(slot)->Generation << 32 | (ULONG)((slot) - (queue)->Slots))

/* ---- Slots, with the lock held ---- */

static FORCEINLINE VOID FreeSlot(PQUEUE Queue, PSLOT Slot)
{
    Slot->Timer = TimerIdle;
    Slot->NextFree = Queue->FirstFree;
    Queue->FirstFree = (ULONG)(Slot - Queue->Slots);
}

/* The request is gone. Its timer may not be. */
static FORCEINLINE VOID VacateSlot(PQUEUE Queue, PSLOT Slot)
{
    Slot->Irp = NULL;
    if (Slot->Timer == TimerSet && !KeCancelTimer(&TIMING_OF(Queue, Slot)->Timer)) {
        Slot->Timer = TimerLeft;
    } else {
        FreeSlot(Queue, Slot);
    }
}

static FORCEINLINE PSLOT FindSlot(PQUEUE Queue, ULONG64 Id)
{
    ULONG index = (ULONG)Id;
    PSLOT slot = &Queue->Slots[index];

    return index < Queue->SlotCount && slot->Generation == Id >> 32 && slot->Irp != NULL ? slot : NULL;
}

static FORCEINLINE VOID MoveBefore(PSLOT Slot, PLIST_ENTRY Next, PLIST_ENTRY List)
{
    Unlink(QUEUE_LINK(Slot->Irp));
    LinkBefore(Next, QUEUE_LINK(Slot->Irp));
    Slot->List = List;
}

/* Decides why a request ends, unless that is decided, and moves it to those that are ending. */
static FORCEINLINE VOID Decide(PQUEUE Queue, PSLOT Slot, ENDING Ending)
{
    if (Slot->Fate == Undecided) {
        Slot->Fate = (UCHAR)Ending;
        MoveBefore(Slot, &Queue->Ending, &Queue->Ending);
    }
}

/* ---- Callbacks ---- */

static VOID InsertIrp(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = QUEUE_OF(Csq);
    PSLOT slot = ((PARRIVAL)CONTEXT_OF(Irp))->Slot;
    PHANDLE_CONTEXT owner = slot->Owner;
    PLIST_ENTRY list = &queue->Pending;

    slot->Sequence = ++queue->Pended;
    if (++queue->Live > queue->HighWater) {
        queue->HighWater = queue->Live;
    }
    if (TraceLevel != 0) {
        TraceWrite(EventPend, ID_OF(queue, slot), slot->Tag, 0);
    }
    if (slot->Fate == Undecided && (owner->Closing || queue->Retired)) {
        slot->Fate = EndFlushed;
    }
    if (slot->Fate != Undecided) {
        list = &queue->Ending;
    }
    slot->Irp = Irp;
    slot->List = list;
    LinkBefore(&owner->Requests, CHAIN_LINK(Irp));
    CONTEXT_OF(Irp) = slot;
    LinkBefore(list, QUEUE_LINK(Irp));
    if (list == &queue->Ending) {
        KeInsertQueueDpc(&queue->Attention, NULL, NULL);
    }
}

static VOID RemoveIrp(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = QUEUE_OF(Csq);
    PSLOT slot = SLOT_OF(Irp);
    ULONG fate = slot->Fate;
    PLIST_ENTRY next = QUEUE_LINK(Irp)->Flink;

    /* The next is likely to be removed next. */
    if (next != slot->List) {
        __builtin_prefetch(SLOT_OF(IRP_OF_QUEUE(next)));
    }
    if (fate == Undecided) {
        fate = queue->Peeked == Irp ? queue->Peek->Ending : EndCanceled;
    }
    queue->Peeked = NULL;
    if (slot->Claimed) {
        queue->Claims--;
    }
    queue->Live--;
    queue->Ended[fate]++;
    slot->Owner->Outstanding--;
    Unlink(QUEUE_LINK(Irp));
    Unlink(CHAIN_LINK(Irp));
    FATE_OF(Irp) = (PVOID)(ULONG_PTR)fate;
    CONTEXT_OF(Irp) = NULL;
    VacateSlot(queue, slot);
}

static FORCEINLINE PIRP NextInList(PLIST_ENTRY List, PIRP Irp)
{
    PLIST_ENTRY next = Irp == NULL ? List->Flink : QUEUE_LINK(Irp)->Flink;

    return next == List ? NULL : IRP_OF_QUEUE(next);
}

static FORCEINLINE PIRP NextInChain(PLIST_ENTRY Chain, PIRP Irp)
{
    PLIST_ENTRY next = Irp == NULL ? Chain->Flink : CHAIN_LINK(Irp)->Flink;

    return next == Chain ? NULL : IRP_OF_CHAIN(next);
}

/* The request with this id, if it is for Peek; there is none after it. */
static FORCEINLINE PIRP WithId(PQUEUE Queue, PPEEK Peek)
{
    PSLOT slot = FindSlot(Queue, Peek->Target);
    BOOLEAN found;

    if (slot == NULL) {
        return NULL;
    }
    found = Peek->Which == WhichClaim ? slot->List == &Peek->Handle->Served
                                      : slot->Owner == Peek->Handle && slot->Fate == Undecided;
    return found ? slot->Irp : NULL;
}

/* Whether a request of its handle is for Peek. Closing is about those that are ending, too. */
static FORCEINLINE BOOLEAN Matches(PSLOT Slot, PPEEK Peek)
{
    return (Peek->Ending == EndFlushed || Slot->Fate == Undecided)
        && (Peek->Which != WhichTag || Slot->Tag == Peek->Target);
}

static PIRP PeekNextIrp(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PQUEUE queue = QUEUE_OF(Csq);
    PPEEK peek = Context;

    switch ((int)peek->Which) {
    case WhichAny:
        Irp = NextInList(&queue->Pending, Irp);
        break;
    case WhichEnding:
        Irp = NextInList(&queue->Ending, Irp);
        break;
    case WhichFile:
    case WhichTag:
        do {
            Irp = NextInChain(&peek->Handle->Requests, Irp);
        } while (Irp != NULL && !Matches(SLOT_OF(Irp), peek));
        break;
    default:
        Irp = Irp == NULL ? WithId(queue, peek) : NULL;
        break;
    }
    queue->Peeked = Irp;
    queue->Peek = peek;
    return Irp;
}

static VOID AcquireLock(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&QUEUE_OF(Csq)->Lock, Irql);
}

static VOID ReleaseLock(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&QUEUE_OF(Csq)->Lock, Irql);
}

static NTSTATUS StatusOf(PQUEUE Queue, ULONG Fate)
{
    if (Fate == EndTimedOut) {
        return STATUS_IO_TIMEOUT;
    }
    return Fate == EndFlushed && Queue->Retired ? STATUS_DEVICE_REMOVED : STATUS_CANCELLED;
}

static VOID EndDecided(PQUEUE Queue, PIRP Irp)
{
    QueueEnd(DEVICE_OF(Queue), Irp, StatusOf(Queue, (ULONG)(ULONG_PTR)FATE_OF(Irp)), 0);
}

/* One that was canceled before the insertion is left to the inserting thread. */
static VOID CompleteCanceledIrp(PIO_CSQ Csq, PIRP Irp)
{
    PARRIVAL arrival = CONTEXT_OF(Irp);

    if (arrival != NULL) {
        arrival->Canceled = TRUE;
    } else {
        EndDecided(QUEUE_OF(Csq), Irp);
    }
}

/* Completes what is ending. */
static VOID Attend(PQUEUE Queue)
{
    PEEK peek = { WhichEnding, EndFlushed, NULL, NULL, 0 };
    PIRP irp;

    while ((irp = IoCsqRemoveNextIrp(&Queue->Csq, &peek)) != NULL) {
        EndDecided(Queue, irp);
    }
}

static VOID AttendLater(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    Attend(Context);
}

/* ---- What the frame calls ---- */

static VOID QueueLoad(VOID)
{
    TraceRegister();
}

static VOID QueueUnload(VOID)
{
    TraceUnregister();
}

static NTSTATUS QueueInitialize(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;

    KeInitializeSpinLock(&queue->Lock);
    KeInitializeDpc(&queue->Attention, AttendLater, queue);
    InitializeListHead(&queue->Pending);
    InitializeListHead(&queue->Ending);
    return IoCsqInitialize(&queue->Csq, InsertIrp, RemoveIrp, PeekNextIrp, AcquireLock, ReleaseLock,
        CompleteCanceledIrp);
}

static VOID FreeTable(PQUEUE Queue)
{
    if (Queue->Slots != NULL) {
        ExFreePoolWithTag(Queue->Slots, TAG);
    }
    if (Queue->Timings != NULL) {
        ExFreePoolWithTag(Queue->Timings, TAG);
    }
    Queue->Slots = NULL;
    Queue->Timings = NULL;
}

static NTSTATUS QueueStart(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;
    ULONG index;

    if (queue->Slots != NULL) {
        return STATUS_SUCCESS;
    }
    queue->Slots = ExAllocatePool2(0x40, (SIZE_T)Device->DeviceLimit * sizeof(SLOT), TAG);
    queue->Timings = ExAllocatePool2(0x40, (SIZE_T)Device->DeviceLimit * sizeof(TIMING), TAG);
    if (queue->Slots == NULL || queue->Timings == NULL) {
        FreeTable(queue);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (index = 0; index < Device->DeviceLimit; index++) {
        queue->Slots[index].Queue = queue;
        queue->Slots[index].NextFree = index + 1;
    }
    queue->SlotCount = Device->DeviceLimit;
    return STATUS_SUCCESS;
}

static VOID QueueFree(PDEVICE Device)
{
    /* Timers that went off may have their routines running still. */
    KeFlushQueuedDpcs();
    FreeTable(&Device->Queue);
}

static VOID HandleInitialize(PHANDLE_CONTEXT Handle)
{
    Handle->Outstanding = 0;
    Handle->Closing = FALSE;
    InitializeListHead(&Handle->Requests);
    InitializeListHead(&Handle->Served);
}

/* ---- Timeouts ---- */

static VOID TimedOut(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PSLOT slot = Context;
    PQUEUE queue = slot->Queue;
    BOOLEAN linked;
    KIRQL irql;
    PIRP irp;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeAcquireSpinLock(&queue->Lock, &irql);
    linked = slot->Irp != NULL;
    if (slot->Timer == TimerSet) {
        if (linked) {
            Decide(queue, slot, EndTimedOut);
        } else {
            slot->Fate = EndTimedOut;
        }
    }
    KeReleaseSpinLock(&queue->Lock, irql);
    if (linked) {
        irp = IoCsqRemoveIrp(&queue->Csq, &TIMING_OF(queue, slot)->Context);
        if (irp != NULL) {
            EndDecided(queue, irp);
        }
    }
    KeAcquireSpinLock(&queue->Lock, &irql);
    if (slot->Timer == TimerLeft) {
        FreeSlot(queue, slot);
    } else {
        slot->Timer = TimerIdle;
    }
    KeReleaseSpinLock(&queue->Lock, irql);
}

static DECLSPEC_NOINLINE PIO_CSQ_IRP_CONTEXT StartTimer(PQUEUE Queue, PSLOT Slot, ULONG Milliseconds)
{
    PTIMING timing = TIMING_OF(Queue, Slot);
    LARGE_INTEGER due;

    Slot->Timer = TimerSet;
    RtlZeroMemory(&timing->Context, sizeof(timing->Context));
    KeInitializeTimer(&timing->Timer);
    KeInitializeDpc(&timing->Dpc, TimedOut, Slot);
    due.QuadPart = -(LONG64)Milliseconds * 10000;
    KeSetTimer(&timing->Timer, due, &timing->Dpc);
    return &timing->Context;
}

/* ---- What the frame calls, for requests ---- */

/* Takes a slot for a request of a handle. */
static FORCEINLINE NTSTATUS Admit(PQUEUE Queue, PHANDLE_CONTEXT Handle, ULONG Limit, PSLOT *Taken)
{
    PSLOT slot = &Queue->Slots[Queue->FirstFree];

    if (Queue->FirstFree >= Queue->SlotCount) {
        return STATUS_QUOTA_EXCEEDED;
    }
    if (Queue->Retired) {
        return STATUS_DEVICE_REMOVED;
    }
    if (Handle->Closing) {
        return STATUS_FILE_CLOSED;
    }
    if (Handle->Outstanding >= Limit) {
        return STATUS_QUOTA_EXCEEDED;
    }
    Handle->Outstanding++;
    Queue->FirstFree = slot->NextFree;
    slot->Generation++;
    slot->Fate = Undecided;
    slot->Claimed = FALSE;
    *Taken = slot;
    return STATUS_SUCCESS;
}

static NTSTATUS QueuePend(PDEVICE Device, PHANDLE_CONTEXT Handle, PIRP Irp, ULONG64 Tag, ULONG Timeout)
{
    PQUEUE queue = &Device->Queue;
    PNOTE note = Irp->AssociatedIrp.SystemBuffer;
    PIO_CSQ_IRP_CONTEXT context = NULL;
    ARRIVAL arrival;
    NTSTATUS status;
    PSLOT slot = NULL;
    KIRQL irql;

    KeAcquireSpinLock(&queue->Lock, &irql);
    status = Admit(queue, Handle, Device->HandleLimit, &slot);
    KeReleaseSpinLock(&queue->Lock, irql);
    if (!NT_SUCCESS(status)) {
        if (status == STATUS_QUOTA_EXCEEDED) {
            InterlockedIncrement64(&queue->Refused);
        }
        return status;
    }
    slot->Owner = Handle;
    slot->Tag = Tag;
    note->Id = ID_OF(queue, slot);
    note->Tag = Tag;
    if (Timeout != 0) {
        context = StartTimer(queue, slot, Timeout);
    }
    arrival.Slot = slot;
    arrival.Canceled = FALSE;
    CONTEXT_OF(Irp) = &arrival;
    IoCsqInsertIrp(&queue->Csq, Irp, context);
    if (arrival.Canceled) {
        KeAcquireSpinLock(&queue->Lock, &irql);
        Handle->Outstanding--;
        queue->Pended++;
        queue->Ended[EndCanceled]++;
        VacateSlot(queue, slot);
        KeReleaseSpinLock(&queue->Lock, irql);
        FATE_OF(Irp) = (PVOID)(ULONG_PTR)EndCanceled;
        QueueEnd(Device, Irp, STATUS_CANCELLED, 0);
    }
    return STATUS_PENDING;
}

static PIRP QueueRemove(PDEVICE Device, PPEEK Peek)
{
    return IoCsqRemoveNextIrp(&Device->Queue.Csq, Peek);
}

static VOID QueueEnd(PDEVICE Device, PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    const NOTE *note = Irp->AssociatedIrp.SystemBuffer;

    /* Its time was over first, whoever has removed it. */
    if (FATE_OF(Irp) == (PVOID)(ULONG_PTR)EndTimedOut) {
        Status = STATUS_IO_TIMEOUT;
    }
    if (TraceLevel != 0) {
        TraceWrite(EventEnd, note->Id, note->Tag, Status);
    }
    Finish(Device, Irp, Status, Information);
}

/* Requeues some of what a handle has claimed, each at its place in the order of arrival. After is the id of a
 * pending request that is older than the first, if there is one. Returns whether there may be more. */
static BOOLEAN RequeueSome(PQUEUE Queue, PHANDLE_CONTEXT Server, PULONG64 After)
{
    ULONG step;

    for (step = 0; step < STEPS; step++) {
        PLIST_ENTRY first = Server->Served.Flink;
        PLIST_ENTRY next = Queue->Pending.Flink;
        PSLOT slot, older;

        if (first == &Server->Served) {
            return FALSE;
        }
        slot = SLOT_OF(IRP_OF_QUEUE(first));
        older = FindSlot(Queue, *After);
        if (older != NULL && older->List == &Queue->Pending && older->Sequence < slot->Sequence) {
            next = QUEUE_LINK(older->Irp)->Flink;
        }
        if (next != &Queue->Pending && SLOT_OF(IRP_OF_QUEUE(next))->Sequence < slot->Sequence) {
            *After = ID_OF(Queue, SLOT_OF(IRP_OF_QUEUE(next)));
            continue;
        }
        MoveBefore(slot, next, &Queue->Pending);
        slot->Claimed = FALSE;
        Queue->Claims--;
        *After = ID_OF(Queue, slot);
    }
    return TRUE;
}

static VOID QueueCloseHandle(PDEVICE Device, PHANDLE_CONTEXT Handle)
{
    PQUEUE queue = &Device->Queue;
    ULONG64 after = 0;
    BOOLEAN more;
    KIRQL irql;

    do {
        KeAcquireSpinLock(&queue->Lock, &irql);
        Handle->Closing = TRUE;
        more = RequeueSome(queue, Handle, &after);
        KeReleaseSpinLock(&queue->Lock, irql);
    } while (more);
}

static VOID QueueRetire(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;
    ULONG first = 0;
    ULONG count;
    KIRQL irql;

    do {
        KeAcquireSpinLock(&queue->Lock, &irql);
        queue->Retired = TRUE;
        count = queue->SlotCount;
        for (ULONG index = first; index < count && index < first + STEPS; index++) {
            if (queue->Slots[index].Irp != NULL) {
                Decide(queue, &queue->Slots[index], EndFlushed);
            }
        }
        KeReleaseSpinLock(&queue->Lock, irql);
        Attend(queue);
        first += STEPS;
    } while (first < count);
}

static VOID QueueStatistics(PDEVICE Device, STATISTICS *Statistics)
{
    PQUEUE queue = &Device->Queue;
    KIRQL irql;

    RtlZeroMemory(Statistics, sizeof(*Statistics));
    KeAcquireSpinLock(&queue->Lock, &irql);
    Statistics->Pended = queue->Pended;
    Statistics->Completed = queue->Ended[EndCompleted];
    Statistics->Canceled = queue->Ended[EndCanceled];
    Statistics->Flushed = queue->Ended[EndFlushed];
    Statistics->TimedOut = queue->Ended[EndTimedOut];
    Statistics->Pending = queue->Live - queue->Claims;
    Statistics->Claimed = queue->Claims;
    Statistics->HighWater = queue->HighWater;
    KeReleaseSpinLock(&queue->Lock, irql);
    Statistics->Refused = queue->Refused;
    Statistics->Handles = Device->Handles;
}

/* Copies what a server wants to know of a request. Returns how many bytes. */
static ULONG Describe(PIRP Irp, CLAIMED *Output)
{
    ULONG length = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.InputBufferLength - sizeof(PEND);
    const UCHAR *buffer = Irp->AssociatedIrp.SystemBuffer;
    const NOTE *note = Irp->AssociatedIrp.SystemBuffer;

    Output->Id = note->Id;
    Output->Tag = note->Tag;
    Output->PayloadLength = length;
    Output->Reserved = 0;
    RtlCopyMemory(Output + 1, buffer + sizeof(PEND), length);
    return sizeof(*Output) + length;
}

static NTSTATUS QueueClaim(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    PQUEUE queue = &Device->Queue;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    const CLAIM *input = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = stack->Parameters.DeviceIoControl.InputBufferLength;
    PHANDLE_CONTEXT server = HandleOf(stack);
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (length != sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Flags != 0) {
        return input->Flags == 1 ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER;
    }
    if (stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(CLAIMED) + MAX_PAYLOAD) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (server == NULL) {
        return STATUS_FILE_CLOSED;
    }
    KeAcquireSpinLock(&queue->Lock, &irql);
    if (queue->Retired) {
        status = STATUS_DEVICE_REMOVED;
    } else if (server->Closing) {
        status = STATUS_FILE_CLOSED;
    } else if (IsListEmpty(&queue->Pending)) {
        status = STATUS_NOT_FOUND;
    } else {
        PIRP irp = IRP_OF_QUEUE(queue->Pending.Flink);
        PSLOT slot = SLOT_OF(irp);
        *Information = Describe(irp, Irp->AssociatedIrp.SystemBuffer);
        MoveBefore(slot, &server->Served, &server->Served);
        slot->Claimed = TRUE;
        queue->Claims++;
    }
    KeReleaseSpinLock(&queue->Lock, irql);
    return status;
}

static NTSTATUS QueueComplete(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    const COMPLETE *input = Irp->AssociatedIrp.SystemBuffer;
    DELIVERED *output = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = stack->Parameters.DeviceIoControl.InputBufferLength;
    PEEK peek = { WhichClaim, EndCompleted, NULL, HandleOf(stack), 0 };
    NTSTATUS status;
    PIRP irp;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (input->Reserved != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    length -= sizeof(*input);
    status = CheckPayload(input->PayloadLength, length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (input->Status == (ULONG)STATUS_PENDING || input->Status == (ULONG)STATUS_REPARSE
        || input->Status == (ULONG)STATUS_VERIFY_REQUIRED || input->Status == (ULONG)-1
        || (NT_ERROR(input->Status) && length != 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(*output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (peek.Handle == NULL) {
        return STATUS_NOT_FOUND;
    }
    peek.Target = input->Id;
    irp = IoCsqRemoveNextIrp(&Device->Queue.Csq, &peek);
    if (irp == NULL) {
        return STATUS_NOT_FOUND;
    }
    output->Delivered = Answer(Device, irp, input->Status, input + 1, length);
    output->Reserved = 0;
    *Information = sizeof(*output);
    return STATUS_SUCCESS;
}

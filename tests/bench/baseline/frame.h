/* The WDM driver around a baseline's queue: entry, Plug and Play, handles, and the checks of the
 * IOCTLs. It answers what csq.sys answers, and does per request what that does: the remove lock, every
 * check of the input, the note, the copies. A baseline says by RUNDOWNS whether what comes in passes the
 * rundowns of the device and of the handle, as is usual in C, or whether its queue sees under its lock
 * that they are being closed.
 *
 * Written from Microsoft's documentation of the routines it calls. Included by plain.c and tuned.c
 * after they have defined QUEUE and HANDLE_CONTEXT; each is one translation unit, so that the
 * compiler may inline as it may in csq.sys. */
#pragma once

#define TAG 'nbsC'
#define DEFAULT_DEVICE_LIMIT 4096
#define DEFAULT_HANDLE_LIMIT 1024
#define MOST_LIMIT (1 << 20)

/* {5C2B71A2-8A9E-4B1D-9B52-3F6E0C51D7A4} */
static const GUID INTERFACE_CLASS = { 0x5c2b71a2, 0x8a9e, 0x4b1d, { 0x9b, 0x52, 0x3f, 0x6e, 0x0c, 0x51, 0xd7, 0xa4 } };

typedef enum _STATE {
    NotStarted,
    Started,
    StopPending,
    Stopped,
    RemovePending,
    SurpriseRemoved,
    Removed
} STATE;

struct _DEVICE {
    PDEVICE_OBJECT Lower;
    UNICODE_STRING Interface;
    volatile LONG State;
    LONG Before;
    /* Whether Admission has been run down. Only Plug and Play IRPs change it. */
    BOOLEAN Closed;
    volatile LONG64 Handles;
    IO_REMOVE_LOCK RemoveLock;
    EX_RUNDOWN_REF Admission;
    ULONG DeviceLimit;
    ULONG HandleLimit;
    QUEUE Queue;
};

static ULONG DeviceLimit = DEFAULT_DEVICE_LIMIT;
static ULONG HandleLimit = DEFAULT_HANDLE_LIMIT;

static NTSTATUS Finish(PDEVICE Device, PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoReleaseRemoveLock(&Device->RemoveLock, Irp);
    return Status;
}

static NTSTATUS Refuse(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* With what to refuse a new handle or request. */
static NTSTATUS Refusal(PDEVICE Device)
{
    LONG state = Device->State;

    if (state == Started) {
        return STATUS_SUCCESS;
    }
    return state >= RemovePending ? STATUS_DELETE_PENDING : STATUS_DEVICE_NOT_READY;
}

/* Ends every request that matches, and returns how many. */
static ULONG64 Drain(PDEVICE Device, PPEEK Peek, NTSTATUS Status)
{
    ULONG64 count = 0;
    PIRP irp;

    while ((irp = QueueRemove(Device, Peek)) != NULL) {
        QueueEnd(Device, irp, Status, 0);
        count++;
    }
    return count;
}

/* ---- Handles ---- */

static PHANDLE_CONTEXT HandleOf(PIO_STACK_LOCATION Stack)
{
    return Stack->FileObject ? Stack->FileObject->FsContext : NULL;
}

static NTSTATUS Create(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    PHANDLE_CONTEXT handle;
    NTSTATUS status = IoAcquireRemoveLock(&device->RemoveLock, Irp);

    if (!NT_SUCCESS(status)) {
        return Refuse(Irp, status);
    }
    status = Refusal(device);
    if (NT_SUCCESS(status)) {
        handle = ExAllocatePool2(0x40 /* POOL_FLAG_NON_PAGED */, sizeof(*handle), TAG);
        if (handle == NULL) {
            status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            HandleInitialize(handle);
            stack->FileObject->FsContext = handle;
            InterlockedIncrement64(&device->Handles);
        }
    }
    return Finish(device, Irp, status, 0);
}

static NTSTATUS Cleanup(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    PHANDLE_CONTEXT handle = HandleOf(stack);
    PEEK peek = { WhichFile, EndFlushed, stack->FileObject, handle, 0 };

    if (handle != NULL) {
        /* The file object keeps the device. */
#if RUNDOWNS
        /* After this no request of the handle can enter the queue. */
        ExWaitForRundownProtectionRelease(&handle->Open);
#endif
        QueueCloseHandle(device, handle);
        Drain(device, &peek, STATUS_CANCELLED);
        InterlockedDecrement64(&device->Handles);
    }
    return Refuse(Irp, STATUS_SUCCESS);
}

static NTSTATUS Close(PDEVICE_OBJECT Object, PIRP Irp)
{
    PHANDLE_CONTEXT handle = HandleOf(IoGetCurrentIrpStackLocation(Irp));

    UNREFERENCED_PARAMETER(Object);
    if (handle != NULL) {
        ExFreePoolWithTag(handle, TAG);
    }
    return Refuse(Irp, STATUS_SUCCESS);
}

/* ---- Device control ---- */

static NTSTATUS CheckPayload(ULONG Declared, ULONG Length)
{
    if (Declared > MAX_PAYLOAD) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    return Declared == Length ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS Pend(PDEVICE Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const PEND *pend = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PHANDLE_CONTEXT handle;
    NTSTATUS status;

    if (length < sizeof(*pend)) {
        return Finish(Device, Irp, STATUS_INFO_LENGTH_MISMATCH, 0);
    }
    if (pend->Version != PROTOCOL_VERSION) {
        return Finish(Device, Irp, STATUS_REVISION_MISMATCH, 0);
    }
    if (pend->Reserved != 0) {
        return Finish(Device, Irp, STATUS_INVALID_PARAMETER, 0);
    }
    status = CheckPayload(pend->PayloadLength, length - sizeof(*pend));
    if (!NT_SUCCESS(status)) {
        return Finish(Device, Irp, status, 0);
    }
    if (pend->Timeout != 0) {
        return Finish(Device, Irp, STATUS_NOT_SUPPORTED, 0);
    }

#if RUNDOWNS
    if (!ExAcquireRundownProtection(&Device->Admission)) {
        status = Refusal(Device);
        return Finish(Device, Irp, NT_SUCCESS(status) ? STATUS_DEVICE_NOT_READY : status, 0);
    }
    handle = HandleOf(Stack);
    if (handle == NULL || !ExAcquireRundownProtection(&handle->Open)) {
        status = STATUS_FILE_CLOSED;
    } else {
        status = QueuePend(Device, handle, Irp, pend->Tag);
        ExReleaseRundownProtection(&handle->Open);
    }
    ExReleaseRundownProtection(&Device->Admission);
#else
    status = Refusal(Device);
    if (!NT_SUCCESS(status)) {
        return Finish(Device, Irp, status, 0);
    }
    handle = HandleOf(Stack);
    status = handle == NULL ? STATUS_FILE_CLOSED : QueuePend(Device, handle, Irp, pend->Tag);
#endif
    return status == STATUS_PENDING ? status : Finish(Device, Irp, status, 0);
}

/* Copies the answer to a removed request and ends it. Returns how many bytes fitted. */
static ULONG Answer(PDEVICE Device, PIRP Irp, NTSTATUS Status, const VOID *Payload, ULONG Length)
{
    ULONG room = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG delivered = Length < room ? Length : room;

    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Payload, delivered);
    QueueEnd(Device, Irp, delivered < Length ? STATUS_BUFFER_OVERFLOW : Status, delivered);
    return delivered;
}

static NTSTATUS CompleteNext(PDEVICE Device, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    const COMPLETE_NEXT *input = Irp->AssociatedIrp.SystemBuffer;
    COMPLETED *output = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PEEK peek = { WhichAny, EndCompleted, NULL, NULL, 0 };
    ULONG delivered;
    NOTE note;
    NTSTATUS status;
    PIRP irp;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    length -= sizeof(*input);
    status = CheckPayload(input->PayloadLength, length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (Stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(*output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    irp = QueueRemove(Device, &peek);
    if (irp == NULL) {
        return STATUS_NO_MORE_ENTRIES;
    }
    note = *(PNOTE)irp->AssociatedIrp.SystemBuffer;
    delivered = Answer(Device, irp, STATUS_SUCCESS, input + 1, length);
    output->Id = note.Id;
    output->Tag = note.Tag;
    output->Delivered = delivered;
    output->Reserved = 0;
    *Information = sizeof(*output);
    return STATUS_SUCCESS;
}

static NTSTATUS CancelRequests(PDEVICE Device, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    const CANCEL *input = Irp->AssociatedIrp.SystemBuffer;
    CANCELED *output = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PEEK peek = { WhichFile, EndCanceled, Stack->FileObject, HandleOf(Stack), 0 };
    ULONG64 count;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (length != sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (Stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(*output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    peek.Target = input->Target;
    if (input->Scope == SCOPE_TAG) {
        peek.Which = WhichTag;
    } else if (input->Scope == SCOPE_ID) {
        peek.Which = WhichId;
    } else if (input->Scope != SCOPE_ALL || input->Target != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (peek.Handle == NULL) {
        return STATUS_NOT_FOUND;
    }
    count = Drain(Device, &peek, STATUS_CANCELLED);
    if (count == 0) {
        return STATUS_NOT_FOUND;
    }
    output->Count = count;
    *Information = sizeof(*output);
    return STATUS_SUCCESS;
}

static NTSTATUS Query(PIO_STACK_LOCATION Stack, ULONG Size, PULONG_PTR Information)
{
    if (Stack->Parameters.DeviceIoControl.InputBufferLength != 0) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (Stack->Parameters.DeviceIoControl.OutputBufferLength < Size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *Information = Size;
    return STATUS_SUCCESS;
}

static NTSTATUS DeviceControl(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    VERSION *version = Irp->AssociatedIrp.SystemBuffer;
    ULONG_PTR information = 0;
    NTSTATUS status = IoAcquireRemoveLock(&device->RemoveLock, Irp);

    if (!NT_SUCCESS(status)) {
        return Refuse(Irp, status);
    }
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_PEND:
        return Pend(device, Irp, stack);
    case IOCTL_COMPLETE_NEXT:
        status = CompleteNext(device, Irp, stack, &information);
        break;
    case IOCTL_CANCEL:
        status = CancelRequests(device, Irp, stack, &information);
        break;
    case IOCTL_CLAIM:
        status = QueueClaim(device, Irp, &information);
        break;
    case IOCTL_COMPLETE:
        status = QueueComplete(device, Irp, &information);
        break;
    case IOCTL_QUERY_STATISTICS:
        status = Query(stack, sizeof(STATISTICS), &information);
        if (NT_SUCCESS(status)) {
            QueueStatistics(device, Irp->AssociatedIrp.SystemBuffer);
        }
        break;
    case IOCTL_QUERY_VERSION:
        status = Query(stack, sizeof(VERSION), &information);
        if (NT_SUCCESS(status)) {
            version->Version = PROTOCOL_VERSION;
            version->MaxPayload = MAX_PAYLOAD;
            version->DeviceLimit = device->DeviceLimit;
            version->HandleLimit = device->HandleLimit;
        }
        break;
    default:
        status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return Finish(device, Irp, status, information);
}

/* ---- Plug and Play, power ---- */

static VOID Enter(PDEVICE Device, STATE State)
{
    Device->Before = InterlockedExchange(&Device->State, State);
}

static VOID CloseAdmission(PDEVICE Device)
{
    if (RUNDOWNS && !Device->Closed) {
        Device->Closed = TRUE;
        ExWaitForRundownProtectionRelease(&Device->Admission);
    }
}

static VOID OpenAdmission(PDEVICE Device)
{
    if (Device->Closed) {
        ExReInitializeRundownProtection(&Device->Admission);
        Device->Closed = FALSE;
    }
}

static NTSTATUS Forwarded(PDEVICE_OBJECT Object, PIRP Irp, PVOID Event)
{
    UNREFERENCED_PARAMETER(Object);
    if (Irp->PendingReturned) {
        KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS ForwardAndWait(PDEVICE Device, PIRP Irp)
{
    KEVENT event;
    NTSTATUS status;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Forwarded, &event, TRUE, TRUE, TRUE);
    status = IoCallDriver(Device->Lower, Irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
        status = Irp->IoStatus.Status;
    }
    return status;
}

/* Lets no requests in any more and ends all there are. */
static VOID Retire(PDEVICE Device, STATE State)
{
    PEEK peek = { WhichAny, EndFlushed, NULL, NULL, 0 };

    Enter(Device, State);
    CloseAdmission(Device);
    IoSetDeviceInterfaceState(&Device->Interface, FALSE);
    QueueRetire(Device);
    Drain(Device, &peek, STATUS_DELETE_PENDING);
}

static NTSTATUS PassDown(PDEVICE Device, PIRP Irp)
{
    PDEVICE_OBJECT lower = Device->Lower;
    NTSTATUS status;

    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(lower, Irp);
    IoReleaseRemoveLock(&Device->RemoveLock, Irp);
    return status;
}

static NTSTATUS Start(PDEVICE Device, PIRP Irp)
{
    NTSTATUS status = ForwardAndWait(Device, Irp);

    if (NT_SUCCESS(status)) {
        status = QueueStart(Device);
    }
    if (NT_SUCCESS(status)) {
        status = IoSetDeviceInterfaceState(&Device->Interface, TRUE);
    }
    if (NT_SUCCESS(status)) {
        status = STATUS_SUCCESS;
        Enter(Device, Started);
        OpenAdmission(Device);
    }
    return Finish(Device, Irp, status, 0);
}

static NTSTATUS Resume(PDEVICE Device, PIRP Irp, STATE From)
{
    NTSTATUS status = ForwardAndWait(Device, Irp);

    if (Device->State == (LONG)From) {
        InterlockedExchange(&Device->State, Device->Before);
        if (Device->Before == Started) {
            OpenAdmission(Device);
        }
    }
    return Finish(Device, Irp, status, Irp->IoStatus.Information);
}

static NTSTATUS RemoveDevice(PDEVICE_OBJECT Object, PDEVICE Device, PIRP Irp)
{
    NTSTATUS status;

    Retire(Device, Removed);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(Device->Lower, Irp);
    IoReleaseRemoveLockAndWait(&Device->RemoveLock, Irp);
    QueueFree(Device);
    RtlFreeUnicodeString(&Device->Interface);
    IoDetachDevice(Device->Lower);
    IoDeleteDevice(Object);
    return status;
}

static NTSTATUS PlugAndPlay(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    NTSTATUS status = IoAcquireRemoveLock(&device->RemoveLock, Irp);

    if (!NT_SUCCESS(status)) {
        return Refuse(Irp, status);
    }
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return Start(device, Irp);
    case IRP_MN_QUERY_STOP_DEVICE:
        Enter(device, StopPending);
        break;
    case IRP_MN_STOP_DEVICE:
        Enter(device, Stopped);
        break;
    case IRP_MN_QUERY_REMOVE_DEVICE:
        Enter(device, RemovePending);
        break;
    case IRP_MN_CANCEL_STOP_DEVICE:
        return Resume(device, Irp, StopPending);
    case IRP_MN_CANCEL_REMOVE_DEVICE:
        return Resume(device, Irp, RemovePending);
    case IRP_MN_SURPRISE_REMOVAL:
        Retire(device, SurpriseRemoved);
        Irp->IoStatus.Status = STATUS_SUCCESS;
        return PassDown(device, Irp);
    case IRP_MN_REMOVE_DEVICE:
        return RemoveDevice(Object, device, Irp);
    default:
        return PassDown(device, Irp);
    }
    CloseAdmission(device);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return PassDown(device, Irp);
}

static NTSTATUS PassDownLocked(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    NTSTATUS status = IoAcquireRemoveLock(&device->RemoveLock, Irp);

    return NT_SUCCESS(status) ? PassDown(device, Irp) : Refuse(Irp, status);
}

/* ---- Driver ---- */

static NTSTATUS AddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Physical)
{
    PDEVICE_OBJECT object;
    PDEVICE device;
    NTSTATUS status = IoCreateDevice(Driver, sizeof(DEVICE), NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
        FALSE, &object);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    device = object->DeviceExtension;
    device->DeviceLimit = DeviceLimit;
    device->HandleLimit = HandleLimit;
    IoInitializeRemoveLock(&device->RemoveLock, TAG, 0, 0);
    ExInitializeRundownProtection(&device->Admission);
    CloseAdmission(device);
    status = QueueInitialize(device);
    if (NT_SUCCESS(status)) {
        status = IoRegisterDeviceInterface(Physical, &INTERFACE_CLASS, NULL, &device->Interface);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(object);
        return status;
    }
    device->Lower = IoAttachDeviceToDeviceStack(object, Physical);
    if (device->Lower == NULL) {
        RtlFreeUnicodeString(&device->Interface);
        IoDeleteDevice(object);
        return STATUS_NO_SUCH_DEVICE;
    }
    object->Flags |= DO_POWER_PAGABLE;
    object->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static VOID Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
}

/* Reads a REG_DWORD of the service's Parameters; what is missing or wrong leaves the default. */
static ULONG Parameter(PCWSTR Path, PWSTR Name, ULONG Default, ULONG Most)
{
    ULONG value = Default;
    RTL_QUERY_REGISTRY_TABLE table[2] = { 0 };

    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | 0x100 /* RTL_QUERY_REGISTRY_TYPECHECK */;
    table[0].Name = Name;
    table[0].EntryContext = &value;
    table[0].DefaultType = REG_DWORD << 24;
    if (!NT_SUCCESS(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Path, table, NULL, NULL))) {
        return Default;
    }
    return value == 0 ? 1 : value < Most ? value : Most;
}

static VOID ReadParameters(PUNICODE_STRING RegistryPath)
{
    static const WCHAR key[] = L"\\Parameters";
    SIZE_T length = RegistryPath->Length;
    PWSTR path = ExAllocatePool2(0x40, length + sizeof(key), TAG);

    if (path == NULL) {
        return;
    }
    RtlCopyMemory(path, RegistryPath->Buffer, length);
    RtlCopyMemory((PUCHAR)path + length, key, sizeof(key));
    DeviceLimit = Parameter(path, L"DeviceLimit", DEFAULT_DEVICE_LIMIT, MOST_LIMIT);
    HandleLimit = Parameter(path, L"HandleLimit", DEFAULT_HANDLE_LIMIT, DeviceLimit);
    ExFreePoolWithTag(path, TAG);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    ReadParameters(RegistryPath);
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = Unload;
    Driver->MajorFunction[IRP_MJ_CREATE] = Create;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Close;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DeviceControl;
    Driver->MajorFunction[IRP_MJ_PNP] = PlugAndPlay;
    Driver->MajorFunction[IRP_MJ_POWER] = PassDownLocked;
    Driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = PassDownLocked;
    return STATUS_SUCCESS;
}

// A driver that touches the buffers of programs, in __try: IOCTL 0x22200f (METHOD_NEITHER) adds the bytes of the input and
// writes the sum to the output. With UNCAUGHT there is no __try; with FILTERED, only STATUS_ACCESS_VIOLATION is caught.

#include <wdm.h>

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_DISPATCH Open;
DRIVER_DISPATCH Control;

#define SUM 0x22200f

// As in excpt.h, which mingw-w64's own lacks.
#ifndef EXCEPTION_EXECUTE_HANDLER
#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#endif

// How often Sum has come to its end: its __finally counts.
static LONG volatile Ended;

static __declspec(noinline) ULONG Sum(const UCHAR *bytes, ULONG length)
{
    ULONG sum = 0;
#ifndef UNCAUGHT
    __try {
#endif
        for (ULONG index = 0; index < length; index++) {
            sum += bytes[index];
        }
#ifndef UNCAUGHT
    } __finally {
        InterlockedIncrement(&Ended);
    }
#else
    InterlockedIncrement(&Ended);
#endif
    return sum;
}

static __declspec(noinline) NTSTATUS Answer(PIRP irp, PIO_STACK_LOCATION location)
{
    NTSTATUS status = STATUS_SUCCESS;
    LONG ended = Ended;
    ULONG length = location->Parameters.DeviceIoControl.InputBufferLength;
#ifndef UNCAUGHT
    __try {
        ProbeForRead(location->Parameters.DeviceIoControl.Type3InputBuffer, length, 1);
        ProbeForWrite(irp->UserBuffer, sizeof(ULONG), 1);
#endif
        *(ULONG *)irp->UserBuffer = Sum(location->Parameters.DeviceIoControl.Type3InputBuffer, length);
        irp->IoStatus.Information = sizeof(ULONG);
#ifdef FILTERED
    } __except (_exception_code() == STATUS_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        status = _exception_code();
    }
#elif !defined(UNCAUGHT)
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = _exception_code();
    }
#endif
    // What did not come to Sum has not counted.
    if (NT_SUCCESS(status) && Ended != ended + 1) {
        status = STATUS_UNSUCCESSFUL;
    }
    return status;
}

NTSTATUS Control(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

    UNREFERENCED_PARAMETER(device);
    irp->IoStatus.Information = 0;
    if (location->Parameters.DeviceIoControl.IoControlCode == SUM &&
        location->Parameters.DeviceIoControl.OutputBufferLength >= sizeof(ULONG)) {
        status = Answer(irp, location);
    }
    if (!NT_SUCCESS(status)) {
        irp->IoStatus.Information = 0;
    }
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS Open(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

VOID Unload(PDRIVER_OBJECT driver)
{
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    PDEVICE_OBJECT device;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(path);
    status = IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = Open;
    driver->MajorFunction[IRP_MJ_CLOSE] = Open;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    driver->DriverUnload = Unload;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

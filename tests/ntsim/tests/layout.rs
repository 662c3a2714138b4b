//! The offsets in `nt` are those of Microsoft's metadata (crate `windows-sys`), where that is right:
//! it loses the alignment inside `IO_STACK_LOCATION.Parameters`, and the processor in `KTIMER`, which are
//! not compared.

use std::mem::offset_of;

use ntsim::nt::{
    csq, device_object, dpc, driver_object, file_object, irp, query_table, stack_location, timer,
};
use windows_sys::Wdk::Foundation::{
    DEVICE_OBJECT, DRIVER_OBJECT, FILE_OBJECT, IO_STACK_LOCATION, IRP, KDPC,
};
use windows_sys::Wdk::System::SystemServices::{
    IO_CSQ, IO_CSQ_IRP_CONTEXT, KTIMER, RTL_QUERY_REGISTRY_TABLE,
};

#[test]
fn irp_is_as_in_the_metadata() {
    assert_eq!(irp::SIZE, size_of::<IRP>());
    assert_eq!(irp::SYSTEM_BUFFER, offset_of!(IRP, AssociatedIrp));
    assert_eq!(irp::STATUS, offset_of!(IRP, IoStatus));
    assert_eq!(irp::INFORMATION, offset_of!(IRP, IoStatus.Information));
    assert_eq!(irp::PENDING_RETURNED, offset_of!(IRP, PendingReturned));
    assert_eq!(irp::CURRENT_LOCATION, offset_of!(IRP, CurrentLocation));
    assert_eq!(irp::CANCEL, offset_of!(IRP, Cancel));
    assert_eq!(irp::CANCEL_IRQL, offset_of!(IRP, CancelIrql));
    assert_eq!(irp::CANCEL_ROUTINE, offset_of!(IRP, CancelRoutine));
    assert_eq!(
        irp::DRIVER_CONTEXT,
        offset_of!(IRP, Tail.Overlay.Anonymous1)
    );
    assert_eq!(irp::THREAD, offset_of!(IRP, Tail.Overlay.Thread));
    assert_eq!(irp::LIST_ENTRY, offset_of!(IRP, Tail.Overlay.Anonymous2));
    assert_eq!(
        irp::CURRENT_STACK_LOCATION,
        offset_of!(IRP, Tail.Overlay.Anonymous2.Anonymous.CurrentStackLocation)
    );
    assert_eq!(
        irp::ORIGINAL_FILE_OBJECT,
        offset_of!(IRP, Tail.Overlay.OriginalFileObject)
    );
}

#[test]
fn stack_location_is_as_in_the_metadata() {
    assert_eq!(stack_location::SIZE, size_of::<IO_STACK_LOCATION>());
    assert_eq!(
        stack_location::MAJOR,
        offset_of!(IO_STACK_LOCATION, MajorFunction)
    );
    assert_eq!(
        stack_location::MINOR,
        offset_of!(IO_STACK_LOCATION, MinorFunction)
    );
    assert_eq!(
        stack_location::CONTROL,
        offset_of!(IO_STACK_LOCATION, Control)
    );
    assert_eq!(
        stack_location::PARAMETERS,
        offset_of!(IO_STACK_LOCATION, Parameters)
    );
    assert_eq!(
        stack_location::DEVICE,
        offset_of!(IO_STACK_LOCATION, DeviceObject)
    );
    assert_eq!(
        stack_location::FILE,
        offset_of!(IO_STACK_LOCATION, FileObject)
    );
    assert_eq!(
        stack_location::COMPLETION_ROUTINE,
        offset_of!(IO_STACK_LOCATION, CompletionRoutine)
    );
    assert_eq!(
        stack_location::CONTEXT,
        offset_of!(IO_STACK_LOCATION, Context)
    );
}

#[test]
fn objects_are_as_in_the_metadata() {
    // The metadata loses DECLSPEC_ALIGN(16), which rounds the size up.
    assert_eq!(
        device_object::SIZE,
        size_of::<DEVICE_OBJECT>().next_multiple_of(16)
    );
    assert_eq!(
        device_object::DRIVER,
        offset_of!(DEVICE_OBJECT, DriverObject)
    );
    assert_eq!(device_object::NEXT, offset_of!(DEVICE_OBJECT, NextDevice));
    assert_eq!(
        device_object::ATTACHED,
        offset_of!(DEVICE_OBJECT, AttachedDevice)
    );
    assert_eq!(device_object::FLAGS, offset_of!(DEVICE_OBJECT, Flags));
    assert_eq!(
        device_object::CHARACTERISTICS,
        offset_of!(DEVICE_OBJECT, Characteristics)
    );
    assert_eq!(
        device_object::EXTENSION,
        offset_of!(DEVICE_OBJECT, DeviceExtension)
    );
    assert_eq!(
        device_object::DEVICE_TYPE,
        offset_of!(DEVICE_OBJECT, DeviceType)
    );
    assert_eq!(
        device_object::STACK_SIZE,
        offset_of!(DEVICE_OBJECT, StackSize)
    );
    assert_eq!(driver_object::SIZE, size_of::<DRIVER_OBJECT>());
    assert_eq!(
        driver_object::DEVICE,
        offset_of!(DRIVER_OBJECT, DeviceObject)
    );
    assert_eq!(
        driver_object::MAJOR_FUNCTION,
        offset_of!(DRIVER_OBJECT, MajorFunction)
    );
    assert_eq!(file_object::SIZE, size_of::<FILE_OBJECT>());
    assert_eq!(file_object::DEVICE, offset_of!(FILE_OBJECT, DeviceObject));
    assert_eq!(csq::SIZE, size_of::<IO_CSQ>());
    assert_eq!(csq::context::SIZE, size_of::<IO_CSQ_IRP_CONTEXT>());
}

#[test]
fn timer_and_dpc_are_as_in_the_metadata() {
    assert_eq!(timer::DUE_TIME, offset_of!(KTIMER, DueTime));
    assert_eq!(timer::DPC, offset_of!(KTIMER, Dpc));
    assert_eq!(dpc::SIZE, size_of::<KDPC>());
    assert_eq!(dpc::ROUTINE, offset_of!(KDPC, DeferredRoutine));
    assert_eq!(dpc::CONTEXT, offset_of!(KDPC, DeferredContext));
    assert_eq!(dpc::FIRST_ARGUMENT, offset_of!(KDPC, SystemArgument1));
    assert_eq!(dpc::SECOND_ARGUMENT, offset_of!(KDPC, SystemArgument2));
}

#[test]
fn query_table_is_as_in_the_metadata() {
    use RTL_QUERY_REGISTRY_TABLE as Table;
    assert_eq!(query_table::SIZE, size_of::<Table>());
    assert_eq!(query_table::ROUTINE, offset_of!(Table, QueryRoutine));
    assert_eq!(query_table::FLAGS, offset_of!(Table, Flags));
    assert_eq!(query_table::NAME, offset_of!(Table, Name));
    assert_eq!(query_table::CONTEXT, offset_of!(Table, EntryContext));
    assert_eq!(query_table::DEFAULT_TYPE, offset_of!(Table, DefaultType));
    assert_eq!(query_table::DEFAULT_DATA, offset_of!(Table, DefaultData));
    assert_eq!(
        query_table::DEFAULT_LENGTH,
        offset_of!(Table, DefaultLength)
    );
}

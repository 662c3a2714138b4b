/* The events of a baseline that has some: a provider, and what happens to a request. As in csq.sys, whether
 * anybody records them is looked up before anything is prepared; unlike its events they do not describe
 * themselves. */
#pragma once

#include "policy.h"

/* Of evntprov.h, which the headers of the build on Linux do not include. */
#define ENABLE_PROVIDER 1
#define DISABLE_PROVIDER 0

typedef enum _EVENT {
    EventPend = 1,
    EventEnd
} EVENT;

typedef struct _EVENT_PAYLOAD {
    ULONG64 Id;
    ULONG64 Tag;
    /* The timeout of a request that begins, the status of one that ends. */
    ULONG Value;
} EVENT_PAYLOAD;

/* {D2B1F1A4-6C1E-4B7B-8E0A-52C1A9E0B7C3} */
static const GUID PROVIDER = { 0xd2b1f1a4, 0x6c1e, 0x4b7b, { 0x8e, 0x0a, 0x52, 0xc1, 0xa9, 0xe0, 0xb7, 0xc3 } };
static REGHANDLE ProviderHandle;
/* 0 while nobody records. */
static volatile UCHAR TraceLevel;

static VOID NTAPI TraceEnabled(LPCGUID Source, ULONG Control, UCHAR Level, ULONGLONG Any, ULONGLONG All,
    PEVENT_FILTER_DESCRIPTOR Filter, PVOID Context)
{
    UNREFERENCED_PARAMETER(Source);
    UNREFERENCED_PARAMETER(Any);
    UNREFERENCED_PARAMETER(All);
    UNREFERENCED_PARAMETER(Filter);
    UNREFERENCED_PARAMETER(Context);
    if (Control == DISABLE_PROVIDER) {
        TraceLevel = 0;
    } else if (Control == ENABLE_PROVIDER) {
        TraceLevel = Level == 0 ? 0xFF : Level;
    }
}

static VOID TraceRegister(VOID)
{
    (VOID)EtwRegister(&PROVIDER, TraceEnabled, NULL, &ProviderHandle);
}

static VOID TraceUnregister(VOID)
{
    (VOID)EtwUnregister(ProviderHandle);
}

static DECLSPEC_NOINLINE VOID TraceWrite(EVENT Event, ULONG64 Id, ULONG64 Tag, ULONG Value)
{
    EVENT_DESCRIPTOR descriptor = { 0 };
    EVENT_PAYLOAD payload;
    EVENT_DATA_DESCRIPTOR data;

    descriptor.Id = (USHORT)Event;
    descriptor.Level = 5;
    descriptor.Keyword = 1;
    payload.Id = Id;
    payload.Tag = Tag;
    payload.Value = Value;
    EventDataDescCreate(&data, &payload, sizeof(payload));
    (VOID)EtwWriteTransfer(ProviderHandle, &descriptor, NULL, NULL, 1, &data);
}
